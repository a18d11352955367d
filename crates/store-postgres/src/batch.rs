//! A batch in the writer: its units in order, and each unit's phases.

use async_trait::async_trait;
use rollcall_domain::change::ChangeKind;
use rollcall_store::StoreError;
use rollcall_store::change::Detail;
use rollcall_store::write::{Batch, Content, Outcome, Unit, Write, Written};
use tokio::sync::oneshot;

use crate::change::{self, Record};
use crate::group;
use crate::lease;
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

#[async_trait]
impl Job for BatchJob {
    fn weight(&self) -> usize {
        self.batch.units.len()
    }

    async fn run(&mut self, session: &mut Session) -> Result<(), Abort> {
        if !self.outcomes.is_empty() {
            // It was done together with others.
            return Ok(());
        }
        let (tenant, source) = (self.batch.tenant, self.batch.source);
        let generation = session.generation(tenant, source).await.map_err(|error| session.abort(error))?;
        let fenced = lease::hold(session, self.batch.fence.as_ref()).await.err();
        let mut left = self.batch.stop_after_errors.map_or(usize::MAX, |most| most.max(1) as usize);
        for unit in &self.batch.units {
            let outcome = match (left, generation, &fenced) {
                (0, ..) => Outcome::Skipped,
                (_, _, Some(error)) => Outcome::Failed { write: 0, error: error.clone() },
                (_, None, _) => Outcome::Failed { write: 0, error: StoreError::NotFound },
                (_, Some(now), _) if self.batch.generation.is_some_and(|then| then != now) => {
                    Outcome::Failed { write: 0, error: StoreError::Superseded }
                }
                _ => run_unit(session, &self.batch, unit).await?,
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

    fn batch(&self) -> Option<&BatchJob> {
        Some(self)
    }

    fn batch_mut(&mut self) -> Option<&mut BatchJob> {
        Some(self)
    }
}

async fn run_unit(session: &mut Session, batch: &Batch, unit: &Unit) -> Result<Outcome, Abort> {
    let mark = session.part_begins().await?;
    let result = phases(session, batch, unit).await;
    Ok(match session.part_ends(mark, result).await? {
        Ok(written) => Outcome::Done(written),
        Err((write, error)) => Outcome::Failed { write, error },
    })
}

/// Rows first, memberships then, so that members may name resources of the same unit; records last.
async fn phases(session: &mut Session, batch: &Batch, unit: &Unit) -> Result<Vec<Written>, Failure> {
    let touched = match &batch.rules {
        Some(rules) => people::before(session, batch, rules, unit).await?,
        None => people::Touched::default(),
    };
    let is_alone = unit.writes.len() == 1;
    let mut all = Vec::with_capacity(unit.writes.len());
    for (at, write) in unit.writes.iter().enumerate() {
        all.push(rows(session, batch, (write, is_alone)).await.map_err(|error| (at, error))?);
    }
    for (at, (write, progress)) in unit.writes.iter().zip(&mut all).enumerate() {
        members(session, batch, (write, is_alone), progress).await.map_err(|error| (at, error))?;
    }
    let mut resolved = Vec::new();
    for (at, (write, progress)) in unit.writes.iter().zip(&all).enumerate() {
        if let Some(content) = content(write) {
            let groups = pending::resolve(session, batch, progress, &content.index).await;
            resolved.extend(groups.map_err(|error| (at, error))?);
        }
    }
    if !is_alone || !resolved.is_empty() {
        for (at, progress) in all.iter_mut().enumerate() {
            resource::reread_version(session, progress).await.map_err(|error| (at, error))?;
        }
    }
    let mut written = Vec::with_capacity(all.len());
    for (at, (write, progress)) in unit.writes.iter().zip(&all).enumerate() {
        written.push(record(session, batch, write, progress).await.map_err(|error| (at, error))?);
    }
    for group in &resolved {
        change::record(session, batch, group.record()).await.map_err(|error| (0, error))?;
    }
    if let Some(rules) = &batch.rules {
        people::judge(session, batch, rules, unit, touched, (&all, &resolved), &mut written).await?;
    }
    Ok(written)
}

async fn rows(
    session: &mut Session,
    batch: &Batch,
    (write, is_alone): (&Write, bool),
) -> Result<Progress, StoreError> {
    match write {
        Write::Create(create) => resource::create(session, batch, create).await,
        Write::Update(update) => resource::update(session, batch, (update, is_alone)).await,
        Write::Delete(delete) => resource::delete(session, batch, delete).await,
    }
}

async fn members(
    session: &mut Session,
    batch: &Batch,
    (write, is_alone): (&Write, bool),
    progress: &mut Progress,
) -> Result<(), StoreError> {
    match write {
        Write::Create(create) if !create.members.is_empty() => {
            progress.members = group::create(session, batch, progress, &create.members).await?;
        }
        Write::Update(update) if !update.members.is_empty() => {
            let changes = (&update.members[..], is_alone);
            progress.members = group::update(session, batch, progress, changes).await?;
        }
        _ => {}
    }
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

async fn record(
    session: &mut Session,
    batch: &Batch,
    write: &Write,
    progress: &Progress,
) -> Result<Written, StoreError> {
    let changed = progress.changed || !progress.members.is_empty();
    if !changed {
        return Ok(Written { version: progress.version, changed, sequence: None, people: Vec::new() });
    }
    let sequence = change::record(session, batch, told(write, progress)).await?;
    Ok(Written { version: progress.version, changed, sequence: Some(sequence), people: Vec::new() })
}

/// What is told of a write.
pub(crate) fn told<'a>(write: &'a Write, progress: &Progress) -> Record<'a> {
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
    Record {
        kind,
        resource_type: name,
        resource: progress.id,
        version: progress.version,
        detail: detail.json(),
    }
}
