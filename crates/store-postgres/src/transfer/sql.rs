//! The statements of a table, made of its columns, and values in and out of them.

use rollcall_store::StoreError;
use rollcall_store::transfer::{Cell, Column, Kind, Row, Table};
use tokio_postgres::Row as Found;
use uuid::Uuid;

use crate::column::{Parameter, TextColumn, folded, get, named, shown};
use crate::error::corrupt;

/// A parameter that owns what it binds.
pub(super) type Owned = Box<dyn Parameter + Send + Sync>;

/// Names that columns have here, where they are others.
const NAMES: &[(&str, &str, &str)] = &[("audit_head", "only", "one")];

fn name(table: &Table, column: &Column) -> &'static str {
    let other = NAMES.iter().find(|(of, name, _)| *of == table.name && *name == column.name);
    other.map_or(column.name, |(_, _, other)| *other)
}

/// A page after a key, or from the beginning.
pub(super) fn select(table: &Table, is_after: bool) -> String {
    let keys = table.key_columns().iter().map(|column| format!("t.{}", name(table, column)));
    let keys: Vec<String> = keys.collect();
    let keys = keys.join(", ");
    let mut conditions = Vec::new();
    if table.name == "counter" {
        conditions.push("t.last_change > 0".to_owned());
    }
    if is_after {
        conditions.push(format!("({keys}) > ({})", marks(1, table.key)));
    }
    let condition =
        if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let columns: Vec<String> = table.columns.iter().map(|column| selected(table, column)).collect();
    let limit = if is_after { table.key + 1 } else { 1 };
    let (columns, from) = (columns.join(", "), place(table));
    format!("SELECT {columns} FROM {from} AS t{condition} ORDER BY {keys} LIMIT ${limit}")
}

fn selected(table: &Table, column: &Column) -> String {
    let name = name(table, column);
    match column.kind {
        Kind::Integer => format!("t.{name}::int8"),
        Kind::Entries => "NULL::text".to_owned(),
        _ => format!("t.{name}"),
    }
}

/// Rows more; of the request log, they may be there.
pub(super) fn insert(table: &Table) -> String {
    let mut columns: Vec<&str> = stored(table).map(|(_, column)| name(table, column)).collect();
    let rest = match table.name {
        "request" | "request_subject" | "request_usage" => " ON CONFLICT DO NOTHING",
        "counter" => " ON CONFLICT (tenant) DO UPDATE SET last_change = excluded.last_change",
        _ => "",
    };
    let mut selected = "*".to_owned();
    match table.name {
        "pending_member" => columns.extend(["named", "folded"]),
        "counter" => {
            columns.extend(["last_key", "facts"]);
            selected.push_str(", 0, 1");
        }
        _ => {}
    }
    let count = columns.len() - if table.name == "counter" { 2 } else { 0 };
    let (columns, into) = (columns.join(", "), place(table));
    format!("INSERT INTO {into} ({columns}) SELECT {selected} FROM unnest({}){rest}", marks(1, count))
}

/// The columns that are kept in the table itself, each with its place in a row.
fn stored(table: &Table) -> impl Iterator<Item = (usize, &'static Column)> {
    table.columns.iter().enumerate().filter(|(_, column)| column.kind != Kind::Entries)
}

fn place(table: &Table) -> &'static str {
    if table.name == "counter" { "tenant_counter" } else { table.name }
}

fn marks(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// A value as it is bound.
pub(super) fn bound(cell: &Cell, kind: Kind) -> Owned {
    match (cell, kind) {
        (Cell::Integer(number), _) => Box::new(*number),
        (Cell::Flag(flag), _) => Box::new(*flag),
        (Cell::Text(text), Kind::Sent | Kind::Document) => Box::new(text.clone().into_bytes()),
        (Cell::Text(text), _) => Box::new(text.clone()),
        (Cell::Id(id), _) => Box::new(*id),
        (Cell::Bytes(bytes), _) => Box::new(bytes.clone()),
        (Cell::Null, _) => Box::new(None::<i64>),
    }
}

/// The columns of rows, each as a list.
pub(super) fn lists(table: &Table, rows: &[Row]) -> Vec<Owned> {
    let mut lists: Vec<Owned> = stored(table).map(|(at, column)| list(rows, at, column.kind)).collect();
    if table.name == "pending_member" {
        let values = || rows.iter().filter_map(|row| row.last()).filter_map(Cell::text);
        lists.push(Box::new(values().map(|value| named(value).into_bytes()).collect::<Vec<_>>()));
        lists.push(Box::new(values().map(|value| folded(value).into_bytes()).collect::<Vec<_>>()));
    }
    lists
}

fn list(rows: &[Row], at: usize, kind: Kind) -> Owned {
    let cells = || rows.iter().map(|row| row.get(at).unwrap_or(&Cell::Null));
    let text = |cell: &Cell| cell.text().map(str::to_owned);
    match kind {
        Kind::Integer => Box::new(cells().map(Cell::integer).collect::<Vec<Option<i64>>>()),
        Kind::Flag => {
            let flag = |cell: &Cell| if let Cell::Flag(flag) = cell { Some(*flag) } else { None };
            Box::new(cells().map(flag).collect::<Vec<Option<bool>>>())
        }
        Kind::Text | Kind::Entries => {
            let text = |cell: &Cell| text(cell).map(|text| shown(&text));
            Box::new(cells().map(text).collect::<Vec<Option<String>>>())
        }
        Kind::Sent | Kind::Document => {
            let bytes = |cell: &Cell| text(cell).map(String::into_bytes);
            Box::new(cells().map(bytes).collect::<Vec<Option<Vec<u8>>>>())
        }
        Kind::Id => {
            let id = |cell: &Cell| if let Cell::Id(id) = cell { Some(*id) } else { None };
            Box::new(cells().map(id).collect::<Vec<Option<Uuid>>>())
        }
        Kind::Bytes => {
            let bytes = |cell: &Cell| if let Cell::Bytes(bytes) = cell { Some(bytes.clone()) } else { None };
            Box::new(cells().map(bytes).collect::<Vec<Option<Vec<u8>>>>())
        }
    }
}

/// A value as it is read.
pub(super) fn read(row: &Found, at: usize, column: &Column) -> Result<Cell, StoreError> {
    Ok(match column.kind {
        Kind::Integer => get::<Option<i64>>(row, at)?.map_or(Cell::Null, Cell::Integer),
        Kind::Flag => get::<Option<bool>>(row, at)?.map_or(Cell::Null, Cell::Flag),
        Kind::Text | Kind::Entries => get::<Option<String>>(row, at)?.map_or(Cell::Null, Cell::Text),
        Kind::Sent | Kind::Document => {
            get::<Option<TextColumn>>(row, at)?.map_or(Cell::Null, |text| Cell::Text(text.0))
        }
        Kind::Id => get::<Option<Uuid>>(row, at)?.map_or(Cell::Null, Cell::Id),
        Kind::Bytes => get::<Option<Vec<u8>>>(row, at)?.map_or(Cell::Null, Cell::Bytes),
    })
}

/// The index rows of a resource, from how they are moved.
pub(super) fn entries(cell: &Cell) -> Result<Vec<(i64, String, bool)>, StoreError> {
    serde_json::from_str(cell.text().unwrap_or_default())
        .map_err(|_| corrupt("resource", "entries", "no index rows"))
}
