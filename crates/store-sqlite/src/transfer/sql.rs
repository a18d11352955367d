//! The statements of a table, made of its columns, and values in and out of them.

use rollcall_store::StoreError;
use rollcall_store::transfer::{Cell, Column, Kind, Table};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, ToSql};

use crate::error::{IdColumn, OrUnavailable as _, corrupt};

/// Names that columns have here, where they are others.
const NAMES: &[(&str, &str, &str)] =
    &[("credential", "key", "rowid"), ("counter", "tenant", "key"), ("counter", "last_change", "value")];

/// A page after a key, or from the beginning.
pub(super) fn select(table: &Table, is_after: bool) -> String {
    let keys = names(table, table.key_columns());
    let mut conditions = Vec::new();
    if table.name == "counter" {
        conditions.push("of = 1 AND value > 0".to_owned());
    }
    if is_after {
        conditions.push(format!("({keys}) > ({})", marks(table.key)));
    }
    let condition =
        if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    format!("SELECT {} FROM {}{condition} ORDER BY {keys} LIMIT ?", names(table, table.columns), table.name)
}

/// One row more; of the request log, which has a file of its own, it may be there.
pub(super) fn insert(table: &Table) -> String {
    let (verb, name) = (if table.is_log() { "INSERT OR REPLACE" } else { "INSERT" }, table.name);
    let columns = names(table, table.columns);
    let marks = marks(table.columns.len());
    match name {
        "counter" => format!("INSERT INTO counter ({columns}, of) VALUES ({marks}, 1)"),
        "pending_member" => format!("INSERT INTO pending_member ({columns}, folded) VALUES ({marks}, ?)"),
        _ => format!("{verb} INTO {name} ({columns}) VALUES ({marks})"),
    }
}

fn names(table: &Table, columns: &[Column]) -> String {
    let name = |column: &Column| {
        let other = NAMES.iter().find(|(of, name, _)| *of == table.name && *name == column.name);
        other.map_or(column.name, |(_, _, other)| *other)
    };
    columns.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// A value as it is bound.
pub(super) struct Bound<'a>(pub(super) &'a Cell, pub(super) Kind);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match (self.0, self.1) {
            (Cell::Null, _) => ToSqlOutput::Owned(Value::Null),
            (Cell::Integer(number), _) => ToSqlOutput::Owned(Value::Integer(*number)),
            (Cell::Flag(flag), _) => ToSqlOutput::Owned(Value::Integer(i64::from(*flag))),
            (Cell::Text(text), Kind::Document) => ToSqlOutput::Borrowed(ValueRef::Blob(text.as_bytes())),
            (Cell::Text(text), _) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            (Cell::Id(id), _) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            (Cell::Bytes(bytes), _) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// A value as it is read.
pub(super) fn read(row: &Row<'_>, at: usize, table: &'static Table) -> Result<Cell, StoreError> {
    let Some(column) = table.columns.get(at) else { return Ok(Cell::Null) };
    let value = row.get_ref(at).or_unavailable()?;
    let unexpected = || corrupt(table.name, column.name, value.data_type());
    if value == ValueRef::Null {
        return Ok(Cell::Null);
    }
    Ok(match column.kind {
        Kind::Integer => Cell::Integer(value.as_i64().map_err(|_| unexpected())?),
        Kind::Flag => Cell::Flag(value.as_i64().map_err(|_| unexpected())? != 0),
        // What no other backend takes is no one's meaning (U+0000 in text that is only shown).
        Kind::Text => Cell::Text(value.as_str().map_err(|_| unexpected())?.replace('\0', "\u{fffd}")),
        Kind::Sent | Kind::Entries => Cell::Text(value.as_str().map_err(|_| unexpected())?.to_owned()),
        Kind::Document => {
            let bytes = value.as_blob().map_err(|_| unexpected())?;
            Cell::Text(String::from_utf8(bytes.to_owned()).map_err(|_| unexpected())?)
        }
        Kind::Id => Cell::Id(row.get::<_, IdColumn>(at).map_err(|_| unexpected())?.0),
        Kind::Bytes => Cell::Bytes(value.as_blob().map_err(|_| unexpected())?.to_owned()),
    })
}
