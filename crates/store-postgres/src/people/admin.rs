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
use uuid::Uuid;

use super::case::Case;
use super::known::Ahead;
use super::person::{self, PersonRow, State};
use super::{breaker, identity};
use crate::column::get;
use crate::session::Session;

const RESOURCE: &str = "SELECT r.key FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = $1 AND c.source = $2";
pub(crate) const DEPART: &str = "INSERT INTO departure (source, external_id, identity, at)
    VALUES ($1, $2, $3, $4) ON CONFLICT (source, external_id)
    DO UPDATE SET identity = excluded.identity, at = excluded.at";
const HELD: &str = "SELECT resource, id, identity, reserved, state, profile, candidates, since, held, gone
    FROM person WHERE source = $1 AND held IS NOT NULL AND held <= $2 ORDER BY resource LIMIT $3";
const DUE: &str =
    "SELECT key, tenant FROM identity WHERE due IS NOT NULL AND due <= $1 ORDER BY due LIMIT $2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[RESOURCE, DEPART, HELD, DUE];

/// The rules of a context; without them nothing is decided.
pub(super) fn rules(context: &Batch) -> Result<&Rules, StoreError> {
    context.rules.as_deref().ok_or(StoreError::NotFound)
}

pub(super) async fn check(session: &mut Session, context: &Batch) -> Result<(), StoreError> {
    session.owns(context.tenant, context.source).await?.then_some(()).ok_or(StoreError::NotFound)
}

/// Does as someone says about a user that waits.
pub(crate) async fn answer(
    session: &mut Session,
    context: &Batch,
    resource: Uuid,
    answer: Answer,
) -> Result<Option<Judged>, StoreError> {
    check(session, context).await?;
    let rules = rules(context)?;
    let row = session.row(RESOURCE, &[&resource, &context.source.0]).await?.ok_or(StoreError::NotFound)?;
    let key: i64 = get(&row, 0)?;
    let row = person::load(session.connection(), context.source, key).await?;
    let row = row.filter(|row| row.state == State::Waiting).ok_or(StoreError::NotFound)?;
    let profile = row.profile()?.ok_or(StoreError::NotFound)?;
    let choice = match answer {
        Answer::Refuse => {
            let after = PersonRow { state: State::Refused, candidates: None, since: None, ..row.clone() };
            person::save(session, context.source, key, Some(&row), &after).await?;
            return Ok(None);
        }
        Answer::New => Choice::New,
        Answer::This(id) => {
            let chosen = identity::by_id(session.connection(), context.tenant, id).await?;
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
        ahead: Ahead::default(),
    };
    let mut knowledge = case.knowledge(session, context, rules).await?;
    if let Choice::This(chosen) = &choice
        && let Some(stored) = identity::by_id(session.connection(), context.tenant, chosen.id).await?
    {
        knowledge.keep(stored);
    }
    let decision = choose(&case.question(context, rules), &knowledge.known, choice);
    case.conclude(session, context, rules, &knowledge, decision).await.map(Some)
}

/// Closes the breaker.
pub(crate) async fn close(session: &mut Session, context: &Batch) -> Result<(), StoreError> {
    check(session, context).await?;
    breaker::close(session, rules(context)?.source).await
}

/// Does or drops some of what is held.
pub(crate) async fn release(
    session: &mut Session,
    context: &Batch,
    approve: bool,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Judged>, StoreError> {
    check(session, context).await?;
    let rules = rules(context)?;
    let rows = session.rows(HELD, &[&context.source.0, &until.0, &i64::from(limit)]).await?;
    let held: Vec<(i64, PersonRow)> = rows.iter().map(PersonRow::read).collect::<Result<_, _>>()?;
    let mut judged = Vec::with_capacity(held.len());
    for (key, row) in held {
        judged.push(if approve {
            approved(session, context, rules, key, row).await?
        } else {
            kept(session, context, rules, key, &row).await?
        });
    }
    Ok(judged)
}

/// What was held is decided again, and done.
async fn approved(
    session: &mut Session,
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
        ahead: Ahead::default(),
    };
    case.judge(session, context, rules).await
}

/// What was held is not done: the identity stays as it is, until the provider says it again.
async fn kept(
    session: &mut Session,
    context: &Batch,
    rules: &Rules,
    key: i64,
    row: &PersonRow,
) -> Result<Judged, StoreError> {
    let stored = match row.identity {
        Some(identity) => identity::by_key(session.connection(), identity).await?,
        None => None,
    };
    let mut sequence = None;
    let mut profile = row.profile()?.unwrap_or_default();
    if row.gone {
        if let Some(stored) = &stored {
            let after = released(&stored.identity, rules.source, row.id);
            let saved = identity::save(session, context, Some(stored), &after).await?;
            sequence = saved.and_then(|saved| saved.sequence);
            if let Some(external_id) = profile.external_id.take() {
                let (source, identity) = (rules.source, stored.identity.id);
                let gone = Tombstone { source, external_id, identity, at: context.now };
                super::case::depart(session, context, &gone).await?;
            }
        }
        person::remove(session, context.source, key).await?;
    } else {
        // It no longer counts that the provider said inactive.
        profile.active = None;
        let mut after = PersonRow { held: None, ..row.clone() };
        after.say(&profile)?;
        person::save(session, context.source, key, Some(row), &after).await?;
    }
    let decision = Decision::ignored("someone said that it is not to be done");
    Ok(Judged { resource: row.id, decision, admission: Admission::Passed, sequence })
}

/// Deletes identities whose time has come.
pub(crate) async fn expire(session: &mut Session, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let rows = session.rows(DUE, &[&now.0, &i64::from(limit)]).await?;
    let due = rows.iter().map(|row| Ok((get(row, 1)?, get(row, 0)?)));
    // By tenant: whoever locks several does so in this order.
    let mut due: Vec<(i64, i64)> = due.collect::<Result<_, StoreError>>()?;
    due.sort_unstable();
    let mut gone = 0;
    for (tenant, key) in due {
        // Nobody else writes it from here on.
        session.lock(TenantKey(tenant)).await?;
        let Some(stored) = identity::by_key(session.connection(), key).await? else { continue };
        let Some(after) = expired(&stored.identity, now) else { continue };
        let context = Batch::by_rollcall(TenantKey(tenant), SourceKey(0), now);
        identity::save(session, &context, Some(&stored), &after).await?;
        gone += 1;
    }
    Ok(gone)
}
