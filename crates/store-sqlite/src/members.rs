//! Reading a group's members, a page at a time.

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::MemberRow;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _};

const GROUP: &str = "SELECT r.key FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ?1 AND c.source = ?2";
const PAGE: &str = "SELECT m.position, r.id, NULL, c.kind, r.display FROM membership AS m
        JOIN resource AS r ON r.key = m.member_key JOIN collection AS c ON c.key = r.collection
        WHERE m.group_key = ?1 AND m.position > ?2
    UNION ALL SELECT p.position, NULL, p.value, NULL, NULL FROM pending_member AS p
        WHERE p.group_key = ?1 AND p.position > ?2
    ORDER BY 1 LIMIT ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[GROUP, PAGE];

/// Members of the group of this id; none when the source has no such.
pub(crate) fn of(
    connection: &Connection,
    source: SourceKey,
    group: Uuid,
    after: i64,
    limit: u32,
) -> Result<Vec<MemberRow>, StoreError> {
    let mut statement = connection.prepare_cached(GROUP).or_unavailable()?;
    let key: Option<i64> =
        statement.query_row((IdColumn(group), source.0), |row| row.get(0)).optional().or_unavailable()?;
    key.map_or_else(|| Ok(Vec::new()), |key| page(connection, key, after, limit))
}

/// Members of the group of this key.
pub(crate) fn page(
    connection: &Connection,
    group: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<MemberRow>, StoreError> {
    let mut statement = connection.prepare_cached(PAGE).or_unavailable()?;
    let rows = statement.query_map((group, after, limit), |row| {
        let id: Option<IdColumn> = row.get(1)?;
        let value = match id {
            Some(id) => id.0.to_string(),
            None => row.get(2)?,
        };
        Ok(MemberRow { key: row.get(0)?, value, kind: row.get(3)?, display: row.get(4)? })
    });
    rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()
}
