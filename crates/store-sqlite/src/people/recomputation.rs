//! Where recomputations stand.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::people::Recomputation;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::{OrUnavailable as _, signed};
use crate::session::Session;

const BEGIN: &str = "INSERT INTO recomputation (source, started) SELECT key, ?2 FROM source WHERE key = ?1
    ON CONFLICT (source) DO UPDATE SET started = max(excluded.started, started + 1), position = 0, seen = 0,
    changed = 0, held = 0, failed = 0, finished = NULL";
const OF_SOURCE: &str = "SELECT r.source, s.slug, r.started, r.position, r.seen, r.changed, r.held, r.failed,
    r.finished FROM recomputation AS r JOIN source AS s ON s.key = r.source WHERE r.source = ?1";
/// Reads those that go on, of which there are few.
pub(crate) const OPEN: &str =
    "SELECT r.source, s.slug, r.started, r.position, r.seen, r.changed, r.held, r.failed,
    r.finished FROM recomputation AS r JOIN source AS s ON s.key = r.source
    WHERE r.finished IS NULL ORDER BY r.source";
const NOTE: &str = "UPDATE recomputation SET position = ?3, seen = ?4, changed = ?5, held = ?6, failed = ?7,
    finished = ?8 WHERE source = ?1 AND started = ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BEGIN, OF_SOURCE, OPEN, NOTE];

pub(crate) fn begin(session: &mut Session<'_>, source: SourceKey, now: Timestamp) -> Result<(), StoreError> {
    let begun = session.prepare(BEGIN)?.execute((source.0, now.0)).or_unavailable()?;
    (begun > 0).then_some(()).ok_or(StoreError::NotFound)
}

pub(crate) fn of_source(
    connection: &Connection,
    source: SourceKey,
) -> Result<Option<Recomputation>, StoreError> {
    let mut statement = connection.prepare_cached(OF_SOURCE).or_unavailable()?;
    let row = statement.query_row([source.0], read).optional().or_unavailable()?;
    Ok(row.map(|(_, recomputation)| recomputation))
}

pub(crate) fn open(connection: &Connection) -> Result<Vec<(SourceKey, Recomputation)>, StoreError> {
    let mut statement = connection.prepare_cached(OPEN).or_unavailable()?;
    let rows = statement.query_map([], read).or_unavailable()?;
    rows.collect::<rusqlite::Result<_>>().or_unavailable()
}

pub(crate) fn note(
    session: &mut Session<'_>,
    source: SourceKey,
    progress: &Recomputation,
) -> Result<bool, StoreError> {
    let row = (
        source.0,
        progress.started.0,
        progress.position,
        signed(progress.seen),
        signed(progress.changed),
        signed(progress.held),
        signed(progress.failed),
        progress.finished.map(|at| at.0),
    );
    Ok(session.prepare(NOTE)?.execute(row).or_unavailable()? > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(SourceKey, Recomputation)> {
    let count = |at| row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or_default());
    let recomputation = Recomputation {
        source: row.get(1)?,
        started: Timestamp(row.get(2)?),
        position: row.get(3)?,
        seen: count(4)?,
        changed: count(5)?,
        held: count(6)?,
        failed: count(7)?,
        finished: row.get::<_, Option<i64>>(8)?.map(Timestamp),
    };
    Ok((SourceKey(row.get(0)?), recomputation))
}
