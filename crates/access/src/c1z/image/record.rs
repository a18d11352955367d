//! Rows and index entries as bytes, and keys by which entries are sorted.
//!
//! A key orders bytes as SQLite orders entries: nothing first, then text byte by byte, then the row's id.

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::c1z) enum Cell<'a> {
    Null,
    Text(&'a str),
    Blob(&'a [u8]),
}

impl Cell<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Null => &[],
            Self::Text(text) => text.as_bytes(),
            Self::Blob(bytes) => bytes,
        }
    }

    /// What the record's header says of it.
    fn serial(&self) -> u64 {
        match self {
            Self::Null => 0,
            Self::Text(text) => 13 + 2 * text.len() as u64,
            Self::Blob(bytes) => 12 + 2 * bytes.len() as u64,
        }
    }
}

/// Appends a number in 7-bit groups, greatest first.
pub(super) fn varint(number: u64, out: &mut Vec<u8>) {
    if number < 0x80 {
        out.extend(number.to_be_bytes().last());
        return;
    }
    if number >> 56 > 0 {
        // The ninth byte has eight bits.
        let groups = (0..8).rev().map(|group| (number >> (8 + 7 * group)) & 0x7f | 0x80);
        out.extend(groups.chain([number & 0xff]).map(low));
        return;
    }
    let groups = number.ilog2() / 7;
    out.extend((0..=groups).rev().map(|group| {
        let more = if group > 0 { 0x80 } else { 0 };
        low((number >> (7 * group)) & 0x7f | more)
    }));
}

fn low(number: u64) -> u8 {
    u8::try_from(number & 0xff).unwrap_or_default()
}

/// Bytes that a varint takes.
pub(super) fn varint_bytes(number: u64) -> usize {
    let mut bytes = 1;
    let mut rest = number >> 7;
    while rest > 0 && bytes < 9 {
        bytes += 1;
        rest >>= 7;
    }
    bytes
}

/// Appends the header of a record whose serial types take so many bytes.
fn header(serials: impl Iterator<Item = u64> + Clone, out: &mut Vec<u8>) {
    let bytes: usize = serials.clone().map(varint_bytes).sum();
    // The length counts itself; two bytes of it are enough for what is written here.
    let own = if bytes < 127 { 1 } else { 2 };
    varint((bytes + own) as u64, out);
    for serial in serials {
        varint(serial, out);
    }
}

/// Appends a row; its id, the first column, is kept beside it.
pub(super) fn row(cells: &[Cell<'_>], out: &mut Vec<u8>) {
    header([0].into_iter().chain(cells.iter().map(Cell::serial)), out);
    for cell in cells {
        out.extend_from_slice(cell.bytes());
    }
}

/// Appends a row of the schema: type, name and table of a thing, its root and the statement that makes it.
pub(super) fn schema_row(names: [&str; 3], root: u32, text: &str, out: &mut Vec<u8>) {
    let names = names.map(Cell::Text);
    let serials = names.iter().map(Cell::serial).chain([4, Cell::Text(text).serial()]);
    header(serials, out);
    for name in names {
        out.extend_from_slice(name.bytes());
    }
    out.extend_from_slice(&root.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Appends the key of an entry.
pub(super) fn key<'a>(columns: impl Iterator<Item = &'a Cell<'a>>, id: i64, out: &mut Vec<u8>) {
    for cell in columns {
        if *cell == Cell::Null {
            out.push(0);
            continue;
        }
        out.push(1);
        let mut rest = cell.bytes();
        while let Some(at) = memchr::memchr(0, rest) {
            let (before, after) = rest.split_at(at);
            out.extend_from_slice(before);
            out.extend_from_slice(&[0, 1]);
            rest = after.get(1..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
        out.extend_from_slice(&[0, 0]);
    }
    out.extend_from_slice(&id.to_be_bytes());
}

/// Appends the entry that a key stands for.
pub(super) fn entry(key: &[u8], out: &mut Vec<u8>) {
    let (columns, id) = key.split_at(key.len().saturating_sub(8));
    let id = i64::from_be_bytes(id.try_into().unwrap_or_default());
    let (kind, id_bytes) = integer(id);
    // Bytes of each column that has text, with its escapes: few columns are indexed together.
    let mut lengths = [None; 8];
    let mut rest = columns;
    let mut count = 0;
    for length in &mut lengths {
        let Some((tag, after)) = rest.split_first() else { break };
        count += 1;
        rest = after;
        if *tag == 1 {
            let (bytes, escapes) = measure(after);
            *length = Some((bytes, escapes));
            rest = after.get(bytes + 2..).unwrap_or_default();
        }
    }
    let known = lengths.iter().take(count);
    let serials =
        known.clone().map(|one| one.map_or(0, |(bytes, escapes)| 13 + 2 * (bytes - escapes) as u64));
    header(serials.chain([kind]), out);
    let mut rest = columns;
    for length in known {
        let after = rest.get(1..).unwrap_or_default();
        rest = after;
        if let Some((bytes, escapes)) = length {
            let (text, behind) = after.split_at(*bytes);
            if *escapes == 0 {
                out.extend_from_slice(text);
            } else {
                unescape(text, out);
            }
            rest = behind.get(2..).unwrap_or_default();
        }
    }
    out.extend_from_slice(id_bytes.get(8 - size(kind)..).unwrap_or_default());
}

/// Bytes before the end of a text, and how many of them are escapes.
fn measure(text: &[u8]) -> (usize, usize) {
    let (mut at, mut escapes) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr(0, rest)) {
        at += found;
        if text.get(at + 1) == Some(&0) {
            return (at, escapes);
        }
        at += 2;
        escapes += 1;
    }
    (text.len(), escapes)
}

fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        out.push(*byte);
        if *byte == 0 {
            bytes.next();
        }
    }
}

/// The serial type of an id, and its bytes, of which the last so many count.
fn integer(id: i64) -> (u64, [u8; 8]) {
    let kind = match id {
        -0x80..=0x7f => 1,
        -0x8000..=0x7fff => 2,
        -0x80_0000..=0x7f_ffff => 3,
        -0x8000_0000..=0x7fff_ffff => 4,
        _ => 6,
    };
    (kind, id.to_be_bytes())
}

fn size(kind: u64) -> usize {
    match kind {
        1 => 1,
        2 => 2,
        3 => 3,
        4 => 4,
        _ => 8,
    }
}
