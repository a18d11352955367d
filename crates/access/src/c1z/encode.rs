//! Messages as bytes, written as they come: for those of which there are many.
//!
//! The rest go through `messages.rs`. What both write is the same, which tests hold.

use super::messages::TYPE_PREFIX;

/// A message that is being written. Fields are to be added in the order of their tags.
pub(crate) struct Proto<'o>(&'o mut Vec<u8>);

impl<'o> Proto<'o> {
    /// Begins a message behind what is there.
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Self(out)
    }

    /// Adds text, unless it is empty.
    pub(crate) fn text(&mut self, tag: u8, text: &str) -> &mut Self {
        if text.is_empty() { self } else { self.bytes(tag, text.as_bytes()) }
    }

    /// Adds a number, unless it is 0. It is less than 128.
    pub(crate) fn number(&mut self, tag: u8, number: u8) -> &mut Self {
        if number > 0 {
            self.0.extend_from_slice(&[tag << 3, number & 0x7f]);
        }
        self
    }

    /// Adds bytes, be they none.
    pub(crate) fn bytes(&mut self, tag: u8, bytes: &[u8]) -> &mut Self {
        self.0.push(tag << 3 | 2);
        length(bytes.len(), self.0);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a message, be it empty.
    pub(crate) fn message(&mut self, tag: u8, write: impl FnOnce(&mut Proto<'_>)) -> &mut Self {
        self.0.push(tag << 3 | 2);
        let start = self.0.len();
        // Most have a length of one byte; others are moved.
        self.0.push(0);
        write(&mut Proto(self.0));
        let mut bytes = Vec::new();
        length(self.0.len() - start - 1, &mut bytes);
        match (bytes.as_slice(), self.0.get_mut(start)) {
            ([one], Some(place)) => *place = *one,
            _ => drop(self.0.splice(start..=start, bytes)),
        }
        self
    }

    /// Adds an annotation: a message of the package with its name.
    pub(crate) fn any(&mut self, tag: u8, name: &str, write: impl FnOnce(&mut Proto<'_>)) -> &mut Self {
        self.message(tag, |any| {
            any.0.push(1 << 3 | 2);
            length(TYPE_PREFIX.len() + name.len(), any.0);
            any.0.extend_from_slice(TYPE_PREFIX.as_bytes());
            any.0.extend_from_slice(name.as_bytes());
            any.message(2, write);
        })
    }

    /// Adds text under names (`google.protobuf.Struct`), which are to come in order.
    pub(crate) fn structure(&mut self, tag: u8, attributes: &[(&str, Option<&str>)]) -> &mut Self {
        self.message(tag, |fields| {
            for (name, text) in attributes {
                let Some(text) = text else { continue };
                fields.message(1, |entry| {
                    entry.text(1, name).message(2, |value| {
                        value.bytes(3, text.as_bytes());
                    });
                });
            }
        })
    }
}

fn length(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}
