//! What goes into columns and comes out of them.

use std::error::Error;

use bytes::BytesMut;
use rollcall_domain::clock::Timestamp;
use rollcall_scim::value::Scalar;
use rollcall_store::StoreError;
use rollcall_store::index::encode;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// A type of Rust, and the one that its column has.
pub(crate) trait Kind {
    const KIND: Type;
    const LIST: Type;
}

/// A bound parameter. Its type goes to the server with it, so that a statement means the same wherever it runs.
pub(crate) trait Parameter: ToSql + Sync {
    fn kind(&self) -> Type;
}

impl<T: Kind + ToSql + Sync> Parameter for T {
    fn kind(&self) -> Type {
        T::KIND
    }
}

/// The parameters of a statement, in order.
pub(crate) type Parameters<'a> = &'a [&'a (dyn Parameter + 'a)];

macro_rules! kinds {
    ($($rust:ty: $kind:ident, $list:ident;)*) => {
        $(impl Kind for $rust {
            const KIND: Type = Type::$kind;
            const LIST: Type = Type::$list;
        })*
    };
}

kinds! {
    i64: INT8, INT8_ARRAY;
    i32: INT4, INT4_ARRAY;
    bool: BOOL, BOOL_ARRAY;
    Uuid: UUID, UUID_ARRAY;
    String: TEXT, TEXT_ARRAY;
    &str: TEXT, TEXT_ARRAY;
    &[u8]: BYTEA, BYTEA_ARRAY;
    Vec<u8>: BYTEA, BYTEA_ARRAY;
    Text<'_>: BYTEA, BYTEA_ARRAY;
}

impl<T: Kind> Kind for Option<T> {
    const KIND: Type = T::KIND;
    const LIST: Type = T::LIST;
}

impl<T: Kind> Kind for Vec<T> {
    const KIND: Type = T::LIST;
    const LIST: Type = T::LIST;
}

impl<T: Kind> Kind for &[T] {
    const KIND: Type = T::LIST;
    const LIST: Type = T::LIST;
}

/// Text in a BYTEA column: its UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::BYTEA
    }

    to_sql_checked!();
}

/// Text out of a BYTEA column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TextColumn(pub(crate) String);

impl<'a> FromSql<'a> for TextColumn {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::BYTEA
    }
}

/// One column of a row.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// A time, or none.
pub(crate) fn time(row: &Row, at: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(get::<Option<i64>>(row, at)?.map(Timestamp))
}

/// Text as an index row has it, in its case: long text is cut, and its digest appended. For what is looked up.
pub(crate) fn named(text: &str) -> String {
    encode(&Scalar::Text(text.to_owned()), true)
}

/// Text as an index row has it, in lower case.
pub(crate) fn folded(text: &str) -> String {
    encode(&Scalar::Text(text.to_owned()), false)
}

/// Text for a TEXT column that is only shown: U+0000, which PostgreSQL does not take, as U+FFFD.
pub(crate) fn shown(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
