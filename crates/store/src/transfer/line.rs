//! A row as a line of JSON: the name of its table and its values, in the order of its columns.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tables::{Column, Kind, Table};
use super::{Cell, Row, table};

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No array of the name of a table and of as many values as it has columns.
    #[error("a line is no row of a table that this program knows")]
    Shape,
    /// A value is not of its column's kind.
    #[error("{table}.{column} holds something unexpected")]
    Value {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
    },
}

/// The line of a row, without its end.
pub fn write_line(table: &Table, row: &[Cell]) -> String {
    let cells = row.iter().map(|cell| match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => (*number).into(),
        Cell::Flag(flag) => (*flag).into(),
        Cell::Text(text) => text.as_str().into(),
        Cell::Id(id) => id.to_string().into(),
        Cell::Bytes(bytes) => STANDARD.encode(bytes).into(),
    });
    json!([table.name, cells.collect::<Vec<_>>()]).to_string()
}

/// The row of a line.
///
/// # Errors
///
/// [`LineError`].
pub fn read_line(line: &str) -> Result<(&'static Table, Row), LineError> {
    let (name, cells): (String, Vec<Value>) = serde_json::from_str(line).map_err(|_| LineError::Shape)?;
    let table = table(&name).filter(|table| table.columns.len() == cells.len()).ok_or(LineError::Shape)?;
    let read = |(column, value): (&Column, Value)| {
        cell(column.kind, value).ok_or(LineError::Value { table: table.name, column: column.name })
    };
    Ok((table, table.columns.iter().zip(cells).map(read).collect::<Result<_, _>>()?))
}

fn cell(kind: Kind, value: Value) -> Option<Cell> {
    match (kind, value) {
        (_, Value::Null) => Some(Cell::Null),
        (Kind::Integer, Value::Number(number)) => number.as_i64().map(Cell::Integer),
        (Kind::Flag, Value::Bool(flag)) => Some(Cell::Flag(flag)),
        (Kind::Text | Kind::Sent | Kind::Document | Kind::Entries, Value::String(text)) => {
            Some(Cell::Text(text))
        }
        (Kind::Id, Value::String(text)) => Uuid::try_parse(&text).ok().map(Cell::Id),
        (Kind::Bytes, Value::String(text)) => STANDARD.decode(text).ok().map(Cell::Bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::TABLES;

    /// A row with something in every column, and one with nothing.
    fn rows(table: &Table) -> [Row; 2] {
        let full = table.columns.iter().map(|column| match column.kind {
            Kind::Integer => Cell::Integer(i64::MIN),
            Kind::Flag => Cell::Flag(true),
            Kind::Text | Kind::Document | Kind::Entries => Cell::Text("a\"\n\u{e9}".to_owned()),
            Kind::Sent => Cell::Text("a\0b".to_owned()),
            Kind::Id => Cell::Id(Uuid::from_u128(7)),
            Kind::Bytes => Cell::Bytes(vec![0, 255]),
        });
        [full.collect(), vec![Cell::Null; table.columns.len()]]
    }

    #[test]
    fn what_is_written_is_read_back() {
        for table in TABLES {
            for row in rows(table) {
                let line = write_line(table, &row);
                assert!(!line.contains('\n'));
                assert_eq!(read_line(&line), Ok((table, row)), "{line}");
            }
        }
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let wrong = LineError::Value { table: "counter", column: "last_change" };
        for (line, expected) in [
            ("", LineError::Shape),
            ("{}", LineError::Shape),
            (r#"["nothing",[]]"#, LineError::Shape),
            (r#"["counter",[1]]"#, LineError::Shape),
            (r#"["counter",[1,"2"]]"#, wrong.clone()),
            (r#"["counter",[1,2.5]]"#, wrong),
        ] {
            assert_eq!(read_line(line), Err(expected), "{line}");
        }
    }
}
