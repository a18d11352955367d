//! Tombstones: what is left of a deleted resource (DESIGN decision 7).

use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::Tombstone;
use rollcall_store::write::{Batch, Delete};
use rusqlite::Connection;

use crate::error::{IdColumn, OrUnavailable as _};
use crate::resource::value::{self, Entries};
use crate::session::Session;

const ADD: &str = "INSERT INTO tombstone (source, kind, id, external_id, user_name, deleted)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const FIND: &str = "SELECT id, external_id, user_name, deleted FROM (
        SELECT * FROM tombstone WHERE source = ?1 AND kind = ?2 AND external_id = ?3
        UNION SELECT * FROM tombstone WHERE source = ?1 AND kind = ?2 AND user_name = ?4
    ) ORDER BY key DESC";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, FIND];

/// Leaves a tombstone of a resource that had these index rows.
pub(crate) fn add(
    session: &mut Session<'_>,
    batch: &Batch,
    delete: &Delete,
    (collection, entries): (i64, &Entries),
) -> Result<(), StoreError> {
    let external_id = value::of_path(session, collection, entries, "externalId")?;
    let user_name = value::of_path(session, collection, entries, "userName")?;
    let row = (batch.source.0, &delete.kind, IdColumn(delete.id), external_id, user_name, batch.now.0);
    session.prepare(ADD)?.execute(row).map(drop).or_unavailable()
}

/// The tombstones with this `externalId` or `userName`, latest first.
pub(crate) fn find(
    connection: &Connection,
    source: SourceKey,
    kind: &str,
    external_id: Option<&str>,
    user_name: Option<&str>,
) -> Result<Vec<Tombstone>, StoreError> {
    let mut statement = connection.prepare_cached(FIND).or_unavailable()?;
    let rows = statement.query_map((source.0, kind, external_id, user_name), |row| {
        Ok(Tombstone {
            id: row.get::<_, IdColumn>(0)?.0,
            external_id: row.get(1)?,
            user_name: row.get(2)?,
            deleted: Timestamp(row.get(3)?),
        })
    });
    rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()
}
