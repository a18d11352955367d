//! What happened to one resource, and how many a source had: the contract of [`History`].

use async_trait::async_trait;
use rollcall_domain::change::Change;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::history::{History, Size};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::change::{key_of, read};
use crate::column::get;
use crate::connection::Connection;
use crate::error::unsigned;
use crate::session::{Scope, Session};

/// Changes that are sorted by resource in one transaction: those who write wait for it.
const PART: i64 = 2_000;

const UNTIL: &str = "SELECT change FROM change_of_until WHERE tenant = $1";
const PART_END: &str = "SELECT max(key) FROM
    (SELECT key FROM change WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3) AS inside";
const SORT: &str = "INSERT INTO change_of (resource, change)
    SELECT resource, key FROM change WHERE key > $1 AND key <= $2 ORDER BY resource, key
    ON CONFLICT DO NOTHING";
const REACH: &str = "INSERT INTO change_of_until (tenant, change) VALUES ($1, $2)
    ON CONFLICT (tenant) DO UPDATE SET change = excluded.change";
const HISTORY: &str = "SELECT
    c.key, c.at, c.source, c.kind, c.resource_type, c.resource, c.version, c.actor, c.request_id, c.detail
    FROM change_of AS o JOIN change AS c ON c.key = o.change
    WHERE o.resource = $1 AND o.change > $2 AND o.change < $3 ORDER BY o.change DESC LIMIT $4";
/// Before the changes themselves go.
pub(crate) const PRUNE: &str = "DELETE FROM change_of AS o USING change AS c
    WHERE o.resource = c.resource AND o.change = c.key AND c.key >= $1 AND c.key < $2";

const NOTE: &str = "INSERT INTO source_size (source, at, users, groups)
    SELECT s.key, $1,
    coalesce((SELECT n.resources FROM collection AS c JOIN collection_count AS n ON n.collection = c.key
        WHERE c.source = s.key AND c.kind = 'User'), 0),
    coalesce((SELECT n.resources FROM collection AS c JOIN collection_count AS n ON n.collection = c.key
        WHERE c.source = s.key AND c.kind = 'Group'), 0)
    FROM source AS s
    ON CONFLICT (source, at) DO UPDATE SET users = excluded.users, groups = excluded.groups";
const FORGET: &str = "DELETE FROM source_size WHERE source IN (SELECT key FROM source) AND at < $1";
const SIZES: &str = "SELECT at, users, groups FROM source_size WHERE source = $1 ORDER BY at";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[UNTIL, PART_END, SORT, REACH, HISTORY, PRUNE, NOTE, FORGET, SIZES];

#[async_trait]
impl History for PostgresStore {
    async fn history(
        &self,
        tenant: TenantKey,
        resource: Uuid,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Change>, StoreError> {
        while rest(&self.pool.connection().await?, tenant).await?.is_some() {
            // Among the tenant's writes: nodes that sort at once do it one after the other.
            self.writer.task(tenant, tenant, |session, tenant| Box::pin(sort(session, *tenant))).await?;
        }
        let (from, to) = (key_of(tenant, 0), key_of(tenant, before.unwrap_or(u64::MAX)));
        let connection = self.pool.connection().await?;
        let rows = connection.rows(HISTORY, &[&resource, &from, &to, &i64::from(limit)]).await?;
        rows.iter().map(read).collect()
    }

    async fn note_sizes(&self, at: Timestamp, oldest: Timestamp) -> Result<(), StoreError> {
        let note = (at.0, oldest.0);
        self.writer
            .alone(Scope::Directory, note, |session, (at, oldest)| {
                Box::pin(note_sizes(session, *at, *oldest))
            })
            .await
    }

    async fn sizes(&self, source: SourceKey) -> Result<Vec<Size>, StoreError> {
        let rows = self.pool.connection().await?.rows(SIZES, &[&source.0]).await?;
        rows.iter().map(size).collect()
    }
}

/// The next part that is to be sorted: after the first of these keys, up to and with the second.
async fn rest(connection: &Connection, tenant: TenantKey) -> Result<Option<(i64, i64)>, StoreError> {
    let until = connection.row(UNTIL, &[&tenant.0]).await?;
    let after = until.map_or(Ok(key_of(tenant, 0)), |row| get(&row, 0))?;
    let to = key_of(tenant, u64::MAX);
    let end = connection.row(PART_END, &[&after, &to, &PART]).await?;
    let end: Option<i64> = end.map_or(Ok(None), |row| get(&row, 0))?;
    Ok(end.map(|end| (after, end)))
}

async fn sort(session: &mut Session, tenant: TenantKey) -> Result<(), StoreError> {
    let Some((after, end)) = rest(session.connection(), tenant).await? else { return Ok(()) };
    session.execute(SORT, &[&after, &end]).await?;
    session.execute(REACH, &[&tenant.0, &end]).await.map(drop)
}

async fn note_sizes(session: &mut Session, at: i64, oldest: i64) -> Result<(), StoreError> {
    session.execute(NOTE, &[&at]).await?;
    session.execute(FORGET, &[&oldest]).await.map(drop)
}

fn size(row: &Row) -> Result<Size, StoreError> {
    Ok(Size {
        at: Timestamp(get(row, 0)?),
        users: unsigned(get(row, 1)?, "source_size", "users")?,
        groups: unsigned(get(row, 2)?, "source_size", "groups")?,
    })
}
