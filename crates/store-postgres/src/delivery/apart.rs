//! Deliveries that are kept apart from the cursor.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Delivery, DeliveryState, EndpointKey, Feed, OfParked};
use rollcall_store::StoreError;
use tokio_postgres::Row;

use super::endpoint;
use crate::column::{get, shown};
use crate::connection::Connection;
use crate::error::{corrupt, signed, unsigned};
use crate::session::Session;

const ALL: &str = "SELECT sequence, resource, state, attempts, not_before, error FROM delivery
    WHERE endpoint = $1 AND feed = $2 ORDER BY sequence";
const PAGE: &str = "SELECT sequence, resource, state, attempts, not_before, error FROM delivery
    WHERE endpoint = $1 AND feed = $2 AND state = $3 AND sequence > $4 ORDER BY sequence LIMIT $5";
const COUNT: &str = "SELECT count(*) FROM delivery WHERE endpoint = $1 AND feed = $2 AND state = $3";
const PUT: &str = "INSERT INTO delivery
    (endpoint, feed, sequence, resource, state, attempts, not_before, error)
    SELECT $1, $2, p.sequence, p.resource, p.state, p.attempts, p.not_before, p.error
    FROM unnest($3::BIGINT[], $4::UUID[], $5::TEXT[], $6::BIGINT[], $7::BIGINT[], $8::TEXT[])
        AS p (sequence, resource, state, attempts, not_before, error)
    ON CONFLICT (endpoint, feed, sequence) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
    not_before = excluded.not_before, error = excluded.error";
const REMOVE: &str = "DELETE FROM delivery WHERE endpoint = $1 AND feed = $2 AND sequence = ANY ($3)";
const CLEAR: &str = "DELETE FROM delivery WHERE endpoint = $1 AND feed = $2";
const RELEASE: &str = "UPDATE delivery SET state = 'waiting', attempts = 0, not_before = 0
    WHERE endpoint = $1 AND feed = $2 AND state = 'parked' AND sequence = ANY ($3)";
const RELEASE_ALL: &str = "UPDATE delivery SET state = 'waiting', attempts = 0, not_before = 0
    WHERE endpoint = $1 AND feed = $2 AND state = 'parked'";
const DISCARD: &str = "DELETE FROM delivery
    WHERE endpoint = $1 AND feed = $2 AND state = 'parked' AND sequence = ANY ($3)";
const DISCARD_ALL: &str = "DELETE FROM delivery WHERE endpoint = $1 AND feed = $2 AND state = 'parked'";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[ALL, PAGE, COUNT, PUT, REMOVE, CLEAR, RELEASE, RELEASE_ALL, DISCARD, DISCARD_ALL];

pub(crate) async fn all(
    connection: &Connection,
    key: EndpointKey,
    feed: Feed,
) -> Result<Vec<Delivery>, StoreError> {
    let rows = connection.rows(ALL, &[&key.0, &feed.as_str()]).await?;
    rows.iter().map(read).collect()
}

pub(crate) async fn page(
    connection: &Connection,
    key: EndpointKey,
    feed: Feed,
    state: DeliveryState,
    (after, limit): (u64, u32),
) -> Result<Vec<Delivery>, StoreError> {
    let (after, limit) = (signed(after), i64::from(limit));
    let rows = connection.rows(PAGE, &[&key.0, &feed.as_str(), &state.as_str(), &after, &limit]).await?;
    rows.iter().map(read).collect()
}

pub(crate) async fn count(
    connection: &Connection,
    key: EndpointKey,
    feed: Feed,
    state: DeliveryState,
) -> Result<u64, StoreError> {
    let row = connection.row(COUNT, &[&key.0, &feed.as_str(), &state.as_str()]).await?;
    unsigned(get(&row.ok_or(StoreError::NotFound)?, 0)?, "delivery", "count")
}

/// Writes deliveries apart, each as it is in the last one of its number.
pub(crate) async fn put(
    session: &mut Session,
    key: EndpointKey,
    feed: Feed,
    deliveries: &[Delivery],
) -> Result<(), StoreError> {
    let mut last: std::collections::BTreeMap<u64, &Delivery> = std::collections::BTreeMap::new();
    last.extend(deliveries.iter().map(|delivery| (delivery.sequence, delivery)));
    if last.is_empty() {
        return Ok(());
    }
    let sequences: Vec<i64> = last.keys().map(|sequence| signed(*sequence)).collect();
    let deliveries: Vec<&Delivery> = last.into_values().collect();
    let resources: Vec<uuid::Uuid> = deliveries.iter().map(|delivery| delivery.resource).collect();
    let states: Vec<&str> = deliveries.iter().map(|delivery| delivery.state.as_str()).collect();
    let attempts: Vec<i64> = deliveries.iter().map(|delivery| delivery.attempts.into()).collect();
    let times: Vec<i64> = deliveries.iter().map(|delivery| delivery.not_before.0).collect();
    let errors: Vec<String> = deliveries.iter().map(|delivery| shown(&delivery.error)).collect();
    let feed = feed.as_str();
    session
        .execute(PUT, &[&key.0, &feed, &sequences, &resources, &states, &attempts, &times, &errors])
        .await
        .map(drop)
}

pub(crate) async fn remove(
    session: &mut Session,
    key: EndpointKey,
    feed: Feed,
    sequences: &[u64],
) -> Result<(), StoreError> {
    if sequences.is_empty() {
        return Ok(());
    }
    let sequences: Vec<i64> = sequences.iter().map(|sequence| signed(*sequence)).collect();
    session.execute(REMOVE, &[&key.0, &feed.as_str(), &sequences]).await.map(drop)
}

pub(crate) async fn clear(session: &mut Session, key: EndpointKey, feed: Feed) -> Result<(), StoreError> {
    session.execute(CLEAR, &[&key.0, &feed.as_str()]).await.map(drop)
}

/// Releases or discards these parked ones, or all.
pub(crate) async fn settle(
    session: &mut Session,
    key: EndpointKey,
    feed: Feed,
    answer: OfParked,
    sequences: Option<&[u64]>,
) -> Result<u64, StoreError> {
    let (some, all) = match answer {
        OfParked::Release => (RELEASE, RELEASE_ALL),
        OfParked::Discard => (DISCARD, DISCARD_ALL),
    };
    endpoint::next_generation(session, key).await?;
    let Some(sequences) = sequences else {
        return session.execute(all, &[&key.0, &feed.as_str()]).await;
    };
    let sequences: Vec<i64> = sequences.iter().map(|sequence| signed(*sequence)).collect();
    session.execute(some, &[&key.0, &feed.as_str(), &sequences]).await
}

fn read(row: &Row) -> Result<Delivery, StoreError> {
    let unknown = || corrupt("delivery", "state", "not a state of a delivery");
    let count = |at, column| {
        u32::try_from(get::<i64>(row, at)?).map_err(|_| corrupt("delivery", column, "no such count"))
    };
    Ok(Delivery {
        sequence: unsigned(get(row, 0)?, "delivery", "sequence")?,
        resource: get(row, 1)?,
        state: DeliveryState::parse(get(row, 2)?).ok_or_else(unknown)?,
        attempts: count(3, "attempts")?,
        not_before: Timestamp(get(row, 4)?),
        error: get(row, 5)?,
    })
}
