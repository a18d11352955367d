//! Removing what is too old or too much.

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::request_log::Bounds;
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::OrUnavailable as _;

/// Rows that are looked at together.
const PAGE: u32 = 500;

const USAGE: &str = "SELECT bytes FROM request_usage WHERE source = ?1";
const OLDEST: &str = "SELECT key, at, size FROM request WHERE source = ?1 ORDER BY key LIMIT ?2";
const REMOVE: &str = "DELETE FROM request WHERE key = ?1";
const REMOVE_SUBJECTS: &str = "DELETE FROM request_subject WHERE request = ?1";
const TAKE_USAGE: &str = "UPDATE request_usage SET bytes = bytes - ?2 WHERE source = ?1";
const FORGET: &[&str] = &[
    "DELETE FROM request_subject WHERE source = ?1",
    "DELETE FROM request WHERE source = ?1",
    "DELETE FROM request_usage WHERE source = ?1",
];

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[USAGE, OLDEST, REMOVE, REMOVE_SUBJECTS, TAKE_USAGE];

/// Removes the oldest of a source until the rest is within bounds.
pub(super) fn trim(connection: &Connection, bounds: &Bounds) -> Result<(), StoreError> {
    let source = bounds.source.0;
    let most = i64::try_from(bounds.most_bytes).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(USAGE).or_unavailable()?;
    let used: Option<i64> = statement.query_row([source], |row| row.get(0)).optional().or_unavailable()?;
    let mut used = used.unwrap_or_default();
    loop {
        let mut freed = 0;
        let page = oldest(connection, source)?;
        let is_last = page.len() < PAGE as usize;
        for (key, at, size) in page {
            if at >= bounds.oldest.0 && used - freed <= most {
                return take(connection, source, freed);
            }
            for statement in [REMOVE_SUBJECTS, REMOVE] {
                connection.prepare_cached(statement).or_unavailable()?.execute([key]).or_unavailable()?;
            }
            freed += size;
        }
        take(connection, source, freed)?;
        used -= freed;
        if is_last {
            return Ok(());
        }
    }
}

fn oldest(connection: &Connection, source: i64) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    let mut statement = connection.prepare_cached(OLDEST).or_unavailable()?;
    let rows = statement.query_map((source, PAGE), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.or_unavailable()?.collect::<rusqlite::Result<Vec<_>>>().or_unavailable()
}

fn take(connection: &Connection, source: i64, freed: i64) -> Result<(), StoreError> {
    if freed > 0 {
        let mut statement = connection.prepare_cached(TAKE_USAGE).or_unavailable()?;
        statement.execute((source, freed)).or_unavailable()?;
    }
    Ok(())
}

/// Removes all of a source.
pub(super) fn forget(connection: &Connection, source: SourceKey) -> Result<(), StoreError> {
    for statement in FORGET {
        connection.prepare_cached(statement).or_unavailable()?.execute([source.0]).or_unavailable()?;
    }
    Ok(())
}
