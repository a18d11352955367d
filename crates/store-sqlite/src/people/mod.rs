//! People: what is decided with the writes of a unit, in its transaction (ADR 0020).
//!
//! [`before`] sees to what a write is about to take away, [`judge`] decides once everything of the unit is written.

pub(crate) mod admin;
mod breaker;
mod case;
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

/// People told with a write; a group may have many more.
const TOLD: usize = 100;

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
pub(crate) fn before(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
    unit: &Unit,
) -> Result<Touched, (usize, StoreError)> {
    if !rules.reads_groups() {
        return Ok(Touched::default());
    }
    let all = unit.writes.iter().enumerate().map(|(at, write)| {
        let users = match write {
            Write::Create(_) => Ok(Vec::new()),
            Write::Update(update) => match &update.content {
                // People have no members.
                Some((_, content)) if unit.people.iter().all(|person| person.write != at) => {
                    group::renamed(session, batch, rules, update.id, &content.index)
                }
                _ => Ok(Vec::new()),
            },
            Write::Delete(delete) => group::leaving(session, batch, rules, delete.id),
        };
        users.map_err(|error| (at, error))
    });
    all.collect::<Result<_, _>>().map(Touched)
}

/// Decides about everyone that the unit concerns: users that were written, and those whose groups changed.
pub(crate) fn judge(
    session: &mut Session<'_>,
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
            .map_err(|error| (person.write, error))?;
        if let Some(written) = written.get_mut(person.write) {
            written.people.extend(judged);
        }
    }
    for (at, (write, progress)) in unit.writes.iter().zip(all).enumerate() {
        if matches!(write, Write::Delete(_)) {
            let judged = removed(session, batch, rules, progress).map_err(|error| (at, error))?;
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
                .map_err(|error| (at, error))?,
        );
        let told = moved(session, batch, rules, users, &mut seen).map_err(|error| (at, error))?;
        if let Some(written) = written.get_mut(at) {
            written.people.extend(told);
        }
    }
    for group in resolved {
        let users = group::changed(session, batch, rules, (group.key, group.id), &group.delta);
        let users = users.map_err(|error| (0, error))?;
        moved(session, batch, rules, users, &mut seen).map_err(|error| (0, error))?;
    }
    Ok(())
}

/// A user was written.
fn pushed(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
    person: &Person,
    (progress, is_new): (&Progress, bool),
) -> Result<Option<Judged>, StoreError> {
    if person.revision.is_some_and(|revision| revision != progress.revision) {
        return Err(StoreError::Stale);
    }
    let row = if is_new { None } else { person::load(session.connection(), batch.source, progress.key)? };
    let Some(profile) = &person.profile else {
        person::skip(session, batch, (progress.key, progress.id), row.as_ref(), person.new_id)?;
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
    };
    case.judge(session, batch, rules).map(Some)
}

/// A resource was deleted; whoever it was is gone from the source.
fn removed(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
    progress: &Progress,
) -> Result<Option<Judged>, StoreError> {
    let Some(row) = person::load(session.connection(), batch.source, progress.key)? else { return Ok(None) };
    let profile = row.profile()?.unwrap_or_default();
    let case = Case {
        resource: (progress.key, progress.id),
        row: Some(row),
        profile: &profile,
        occasion: Occasion::Removed,
        new_id: Uuid::nil(),
        is_new: false,
        approved: false,
    };
    case.judge(session, batch, rules).map(Some)
}

/// The groups of these users changed. Those of whom nothing is known are left to the recomputation.
fn moved(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
    users: Vec<(i64, Uuid)>,
    seen: &mut HashSet<i64>,
) -> Result<Vec<Judged>, StoreError> {
    let mut told = Vec::new();
    for resource in users {
        if !seen.insert(resource.0) {
            continue;
        }
        let Some(row) = person::load(session.connection(), batch.source, resource.0)? else { continue };
        let Some(profile) = row.profile()?.filter(|_| !row.gone) else { continue };
        let new_id = row.reserved.unwrap_or_else(Uuid::nil);
        let case = Case {
            resource,
            row: Some(row),
            profile: &profile,
            occasion: Occasion::Pushed,
            new_id,
            is_new: false,
            approved: false,
        };
        let judged = case.judge(session, batch, rules)?;
        if told.len() < TOLD {
            told.push(judged);
        }
    }
    Ok(told)
}
