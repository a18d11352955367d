//! Reading one resource.

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::{GroupRef, Stored};
use tokio_postgres::Row;
use uuid::Uuid;

use super::stored;
use crate::column::{Text, TextColumn, get};
use crate::connection::Connection;

const BY_ID: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body
    FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = $1 AND c.source = $2 AND c.kind = $3";
const BY_KEYS: &str = "SELECT key, id, version, revision, created, modified, plain, body
    FROM resource WHERE key = ANY($1)";
const WITH_GROUPS: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body,
    g.ids, g.displays,
    CASE WHEN g.ids IS NOT NULL THEN (SELECT nested FROM source WHERE key = $2) ELSE FALSE END
    FROM resource AS r LEFT JOIN LATERAL (
        SELECT array_agg(g.id ORDER BY g.key) AS ids, array_agg(g.display ORDER BY g.key) AS displays
        FROM membership AS m JOIN resource AS g ON g.key = m.group_key WHERE m.member_key = r.key
    ) AS g ON TRUE
    WHERE r.id = $1 AND r.collection = $3";
const BY_VALUE: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body,
    g.ids, g.displays,
    CASE WHEN g.ids IS NOT NULL THEN (SELECT nested FROM source WHERE key = $2) ELSE FALSE END
    FROM value AS v JOIN resource AS r ON r.key = v.resource LEFT JOIN LATERAL (
        SELECT array_agg(g.id ORDER BY g.key) AS ids, array_agg(g.display ORDER BY g.key) AS displays
        FROM membership AS m JOIN resource AS g ON g.key = m.group_key WHERE m.member_key = r.key
    ) AS g ON TRUE
    WHERE v.collection = $4 AND v.value = $3 AND v.attribute = $1 AND v.apart = 0";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_ID, BY_KEYS, WITH_GROUPS, BY_VALUE];

/// The resource of this source, type and id.
pub(crate) async fn by_id(
    connection: &Connection,
    source: SourceKey,
    kind: &str,
    id: Uuid,
) -> Result<Option<Stored>, StoreError> {
    let row = connection.row(BY_ID, &[&id, &source.0, &kind]).await?;
    row.as_ref().map(stored).transpose()
}

/// The resource of this id, if it is in this collection, with its groups: one statement, so both are of one moment.
pub(crate) async fn with_groups(
    connection: &Connection,
    source: SourceKey,
    collection: i64,
    id: Uuid,
) -> Result<Option<Found>, StoreError> {
    let row = connection.row(WITH_GROUPS, &[&id, &source.0, &collection]).await?;
    row.as_ref().map(Found::read).transpose()
}

/// The resource of this collection that has this value of a unique attribute, with its groups.
pub(crate) async fn by_value(
    connection: &Connection,
    source: SourceKey,
    (collection, attribute): (i64, i64),
    value: &str,
) -> Result<Option<Found>, StoreError> {
    let row = connection.row(BY_VALUE, &[&attribute, &source.0, &Text(value), &collection]).await?;
    row.as_ref().map(Found::read).transpose()
}

/// A resource with the groups that it is in itself.
pub(crate) struct Found {
    pub(crate) stored: Stored,
    pub(crate) groups: Vec<GroupRef>,
    /// Whether it may be in others through these.
    pub(crate) nested: bool,
}

impl Found {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let ids: Option<Vec<Uuid>> = get(row, 8)?;
        let displays: Option<Vec<Option<TextColumn>>> = get(row, 9)?;
        let groups = ids.unwrap_or_default().into_iter().zip(displays.unwrap_or_default());
        let group = |(id, display): (Uuid, Option<TextColumn>)| GroupRef {
            id,
            display: display.map(|text| text.0),
            direct: true,
        };
        let nested: Option<bool> = get(row, 10)?;
        Ok(Self { stored: stored(row)?, groups: groups.map(group).collect(), nested: nested == Some(true) })
    }
}

/// The resources of these keys, in their order.
pub(crate) async fn by_keys(connection: &Connection, keys: &[i64]) -> Result<Vec<Stored>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = connection.rows(BY_KEYS, &[&keys]).await?;
    let mut resources: Vec<Stored> = rows.iter().map(stored).collect::<Result<_, _>>()?;
    let place: std::collections::HashMap<i64, usize> =
        keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    resources.sort_unstable_by_key(|stored| place.get(&stored.key).copied());
    Ok(resources)
}
