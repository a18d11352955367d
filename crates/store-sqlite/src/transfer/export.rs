//! Reading everything as it was at one moment, on connections of its own.

use async_trait::async_trait;
use rollcall_store::StoreError;
use rollcall_store::transfer::{Cell, Export, Row, Table};
use rusqlite::{Connection, params_from_iter};

use super::sql;
use crate::error::{OrUnavailable as _, corrupt};

const UNIQUE: &str =
    "SELECT resource FROM value WHERE collection = ?1 AND value = ?2 AND attribute = ?3 AND apart = 0";

/// Two reading transactions: of the database, and of the request log's file.
pub(super) struct Snapshot {
    database: Connection,
    requests: Connection,
}

impl Snapshot {
    pub(super) fn new(database: Connection, requests: Connection) -> Result<Self, StoreError> {
        for connection in [&database, &requests] {
            connection.execute_batch("BEGIN").or_unavailable()?;
            // It is the first reading that takes the moment.
            connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())).or_unavailable()?;
        }
        Ok(Self { database, requests })
    }
}

#[async_trait]
impl Export for Snapshot {
    async fn page(
        &mut self,
        table: &'static Table,
        after: Option<&[Cell]>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        let connection = if table.is_log() { &self.requests } else { &self.database };
        page(connection, table, after, limit)
    }
}

pub(super) fn page(
    connection: &Connection,
    table: &'static Table,
    after: Option<&[Cell]>,
    limit: u32,
) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(&sql::select(table, after.is_some())).or_unavailable()?;
    let limit = Cell::Integer(limit.into());
    let kinds = table.key_columns().iter().map(|column| column.kind);
    let bound = after.unwrap_or_default().iter().zip(kinds);
    let bound = bound.chain([(&limit, rollcall_store::transfer::Kind::Integer)]);
    let parameters = params_from_iter(bound.map(|(cell, kind)| sql::Bound(cell, kind)));
    let mut found = statement.query(parameters).or_unavailable()?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().or_unavailable()? {
        let cells = (0..table.columns.len()).map(|at| sql::read(row, at, table));
        rows.push(cells.collect::<Result<Row, _>>()?);
    }
    if table.name == "resource" {
        rows.iter_mut().try_for_each(|row| tell_unique(connection, row))?;
    }
    Ok(rows)
}

/// Adds to the index rows of a resource whether each is unique.
fn tell_unique(connection: &Connection, row: &mut Row) -> Result<(), StoreError> {
    let [key, collection, .., entries] = row.as_mut_slice() else { return Ok(()) };
    let wrong = |reason: &str| corrupt("resource", "entries", reason);
    let pairs: Vec<(i64, String)> =
        serde_json::from_str(entries.text().unwrap_or_default()).map_err(|_| wrong("no index rows"))?;
    let (key, collection) = (key.integer(), collection.integer());
    let mut statement = connection.prepare_cached(UNIQUE).or_unavailable()?;
    let mut told = Vec::with_capacity(pairs.len());
    for (attribute, value) in pairs {
        let mut holders = statement.query((collection, &value, attribute)).or_unavailable()?;
        let holder: Option<i64> =
            holders.next().or_unavailable()?.map(|row| row.get(0)).transpose().or_unavailable()?;
        told.push((attribute, value, holder.is_some() && holder == key));
    }
    told.sort();
    *entries = Cell::Text(serde_json::to_string(&told).map_err(|_| wrong("no JSON"))?);
    Ok(())
}
