//! What waits: users for someone's word, deprovisionings for approval.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::people::{BreakerState, Held, Waiting};
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::people::Rules;
use rusqlite::Connection;

use super::person::PersonRow;
use super::{breaker, identity};
use crate::error::{OrUnavailable as _, corrupt};

const WAITING: &str = "SELECT resource, id, identity, reserved, state, profile, candidates, since, held, gone
    FROM person WHERE source = ?1 AND resource > ?2 AND state = 2 ORDER BY resource LIMIT ?3";
const HELD: &str = "SELECT resource, id, identity, reserved, state, profile, candidates, since, held, gone
    FROM person WHERE source = ?1 AND resource > ?2 AND held IS NOT NULL ORDER BY resource LIMIT ?3";
const COUNT_HELD: &str = "SELECT COUNT(*) FROM person WHERE source = ?1 AND held IS NOT NULL";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[WAITING, HELD, COUNT_HELD];

fn rows(
    connection: &Connection,
    sql: &str,
    source: SourceKey,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, PersonRow)>, StoreError> {
    let mut statement = connection.prepare_cached(sql).or_unavailable()?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, PersonRow::read(row, 1)?));
    let rows = statement.query_map((source.0, after, limit), read).or_unavailable()?;
    rows.collect::<rusqlite::Result<_>>().or_unavailable()
}

/// Users that wait for someone's word.
pub(crate) fn waiting(
    connection: &Connection,
    source: SourceKey,
    after: i64,
    limit: u32,
) -> Result<Vec<Waiting>, StoreError> {
    let waiting = |(key, row): (i64, PersonRow)| {
        let candidates = row.candidates.as_deref().unwrap_or("[]");
        let candidates = serde_json::from_str(candidates);
        Ok(Waiting {
            key,
            resource: row.id,
            profile: row.profile()?.unwrap_or_default(),
            candidates: candidates.map_err(|error| corrupt("person", "candidates", error))?,
            since: row.since.unwrap_or(Timestamp(0)),
        })
    };
    rows(connection, WAITING, source, after, limit)?.into_iter().map(waiting).collect()
}

/// Deprovisionings that wait for approval.
pub(crate) fn held(
    connection: &Connection,
    source: SourceKey,
    after: i64,
    limit: u32,
) -> Result<Vec<Held>, StoreError> {
    let held = |(key, row): (i64, PersonRow)| {
        let stored = row.identity.map(|key| identity::by_key(connection, key)).transpose()?.flatten();
        Ok(Held {
            key,
            resource: row.id,
            identity: stored.map(|stored| stored.identity.id),
            removed: row.gone,
            since: row.held.unwrap_or(Timestamp(0)),
        })
    };
    rows(connection, HELD, source, after, limit)?.into_iter().map(held).collect()
}

/// The breaker, and how much it holds.
pub(crate) fn breaker(
    connection: &Connection,
    source: SourceKey,
    rules: &Rules,
) -> Result<BreakerState, StoreError> {
    let (active, breaker) = breaker::load(connection, rules.source)?;
    let mut statement = connection.prepare_cached(COUNT_HELD).or_unavailable()?;
    let held: i64 = statement.query_row([source.0], |row| row.get(0)).or_unavailable()?;
    Ok(BreakerState {
        open_since: breaker.open_since(),
        held: u64::try_from(held).unwrap_or_default(),
        active: u64::try_from(active).unwrap_or_default(),
    })
}
