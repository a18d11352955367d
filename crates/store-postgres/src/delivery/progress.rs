//! Cursors, and what a deliverer writes of its progress.

use rollcall_domain::delivery::{EndpointKey, Feed};
use rollcall_store::StoreError;
use rollcall_store::delivery::{Checkpoint, Progress};

use super::{apart, endpoint, log};
use crate::column::get;
use crate::connection::Connection;
use crate::error::{signed, unsigned};
use crate::lease;
use crate::session::Session;

const CURSOR: &str = "SELECT c.cursor FROM endpoint AS e
    LEFT JOIN endpoint_cursor AS c ON c.endpoint = e.key AND c.feed = $2 WHERE e.key = $1";
const SET_CURSOR: &str = "INSERT INTO endpoint_cursor (endpoint, feed, cursor) VALUES ($1, $2, $3)
    ON CONFLICT (endpoint, feed) DO UPDATE SET cursor = excluded.cursor";
const ADVANCE: &str = "INSERT INTO endpoint_cursor AS c (endpoint, feed, cursor) VALUES ($1, $2, $3)
    ON CONFLICT (endpoint, feed) DO UPDATE SET cursor = greatest(c.cursor, excluded.cursor)";
/// Held until the commit: what an operator does meanwhile waits for it, and then finds it done.
const IS_CURRENT: &str = "SELECT 1 FROM endpoint WHERE key = $1 AND generation = $2 FOR UPDATE";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[CURSOR, SET_CURSOR, ADVANCE, IS_CURRENT];

pub(crate) async fn cursor(connection: &Connection, key: EndpointKey, feed: Feed) -> Result<u64, StoreError> {
    let row = connection.row(CURSOR, &[&key.0, &feed.as_str()]).await?.ok_or(StoreError::NotFound)?;
    unsigned(get::<Option<i64>>(&row, 0)?.unwrap_or_default(), "endpoint_cursor", "cursor")
}

pub(crate) async fn read(
    connection: &Connection,
    key: EndpointKey,
    feed: Feed,
) -> Result<Progress, StoreError> {
    let cursor = cursor(connection, key, feed).await?;
    Ok(Progress { cursor, apart: apart::all(connection, key, feed).await? })
}

pub(crate) async fn set_cursor(
    session: &mut Session,
    key: EndpointKey,
    feed: Feed,
    cursor: u64,
) -> Result<(), StoreError> {
    session.execute(SET_CURSOR, &[&key.0, &feed.as_str(), &signed(cursor)]).await.map(drop)
}

/// Writes a checkpoint, unless it was begun under another generation, or a lease that is over.
pub(crate) async fn write(
    session: &mut Session,
    key: EndpointKey,
    generation: u64,
    feed: Feed,
    checkpoint: &Checkpoint,
) -> Result<bool, StoreError> {
    match lease::hold(session, checkpoint.fence.as_ref()).await {
        Err(StoreError::Fenced) => return Ok(false),
        held => held?,
    }
    if !session.exists(IS_CURRENT, &[&key.0, &signed(generation)]).await? {
        return Ok(false);
    }
    session.execute(ADVANCE, &[&key.0, &feed.as_str(), &signed(checkpoint.cursor)]).await?;
    apart::remove(session, key, feed, &checkpoint.remove).await?;
    apart::put(session, key, feed, &checkpoint.put).await?;
    log::add(session, key, &checkpoint.attempts, checkpoint.log_rows).await?;
    if let Some(status) = &checkpoint.status {
        endpoint::set_status(session, key, status).await?;
    }
    Ok(true)
}

pub(crate) async fn seek(
    session: &mut Session,
    key: EndpointKey,
    feed: Feed,
    cursor: u64,
) -> Result<(), StoreError> {
    endpoint::next_generation(session, key).await?;
    apart::clear(session, key, feed).await?;
    set_cursor(session, key, feed, cursor).await
}
