//! Tombstones: what is left of a deleted resource (DESIGN decision 7).

use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::Tombstone;
use rollcall_store::write::{Batch, Delete};
use tokio_postgres::Row;

use crate::column::{Text, TextColumn, get};
use crate::connection::Connection;
use crate::resource::value::{self, Entries};
use crate::session::Session;

const ADD: &str = "INSERT INTO tombstone (key, source, kind, id, external_id, user_name, deleted)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const FIND: &str = "SELECT id, external_id, user_name, deleted FROM (
        SELECT key, id, external_id, user_name, deleted FROM tombstone
            WHERE source = $1 AND kind = $2 AND external_id = $3
        UNION SELECT key, id, external_id, user_name, deleted FROM tombstone
            WHERE source = $1 AND kind = $2 AND user_name = $4
    ) AS found ORDER BY key DESC";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, FIND];

/// Leaves a tombstone of a resource that had these index rows.
pub(crate) async fn add(
    session: &mut Session,
    batch: &Batch,
    delete: &Delete,
    (collection, entries): (i64, &Entries),
) -> Result<(), StoreError> {
    let external_id = value::of_path(session, collection, entries, "externalId").await?;
    let user_name = value::of_path(session, collection, entries, "userName").await?;
    let key = session.next_key(batch.tenant).await?;
    let (external_id, user_name) = (external_id.as_deref().map(Text), user_name.as_deref().map(Text));
    let row: [&(dyn crate::column::Parameter + '_); 7] =
        [&key, &batch.source.0, &delete.kind, &delete.id, &external_id, &user_name, &batch.now.0];
    session.execute(ADD, &row).await.map(drop)
}

/// The tombstones with this `externalId` or `userName`, latest first.
pub(crate) async fn find(
    connection: &Connection,
    source: SourceKey,
    kind: &str,
    external_id: Option<&str>,
    user_name: Option<&str>,
) -> Result<Vec<Tombstone>, StoreError> {
    let (external_id, user_name) = (external_id.map(Text), user_name.map(Text));
    let rows = connection.rows(FIND, &[&source.0, &kind, &external_id, &user_name]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Tombstone, StoreError> {
    let text = |at| Ok::<_, StoreError>(get::<Option<TextColumn>>(row, at)?.map(|text| text.0));
    Ok(Tombstone {
        id: get(row, 0)?,
        external_id: text(1)?,
        user_name: text(2)?,
        deleted: Timestamp(get(row, 3)?),
    })
}
