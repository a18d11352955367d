//! Every table and column of the schema is moved, or said not to be.

use std::collections::BTreeSet;

use rollcall_store::transfer::{Kind, TABLES};
use rusqlite::Connection;

use super::sql;
use crate::Options;

/// What follows from other rows, belongs to one server, or to SQLite.
const NOT_MOVED: &[&str] = &["value", "sqlite_sequence", "lease", "bucket"];
/// Columns that follow from others.
const DERIVED: &[(&str, &str)] = &[("pending_member", "folded"), ("counter", "of")];

fn columns(connection: &Connection, table: &str) -> BTreeSet<String> {
    let mut statement = connection.prepare(&format!("PRAGMA table_info({table})")).unwrap();
    statement.query_map([], |row| row.get(1)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_table_and_column_is_moved() {
    let folder = tempfile::TempDir::new().unwrap();
    let options = Options::default();
    let database = crate::connection::open_writer(&folder.path().join("a.db"), &options).unwrap();
    let requests = crate::request_log::RequestFile::beside(&folder.path().join("a.db"), &options);
    let requests = requests.apart().unwrap();
    let mut missing = Vec::new();
    for connection in [&database, &requests] {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table'";
        let mut statement = connection.prepare(sql).unwrap();
        let names: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        for name in names.iter().filter(|name| !NOT_MOVED.contains(&name.as_str())) {
            let Some(table) = TABLES.iter().find(|table| table.name == name) else {
                missing.push(name.clone());
                continue;
            };
            connection.prepare(&sql::insert(table)).unwrap();
            for after in [false, true] {
                connection.prepare(&sql::select(table, after)).unwrap();
            }
            let selected = sql::select(table, false);
            let listed: Vec<&str> =
                selected.trim_start_matches("SELECT ").split(" FROM ").next().unwrap().split(", ").collect();
            let derived = |column: &&String| !DERIVED.contains(&(table.name, column.as_str()));
            let columns = columns(connection, name);
            missing.extend(
                columns
                    .iter()
                    .filter(derived)
                    .filter(|column| !listed.contains(&column.as_str()))
                    .map(|column| format!("{name}.{column}")),
            );
        }
    }
    assert!(
        missing.is_empty(),
        "add these to crates/store/src/transfer/tables.rs, so that backups and migrations have them, or say here \
         that they are not moved: {missing:?}"
    );
    let entries = TABLES.iter().flat_map(|table| table.columns).filter(|column| column.kind == Kind::Entries);
    assert_eq!(entries.count(), 1);
}
