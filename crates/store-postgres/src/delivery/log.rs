//! The log of attempts: the latest of each endpoint.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Attempt, AttemptOutcome, EndpointKey};
use rollcall_store::StoreError;
use tokio_postgres::Row;

use crate::column::{get, shown};
use crate::connection::Connection;
use crate::error::{corrupt, signed, unsigned};
use crate::session::Session;

const ADD: &str = "INSERT INTO delivery_attempt
    (endpoint, sequence, at, attempt, status, millis, outcome, error)
    SELECT $1, a.sequence, a.at, a.attempt, a.status, a.millis, a.outcome, a.error
    FROM unnest($2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::INTEGER[], $6::BIGINT[], $7::TEXT[], $8::TEXT[])
        WITH ORDINALITY AS a (sequence, at, attempt, status, millis, outcome, error, place)
    ORDER BY a.place";
const BOUND: &str = "DELETE FROM delivery_attempt WHERE endpoint = $1 AND key <= (
    SELECT key FROM delivery_attempt WHERE endpoint = $1 ORDER BY key DESC LIMIT 1 OFFSET $2)";
const PAGE: &str = "SELECT key, sequence, at, attempt, status, millis, outcome, error FROM delivery_attempt
    WHERE endpoint = $1 AND key < $2 ORDER BY key DESC LIMIT $3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, BOUND, PAGE];

/// Adds attempts and deletes the oldest, so that this many stay.
pub(crate) async fn add(
    session: &mut Session,
    key: EndpointKey,
    attempts: &[Attempt],
    keep: u32,
) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let sequences: Vec<i64> = attempts.iter().map(|attempt| signed(attempt.sequence)).collect();
    let times: Vec<i64> = attempts.iter().map(|attempt| attempt.at.0).collect();
    let numbers: Vec<i64> = attempts.iter().map(|attempt| attempt.attempt.into()).collect();
    let statuses: Vec<Option<i32>> = attempts.iter().map(|attempt| attempt.status.map(i32::from)).collect();
    let millis: Vec<i64> = attempts.iter().map(|attempt| attempt.millis.into()).collect();
    let outcomes: Vec<&str> = attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
    let errors: Vec<String> = attempts.iter().map(|attempt| shown(&attempt.error)).collect();
    session
        .execute(ADD, &[&key.0, &sequences, &times, &numbers, &statuses, &millis, &outcomes, &errors])
        .await?;
    session.execute(BOUND, &[&key.0, &i64::from(keep)]).await.map(drop)
}

pub(crate) async fn page(
    connection: &Connection,
    key: EndpointKey,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Attempt>, StoreError> {
    let rows = connection.rows(PAGE, &[&key.0, &before.unwrap_or(i64::MAX), &i64::from(limit)]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Attempt, StoreError> {
    let unknown = || corrupt("delivery_attempt", "outcome", "not an outcome of an attempt");
    let count = |at, column| {
        let count = u32::try_from(get::<i64>(row, at)?);
        count.map_err(|_| corrupt("delivery_attempt", column, "no such count"))
    };
    let status = get::<Option<i32>>(row, 4)?.map(u16::try_from).transpose();
    Ok(Attempt {
        key: get(row, 0)?,
        sequence: unsigned(get(row, 1)?, "delivery_attempt", "sequence")?,
        at: Timestamp(get(row, 2)?),
        attempt: count(3, "attempt")?,
        status: status.map_err(|_| corrupt("delivery_attempt", "status", "no such status"))?,
        millis: count(5, "millis")?,
        outcome: AttemptOutcome::parse(get(row, 6)?).ok_or_else(unknown)?,
        error: get(row, 7)?,
    })
}
