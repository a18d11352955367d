//! Values of rows.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// Of [`super::Kind::Integer`].
    Integer(i64),
    /// Of [`super::Kind::Flag`].
    Flag(bool),
    /// Of the kinds that are text.
    Text(String),
    /// Of [`super::Kind::Id`].
    Id(Uuid),
    /// Of [`super::Kind::Bytes`].
    Bytes(Vec<u8>),
}

/// The values of a row, by the columns of its table.
pub type Row = Vec<Cell>;

impl Cell {
    /// The number, where it is one.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn bytes(&self) -> (u8, std::borrow::Cow<'_, [u8]>) {
        use std::borrow::Cow;
        match self {
            Self::Null => (0, Cow::Borrowed(&[])),
            Self::Integer(number) => (1, Cow::Owned(number.to_be_bytes().to_vec())),
            Self::Flag(flag) => (2, Cow::Owned(vec![u8::from(*flag)])),
            Self::Text(text) => (3, Cow::Borrowed(text.as_bytes())),
            Self::Id(id) => (4, Cow::Borrowed(id.as_bytes())),
            Self::Bytes(bytes) => (5, Cow::Borrowed(bytes)),
        }
    }
}

/// A digest of a row, to be added to those of others: the sum is that of the set, in whichever order.
pub(super) fn digest(row: &[Cell]) -> u128 {
    let mut hash = Sha256::new();
    for cell in row {
        let (kind, bytes) = cell.bytes();
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(&bytes);
    }
    hash.finalize().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}
