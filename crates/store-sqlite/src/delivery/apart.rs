//! Deliveries that are kept apart from the cursor.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Delivery, DeliveryState, EndpointKey, Feed, OfParked};
use rollcall_store::StoreError;
use rusqlite::{Connection, Row};

use super::endpoint;
use crate::error::{IdColumn, OrUnavailable as _, corrupt, signed, unsigned};
use crate::session::Session;

const ALL: &str = "SELECT sequence, resource, state, attempts, not_before, error FROM delivery
    WHERE endpoint = ?1 AND feed = ?2 ORDER BY sequence";
const PAGE: &str = "SELECT sequence, resource, state, attempts, not_before, error FROM delivery
    WHERE endpoint = ?1 AND feed = ?2 AND state = ?3 AND sequence > ?4 ORDER BY sequence LIMIT ?5";
const COUNT: &str = "SELECT count(*) FROM delivery WHERE endpoint = ?1 AND feed = ?2 AND state = ?3";
const PUT: &str = "INSERT INTO delivery
    (endpoint, feed, sequence, resource, state, attempts, not_before, error)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (endpoint, feed, sequence) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
    not_before = excluded.not_before, error = excluded.error";
const REMOVE: &str = "DELETE FROM delivery WHERE endpoint = ?1 AND feed = ?2 AND sequence = ?3";
const CLEAR: &str = "DELETE FROM delivery WHERE endpoint = ?1 AND feed = ?2";
const RELEASE: &str = "UPDATE delivery SET state = 'waiting', attempts = 0, not_before = 0
    WHERE endpoint = ?1 AND feed = ?2 AND state = 'parked' AND sequence = ?3";
const RELEASE_ALL: &str = "UPDATE delivery SET state = 'waiting', attempts = 0, not_before = 0
    WHERE endpoint = ?1 AND feed = ?2 AND state = 'parked'";
const DISCARD: &str =
    "DELETE FROM delivery WHERE endpoint = ?1 AND feed = ?2 AND state = 'parked' AND sequence = ?3";
const DISCARD_ALL: &str = "DELETE FROM delivery WHERE endpoint = ?1 AND feed = ?2 AND state = 'parked'";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[ALL, PAGE, COUNT, PUT, REMOVE, CLEAR, RELEASE, RELEASE_ALL, DISCARD, DISCARD_ALL];

pub(crate) fn all(
    connection: &Connection,
    key: EndpointKey,
    feed: Feed,
) -> Result<Vec<Delivery>, StoreError> {
    let mut statement = connection.prepare_cached(ALL).or_unavailable()?;
    collect(statement.query((key.0, feed.as_str())).or_unavailable()?)
}

pub(crate) fn page(
    connection: &Connection,
    key: EndpointKey,
    feed: Feed,
    state: DeliveryState,
    after: u64,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let mut statement = connection.prepare_cached(PAGE).or_unavailable()?;
    let row = (key.0, feed.as_str(), state.as_str(), signed(after), limit);
    collect(statement.query(row).or_unavailable()?)
}

pub(crate) fn count(
    connection: &Connection,
    key: EndpointKey,
    feed: Feed,
    state: DeliveryState,
) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(COUNT).or_unavailable()?;
    let count = statement.query_row((key.0, feed.as_str(), state.as_str()), |row| row.get(0));
    unsigned(count.or_unavailable()?, "delivery", "count")
}

pub(crate) fn put(
    session: &mut Session<'_>,
    key: EndpointKey,
    feed: Feed,
    delivery: &Delivery,
) -> Result<(), StoreError> {
    let row = (
        key.0,
        feed.as_str(),
        signed(delivery.sequence),
        IdColumn(delivery.resource),
        delivery.state.as_str(),
        delivery.attempts,
        delivery.not_before.0,
        &delivery.error,
    );
    session.prepare(PUT)?.execute(row).map(drop).or_unavailable()
}

pub(crate) fn remove(
    session: &mut Session<'_>,
    key: EndpointKey,
    feed: Feed,
    sequence: u64,
) -> Result<(), StoreError> {
    session.prepare(REMOVE)?.execute((key.0, feed.as_str(), signed(sequence))).map(drop).or_unavailable()
}

pub(crate) fn clear(session: &mut Session<'_>, key: EndpointKey, feed: Feed) -> Result<(), StoreError> {
    session.prepare(CLEAR)?.execute((key.0, feed.as_str())).map(drop).or_unavailable()
}

/// Releases or discards these parked ones, or all.
pub(crate) fn settle(
    session: &mut Session<'_>,
    key: EndpointKey,
    feed: Feed,
    answer: OfParked,
    sequences: Option<&[u64]>,
) -> Result<u64, StoreError> {
    let (one, all) = match answer {
        OfParked::Release => (RELEASE, RELEASE_ALL),
        OfParked::Discard => (DISCARD, DISCARD_ALL),
    };
    endpoint::next_generation(session, key)?;
    let Some(sequences) = sequences else {
        let changed = session.prepare(all)?.execute((key.0, feed.as_str())).or_unavailable()?;
        return Ok(changed as u64);
    };
    let mut changed = 0;
    for sequence in sequences {
        let row = (key.0, feed.as_str(), signed(*sequence));
        changed += session.prepare(one)?.execute(row).or_unavailable()? as u64;
    }
    Ok(changed)
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Delivery>, StoreError> {
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        deliveries.push(DeliveryRow::read(row).or_unavailable()?.into_delivery()?);
    }
    Ok(deliveries)
}

struct DeliveryRow {
    sequence: i64,
    resource: IdColumn,
    state: String,
    attempts: u32,
    not_before: i64,
    error: String,
}

impl DeliveryRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sequence: row.get(0)?,
            resource: row.get(1)?,
            state: row.get(2)?,
            attempts: row.get(3)?,
            not_before: row.get(4)?,
            error: row.get(5)?,
        })
    }

    fn into_delivery(self) -> Result<Delivery, StoreError> {
        let unknown = || corrupt("delivery", "state", "not a state of a delivery");
        Ok(Delivery {
            sequence: unsigned(self.sequence, "delivery", "sequence")?,
            resource: self.resource.0,
            state: DeliveryState::parse(&self.state).ok_or_else(unknown)?,
            attempts: self.attempts,
            not_before: Timestamp(self.not_before),
            error: self.error,
        })
    }
}
