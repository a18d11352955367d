//! What someone says: of users that wait, of what the breaker holds; and what the time says.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::Tombstone;
use rollcall_domain::people::{Answer, Judged};
use rollcall_domain::policy::breaker::Admission;
use rollcall_domain::policy::decide::{Choice, Decision, Occasion, choose};
use rollcall_domain::policy::leave::{expired, released};
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::people::Rules;
use rollcall_store::write::Batch;
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use super::case::Case;
use super::person::{self, PersonRow, State};
use super::{breaker, identity};
use crate::error::{IdColumn, OrUnavailable as _};
use crate::session::Session;

const RESOURCE: &str = "SELECT r.key FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ?1 AND c.source = ?2";
pub(crate) const DEPART: &str = "INSERT INTO departure (source, external_id, identity, at)
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (source, external_id)
    DO UPDATE SET identity = excluded.identity, at = excluded.at";
const HELD: &str = "SELECT resource, id, identity, reserved, state, profile, candidates, since, held, gone
    FROM person WHERE source = ?1 AND held IS NOT NULL AND held <= ?2 ORDER BY resource LIMIT ?3";
const DUE: &str =
    "SELECT key, tenant FROM identity WHERE due IS NOT NULL AND due <= ?1 ORDER BY due LIMIT ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[RESOURCE, DEPART, HELD, DUE];

/// The rules of a context; without them nothing is decided.
pub(super) fn rules(context: &Batch) -> Result<&Rules, StoreError> {
    context.rules.as_deref().ok_or(StoreError::NotFound)
}

pub(super) fn check(session: &mut Session<'_>, context: &Batch) -> Result<(), StoreError> {
    session.owns(context.tenant, context.source)?.then_some(()).ok_or(StoreError::NotFound)
}

/// Does as someone says about a user that waits.
pub(crate) fn answer(
    session: &mut Session<'_>,
    context: &Batch,
    resource: Uuid,
    answer: Answer,
) -> Result<Option<Judged>, StoreError> {
    check(session, context)?;
    let rules = rules(context)?;
    let bound = (IdColumn(resource), context.source.0);
    let key: Option<i64> =
        session.prepare(RESOURCE)?.query_row(bound, |row| row.get(0)).optional().or_unavailable()?;
    let key = key.ok_or(StoreError::NotFound)?;
    let row = person::load(session.connection(), context.source, key)?;
    let row = row.filter(|row| row.state == State::Waiting).ok_or(StoreError::NotFound)?;
    let profile = row.profile()?.ok_or(StoreError::NotFound)?;
    let choice = match answer {
        Answer::Refuse => {
            let after = PersonRow { state: State::Refused, candidates: None, since: None, ..row.clone() };
            person::save(session, context.source, key, Some(&row), &after)?;
            return Ok(None);
        }
        Answer::New => Choice::New,
        Answer::This(id) => {
            let chosen = identity::by_id(session.connection(), context.tenant, id)?;
            Choice::This(Box::new(chosen.ok_or(StoreError::NotFound)?.identity))
        }
    };
    let case = Case {
        resource: (key, resource),
        new_id: row.reserved.unwrap_or_else(Uuid::nil),
        row: Some(row),
        profile: &profile,
        occasion: Occasion::Pushed,
        is_new: false,
        approved: true,
    };
    let mut knowledge = case.knowledge(session, context, rules)?;
    if let Choice::This(chosen) = &choice
        && let Some(stored) = identity::by_id(session.connection(), context.tenant, chosen.id)?
    {
        knowledge.keep(stored);
    }
    let decision = choose(&case.question(context, rules), &knowledge.known, choice);
    case.conclude(session, context, rules, &knowledge, decision).map(Some)
}

/// Closes the breaker.
pub(crate) fn close(session: &mut Session<'_>, context: &Batch) -> Result<(), StoreError> {
    check(session, context)?;
    breaker::close(session, rules(context)?.source)
}

/// Does or drops some of what is held.
pub(crate) fn release(
    session: &mut Session<'_>,
    context: &Batch,
    approve: bool,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Judged>, StoreError> {
    check(session, context)?;
    let rules = rules(context)?;
    let held: Vec<(i64, PersonRow)> = {
        let mut statement = session.prepare(HELD)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, PersonRow::read(row, 1)?));
        let rows = statement.query_map((context.source.0, until.0, limit), read).or_unavailable()?;
        rows.collect::<rusqlite::Result<_>>().or_unavailable()?
    };
    held.into_iter()
        .map(|(key, row)| {
            if approve {
                approved(session, context, rules, key, row)
            } else {
                kept(session, context, rules, key, &row)
            }
        })
        .collect()
}

/// What was held is decided again, and done.
fn approved(
    session: &mut Session<'_>,
    context: &Batch,
    rules: &Rules,
    key: i64,
    row: PersonRow,
) -> Result<Judged, StoreError> {
    let profile = row.profile()?.unwrap_or_default();
    let case = Case {
        resource: (key, row.id),
        occasion: if row.gone { Occasion::Removed } else { Occasion::Pushed },
        new_id: row.reserved.unwrap_or_else(Uuid::nil),
        row: Some(row),
        profile: &profile,
        is_new: false,
        approved: true,
    };
    case.judge(session, context, rules)
}

/// What was held is not done: the identity stays as it is, until the provider says it again.
fn kept(
    session: &mut Session<'_>,
    context: &Batch,
    rules: &Rules,
    key: i64,
    row: &PersonRow,
) -> Result<Judged, StoreError> {
    let stored = match row.identity {
        Some(identity) => identity::by_key(session.connection(), identity)?,
        None => None,
    };
    let mut sequence = None;
    let mut profile = row.profile()?.unwrap_or_default();
    if row.gone {
        if let Some(stored) = &stored {
            let after = released(&stored.identity, rules.source, row.id);
            let saved = identity::save(session, context, Some(stored), &after)?;
            sequence = saved.and_then(|saved| saved.sequence);
            if let Some(external_id) = profile.external_id.take() {
                let (source, identity) = (rules.source, stored.identity.id);
                let gone = Tombstone { source, external_id, identity, at: context.now };
                super::case::depart(session, context, &gone)?;
            }
        }
        person::remove(session, context.source, key)?;
    } else {
        // It no longer counts that the provider said inactive.
        profile.active = None;
        let mut after = PersonRow { held: None, ..row.clone() };
        after.say(&profile)?;
        person::save(session, context.source, key, Some(row), &after)?;
    }
    let decision = Decision::ignored("someone said that it is not to be done");
    Ok(Judged { resource: row.id, decision, admission: Admission::Passed, sequence })
}

/// Deletes identities whose time has come.
pub(crate) fn expire(session: &mut Session<'_>, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let due: Vec<(i64, i64)> = {
        let mut statement = session.prepare(DUE)?;
        let rows =
            statement.query_map((now.0, limit), |row| Ok((row.get(0)?, row.get(1)?))).or_unavailable()?;
        rows.collect::<rusqlite::Result<_>>().or_unavailable()?
    };
    let mut gone = 0;
    for (key, tenant) in due {
        let Some(stored) = identity::by_key(session.connection(), key)? else { continue };
        let Some(after) = expired(&stored.identity, now) else { continue };
        let context = Batch::by_rollcall(TenantKey(tenant), SourceKey(0), now);
        identity::save(session, &context, Some(&stored), &after)?;
        gone += 1;
    }
    Ok(gone)
}
