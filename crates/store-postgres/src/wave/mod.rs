//! Many requests in a statement or two: those that create or update one resource and need nothing but its rows.
//!
//! Whatever else a request brings (members, people, conditions, a value that is taken) is left to [`crate::batch`], which
//! does one thing after the other. Requests that wait at the same time have no order among them. What such a request
//! needs to know besides is remembered from the transactions before; the statements do nothing where it holds no longer.
//! So a group of nothing else is sent whole, from `BEGIN` to `COMMIT`, and takes one round trip ([`at_once`]).

mod columns;
mod creation;
mod update;

use std::collections::HashSet;

use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::write::{Batch, Outcome, Unit, Write, Written};

use crate::column::Parameter;
use crate::connection::{Bound, Connection};
use crate::error::{Failure, signed};
use crate::session::{Known, LOCK, NUMBERS, Session, Touched};
use crate::writer::{Abort, Job};
use creation::Creations;
use update::Updates;

#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static str> {
    [creation::STATEMENTS, update::STATEMENTS].concat()
}

/// Whose requests they are, and what was remembered when they were planned.
struct Group {
    tenant: i64,
    /// What the tenant's keys begin with.
    base: i64,
    facts: i64,
}

impl Group {
    fn of(tenant: TenantKey, facts: i64) -> Self {
        Self { tenant: tenant.0, base: tenant.0 * signed(NUMBERS), facts }
    }

    /// `$1` to `$3` of a statement.
    fn parameters(&self) -> Vec<&(dyn Parameter + '_)> {
        vec![&self.tenant, &self.base, &self.facts]
    }
}

/// What can be done together.
struct Wave<'a> {
    creations: Creations<'a>,
    updates: Updates<'a>,
    /// How many jobs that is.
    jobs: usize,
}

impl<'a> Wave<'a> {
    fn plan(known: &Known, jobs: &'a [Box<dyn Job>], without: &HashSet<usize>) -> Self {
        let mut wave = Self { creations: Creations::new(), updates: Updates::new(), jobs: 0 };
        for (at, job) in jobs.iter().enumerate().filter(|(at, _)| !without.contains(at)) {
            let Some((batch, write)) = candidate(job.as_ref()) else { continue };
            if !is_current(batch, known.generation(batch.tenant, batch.source)) {
                continue;
            }
            let taken = wave.creations.take(known, at, (batch, write))
                || wave.updates.take(known, at, (batch, write));
            wave.jobs += usize::from(taken);
        }
        wave
    }
}

/// The one write of a request that has nothing else.
fn candidate(job: &dyn Job) -> Option<(&Batch, &Write)> {
    let batch = &job.batch()?.batch;
    match batch.units.as_slice() {
        [Unit { writes, .. }] if batch.rules.is_none() && batch.fence.is_none() => {
            writes.first().filter(|_| writes.len() == 1).map(|write| (batch, write))
        }
        _ => None,
    }
}

/// Whether the source is there and its settings are those that the batch was prepared by.
fn is_current(batch: &Batch, generation: Option<u64>) -> bool {
    generation.is_some_and(|now| batch.generation.is_none_or(|then| then == now))
}

/// What became of a group that was sent whole.
pub(crate) enum AtOnce {
    /// It was not sent: something in it needs more than this.
    Unfit,
    /// It is committed. Jobs without an outcome are still to be done.
    Committed(Touched),
    /// The server refused it, and nothing of it is done.
    Refused,
}

/// Sends a group whole, if all of it can be done together.
pub(crate) async fn at_once(
    connection: &Connection,
    (tenant, begin): (TenantKey, &str),
    known: &Known,
    jobs: &mut [Box<dyn Job>],
) -> Result<AtOnce, Abort> {
    let (written, touched) = {
        let wave = Wave::plan(known, jobs, &HashSet::new());
        if wave.jobs < jobs.len() {
            return Ok(AtOnce::Unfit);
        }
        let group = Group::of(tenant, known.facts());
        let mut statements: Vec<Bound<'_>> = vec![(LOCK, vec![&group.tenant])];
        let (create, update) = (wave.creations.statement(&group), wave.updates.statement(&group));
        let creates = create.is_some();
        statements.extend(create.into_iter().chain(update));
        let rows = match connection.whole(begin, &statements).await {
            Ok(rows) => rows,
            Err(error) => return refused(connection, error),
        };
        let mut rows = rows.iter().skip(1);
        let mut touched = Touched::default();
        let mut written = Vec::with_capacity(jobs.len());
        let mut collect = || {
            if creates && let Some(rows) = rows.next() {
                written.extend(wave.creations.written(rows)?);
            }
            if !written.is_empty() {
                touched.add(wave.creations.touched());
            }
            for (job, id, updated) in
                rows.next().map(|rows| wave.updates.written(rows)).transpose()?.unwrap_or_default()
            {
                touched.add(&[id]);
                written.push((job, updated));
            }
            Ok::<_, StoreError>(())
        };
        // It is committed, and what became of it is not known.
        collect().map_err(Abort::Failed)?;
        if !written.is_empty() {
            touched.tenants.push(tenant.0);
        }
        (written, touched)
    };
    finish(jobs, written);
    Ok(AtOnce::Committed(touched))
}

fn refused(connection: &Connection, error: StoreError) -> Result<AtOnce, Abort> {
    match connection.failure() {
        Some((Failure::Value, _)) => Ok(AtOnce::Refused),
        Some((Failure::Lost | Failure::Stale, _)) => Err(Abort::Again(error)),
        // After a lost connection it is not known whether anything was committed: it is not run again.
        _ => Err(Abort::Failed(error)),
    }
}

/// Does in a running transaction what can be done together. What is done has its outcome; the rest is left.
pub(crate) async fn within(
    session: &mut Session,
    tenant: TenantKey,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), Abort> {
    let done = together(session, tenant, jobs).await;
    if session.connection().failure().is_some() {
        // Whichever value it was: one after the other, it is found.
        return Err(session.whole(done.err()));
    }
    done.map_err(|error| session.abort(error))
}

async fn together(
    session: &mut Session,
    tenant: TenantKey,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), StoreError> {
    for job in jobs.iter() {
        if let Some((batch, write)) = candidate(job.as_ref()) {
            learn(session, batch, write).await?;
        }
    }
    // New facts are not in their row before the commit.
    let Some(facts) = session.settled() else { return Ok(()) };
    let group = Group::of(tenant, facts);
    let mut taken = HashSet::new();
    let written = loop {
        let wave = Wave::plan(session.known(), jobs, &taken);
        let mut written = Vec::with_capacity(wave.jobs);
        if let Some((sql, parameters)) = wave.creations.statement(&group) {
            let rows = session.connection().rows(sql, &parameters).await?;
            written.extend(wave.creations.written(&rows)?);
            if written.is_empty() {
                let (sql, parameters) = wave.creations.doubt();
                let rows = session.connection().rows(sql, &parameters).await?;
                let found = wave.creations.found(&rows)?;
                if found.is_empty() || !taken.is_empty() {
                    break Vec::new();
                }
                taken = found;
                continue;
            }
            session.advance((written.len(), written.len()));
            wave.creations.touched().iter().for_each(|place| session.touch(*place));
        }
        if let Some((sql, parameters)) = wave.updates.statement(&group) {
            let updated = wave.updates.written(&session.connection().rows(sql, &parameters).await?)?;
            session.advance((updated.len(), 0));
            for (job, id, update) in updated {
                session.touch(id);
                written.push((job, update));
            }
        }
        break written;
    };
    finish(jobs, written);
    Ok(())
}

/// Has everything remembered that a write is planned by.
async fn learn(session: &mut Session, batch: &Batch, write: &Write) -> Result<(), StoreError> {
    if !is_current(batch, session.generation(batch.tenant, batch.source).await?) {
        return Ok(());
    }
    match write {
        Write::Create(create) if create.members.is_empty() => {
            session.awaits(batch.source).await?;
            let collection = session.collection(batch.tenant, batch.source, &create.kind).await?;
            for entry in &create.content.index {
                session.attribute(batch.tenant, collection, &entry.attribute).await?;
            }
        }
        Write::Update(update) => {
            session.known_collection(batch.source, &update.kind).await?;
        }
        Write::Create(_) | Write::Delete(_) => {}
    }
    Ok(())
}

fn written(version: u64, sequence: u64) -> Written {
    Written { version, changed: true, sequence: Some(sequence), people: Vec::new() }
}

fn finish(jobs: &mut [Box<dyn Job>], written: Vec<(usize, Written)>) {
    for (at, written) in written {
        if let Some(job) = jobs.get_mut(at).and_then(|job| job.batch_mut()) {
            job.outcomes.push(Outcome::Done(vec![written]));
        }
    }
}
