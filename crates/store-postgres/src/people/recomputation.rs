//! Where recomputations stand.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::people::Recomputation;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use tokio_postgres::Row;

use crate::column::{get, time};
use crate::connection::Connection;
use crate::error::{signed, unsigned};
use crate::session::Session;

const BEGIN: &str = "INSERT INTO recomputation AS r (source, started)
    SELECT key, $2 FROM source WHERE key = $1
    ON CONFLICT (source) DO UPDATE SET started = greatest(excluded.started, r.started + 1), position = 0,
    seen = 0, changed = 0, held = 0, failed = 0, finished = NULL";
const OF_SOURCE: &str = "SELECT r.source, s.slug, r.started, r.position, r.seen, r.changed, r.held, r.failed,
    r.finished FROM recomputation AS r JOIN source AS s ON s.key = r.source WHERE r.source = $1";
/// Reads those that go on, of which there are few.
pub(crate) const OPEN: &str =
    "SELECT r.source, s.slug, r.started, r.position, r.seen, r.changed, r.held, r.failed,
    r.finished FROM recomputation AS r JOIN source AS s ON s.key = r.source
    WHERE r.finished IS NULL ORDER BY r.source";
const NOTE: &str = "UPDATE recomputation SET position = $3, seen = $4, changed = $5, held = $6, failed = $7,
    finished = $8 WHERE source = $1 AND started = $2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BEGIN, OF_SOURCE, OPEN, NOTE];

pub(crate) async fn begin(
    session: &mut Session,
    source: SourceKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let begun = session.execute(BEGIN, &[&source.0, &now.0]).await?;
    (begun > 0).then_some(()).ok_or(StoreError::NotFound)
}

pub(crate) async fn of_source(
    connection: &Connection,
    source: SourceKey,
) -> Result<Option<Recomputation>, StoreError> {
    let row = connection.row(OF_SOURCE, &[&source.0]).await?;
    Ok(row.map(|row| read(&row)).transpose()?.map(|(_, recomputation)| recomputation))
}

pub(crate) async fn open(connection: &Connection) -> Result<Vec<(SourceKey, Recomputation)>, StoreError> {
    connection.rows(OPEN, &[]).await?.iter().map(read).collect()
}

pub(crate) async fn note(
    session: &mut Session,
    source: SourceKey,
    progress: &Recomputation,
) -> Result<bool, StoreError> {
    let noted = session
        .execute(
            NOTE,
            &[
                &source.0,
                &progress.started.0,
                &progress.position,
                &signed(progress.seen),
                &signed(progress.changed),
                &signed(progress.held),
                &signed(progress.failed),
                &progress.finished.map(|at| at.0),
            ],
        )
        .await?;
    Ok(noted > 0)
}

fn read(row: &Row) -> Result<(SourceKey, Recomputation), StoreError> {
    let count = |at, column| unsigned(get(row, at)?, "recomputation", column);
    let recomputation = Recomputation {
        source: get(row, 1)?,
        started: Timestamp(get(row, 2)?),
        position: get(row, 3)?,
        seen: count(4, "seen")?,
        changed: count(5, "changed")?,
        held: count(6, "held")?,
        failed: count(7, "failed")?,
        finished: time(row, 8)?,
    };
    Ok((SourceKey(get(row, 0)?), recomputation))
}
