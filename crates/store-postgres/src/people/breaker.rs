//! The breaker of a source, and how many active identities it has.

use rollcall_domain::policy::breaker::{Admission, Breaker};
use rollcall_store::StoreError;
use rollcall_store::people::Rules;
use rollcall_store::write::Batch;
use uuid::Uuid;

use crate::column::get;
use crate::connection::Connection;
use crate::error::corrupt;
use crate::session::Session;

const LOAD: &str = "SELECT active, breaker FROM population WHERE source = $1";
const SAVE: &str = "INSERT INTO population (source, breaker) VALUES ($1, $2)
    ON CONFLICT (source) DO UPDATE SET breaker = excluded.breaker";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[LOAD, SAVE];

/// Active identities that are written, and the breaker.
pub(crate) async fn load(connection: &Connection, source: Uuid) -> Result<(i64, Breaker), StoreError> {
    let Some(row) = connection.row(LOAD, &[&source]).await? else { return Ok((0, Breaker::default())) };
    let breaker = match get::<Option<&str>>(&row, 1)? {
        Some(text) => serde_json::from_str(text).map_err(|error| corrupt("population", "breaker", error))?,
        None => Breaker::default(),
    };
    Ok((get(&row, 0)?, breaker))
}

/// A deprovisioning comes.
pub(crate) async fn admit(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
) -> Result<Admission, StoreError> {
    let policy = &rules.policy.provisioning.breaker;
    if !policy.is_on() {
        return Ok(Admission::Passed);
    }
    let (active, mut breaker) = load(session.connection(), rules.source).await?;
    let active = u64::try_from(active + session.populated(rules.source)).unwrap_or_default();
    let admission = breaker.admit(policy, active, batch.now);
    if admission != Admission::Held {
        save(session, rules.source, &breaker).await?;
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
pub(crate) async fn close(session: &mut Session, source: Uuid) -> Result<(), StoreError> {
    save(session, source, &Breaker::default()).await
}

async fn save(session: &mut Session, source: Uuid, breaker: &Breaker) -> Result<(), StoreError> {
    let text = serde_json::to_string(breaker).map_err(|error| corrupt("population", "breaker", error))?;
    session.execute(SAVE, &[&source, &text]).await.map(drop)
}
