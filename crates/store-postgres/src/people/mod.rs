//! People: what is decided with the writes of a unit, in its transaction (ADR 0020).
//!
//! [`before`] sees to what a write is about to take away, [`judge`] decides once everything of the unit is written.

pub(crate) mod admin;
mod breaker;
mod case;
mod contract;
pub(crate) mod departure;
mod group;
pub(crate) mod identity;
mod known;
pub(crate) mod person;
pub(crate) mod queue;
pub(crate) mod recomputation;
pub(crate) mod sign_in;

use std::collections::HashSet;

use rollcall_domain::people::Judged;
use rollcall_domain::policy::decide::Occasion;
use rollcall_store::StoreError;
use rollcall_store::people::{Person, Rules};
use rollcall_store::write::{Batch, Unit, Write, Written};
use uuid::Uuid;

use crate::pending::Resolved;
use crate::resource::Progress;
use crate::session::Session;
use case::Case;
pub(crate) use known::foresee;
use known::{Ahead, Together};
use person::PersonRow;

/// People told with a write; a group may have many more.
const TOLD: usize = 100;
/// People whose rows are read at once.
const TOGETHER: usize = 500;

#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static str> {
    [
        admin::STATEMENTS,
        breaker::STATEMENTS,
        departure::STATEMENTS,
        group::STATEMENTS,
        identity::STATEMENTS,
        known::STATEMENTS,
        person::STATEMENTS,
        queue::STATEMENTS,
        recomputation::STATEMENTS,
    ]
    .concat()
}

/// Which users the writes of a unit touch through their groups, as far as it is known before.
#[derive(Debug, Default)]
pub(crate) struct Touched(Vec<Vec<(i64, Uuid)>>);

/// Looks at what is about to go: the members of groups that are deleted, or get another key.
pub(crate) async fn before(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
    unit: &Unit,
) -> Result<Touched, (usize, StoreError)> {
    if !rules.reads_groups() {
        return Ok(Touched::default());
    }
    let mut all = Vec::with_capacity(unit.writes.len());
    for (at, write) in unit.writes.iter().enumerate() {
        let users = match write {
            Write::Create(_) => Ok(Vec::new()),
            Write::Update(update) => match &update.content {
                // People have no members.
                Some((_, content)) if unit.people.iter().all(|person| person.write != at) => {
                    group::renamed(session, batch, rules, update.id, &content.index).await
                }
                _ => Ok(Vec::new()),
            },
            Write::Delete(delete) => group::leaving(session, batch, rules, delete.id).await,
        };
        all.push(users.map_err(|error| (at, error))?);
    }
    Ok(Touched(all))
}

/// Decides about everyone that the unit concerns: users that were written, and those whose groups changed.
pub(crate) async fn judge(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
    unit: &Unit,
    touched: Touched,
    (all, resolved): (&[Progress], &[Resolved]),
    written: &mut [Written],
) -> Result<(), (usize, StoreError)> {
    let mut seen = HashSet::new();
    for person in &unit.people {
        let Some(progress) = all.get(person.write) else { continue };
        seen.insert(progress.key);
        // Of a user that is new and comes alone, nothing can be known, and it is in no group.
        let is_new = unit.writes.len() == 1
            && resolved.is_empty()
            && matches!(unit.writes.get(person.write), Some(Write::Create(_)));
        let judged = pushed(session, batch, rules, person, (progress, is_new))
            .await
            .map_err(|error| (person.write, error))?;
        if let Some(written) = written.get_mut(person.write) {
            written.people.extend(judged);
        }
    }
    for (at, (write, progress)) in unit.writes.iter().zip(all).enumerate() {
        if matches!(write, Write::Delete(_)) {
            let judged = removed(session, batch, rules, progress).await.map_err(|error| (at, error))?;
            if let Some(written) = written.get_mut(at) {
                written.people.extend(judged);
            }
        }
    }
    if !rules.reads_groups() {
        return Ok(());
    }
    let mut touched = touched.0.into_iter();
    for (at, progress) in all.iter().enumerate() {
        let mut users = touched.next().unwrap_or_default();
        users.extend(
            group::changed(session, batch, rules, (progress.key, progress.id), &progress.members)
                .await
                .map_err(|error| (at, error))?,
        );
        let told = moved(session, batch, rules, users, &mut seen).await.map_err(|error| (at, error))?;
        if let Some(written) = written.get_mut(at) {
            written.people.extend(told);
        }
    }
    for group in resolved {
        let users = group::changed(session, batch, rules, (group.key, group.id), &group.delta);
        let users = users.await.map_err(|error| (0, error))?;
        moved(session, batch, rules, users, &mut seen).await.map_err(|error| (0, error))?;
    }
    Ok(())
}

/// A user was written.
async fn pushed(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
    person: &Person,
    (progress, is_new): (&Progress, bool),
) -> Result<Option<Judged>, StoreError> {
    if person.revision.is_some_and(|revision| revision != progress.revision) {
        return Err(StoreError::Stale);
    }
    let row =
        if is_new { None } else { person::load(session.connection(), batch.source, progress.key).await? };
    let Some(profile) = &person.profile else {
        person::skip(session, batch, (progress.key, progress.id), row.as_ref(), person.new_id).await?;
        return Ok(None);
    };
    let case = Case {
        resource: (progress.key, progress.id),
        row,
        profile,
        occasion: Occasion::Pushed,
        new_id: person.new_id,
        is_new,
        approved: false,
        ahead: Ahead::default(),
    };
    case.judge(session, batch, rules).await.map(Some)
}

/// A resource was deleted; whoever it was is gone from the source.
async fn removed(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
    progress: &Progress,
) -> Result<Option<Judged>, StoreError> {
    let Some(row) = person::load(session.connection(), batch.source, progress.key).await? else {
        return Ok(None);
    };
    let profile = row.profile()?.unwrap_or_default();
    let case = Case {
        resource: (progress.key, progress.id),
        row: Some(row),
        profile: &profile,
        occasion: Occasion::Removed,
        new_id: Uuid::nil(),
        is_new: false,
        approved: false,
        ahead: Ahead::default(),
    };
    case.judge(session, batch, rules).await.map(Some)
}

/// The groups of these users changed. Those of whom nothing is known are left to the recomputation.
async fn moved(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
    users: Vec<(i64, Uuid)>,
    seen: &mut HashSet<i64>,
) -> Result<Vec<Judged>, StoreError> {
    let mut told = Vec::new();
    let new: Vec<(i64, Uuid)> = users.into_iter().filter(|(key, _)| seen.insert(*key)).collect();
    for some in new.chunks(TOGETHER) {
        let keys: Vec<i64> = some.iter().map(|(key, _)| *key).collect();
        let mut rows = person::load_all(session.connection(), batch.source, &keys).await?;
        let known = some.iter().filter_map(|(key, _)| rows.remove(key).map(|row| (*key, row)));
        let people: Vec<(i64, PersonRow)> = known.collect();
        let mut together = Together::of(session.connection(), rules, &people, Occasion::Pushed).await?;
        for (key, row) in people {
            let Some(profile) = row.profile()?.filter(|_| !row.gone) else { continue };
            let case = Case {
                resource: (key, row.id),
                ahead: together.take(key, row.identity),
                new_id: row.reserved.unwrap_or_else(Uuid::nil),
                row: Some(row),
                profile: &profile,
                occasion: Occasion::Pushed,
                is_new: false,
                approved: false,
            };
            let judged = case.judge(session, batch, rules).await?;
            together.forget(&judged.decision);
            if told.len() < TOLD {
                told.push(judged);
            }
        }
    }
    Ok(told)
}
