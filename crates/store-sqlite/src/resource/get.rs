//! Reading one resource.

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::Stored;
use rusqlite::Connection;
use uuid::Uuid;

use super::stored;
use crate::error::{IdColumn, OrUnavailable as _};

const BY_ID: &str = "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body
    FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ?1 AND c.source = ?2 AND c.kind = ?3";
const BY_KEY: &str =
    "SELECT key, id, version, revision, created, modified, plain, body FROM resource WHERE key = ?1";
const BY_VALUE: &str = "SELECT r.id FROM collection AS c
    JOIN attribute AS a ON a.collection = c.key AND a.path = ?3
    JOIN value AS v ON v.attribute = a.key AND v.value = ?4
    JOIN resource AS r ON r.key = v.resource
    WHERE c.source = ?1 AND c.kind = ?2 LIMIT 1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_ID, BY_KEY, BY_VALUE];

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

/// The resource that has this value of a unique attribute.
pub(crate) fn by_value(
    connection: &Connection,
    source: SourceKey,
    kind: &str,
    attribute: &str,
    value: &str,
) -> Result<Option<Uuid>, StoreError> {
    let mut statement = connection.prepare_cached(BY_VALUE).or_unavailable()?;
    let mut rows = statement.query((source.0, kind, attribute, value)).or_unavailable()?;
    let id =
        rows.next().or_unavailable()?.map(|row| row.get::<_, IdColumn>(0)).transpose().or_unavailable()?;
    Ok(id.map(|id| id.0))
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
