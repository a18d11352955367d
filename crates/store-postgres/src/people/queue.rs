//! What waits: users for someone's word, deprovisionings for approval.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::people::{BreakerState, Held, Waiting};
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::people::Rules;

use super::breaker;
use super::person::PersonRow;
use crate::column::get;
use crate::connection::Connection;
use crate::error::corrupt;

const WAITING: &str = "SELECT resource, id, identity, reserved, state, profile, candidates, since, held, gone
    FROM person WHERE source = $1 AND resource > $2 AND state = 2 ORDER BY resource LIMIT $3";
const HELD: &str =
    "SELECT p.resource, p.id, p.identity, p.reserved, p.state, p.profile, p.candidates, p.since,
        p.held, p.gone, i.id
    FROM person AS p LEFT JOIN identity AS i ON i.key = p.identity
    WHERE p.source = $1 AND p.resource > $2 AND p.held IS NOT NULL ORDER BY p.resource LIMIT $3";
const COUNT_HELD: &str = "SELECT count(*) FROM person WHERE source = $1 AND held IS NOT NULL";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[WAITING, HELD, COUNT_HELD];

/// Users that wait for someone's word.
pub(crate) async fn waiting(
    connection: &Connection,
    source: SourceKey,
    after: i64,
    limit: u32,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = connection.rows(WAITING, &[&source.0, &after, &i64::from(limit)]).await?;
    let waiting = |row| {
        let (key, row) = PersonRow::read(row)?;
        let candidates = serde_json::from_str(row.candidates.as_deref().unwrap_or("[]"));
        Ok(Waiting {
            key,
            resource: row.id,
            profile: row.profile()?.unwrap_or_default(),
            candidates: candidates.map_err(|error| corrupt("person", "candidates", error))?,
            since: row.since.unwrap_or(Timestamp(0)),
        })
    };
    rows.iter().map(waiting).collect()
}

/// Deprovisionings that wait for approval.
pub(crate) async fn held(
    connection: &Connection,
    source: SourceKey,
    after: i64,
    limit: u32,
) -> Result<Vec<Held>, StoreError> {
    let rows = connection.rows(HELD, &[&source.0, &after, &i64::from(limit)]).await?;
    let held = |row| {
        let (key, person) = PersonRow::read(row)?;
        Ok(Held {
            key,
            resource: person.id,
            identity: get(row, 10)?,
            removed: person.gone,
            since: person.held.unwrap_or(Timestamp(0)),
        })
    };
    rows.iter().map(held).collect()
}

/// The breaker, and how much it holds.
pub(crate) async fn breaker(
    connection: &Connection,
    source: SourceKey,
    rules: &Rules,
) -> Result<BreakerState, StoreError> {
    let (active, breaker) = breaker::load(connection, rules.source).await?;
    let held: i64 = match connection.row(COUNT_HELD, &[&source.0]).await? {
        Some(row) => get(&row, 0)?,
        None => 0,
    };
    Ok(BreakerState {
        open_since: breaker.open_since(),
        held: u64::try_from(held).unwrap_or_default(),
        active: u64::try_from(active).unwrap_or_default(),
    })
}
