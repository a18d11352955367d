//! The breaker of a source, and how many active identities it has.

use rollcall_domain::policy::breaker::{Admission, Breaker};
use rollcall_store::StoreError;
use rollcall_store::people::Rules;
use rollcall_store::write::Batch;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt};
use crate::session::Session;

const LOAD: &str = "SELECT active, breaker FROM population WHERE source = ?1";
const SAVE: &str = "INSERT INTO population (source, breaker) VALUES (?1, ?2)
    ON CONFLICT (source) DO UPDATE SET breaker = excluded.breaker";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[LOAD, SAVE];

/// Active identities that are written, and the breaker.
pub(crate) fn load(connection: &Connection, source: Uuid) -> Result<(i64, Breaker), StoreError> {
    let mut statement = connection.prepare_cached(LOAD).or_unavailable()?;
    let row: Option<(i64, Option<String>)> = statement
        .query_row([IdColumn(source)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .or_unavailable()?;
    let Some((active, text)) = row else { return Ok((0, Breaker::default())) };
    let breaker = match text {
        Some(text) => serde_json::from_str(&text).map_err(|error| corrupt("population", "breaker", error))?,
        None => Breaker::default(),
    };
    Ok((active, breaker))
}

/// A deprovisioning comes.
pub(crate) fn admit(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
) -> Result<Admission, StoreError> {
    let policy = &rules.policy.provisioning.breaker;
    if !policy.is_on() {
        return Ok(Admission::Passed);
    }
    let (active, mut breaker) = load(session.connection(), rules.source)?;
    let active = u64::try_from(active + session.populated(rules.source)).unwrap_or_default();
    let admission = breaker.admit(policy, active, batch.now);
    if admission != Admission::Held {
        save(session, rules.source, &breaker)?;
    }
    if admission == Admission::Opened {
        tracing::warn!(
            source = %rules.source,
            active,
            "many are leaving at once: deprovisionings are held until someone approves or rejects them"
        );
    }
    Ok(admission)
}

/// What is held is about to be done or dropped: the window begins anew.
pub(crate) fn close(session: &mut Session<'_>, source: Uuid) -> Result<(), StoreError> {
    save(session, source, &Breaker::default())
}

fn save(session: &mut Session<'_>, source: Uuid, breaker: &Breaker) -> Result<(), StoreError> {
    let text = serde_json::to_string(breaker).map_err(|error| corrupt("population", "breaker", error))?;
    session.prepare(SAVE)?.execute((IdColumn(source), text)).map(drop).or_unavailable()
}
