//! A batch in the writer: its units in order, and each unit's phases.

use rollcall_domain::change::ChangeKind;
use rollcall_store::StoreError;
use rollcall_store::change::{Delta, Detail};
use rollcall_store::write::{Batch, Content, Outcome, Unit, Write, Written};
use tokio::sync::oneshot;

use crate::change::{self, Record};
use crate::group;
use crate::pending;
use crate::people;
use crate::resource::{self, Progress};
use crate::session::Session;
use crate::writer::{Abort, Job};

/// Why a unit failed: which write, and how.
type Failure = (usize, StoreError);

/// A batch that waits for its commit.
pub(crate) struct BatchJob {
    pub(crate) batch: Batch,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) reply: oneshot::Sender<Result<Vec<Outcome>, StoreError>>,
}

impl Job for BatchJob {
    fn weight(&self) -> usize {
        self.batch.units.len()
    }

    fn run(&mut self, session: &mut Session<'_>) -> Result<(), Abort> {
        self.outcomes.clear();
        let generation = session.generation(self.batch.tenant, self.batch.source).map_err(Abort::Failed)?;
        let mut left = self.batch.stop_after_errors.map_or(usize::MAX, |most| most.max(1) as usize);
        for unit in &self.batch.units {
            let outcome = match (left, generation) {
                (0, _) => Outcome::Skipped,
                (_, None) => Outcome::Failed { write: 0, error: StoreError::NotFound },
                (_, Some(now)) if self.batch.generation.is_some_and(|then| then != now) => {
                    Outcome::Failed { write: 0, error: StoreError::Superseded }
                }
                _ => run_unit(session, &self.batch, unit)?,
            };
            left -= usize::from(matches!(outcome, Outcome::Failed { .. }));
            self.outcomes.push(outcome);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcomes, reply, .. } = *self;
        // The caller may have gone.
        let _ = reply.send(committed.map(|()| outcomes));
    }
}

fn run_unit(session: &mut Session<'_>, batch: &Batch, unit: &Unit) -> Result<Outcome, Abort> {
    let result = if unit.writes.len() == 1 {
        session.checked(|session| phases(session, batch, unit))
    } else {
        session.protected(|session| phases(session, batch, unit))
    };
    Ok(match result? {
        Ok(written) => Outcome::Done(written),
        Err((write, error)) => Outcome::Failed { write, error },
    })
}

/// Rows first, memberships then, so that members may name resources of the same unit; records last.
fn phases(session: &mut Session<'_>, batch: &Batch, unit: &Unit) -> Result<Vec<Written>, Failure> {
    let touched = match &batch.rules {
        Some(rules) => people::before(session, batch, rules, unit)?,
        None => people::Touched::default(),
    };
    let mut all = Vec::with_capacity(unit.writes.len());
    for (at, write) in unit.writes.iter().enumerate() {
        all.push(rows(session, batch, write).map_err(|error| (at, error))?);
    }
    for (at, (write, progress)) in unit.writes.iter().zip(&mut all).enumerate() {
        members(session, batch, write, progress).map_err(|error| (at, error))?;
    }
    let mut resolved = Vec::new();
    for (at, (write, progress)) in unit.writes.iter().zip(&all).enumerate() {
        if let Some(content) = content(write) {
            let groups = pending::resolve(session, batch, progress, &content.index);
            resolved.extend(groups.map_err(|error| (at, error))?);
        }
    }
    if unit.writes.len() > 1 || !resolved.is_empty() {
        for (at, progress) in all.iter_mut().enumerate() {
            resource::reread_version(session, progress).map_err(|error| (at, error))?;
        }
    }
    let mut written = Vec::with_capacity(all.len());
    for (at, (write, progress)) in unit.writes.iter().zip(&all).enumerate() {
        written.push(record(session, batch, write, progress).map_err(|error| (at, error))?);
    }
    for group in &resolved {
        change::record(session, batch, &group.record()).map_err(|error| (0, error))?;
    }
    if let Some(rules) = &batch.rules {
        people::judge(session, batch, rules, unit, touched, (&all, &resolved), &mut written)?;
    }
    Ok(written)
}

fn rows(session: &mut Session<'_>, batch: &Batch, write: &Write) -> Result<Progress, StoreError> {
    match write {
        Write::Create(create) => resource::create(session, batch, create),
        Write::Update(update) => resource::update(session, batch, update),
        Write::Delete(delete) => resource::delete(session, batch, delete),
    }
}

fn members(
    session: &mut Session<'_>,
    batch: &Batch,
    write: &Write,
    progress: &mut Progress,
) -> Result<(), StoreError> {
    progress.members = match write {
        Write::Create(create) if !create.members.is_empty() => {
            group::create(session, batch, progress, &create.members)?
        }
        Write::Update(update) if !update.members.is_empty() => {
            group::update(session, batch, progress, &update.members)?
        }
        _ => Delta::default(),
    };
    Ok(())
}

/// What a write brings: a resource that may be awaited by a name that it did not have.
fn content(write: &Write) -> Option<&Content> {
    match write {
        Write::Create(create) => Some(&create.content),
        Write::Update(update) if update.same_index => None,
        Write::Update(update) => update.content.as_ref().map(|(_, content)| content),
        Write::Delete(_) => None,
    }
}

fn record(
    session: &mut Session<'_>,
    batch: &Batch,
    write: &Write,
    progress: &Progress,
) -> Result<Written, StoreError> {
    let changed = progress.changed || !progress.members.is_empty();
    if !changed {
        return Ok(Written { version: progress.version, changed, sequence: None, people: Vec::new() });
    }
    let members = Some(&progress.members);
    let (kind, name, detail) = match write {
        Write::Create(create) => {
            let document = Some(&create.content.body[..]).filter(|_| create.content.plain);
            (ChangeKind::Created, &create.kind, Detail { members, document, ..Detail::default() })
        }
        Write::Update(update) => {
            let difference = Some(&update.difference).filter(|_| progress.changed);
            let detail = Detail { difference, members, document: None, replaced: update.replaced };
            (ChangeKind::Updated, &update.kind, detail)
        }
        Write::Delete(delete) => {
            let document = progress.last_body.as_deref();
            (ChangeKind::Deleted, &delete.kind, Detail { members, document, ..Detail::default() })
        }
    };
    let record = Record {
        kind,
        resource_type: name,
        resource: progress.id,
        version: progress.version,
        detail: detail.json(),
    };
    let sequence = change::record(session, batch, &record)?;
    Ok(Written { version: progress.version, changed, sequence: Some(sequence), people: Vec::new() })
}
