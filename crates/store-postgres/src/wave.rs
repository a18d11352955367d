//! Many requests in a few statements: those that create or update one resource and need nothing but its rows.
//!
//! Whatever else a request brings (members, people, conditions, an id or a value that is taken) is left to
//! [`crate::batch`], which does one thing after the other. Requests that wait at the same time have no order among them.

use std::collections::HashSet;

use futures_util::future::join3;
use rollcall_store::StoreError;
use rollcall_store::write::{Batch, Content, Create, Outcome, Unit, Update, Write, Written};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::batch::{BatchJob, told};
use crate::change;
use crate::column::{Parameter, Text, get};
use crate::error::unsigned;
use crate::resource::Progress;
use crate::resource::value::{self, ValueRow};
use crate::session::Session;
use crate::writer::{Abort, Job};

const ADD_VALUES: &str = "INSERT INTO value (collection, value, attribute, apart, resource)
    SELECT * FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[])
    ON CONFLICT DO NOTHING";
const ADD_RESOURCES: &str = "INSERT INTO resource
    (key, collection, id, version, revision, created, modified, plain, display, body)
    SELECT n.key, n.collection, n.id, 1, 1, n.at, n.at, n.plain, n.display, n.body
    FROM unnest($1::BIGINT[], $2::BIGINT[], $3::UUID[], $4::BIGINT[], $5::BOOLEAN[], $6::BYTEA[], $7::BYTEA[])
        AS n (key, collection, id, at, plain, display, body)
    ON CONFLICT (id) DO NOTHING";
const UPDATE: &str = "UPDATE resource AS r SET version = r.version + 1, revision = r.revision + 1,
    modified = n.at, plain = n.plain, body = n.body
    FROM unnest($1::BIGINT[], $2::UUID[], $3::BIGINT[], $4::BIGINT[], $5::BOOLEAN[], $6::BYTEA[], $7::BYTEA[])
        AS n (collection, id, revision, at, plain, display, body)
    WHERE r.id = n.id AND r.collection = n.collection AND r.revision = n.revision
        AND r.display IS NOT DISTINCT FROM n.display AND NOT (r.plain = n.plain AND r.body = n.body)
    RETURNING r.id, r.key, r.version, r.revision";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD_VALUES, ADD_RESOURCES, UPDATE];

/// Does what can be done together. What is done has its outcome; the rest is left.
pub(crate) async fn run(session: &mut Session, jobs: &mut [Box<dyn Job>]) -> Result<(), Abort> {
    let done = together(session, jobs).await;
    if session.connection().failure().is_some() {
        // Whichever value it was: one after the other, it is found.
        return Err(session.whole(done.err()));
    }
    done.map_err(|error| session.abort(error))
}

async fn together(session: &mut Session, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let (mut creating, mut updating) = (Vec::new(), Vec::new());
    for (at, job) in jobs.iter().enumerate() {
        let Some(batch) = job.batch().map(|job| &job.batch).filter(|batch| is_plain(batch)) else { continue };
        match only_write(batch) {
            Some(Write::Create(create)) if create.members.is_empty() => creating.push(at),
            Some(Write::Update(update)) if is_plain_update(update) => updating.push(at),
            _ => {}
        }
    }
    if creating.len() > 1 {
        create(session, jobs, creating).await?;
    }
    if !updating.is_empty() {
        update(session, jobs, updating).await?;
    }
    Ok(())
}

fn is_plain(batch: &Batch) -> bool {
    batch.rules.is_none() && batch.fence.is_none()
}

fn only_write(batch: &Batch) -> Option<&Write> {
    match batch.units.as_slice() {
        [Unit { writes, .. }] => writes.first().filter(|_| writes.len() == 1),
        _ => None,
    }
}

fn is_plain_update(update: &Update) -> bool {
    update.content.is_some() && update.same_index && update.if_version.is_none() && update.members.is_empty()
}

/// Whether the source is there and its settings are those that the batch was prepared by.
async fn is_current(session: &mut Session, batch: &Batch) -> Result<bool, StoreError> {
    let generation = session.generation(batch.tenant, batch.source).await?;
    Ok(generation.is_some_and(|now| batch.generation.is_none_or(|then| then == now)))
}

/// A creation with its keys.
struct Planned<'a> {
    at: usize,
    batch: &'a Batch,
    create: &'a Create,
    collection: i64,
    key: i64,
    rows: Vec<ValueRow<'a>>,
}

async fn create(
    session: &mut Session,
    jobs: &mut [Box<dyn Job>],
    candidates: Vec<usize>,
) -> Result<(), StoreError> {
    let written = {
        let planned = plan(session, jobs, candidates).await?;
        if planned.len() < 2 || !add(session, &planned).await? {
            return Ok(());
        }
        let mut written = Vec::with_capacity(planned.len());
        for Planned { at, batch, create, collection, key, rows } in &planned {
            value::touch(session, batch.source, rows);
            session.count(*collection, 1);
            let progress = Progress::new(*key, create.id, *collection);
            written.push((*at, record(session, batch, &progress).await?));
        }
        written
    };
    finish(jobs, written);
    Ok(())
}

async fn plan<'a>(
    session: &mut Session,
    jobs: &'a [Box<dyn Job>],
    candidates: Vec<usize>,
) -> Result<Vec<Planned<'a>>, StoreError> {
    let mut planned: Vec<Planned<'a>> = Vec::with_capacity(candidates.len());
    let (mut ids, mut values) = (HashSet::new(), HashSet::new());
    for at in candidates {
        let Some(batch) = jobs.get(at).and_then(|job| job.batch()).map(|job| &job.batch) else { continue };
        let Some(Write::Create(create)) = only_write(batch) else { continue };
        // A new resource may be awaited by a group.
        if !is_current(session, batch).await? || session.awaits(batch.source).await? {
            continue;
        }
        let collection = session.collection(batch.tenant, batch.source, &create.kind).await?;
        let rows = value::rows(session, (batch.tenant, collection), &create.content.index).await?;
        let unique = |row: &&ValueRow<'a>| row.entry.unique;
        let of = |row: &ValueRow<'a>| (row.attribute, row.entry.value.as_str());
        // Of two that want one value, or one id, the second is left.
        if ids.contains(&create.id) || rows.iter().filter(unique).any(|row| values.contains(&of(row))) {
            continue;
        }
        ids.insert(create.id);
        values.extend(rows.iter().filter(unique).map(of));
        let key = session.next_key(batch.tenant).await?;
        planned.push(Planned { at, batch, create, collection, key, rows });
    }
    Ok(planned)
}

/// Adds all of them, or none where an id or a value is taken.
async fn add(session: &mut Session, planned: &[Planned<'_>]) -> Result<bool, StoreError> {
    let (mut collections, mut values, mut attributes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut apart, mut resources) = (Vec::new(), Vec::new());
    for one in planned {
        for row in &one.rows {
            collections.push(one.collection);
            values.push(Text(&row.entry.value));
            attributes.push(row.attribute);
            apart.push(if row.entry.unique { 0 } else { one.key });
            resources.push(one.key);
        }
    }
    let keys: Vec<i64> = planned.iter().map(|one| one.key).collect();
    let kinds: Vec<i64> = planned.iter().map(|one| one.collection).collect();
    let ids: Vec<Uuid> = planned.iter().map(|one| one.create.id).collect();
    let times: Vec<i64> = planned.iter().map(|one| one.batch.now.0).collect();
    let contents = Contents::of(planned.iter().map(|one| &one.create.content));
    let (added, created) = {
        let connection = session.connection();
        let value_rows: [&(dyn Parameter + '_); 5] = [&collections, &values, &attributes, &apart, &resources];
        let resource_rows: [&(dyn Parameter + '_); 7] =
            [&keys, &kinds, &ids, &times, &contents.plain, &contents.displays, &contents.bodies];
        let (begun, added, created) = join3(
            connection.run("SAVEPOINT wave"),
            connection.execute(ADD_VALUES, &value_rows),
            connection.execute(ADD_RESOURCES, &resource_rows),
        )
        .await;
        begun?;
        (added?, created?)
    };
    if added == values.len() as u64 && created == keys.len() as u64 {
        session.changed(added + created);
        return Ok(true);
    }
    session.connection().run("ROLLBACK TO SAVEPOINT wave").await?;
    Ok(false)
}

/// Contents by column.
struct Contents<'a> {
    plain: Vec<bool>,
    displays: Vec<Option<Text<'a>>>,
    bodies: Vec<&'a [u8]>,
}

impl<'a> Contents<'a> {
    fn of(contents: impl Iterator<Item = &'a Content>) -> Self {
        let mut columns = Self { plain: Vec::new(), displays: Vec::new(), bodies: Vec::new() };
        for content in contents {
            columns.plain.push(content.plain);
            columns.displays.push(content.display.as_deref().map(Text));
            columns.bodies.push(&content.body[..]);
        }
        columns
    }
}

async fn update(
    session: &mut Session,
    jobs: &mut [Box<dyn Job>],
    candidates: Vec<usize>,
) -> Result<(), StoreError> {
    let written = {
        let mut planned: Vec<(usize, &Batch, i64, &Update)> = Vec::with_capacity(candidates.len());
        for at in candidates {
            let Some(batch) = jobs.get(at).and_then(|job| job.batch()).map(|job| &job.batch) else {
                continue;
            };
            let Some(Write::Update(update)) = only_write(batch) else { continue };
            // Of two that change one resource, the second is left.
            if planned.iter().any(|(.., other)| other.id == update.id) || !is_current(session, batch).await? {
                continue;
            }
            if let Some(collection) = session.known_collection(batch.source, &update.kind).await? {
                planned.push((at, batch, collection, update));
            }
        }
        let mut written = Vec::with_capacity(planned.len());
        for row in &replace(session, &planned).await? {
            let id: Uuid = get(row, 0)?;
            let Some((at, batch, collection, _)) = planned.iter().find(|(.., update)| update.id == id) else {
                continue;
            };
            session.touch(id);
            let progress = Progress {
                version: unsigned(get(row, 2)?, "resource", "version")?,
                revision: unsigned(get(row, 3)?, "resource", "revision")?,
                ..Progress::new(get(row, 1)?, id, *collection)
            };
            written.push((*at, record(session, batch, &progress).await?));
        }
        written
    };
    finish(jobs, written);
    Ok(())
}

/// Writes those that are as they were when the change was computed, and returns them.
async fn replace(
    session: &mut Session,
    planned: &[(usize, &Batch, i64, &Update)],
) -> Result<Vec<Row>, StoreError> {
    let content = |update: &'_ Update| update.content.as_ref().map(|(revision, _)| *revision);
    let revisions: Option<Vec<u64>> = planned.iter().map(|(.., update)| content(update)).collect();
    let revisions: Vec<i64> = revisions.unwrap_or_default().into_iter().map(crate::error::signed).collect();
    if revisions.is_empty() {
        return Ok(Vec::new());
    }
    let kinds: Vec<i64> = planned.iter().map(|(_, _, collection, _)| *collection).collect();
    let ids: Vec<Uuid> = planned.iter().map(|(.., update)| update.id).collect();
    let times: Vec<i64> = planned.iter().map(|(_, batch, ..)| batch.now.0).collect();
    let contents = Contents::of(
        planned.iter().filter_map(|(.., update)| update.content.as_ref().map(|(_, content)| content)),
    );
    let Contents { plain, displays, bodies } = &contents;
    session.returning(UPDATE, &[&kinds, &ids, &revisions, &times, plain, displays, bodies]).await
}

/// Tells of a write, and what became of it.
async fn record(session: &mut Session, batch: &Batch, progress: &Progress) -> Result<Written, StoreError> {
    let write = only_write(batch).ok_or(StoreError::NotFound)?;
    let sequence = change::record(session, batch, told(write, progress)).await?;
    Ok(Written { version: progress.version, changed: true, sequence: Some(sequence), people: Vec::new() })
}

fn finish(jobs: &mut [Box<dyn Job>], written: Vec<(usize, Written)>) {
    for (at, written) in written {
        if let Some(BatchJob { outcomes, .. }) = jobs.get_mut(at).and_then(|job| job.batch_mut()) {
            outcomes.push(Outcome::Done(vec![written]));
        }
    }
}
