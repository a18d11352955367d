//! Writing resource rows: creations, updates, deletions, versions.

use rollcall_store::StoreError;
use rollcall_store::change::Delta;
use rollcall_store::write::{Batch, Content, Create, Delete, Update};
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use super::value;
use crate::error::{IdColumn, OrUnavailable as _, unsigned};
use crate::membership;
use crate::session::Session;
use crate::tombstone;

const ADD: &str = "INSERT INTO resource
    (key, collection, id, version, revision, created, modified, plain, display, entries, body)
    VALUES (?1, ?2, ?3, 1, 1, ?4, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING";
const CURRENT: &str = "SELECT r.key, r.collection, r.version, r.revision,
    r.display IS ?6, r.display IS ?6 AND r.plain IS ?5 AND r.body IS ?4
    FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ?1 AND c.source = ?2 AND c.kind = ?3";
const REPLACE: &str = "UPDATE resource SET version = version + 1, revision = revision + 1,
    modified = ?2, plain = ?3, display = ?4, entries = coalesce(?5, entries), body = ?6 WHERE key = ?1";
const BUMP: &str =
    "UPDATE resource SET version = version + 1, modified = ?2 WHERE key = ?1 RETURNING version";
const VERSION: &str = "SELECT version FROM resource WHERE key = ?1";
const REMOVE: &str = "DELETE FROM resource WHERE key = ?1 RETURNING CASE WHEN plain THEN body END";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, CURRENT, REPLACE, BUMP, VERSION, REMOVE];

/// One write on its way.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) key: i64,
    pub(crate) id: Uuid,
    pub(crate) collection: i64,
    pub(crate) version: u64,
    /// The revision after it.
    pub(crate) revision: u64,
    /// Whether the row is other than before; its version has advanced.
    pub(crate) changed: bool,
    /// What changed of its members.
    pub(crate) members: Delta,
    /// Of a deleted resource, what it was, if all of that may be shown.
    pub(crate) last_body: Option<Vec<u8>>,
}

pub(crate) fn create(
    session: &mut Session<'_>,
    batch: &Batch,
    create: &Create,
) -> Result<Progress, StoreError> {
    let collection = session.collection(batch.source, &create.kind)?;
    let content = &create.content;
    let rows = value::rows(session, collection, &content.index)?;
    let key = session.next_key()?;
    value::add(session, batch.source, key, &rows)?;
    let row = (
        key,
        collection,
        IdColumn(create.id),
        batch.now.0,
        content.plain,
        &content.display,
        value::encode(&rows)?,
        &content.body[..],
    );
    if session.prepare(ADD)?.execute(row).or_unavailable()? == 0 {
        value::take_back(session, key, &rows)?;
        return Err(StoreError::Conflict { attribute: "id".to_owned(), id: None });
    }
    session.count(collection, 1);
    let members = Delta::default();
    Ok(Progress {
        key,
        id: create.id,
        collection,
        version: 1,
        revision: 1,
        changed: true,
        members,
        last_body: None,
    })
}

pub(crate) fn update(
    session: &mut Session<'_>,
    batch: &Batch,
    update: &Update,
) -> Result<Progress, StoreError> {
    let content = update.content.as_ref().map(|(_, content)| content);
    let Current { mut progress, same_display, same } =
        current(session, batch, update.id, &update.kind, content)?;
    check_version(update.if_version.as_deref(), progress.version)?;
    if let Some((expected, content)) = &update.content {
        if *expected != progress.revision {
            return Err(StoreError::Stale);
        }
        if !same {
            replace(session, batch, &mut progress, content, (update.same_index, same_display))?;
        }
    }
    Ok(progress)
}

pub(crate) fn delete(
    session: &mut Session<'_>,
    batch: &Batch,
    delete: &Delete,
) -> Result<Progress, StoreError> {
    let Current { mut progress, .. } = current(session, batch, delete.id, &delete.kind, None)?;
    check_version(delete.if_version.as_deref(), progress.version)?;
    membership::remove_all(session, batch, progress.key)?;
    let entries = value::remove_all(session, (progress.collection, progress.key))?;
    tombstone::add(session, batch, delete, (progress.collection, &entries))?;
    progress.last_body =
        session.prepare(REMOVE)?.query_row([progress.key], |row| row.get(0)).or_unavailable()?;
    session.count(progress.collection, -1);
    session.touch(delete.id);
    progress.changed = true;
    Ok(progress)
}

/// Advances version and `modified` of a resource whose members changed, and returns the version.
pub(crate) fn bump(session: &mut Session<'_>, batch: &Batch, key: i64) -> Result<u64, StoreError> {
    let version = session.prepare(BUMP)?.query_row((key, batch.now.0), |row| row.get(0)).or_unavailable()?;
    unsigned(version, "resource", "version")
}

/// Takes the version that the whole unit has led to; that of a deleted resource stays.
pub(crate) fn reread_version(session: &mut Session<'_>, progress: &mut Progress) -> Result<(), StoreError> {
    let version: Option<i64> =
        session.prepare(VERSION)?.query_row([progress.key], |row| row.get(0)).optional().or_unavailable()?;
    if let Some(version) = version {
        progress.version = unsigned(version, "resource", "version")?;
    }
    Ok(())
}

/// A row as it is, and whether new content would change it.
struct Current {
    progress: Progress,
    same_display: bool,
    same: bool,
}

fn current(
    session: &mut Session<'_>,
    batch: &Batch,
    id: Uuid,
    kind: &str,
    content: Option<&Content>,
) -> Result<Current, StoreError> {
    let body = content.map(|content| &content.body[..]);
    let (plain, display) = (content.map(|content| content.plain), content.map(|content| &content.display));
    let row: Option<(i64, i64, i64, i64, bool, bool)> = session
        .prepare(CURRENT)?
        .query_row((IdColumn(id), batch.source.0, kind, body, plain, display), |row| row.try_into())
        .optional()
        .or_unavailable()?;
    let (key, collection, version, revision, same_display, same) = row.ok_or(StoreError::NotFound)?;
    let version = unsigned(version, "resource", "version")?;
    let revision = unsigned(revision, "resource", "revision")?;
    let members = Delta::default();
    let progress =
        Progress { key, id, collection, version, revision, changed: false, members, last_body: None };
    Ok(Current { progress, same_display, same })
}

fn check_version(wanted: Option<&[u64]>, version: u64) -> Result<(), StoreError> {
    let fits = wanted.is_none_or(|wanted| wanted.contains(&version));
    fits.then_some(()).ok_or(StoreError::VersionMismatch)
}

fn replace(
    session: &mut Session<'_>,
    batch: &Batch,
    progress: &mut Progress,
    content: &Content,
    (same_index, same_display): (bool, bool),
) -> Result<(), StoreError> {
    let key = progress.key;
    let mut entries = None;
    if !same_index {
        let rows = value::rows(session, progress.collection, &content.index)?;
        value::change(session, batch.source, (progress.collection, key), &rows)?;
        entries = Some(value::encode(&rows)?);
    }
    session
        .prepare(REPLACE)?
        .execute((key, batch.now.0, content.plain, &content.display, entries, &content.body[..]))
        .or_unavailable()?;
    if !same_display && membership::is_group(session, key)? {
        // Every member shows the name.
        session.touch_all();
    }
    session.touch(progress.id);
    progress.version += 1;
    progress.revision += 1;
    progress.changed = true;
    Ok(())
}
