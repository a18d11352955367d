//! Leases of work and the buckets of sources, which nodes share (ADR 38). The clock is the database's.

use std::time::Duration;

use async_trait::async_trait;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::lease::{Draw, Fence, Leases};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::column::get;
use crate::error::{signed, unsigned};
use crate::session::{Scope, Session};

const KEEP: &str = "UPDATE lease SET until = (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT + $3
    WHERE work = ANY ($1) AND node = $2 RETURNING work, number";
/// What is nobody's, or whose time has run out. Two that take at once: the second one sees what the first one took.
const TAKE: &str = "INSERT INTO lease AS l (work, node, number, until)
    SELECT w.work, $2, 1, (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT + $3
    FROM unnest($1::TEXT[]) AS w (work) LEFT JOIN lease AS h ON h.work = w.work
    WHERE h.node IS NULL OR h.node <> $2 AND h.until <= (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT
    LIMIT $4
    ON CONFLICT (work) DO UPDATE SET node = excluded.node, number = l.number + 1, until = excluded.until
    WHERE l.node IS NULL OR l.until <= (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT
    RETURNING work, number";
/// Waits for whatever holds one of them until its commit.
const BEGIN_ANEW: &str = "UPDATE lease SET number = number + 1 WHERE work = ANY ($1) AND node = $2";
const GIVE_BACK: &str = "UPDATE lease SET node = NULL WHERE work = ANY ($1) AND node = $2";
/// Held until the commit: who takes the work meanwhile waits for it.
const HOLDS: &str = "SELECT 1 FROM lease WHERE work = $1 AND number = $2 AND node IS NOT NULL FOR SHARE";
/// `$2` thousandths of tokens come in a second, `$3` are there at most, `$4` whole ones are wanted. What is there is what
/// was left and what came since.
const DRAW: &str = "INSERT INTO bucket AS b (source, tokens, at, got)
    VALUES ($1, $3 - 1000 * least($4, $3 / 1000), (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT,
        least($4, $3 / 1000))
    ON CONFLICT (source) DO UPDATE SET (tokens, at, got) = (
        SELECT n.there - 1000 * least($4, n.there / 1000), n.now, least($4, n.there / 1000) FROM (
            SELECT c.now, least($3, b.tokens + greatest(c.now - b.at, 0) * $2 / 1000) AS there FROM (
                SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT AS now) AS c) AS n)
    RETURNING got";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[KEEP, TAKE, BEGIN_ANEW, GIVE_BACK, HOLDS, DRAW];

#[async_trait]
impl Leases for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    async fn lease(
        &self,
        node: Uuid,
        work: &[String],
        more: usize,
        lasting: Duration,
    ) -> Result<Vec<Fence>, StoreError> {
        let mut work = work.to_vec();
        // Whoever takes several does so in this order.
        work.sort_unstable();
        work.dedup();
        let lasting = i64::try_from(lasting.as_millis()).unwrap_or(i64::MAX);
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        self.writer
            .alone(Scope::Apart, (work, node, lasting, more), |session, (work, node, lasting, more)| {
                Box::pin(lease(session, work, *node, *lasting, *more))
            })
            .await
    }

    async fn begin_anew(&self, node: Uuid, work: &[String]) -> Result<(), StoreError> {
        self.of_node(BEGIN_ANEW, node, work).await
    }

    async fn give_back(&self, node: Uuid, work: &[String]) -> Result<(), StoreError> {
        self.of_node(GIVE_BACK, node, work).await
    }

    async fn draw(&self, source: SourceKey, draw: Draw) -> Result<u32, StoreError> {
        let (per_second, burst) = (thousandths(draw.per_second), thousandths(draw.burst));
        let connection = self.pool.connection().await?;
        let wanted = i64::from(draw.wanted);
        let row = connection.row(DRAW, &[&source.0, &per_second, &burst, &wanted]).await?;
        let got: i64 = row.map_or(Ok(0), |row| get(&row, 0))?;
        Ok(u32::try_from(got).unwrap_or_default())
    }
}

impl PostgresStore {
    /// Changes the leases of this work that a node has.
    async fn of_node(&self, sql: &'static str, node: Uuid, work: &[String]) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, (sql, work.to_vec(), node), |session, (sql, work, node)| {
                Box::pin(async move { session.execute(sql, &[work, node]).await.map(drop) })
            })
            .await
    }
}

async fn lease(
    session: &mut Session,
    work: &[String],
    node: Uuid,
    lasting: i64,
    more: i64,
) -> Result<Vec<Fence>, StoreError> {
    let mut rows = session.returning(KEEP, &[&work, &node, &lasting]).await?;
    rows.extend(session.returning(TAKE, &[&work, &node, &lasting, &more]).await?);
    let fence = |row: &Row| {
        let number = unsigned(get(row, 1)?, "lease", "number")?;
        Ok(Fence { work: get(row, 0)?, number })
    };
    rows.iter().map(fence).collect()
}

/// Holds a lease that something was begun under until the commit. `Fenced` when it is over.
pub(crate) async fn hold(session: &mut Session, fence: Option<&Fence>) -> Result<(), StoreError> {
    let Some(fence) = fence else { return Ok(()) };
    let is_held = session.exists(HOLDS, &[&fence.work, &signed(fence.number)]).await?;
    is_held.then_some(()).ok_or(StoreError::Fenced)
}

fn thousandths(tokens: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "it stops at the ends, and rates are far from them")]
    let whole = (tokens * 1000.0) as i64;
    whole
}
