//! Writing everything: rows as they come, and in the end what follows from them.

use rollcall_scim::value::fold;
use rollcall_store::StoreError;
use rollcall_store::transfer::{Cell, Kind, Row, Table};
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::sql::{self, Bound};
use crate::error::{OrUnavailable as _, corrupt};
use crate::session::Session;

/// What only a database has into which something is imported.
const MAKE: &str =
    "CREATE TABLE transfer (only INTEGER PRIMARY KEY CHECK (only = 1), progress TEXT NOT NULL) STRICT";
const MADE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'transfer'";
const PROGRESS: &str = "SELECT progress FROM transfer";
const NOTE: &str =
    "INSERT INTO transfer (only, progress) VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET progress = ?1";
/// Rows that nobody has written are none of these.
const WRITTEN: &str = "SELECT 1 WHERE (SELECT count(*) FROM tenant) > 1 OR EXISTS (SELECT 1 FROM source)
    OR EXISTS (SELECT 1 FROM change) OR EXISTS (SELECT 1 FROM audit) OR EXISTS (SELECT 1 FROM api_token)
    OR EXISTS (SELECT 1 FROM endpoint) OR EXISTS (SELECT 1 FROM identity) OR EXISTS (SELECT 1 FROM signing_key)
    OR EXISTS (SELECT 1 FROM account)";
const ADD_VALUE: &str =
    "INSERT INTO value (collection, attribute, value, apart, resource) VALUES (?1, ?2, ?3, ?4, ?5)";
/// What follows from the rows: see `counter` in the first migration.
const COUNT: &str = "DELETE FROM counter WHERE of <> 1;
    INSERT INTO counter (of, key, value) SELECT 2, collection, count(*) FROM resource GROUP BY collection;
    INSERT INTO counter (of, key, value) SELECT 3, 0, coalesce(max(key), 0) FROM resource;
    DROP TABLE transfer";

/// How far an unfinished import has come.
pub(super) fn progress(connection: &Connection) -> Result<Option<String>, StoreError> {
    if !connection.prepare_cached(MADE).and_then(|mut made| made.exists([])).or_unavailable()? {
        return Ok(None);
    }
    connection.query_row(PROGRESS, [], |row| row.get(0)).optional().or_unavailable()
}

/// Whether nothing was ever written.
pub(super) fn is_new(connection: &Connection) -> Result<bool, StoreError> {
    let written = connection.prepare_cached(WRITTEN).and_then(|mut written| written.exists([]));
    Ok(!written.or_unavailable()?)
}

/// Takes the rows of a new database away.
pub(super) fn begin(session: &mut Session<'_>, progress: &str) -> Result<(), StoreError> {
    let connection = session.connection();
    if self::progress(connection)?.is_some() || !is_new(connection)? {
        return Err(StoreError::Stale);
    }
    connection.execute("DELETE FROM tenant", []).or_unavailable()?;
    connection.execute("DELETE FROM counter", []).or_unavailable()?;
    connection.execute(MAKE, []).or_unavailable()?;
    session.forget();
    session.touch_all();
    note(connection, progress)
}

/// Keeps how far the import has come.
pub(super) fn note(connection: &Connection, progress: &str) -> Result<(), StoreError> {
    connection.prepare_cached(NOTE).and_then(|mut note| note.execute([progress])).or_unavailable().map(drop)
}

/// Adds rows.
pub(super) fn add(connection: &Connection, table: &'static Table, rows: &[Row]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(&sql::insert(table)).or_unavailable()?;
    for row in rows {
        let mut row = row.clone();
        match table.name {
            "resource" => add_values(connection, &mut row)?,
            "pending_member" => {
                let value = row.last().and_then(Cell::text).unwrap_or_default();
                row.push(Cell::Text(fold(value, false).into_owned()));
            }
            _ => {}
        }
        let kinds = table.columns.iter().map(|column| column.kind).chain(std::iter::repeat(Kind::Text));
        let bound = row.iter().zip(kinds).map(|(cell, kind)| Bound(cell, kind));
        statement.execute(params_from_iter(bound)).or_unavailable()?;
    }
    Ok(())
}

/// Adds the index rows of a resource, and leaves its list of them as it is kept here.
fn add_values(connection: &Connection, row: &mut Row) -> Result<(), StoreError> {
    let [key, collection, .., entries] = row.as_mut_slice() else { return Ok(()) };
    let wrong = |_| corrupt("resource", "entries", "no index rows");
    let (key, collection) = (key.integer(), collection.integer());
    let told: Vec<(i64, String, bool)> =
        serde_json::from_str(entries.text().unwrap_or_default()).map_err(wrong)?;
    let mut statement = connection.prepare_cached(ADD_VALUE).or_unavailable()?;
    for (attribute, value, unique) in &told {
        let apart = if *unique { Some(0) } else { key };
        statement.execute((collection, attribute, value, apart, key)).or_unavailable()?;
    }
    let pairs: Vec<(i64, &str)> = told.iter().map(|(attribute, value, _)| (*attribute, &**value)).collect();
    *entries = Cell::Text(serde_json::to_string(&pairs).map_err(wrong)?);
    Ok(())
}

/// Makes what follows from the rows.
pub(super) fn finish(session: &mut Session<'_>) -> Result<(), StoreError> {
    session.connection().execute_batch(COUNT).or_unavailable()?;
    session.forget();
    session.touch_all();
    Ok(())
}
