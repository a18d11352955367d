//! What happened to one resource, and how many a source had: the contract of [`History`] over SQLite.

use async_trait::async_trait;
use rollcall_domain::change::Change;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::history::{History, Size};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::SqliteStore;
use crate::change::{ChangeRow, key_of};
use crate::error::{IdColumn, OrUnavailable as _, unsigned};
use crate::session::Session;

/// Changes that are sorted by resource in one transaction: those who write wait for it.
const PART: i64 = 2_000;

const UNTIL: &str = "SELECT change FROM change_of_until WHERE tenant = ?1";
const PART_END: &str = "SELECT max(key) FROM
    (SELECT key FROM change WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3) AS inside";
const SORT: &str = "INSERT OR IGNORE INTO change_of (resource, change)
    SELECT resource, key FROM change WHERE key > ?1 AND key <= ?2 ORDER BY resource, key";
const REACH: &str = "INSERT INTO change_of_until (tenant, change) VALUES (?1, ?2)
    ON CONFLICT (tenant) DO UPDATE SET change = excluded.change";
const HISTORY: &str = "SELECT
    c.key, c.at, c.source, c.kind, c.resource_type, c.resource, c.version, c.actor, c.request_id, c.detail
    FROM change_of AS o JOIN change AS c ON c.key = o.change
    WHERE o.resource = ?1 AND o.change > ?2 AND o.change < ?3 ORDER BY o.change DESC LIMIT ?4";
/// Before the changes themselves go.
pub(crate) const PRUNE: &str = "DELETE FROM change_of WHERE (resource, change) IN
    (SELECT resource, key FROM change WHERE key >= ?1 AND key < ?2)";

pub(crate) const NOTE: &str = "INSERT OR REPLACE INTO source_size (source, at, users, groups)
    SELECT s.key, ?1,
    coalesce((SELECT n.value FROM collection AS c JOIN counter AS n ON n.of = 2 AND n.key = c.key
        WHERE c.source = s.key AND c.kind = 'User'), 0),
    coalesce((SELECT n.value FROM collection AS c JOIN counter AS n ON n.of = 2 AND n.key = c.key
        WHERE c.source = s.key AND c.kind = 'Group'), 0)
    FROM source AS s";
pub(crate) const FORGET: &str =
    "DELETE FROM source_size WHERE source IN (SELECT key FROM source) AND at < ?1";
const SIZES: &str = "SELECT at, users, groups FROM source_size WHERE source = ?1 ORDER BY at";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[UNTIL, PART_END, SORT, REACH, HISTORY, PRUNE, NOTE, FORGET, SIZES];

#[async_trait]
impl History for SqliteStore {
    async fn history(
        &self,
        tenant: TenantKey,
        resource: Uuid,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Change>, StoreError> {
        while self.readers.short(|connection| rest(connection, tenant))?.is_some() {
            self.writer.task(move |session| sort(session, tenant)).await?;
        }
        let bounds = (key_of(tenant, 0), key_of(tenant, before.unwrap_or(u64::MAX)));
        self.readers.scan(move |connection| page(connection, resource, bounds, limit)).await
    }

    async fn note_sizes(&self, at: Timestamp, oldest: Timestamp) -> Result<(), StoreError> {
        self.writer
            .task(move |session| {
                session.prepare(NOTE)?.execute([at.0]).or_unavailable()?;
                session.prepare(FORGET)?.execute([oldest.0]).or_unavailable().map(drop)
            })
            .await
    }

    async fn sizes(&self, source: SourceKey) -> Result<Vec<Size>, StoreError> {
        self.readers.scan(move |connection| sizes(connection, source)).await
    }
}

/// The next part that is to be sorted: after the first of these keys, up to and with the second.
fn rest(connection: &Connection, tenant: TenantKey) -> Result<Option<(i64, i64)>, StoreError> {
    let mut until = connection.prepare_cached(UNTIL).or_unavailable()?;
    let until: Option<i64> = until.query_row([tenant.0], |row| row.get(0)).optional().or_unavailable()?;
    let after = until.unwrap_or(key_of(tenant, 0));
    let mut end = connection.prepare_cached(PART_END).or_unavailable()?;
    let end: Option<i64> =
        end.query_row((after, key_of(tenant, u64::MAX), PART), |row| row.get(0)).or_unavailable()?;
    Ok(end.map(|end| (after, end)))
}

fn sort(session: &mut Session<'_>, tenant: TenantKey) -> Result<(), StoreError> {
    let Some((after, end)) = rest(session.connection(), tenant)? else { return Ok(()) };
    session.prepare(SORT)?.execute((after, end)).or_unavailable()?;
    session.prepare(REACH)?.execute((tenant.0, end)).or_unavailable().map(drop)
}

fn page(
    connection: &Connection,
    resource: Uuid,
    (after, before): (i64, i64),
    limit: u32,
) -> Result<Vec<Change>, StoreError> {
    let mut statement = connection.prepare_cached(HISTORY).or_unavailable()?;
    let mut rows = statement.query((IdColumn(resource), after, before, limit)).or_unavailable()?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        changes.push(ChangeRow::read(row).or_unavailable()?.into_change()?);
    }
    Ok(changes)
}

fn sizes(connection: &Connection, source: SourceKey) -> Result<Vec<Size>, StoreError> {
    let mut statement = connection.prepare_cached(SIZES).or_unavailable()?;
    let rows = statement.query_map([source.0], |row| <(i64, i64, i64)>::try_from(row)).or_unavailable()?;
    rows.map(|row| {
        let (at, users, groups) = row.or_unavailable()?;
        Ok(Size {
            at: Timestamp(at),
            users: unsigned(users, "source_size", "users")?,
            groups: unsigned(groups, "source_size", "groups")?,
        })
    })
    .collect()
}
