//! Writing resource rows: creations, updates, deletions, versions.

use std::collections::HashMap;

use futures_util::future::join;
use rollcall_store::StoreError;
use rollcall_store::change::Delta;
use rollcall_store::write::{Batch, Content, Create, Delete, Update};
use uuid::Uuid;

use super::value::{self, Columns};
use crate::column::{Parameter, Text, get};
use crate::error::unsigned;
use crate::group;
use crate::membership::{self, Known};
use crate::session::Session;
use crate::tombstone;

const ADD: &str = "INSERT INTO resource
    (key, collection, id, version, revision, created, modified, plain, display, body)
    VALUES ($1, $2, $3, 1, 1, $4, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
const TAKE_BACK: &str = "DELETE FROM resource WHERE key = $1";
const CURRENT: &str = "SELECT r.key, r.collection, r.version, r.revision, r.last_position,
    r.display IS NOT DISTINCT FROM $6,
    coalesce(r.display IS NOT DISTINCT FROM $6 AND r.plain = $5 AND r.body = $4, FALSE)
    FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = $1 AND c.source = $2 AND c.kind = $3";
const REPLACE: &str = "UPDATE resource SET version = version + 1, revision = revision + 1,
    modified = $2, plain = $3, display = $4, body = $5 WHERE key = $1";
const BUMP: &str =
    "UPDATE resource SET version = version + 1, modified = $2 WHERE key = $1 RETURNING version";
const VERSION: &str = "SELECT version FROM resource WHERE key = $1";
const REMOVE: &str = "DELETE FROM resource WHERE key = $1 RETURNING CASE WHEN plain THEN body END";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, TAKE_BACK, CURRENT, REPLACE, BUMP, VERSION, REMOVE];

/// One write on its way.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) key: i64,
    pub(crate) id: Uuid,
    pub(crate) collection: i64,
    pub(crate) version: u64,
    /// The revision after it.
    pub(crate) revision: u64,
    /// Position of the member added last.
    pub(crate) last_position: u64,
    /// Whether the row is other than before; its version has advanced.
    pub(crate) changed: bool,
    /// What changed of its members.
    pub(crate) members: Delta,
    /// Resources that are named as members, as far as they were read with it.
    pub(crate) read: HashMap<Uuid, Known>,
    /// Of a deleted resource, what it was, if all of that may be shown.
    pub(crate) last_body: Option<Vec<u8>>,
}

impl Progress {
    /// Of a resource that is new.
    pub(crate) fn new(key: i64, id: Uuid, collection: i64) -> Self {
        Self {
            key,
            id,
            collection,
            version: 1,
            revision: 1,
            last_position: 0,
            changed: true,
            members: Delta::default(),
            read: HashMap::new(),
            last_body: None,
        }
    }
}

pub(crate) async fn create(
    session: &mut Session,
    batch: &Batch,
    create: &Create,
) -> Result<Progress, StoreError> {
    let collection = session.collection(batch.tenant, batch.source, &create.kind).await?;
    let content = &create.content;
    let rows = value::rows(session, (batch.tenant, collection), &content.index).await?;
    let key = session.next_key(batch.tenant).await?;
    let columns = Columns::of(rows.iter().copied());
    let (display, body) = (content.display.as_deref().map(Text), &content.body[..]);
    let (values, resources) = {
        let values: [&(dyn Parameter + '_); 5] =
            [&collection, &key, &columns.attributes, &columns.values, &columns.unique];
        let resource: [&(dyn Parameter + '_); 7] =
            [&key, &collection, &create.id, &batch.now.0, &content.plain, &display, &body];
        let connection = session.connection();
        join(connection.execute(value::ADD, &values), connection.execute(ADD, &resource)).await
    };
    let (values, resources) = (values?, resources?);
    session.changed(values + resources);
    if values != rows.len() as u64 {
        session.execute(TAKE_BACK, &[&key]).await?;
        session.took_back(2 * resources);
        return Err(value::refuse(session, (collection, key), &rows, values).await?);
    }
    if resources == 0 {
        let gone = value::remove_all(session, key).await?;
        session.took_back(values + gone.len() as u64);
        return Err(StoreError::Conflict { attribute: "id".to_owned(), id: None });
    }
    value::touch(session, batch.source, &rows);
    session.count(collection, 1);
    Ok(Progress::new(key, create.id, collection))
}

/// Changes a row. `is_alone` tells that nothing else is in the unit.
pub(crate) async fn update(
    session: &mut Session,
    batch: &Batch,
    (update, is_alone): (&Update, bool),
) -> Result<Progress, StoreError> {
    let content = update.content.as_ref().map(|(_, content)| content);
    // What another write of the unit makes or deletes is not to be read before it.
    let named = if is_alone { group::ids(&update.members) } else { Vec::new() };
    let current = current(session, batch, (update.id, &update.kind), content);
    let (current, read) = join(current, membership::find(session, batch, &named)).await;
    let Current { mut progress, same_display, same } = current?;
    progress.read = read?;
    check_version(update.if_version.as_deref(), progress.version)?;
    if let Some((expected, content)) = &update.content {
        if *expected != progress.revision {
            return Err(StoreError::Stale);
        }
        if !same {
            replace(session, batch, &mut progress, content, (update.same_index, same_display)).await?;
        }
    }
    Ok(progress)
}

pub(crate) async fn delete(
    session: &mut Session,
    batch: &Batch,
    delete: &Delete,
) -> Result<Progress, StoreError> {
    let Current { mut progress, .. } = current(session, batch, (delete.id, &delete.kind), None).await?;
    check_version(delete.if_version.as_deref(), progress.version)?;
    membership::remove_all(session, batch, progress.key).await?;
    let entries = value::remove_all(session, progress.key).await?;
    tombstone::add(session, batch, delete, (progress.collection, &entries)).await?;
    let removed = session.returning(REMOVE, &[&progress.key]).await?;
    progress.last_body = removed.first().map(|row| get(row, 0)).transpose()?.flatten();
    session.count(progress.collection, -1);
    session.touch(delete.id);
    progress.changed = true;
    Ok(progress)
}

/// Advances version and `modified` of a resource whose members changed, and returns the version.
pub(crate) async fn bump(session: &mut Session, batch: &Batch, key: i64) -> Result<u64, StoreError> {
    let rows = session.returning(BUMP, &[&key, &batch.now.0]).await?;
    unsigned(get(rows.first().ok_or(StoreError::NotFound)?, 0)?, "resource", "version")
}

/// Takes the version that the whole unit has led to; that of a deleted resource stays.
pub(crate) async fn reread_version(session: &Session, progress: &mut Progress) -> Result<(), StoreError> {
    if let Some(row) = session.row(VERSION, &[&progress.key]).await? {
        progress.version = unsigned(get(&row, 0)?, "resource", "version")?;
    }
    Ok(())
}

/// A row as it is, and whether new content would change it.
struct Current {
    progress: Progress,
    same_display: bool,
    same: bool,
}

async fn current(
    session: &Session,
    batch: &Batch,
    (id, kind): (Uuid, &str),
    content: Option<&Content>,
) -> Result<Current, StoreError> {
    let body = content.map(|content| &content.body[..]);
    let plain = content.map(|content| content.plain);
    let display = content.and_then(|content| content.display.as_deref().map(Text));
    let row = session.row(CURRENT, &[&id, &batch.source.0, &kind, &body, &plain, &display]).await?;
    let row = row.ok_or(StoreError::NotFound)?;
    let progress = Progress {
        version: unsigned(get(&row, 2)?, "resource", "version")?,
        revision: unsigned(get(&row, 3)?, "resource", "revision")?,
        last_position: unsigned(get(&row, 4)?, "resource", "last_position")?,
        changed: false,
        ..Progress::new(get(&row, 0)?, id, get(&row, 1)?)
    };
    Ok(Current { progress, same_display: get(&row, 5)?, same: get(&row, 6)? })
}

fn check_version(wanted: Option<&[u64]>, version: u64) -> Result<(), StoreError> {
    let fits = wanted.is_none_or(|wanted| wanted.contains(&version));
    fits.then_some(()).ok_or(StoreError::VersionMismatch)
}

async fn replace(
    session: &mut Session,
    batch: &Batch,
    progress: &mut Progress,
    content: &Content,
    (same_index, same_display): (bool, bool),
) -> Result<(), StoreError> {
    let key = progress.key;
    if !same_index {
        let rows = value::rows(session, (batch.tenant, progress.collection), &content.index).await?;
        value::change(session, batch.source, (progress.collection, key), &rows).await?;
    }
    let (display, body) = (content.display.as_deref().map(Text), &content.body[..]);
    session.execute(REPLACE, &[&key, &batch.now.0, &content.plain, &display, &body]).await?;
    if !same_display && membership::is_group(session, key).await? {
        // Every member shows the name.
        session.touch_all();
    }
    session.touch(progress.id);
    progress.version += 1;
    progress.revision += 1;
    progress.changed = true;
    Ok(())
}
