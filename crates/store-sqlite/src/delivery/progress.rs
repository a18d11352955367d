//! Cursors, and what a deliverer writes of its progress.

use rollcall_domain::delivery::{EndpointKey, Feed};
use rollcall_store::StoreError;
use rollcall_store::delivery::{Checkpoint, Progress};
use rusqlite::{Connection, OptionalExtension as _};

use super::{apart, endpoint, log};
use crate::error::{OrUnavailable as _, signed, unsigned};
use crate::session::Session;

const EXISTS: &str = "SELECT 1 FROM endpoint WHERE key = ?1";
const CURSOR: &str = "SELECT cursor FROM endpoint_cursor WHERE endpoint = ?1 AND feed = ?2";
const SET_CURSOR: &str = "INSERT INTO endpoint_cursor (endpoint, feed, cursor) VALUES (?1, ?2, ?3)
    ON CONFLICT (endpoint, feed) DO UPDATE SET cursor = excluded.cursor";
const ADVANCE: &str = "INSERT INTO endpoint_cursor (endpoint, feed, cursor) VALUES (?1, ?2, ?3)
    ON CONFLICT (endpoint, feed) DO UPDATE SET cursor = max(cursor, excluded.cursor)";
const IS_CURRENT: &str = "SELECT 1 FROM endpoint WHERE key = ?1 AND generation = ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[EXISTS, CURSOR, SET_CURSOR, ADVANCE, IS_CURRENT];

pub(crate) fn cursor(connection: &Connection, key: EndpointKey, feed: Feed) -> Result<u64, StoreError> {
    if !connection.prepare_cached(EXISTS).or_unavailable()?.exists([key.0]).or_unavailable()? {
        return Err(StoreError::NotFound);
    }
    let mut statement = connection.prepare_cached(CURSOR).or_unavailable()?;
    let cursor = statement.query_row((key.0, feed.as_str()), |row| row.get(0)).optional().or_unavailable()?;
    unsigned(cursor.unwrap_or_default(), "endpoint_cursor", "cursor")
}

pub(crate) fn read(connection: &Connection, key: EndpointKey, feed: Feed) -> Result<Progress, StoreError> {
    Ok(Progress { cursor: cursor(connection, key, feed)?, apart: apart::all(connection, key, feed)? })
}

pub(crate) fn set_cursor(
    session: &mut Session<'_>,
    key: EndpointKey,
    feed: Feed,
    cursor: u64,
) -> Result<(), StoreError> {
    let row = (key.0, feed.as_str(), signed(cursor));
    session.prepare(SET_CURSOR)?.execute(row).map(drop).or_unavailable()
}

/// Writes a checkpoint, unless it was begun under another generation.
pub(crate) fn write(
    session: &mut Session<'_>,
    key: EndpointKey,
    generation: u64,
    feed: Feed,
    checkpoint: &Checkpoint,
) -> Result<bool, StoreError> {
    if !session.prepare(IS_CURRENT)?.exists((key.0, signed(generation))).or_unavailable()? {
        return Ok(false);
    }
    let row = (key.0, feed.as_str(), signed(checkpoint.cursor));
    session.prepare(ADVANCE)?.execute(row).or_unavailable()?;
    for sequence in &checkpoint.remove {
        apart::remove(session, key, feed, *sequence)?;
    }
    for delivery in &checkpoint.put {
        apart::put(session, key, feed, delivery)?;
    }
    log::add(session, key, &checkpoint.attempts, checkpoint.log_rows)?;
    if let Some(status) = &checkpoint.status {
        endpoint::set_status(session, key, status)?;
    }
    Ok(true)
}

pub(crate) fn seek(
    session: &mut Session<'_>,
    key: EndpointKey,
    feed: Feed,
    cursor: u64,
) -> Result<(), StoreError> {
    endpoint::next_generation(session, key)?;
    apart::clear(session, key, feed)?;
    set_cursor(session, key, feed, cursor)
}
