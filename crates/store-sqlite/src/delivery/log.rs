//! The log of attempts: the latest of each endpoint.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Attempt, AttemptOutcome, EndpointKey};
use rollcall_store::StoreError;
use rusqlite::{Connection, Row};

use crate::error::{OrUnavailable as _, corrupt, signed, unsigned};
use crate::session::Session;

const ADD: &str = "INSERT INTO delivery_attempt
    (endpoint, sequence, at, attempt, status, millis, outcome, error)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const BOUND: &str = "DELETE FROM delivery_attempt WHERE endpoint = ?1 AND key <= (
    SELECT key FROM delivery_attempt WHERE endpoint = ?1 ORDER BY key DESC LIMIT 1 OFFSET ?2)";
const PAGE: &str = "SELECT key, sequence, at, attempt, status, millis, outcome, error FROM delivery_attempt
    WHERE endpoint = ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, BOUND, PAGE];

/// Adds attempts and deletes the oldest, so that this many stay.
pub(crate) fn add(
    session: &mut Session<'_>,
    key: EndpointKey,
    attempts: &[Attempt],
    keep: u32,
) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let mut statement = session.prepare(ADD)?;
    for attempt in attempts {
        let row = (
            key.0,
            signed(attempt.sequence),
            attempt.at.0,
            attempt.attempt,
            attempt.status,
            attempt.millis,
            attempt.outcome.as_str(),
            &attempt.error,
        );
        statement.execute(row).or_unavailable()?;
    }
    session.prepare(BOUND)?.execute((key.0, keep)).map(drop).or_unavailable()
}

pub(crate) fn page(
    connection: &Connection,
    key: EndpointKey,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Attempt>, StoreError> {
    let mut statement = connection.prepare_cached(PAGE).or_unavailable()?;
    let mut rows = statement.query((key.0, before.unwrap_or(i64::MAX), limit)).or_unavailable()?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        attempts.push(read(row)?);
    }
    Ok(attempts)
}

fn read(row: &Row<'_>) -> Result<Attempt, StoreError> {
    let outcome: String = row.get(6).or_unavailable()?;
    let unknown = || corrupt("delivery_attempt", "outcome", "not an outcome of an attempt");
    Ok(Attempt {
        key: row.get(0).or_unavailable()?,
        sequence: unsigned(row.get(1).or_unavailable()?, "delivery_attempt", "sequence")?,
        at: Timestamp(row.get(2).or_unavailable()?),
        attempt: row.get(3).or_unavailable()?,
        status: row.get(4).or_unavailable()?,
        millis: row.get(5).or_unavailable()?,
        outcome: AttemptOutcome::parse(&outcome).ok_or_else(unknown)?,
        error: row.get(7).or_unavailable()?,
    })
}
