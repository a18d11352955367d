//! Reading one resource.

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::{GroupRef, Stored};
use rusqlite::{Connection, Row, Rows};
use uuid::Uuid;

use super::stored;
use crate::error::{IdColumn, OrUnavailable as _};

const BY_ID: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body
    FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ?1 AND c.source = ?2 AND c.kind = ?3";
const BY_KEY: &str =
    "SELECT key, id, version, revision, created, modified, plain, body FROM resource WHERE key = ?1";
const WITH_GROUPS: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body,
    r.collection, g.key, g.id, g.display,
    CASE WHEN g.key IS NOT NULL THEN (SELECT nested FROM source WHERE key = ?2) END
    FROM resource AS r LEFT JOIN membership AS m ON m.member_key = r.key
    LEFT JOIN resource AS g ON g.key = m.group_key
    WHERE r.id = ?1 ORDER BY m.group_key";
const BY_VALUE: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body,
    r.collection, g.key, g.id, g.display,
    CASE WHEN g.key IS NOT NULL THEN (SELECT nested FROM source WHERE key = ?2) END
    FROM value AS v JOIN resource AS r ON r.key = v.resource
    LEFT JOIN membership AS m ON m.member_key = r.key
    LEFT JOIN resource AS g ON g.key = m.group_key
    WHERE v.collection = ?4 AND v.value = ?3 AND v.attribute = ?1 AND v.apart = 0 ORDER BY m.group_key";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_ID, BY_KEY, WITH_GROUPS, BY_VALUE];

/// The resource of this source, type and id.
pub(crate) fn by_id(
    connection: &Connection,
    source: SourceKey,
    kind: &str,
    id: Uuid,
) -> Result<Option<Stored>, StoreError> {
    let mut statement = connection.prepare_cached(BY_ID).or_unavailable()?;
    let mut rows = statement.query((IdColumn(id), source.0, kind)).or_unavailable()?;
    rows.next().or_unavailable()?.map(stored).transpose()
}

/// The resource of this id, if it is in this collection, with its groups: one statement, so both are of one moment.
pub(crate) fn with_groups(
    connection: &Connection,
    source: SourceKey,
    collection: i64,
    id: Uuid,
) -> Result<Option<Found>, StoreError> {
    let mut statement = connection.prepare_cached(WITH_GROUPS).or_unavailable()?;
    let rows = statement.query((IdColumn(id), source.0)).or_unavailable()?;
    found(rows, collection)
}

/// The resource of this collection that has this value of a unique attribute, with its groups.
pub(crate) fn by_value(
    connection: &Connection,
    source: SourceKey,
    collection: i64,
    attribute: i64,
    value: &str,
) -> Result<Option<Found>, StoreError> {
    let mut statement = connection.prepare_cached(BY_VALUE).or_unavailable()?;
    let rows = statement.query((attribute, source.0, value, collection)).or_unavailable()?;
    found(rows, collection)
}

/// A resource with the groups that it is in itself.
pub(crate) struct Found {
    pub(crate) stored: Stored,
    pub(crate) groups: Vec<GroupRef>,
    /// Whether it may be in others through these.
    pub(crate) nested: bool,
}

/// Reads one row a group, or one without.
fn found(mut rows: Rows<'_>, collection: i64) -> Result<Option<Found>, StoreError> {
    let Some(row) = rows.next().or_unavailable()? else { return Ok(None) };
    if row.get::<_, i64>(8).or_unavailable()? != collection {
        return Ok(None);
    }
    let mut found = Found { stored: stored(row)?, groups: Vec::new(), nested: false };
    found.add_group(row).or_unavailable()?;
    while let Some(row) = rows.next().or_unavailable()? {
        found.add_group(row).or_unavailable()?;
    }
    Ok(Some(found))
}

impl Found {
    fn add_group(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        if row.get::<_, Option<i64>>(9)?.is_some() {
            let id: IdColumn = row.get(10)?;
            self.groups.push(GroupRef { id: id.0, display: row.get(11)?, direct: true });
            self.nested = row.get(12)?;
        }
        Ok(())
    }
}

/// The resources of these keys, in their order.
pub(crate) fn by_keys(
    connection: &Connection,
    keys: impl Iterator<Item = i64>,
) -> Result<Vec<Stored>, StoreError> {
    let mut statement = connection.prepare_cached(BY_KEY).or_unavailable()?;
    let mut resources = Vec::new();
    for key in keys {
        let mut rows = statement.query([key]).or_unavailable()?;
        resources.extend(rows.next().or_unavailable()?.map(stored).transpose()?);
    }
    Ok(resources)
}
