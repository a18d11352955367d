//! A cached resource in as few bytes as it takes: numbers by their size, groups and the compressed body in one piece.

use std::sync::Arc;

use bytes::Bytes;
use lz4_flex::block::{compress_with_dict, decompress_with_dict};
use rollcall_domain::clock::Timestamp;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::query::{GroupRef, Stored};
use rollcall_store::stamps::Stamp;
use uuid::Uuid;

use super::Entry;

/// What the resources of a type of a source have in common.
#[derive(Clone)]
pub(super) struct Context {
    /// Source's row number.
    pub source: i64,
    pub kind: Arc<ResolvedType>,
    /// The body that theirs are compressed beside: one of them.
    pub beside: Arc<[u8]>,
}

/// An entry as it is kept.
pub(super) struct Packed {
    stamp: Stamp,
    context: Arc<Context>,
    data: Box<[u8]>,
}

/// Bits of an entry's first byte.
const PLAIN: u8 = 1;
/// Bits of a group's first byte.
const DIRECT: u8 = 1;
const NAMED: u8 = 2;

impl Packed {
    pub(super) fn new(entry: &Entry, stamp: Stamp, context: Arc<Context>) -> Self {
        let row = &entry.row;
        let body = compress_with_dict(&row.body, &context.beside);
        let mut data = Vec::with_capacity(body.len() + 48 + entry.groups.len() * 48);
        data.push(if row.plain { PLAIN } else { 0 });
        let times = [row.created.0, row.modified.0].map(i64::cast_unsigned);
        for number in [row.version, row.revision, times[0], times[1], row.body.len() as u64] {
            put_number(&mut data, number);
        }
        put_number(&mut data, entry.groups.len() as u64);
        for group in &entry.groups {
            let named = if group.display.is_some() { NAMED } else { 0 };
            data.push(if group.direct { DIRECT | named } else { named });
            data.extend(group.id.as_bytes());
            if let Some(display) = &group.display {
                put_number(&mut data, display.len() as u64);
                data.extend(display.as_bytes());
            }
        }
        data.extend(body);
        Self { stamp, context, data: data.into() }
    }

    /// Whether it was made under this stamp, of this source and type.
    pub(super) fn is_of(&self, stamp: Stamp, (source, kind): (i64, &str)) -> bool {
        self.stamp == stamp && self.context.source == source && self.context.kind.name() == kind
    }

    /// How long it is, without itself.
    pub(super) fn bytes(&self) -> usize {
        self.data.len()
    }

    #[cfg(test)]
    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    pub(super) fn unpack(&self, id: Uuid) -> Option<Entry> {
        let mut data = &*self.data;
        let plain = take_byte(&mut data)? & PLAIN != 0;
        let (version, revision) = (take_number(&mut data)?, take_number(&mut data)?);
        let created = Timestamp(take_number(&mut data)?.cast_signed());
        let modified = Timestamp(take_number(&mut data)?.cast_signed());
        let length = take_length(&mut data)?;
        let count = take_length(&mut data)?;
        let mut groups = Vec::with_capacity(count);
        for _ in 0..count {
            let flags = take_byte(&mut data)?;
            let id = Uuid::from_slice(take(&mut data, 16)?).ok()?;
            let display = if flags & NAMED == 0 {
                None
            } else {
                let length = take_length(&mut data)?;
                Some(str::from_utf8(take(&mut data, length)?).ok()?.to_owned())
            };
            groups.push(GroupRef { id, display, direct: flags & DIRECT != 0 });
        }
        let body = Bytes::from(decompress_with_dict(data, length, &self.context.beside).ok()?);
        let row = Stored { key: 0, id, version, revision, created, modified, plain, body };
        let place = (self.context.source, Arc::clone(&self.context.kind));
        Some(Entry { stamp: Some(self.stamp), place, row, groups })
    }
}

/// Seven bits a byte, the low ones first; the last byte has its high bit clear.
fn put_number(data: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        data.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    data.push((number & 0x7f) as u8);
}

fn take_number(data: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = take_byte(data)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_length(data: &mut &[u8]) -> Option<usize> {
    take_number(data)?.try_into().ok()
}

fn take_byte(data: &mut &[u8]) -> Option<u8> {
    data.split_off_first().copied()
}

fn take<'a>(data: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    data.split_off(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_their_size() {
        for (number, length) in [(0, 1), (127, 1), (128, 2), (1_763_800_000_000, 6), (u64::MAX, 10)] {
            let mut data = Vec::new();
            put_number(&mut data, number);
            assert_eq!((data.len(), take_number(&mut &*data)), (length, Some(number)));
            assert_eq!(take_number(&mut &data[..length - 1]), None, "{number}");
        }
    }
}
