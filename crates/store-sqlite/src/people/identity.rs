//! Identities: their rows, the names they are found by, and the changes they make.

use std::collections::BTreeMap;

use rollcall_domain::change::ChangeKind;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Identity, Link, Status};
use rollcall_domain::people::StoredIdentity;
use rollcall_domain::tenant::TenantKey;
use rollcall_scim::value::fold;
use rollcall_store::StoreError;
use rollcall_store::people::{IDENTITY, IdentityQuery};
use rollcall_store::write::Batch;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::change::{self, Record};
use crate::error::{IdColumn, OrUnavailable as _, corrupt, unsigned};
use crate::session::Session;

const BY_KEY: &str = "SELECT key, revision, created, modified, document FROM identity WHERE key = ?1";
const BY_ID: &str =
    "SELECT key, revision, created, modified, document FROM identity WHERE id = ?1 AND tenant = ?2";
const NAMED: &str = "SELECT identity, how FROM identity_name WHERE tenant = ?1 AND name = ?2 LIMIT ?3";
const PAGE: &str = "SELECT key, revision, created, modified, document FROM identity
    WHERE tenant = ?1 AND key > ?2 AND (?3 IS NULL OR status = ?3) ORDER BY key LIMIT ?4";
const PAGE_NAMED: &str = "SELECT i.key, i.revision, i.created, i.modified, i.document
    FROM identity_name AS n JOIN identity AS i ON i.key = n.identity
    WHERE n.tenant = ?1 AND n.name = ?5 AND i.key > ?2 AND (?3 IS NULL OR i.status = ?3)
    ORDER BY i.key LIMIT ?4";
const ADD: &str = "INSERT INTO identity (tenant, id, status, revision, created, modified, due, document)
    VALUES (?1, ?2, ?3, 1, ?4, ?4, ?5, ?6)";
const CHANGE: &str = "UPDATE identity SET status = ?2, revision = revision + 1, modified = ?3, due = ?4,
    document = ?5 WHERE key = ?1";
const ADD_NAME: &str = "INSERT INTO identity_name (tenant, name, identity, how) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (tenant, name, identity) DO UPDATE SET how = excluded.how";
const REMOVE_NAME: &str = "DELETE FROM identity_name WHERE tenant = ?1 AND name = ?2 AND identity = ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[BY_KEY, BY_ID, NAMED, PAGE, PAGE_NAMED, ADD, CHANGE, ADD_NAME, REMOVE_NAME];

/// How a name is one's: the parts of `identity_name.how`.
pub(crate) const USER_NAME: i64 = 1;
pub(crate) const EMAIL: i64 = 2;
pub(crate) const EXTERNAL_ID: i64 = 4;

/// An identity that was written.
pub(crate) struct Saved {
    pub(crate) key: i64,
    pub(crate) revision: u64,
    pub(crate) sequence: Option<u64>,
}

pub(crate) fn by_key(connection: &Connection, key: i64) -> Result<Option<StoredIdentity>, StoreError> {
    let mut statement = connection.prepare_cached(BY_KEY).or_unavailable()?;
    let row = statement.query_row([key], IdentityRow::read).optional().or_unavailable()?;
    row.map(IdentityRow::into_identity).transpose()
}

pub(crate) fn by_id(
    connection: &Connection,
    tenant: TenantKey,
    id: Uuid,
) -> Result<Option<StoredIdentity>, StoreError> {
    let mut statement = connection.prepare_cached(BY_ID).or_unavailable()?;
    let row = statement.query_row((IdColumn(id), tenant.0), IdentityRow::read).optional().or_unavailable()?;
    row.map(IdentityRow::into_identity).transpose()
}

/// Who has a name, and how; at most `limit`.
pub(crate) fn named(
    connection: &Connection,
    tenant: TenantKey,
    name: &str,
    limit: usize,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut statement = connection.prepare_cached(NAMED).or_unavailable()?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows =
        statement.query_map((tenant.0, fold(name, false), limit), |row| Ok((row.get(0)?, row.get(1)?)));
    rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()
}

pub(crate) fn page(
    connection: &Connection,
    tenant: TenantKey,
    query: &IdentityQuery,
) -> Result<Vec<StoredIdentity>, StoreError> {
    let status = query.status.map(Status::as_str);
    let mut identities = Vec::new();
    let mut take = |rows: &mut rusqlite::Rows<'_>| {
        while let Some(row) = rows.next().or_unavailable()? {
            identities.push(IdentityRow::read(row).or_unavailable()?.into_identity()?);
        }
        Ok::<(), StoreError>(())
    };
    if let Some(name) = &query.name {
        let mut statement = connection.prepare_cached(PAGE_NAMED).or_unavailable()?;
        let bound = (tenant.0, query.after, status, query.limit, fold(name, false));
        take(&mut statement.query(bound).or_unavailable()?)?;
    } else {
        let mut statement = connection.prepare_cached(PAGE).or_unavailable()?;
        take(&mut statement.query((tenant.0, query.after, status, query.limit)).or_unavailable()?)?;
    }
    Ok(identities)
}

/// Writes an identity, with its names, its change and what it counts for; `None` where nothing is other than before.
pub(crate) fn save(
    session: &mut Session<'_>,
    batch: &Batch,
    before: Option<&StoredIdentity>,
    after: &Identity,
) -> Result<Option<Saved>, StoreError> {
    let old = before.map(|before| &before.identity);
    if old == Some(after) {
        return Ok(None);
    }
    let document = serde_json::to_string(after).map_err(|error| corrupt("identity", "document", error))?;
    let (status, due) = (after.status.as_str(), after.delete_at.map(|at| at.0));
    let key = if let Some(before) = before {
        let row = (before.key, status, batch.now.0, due, document);
        session.prepare(CHANGE)?.execute(row).or_unavailable()?;
        before.key
    } else {
        let row = (batch.tenant.0, IdColumn(after.id), status, batch.now.0, due, document);
        session.prepare(ADD)?.execute(row).or_unavailable()?;
        session.connection().last_insert_rowid()
    };
    let revision = before.map_or(0, |before| before.revision) + 1;
    rename(session, batch.tenant, key, old, after)?;
    count(session, old, after);
    let sequence = record(session, batch, old, after, revision)?;
    Ok(Some(Saved { key, revision, sequence }))
}

/// What an identity is found by.
fn names(identity: &Identity) -> BTreeMap<String, i64> {
    let mut names = BTreeMap::new();
    let mut add = |name: Option<&str>, how: i64| {
        if let Some(name) = name {
            *names.entry(fold(name, false).into_owned()).or_insert(0) |= how;
        }
    };
    add(identity.text("userName"), USER_NAME);
    add(identity.text("email"), EMAIL);
    identity.links.iter().for_each(|link| add(link.external_id.as_deref(), EXTERNAL_ID));
    names
}

fn rename(
    session: &mut Session<'_>,
    tenant: TenantKey,
    key: i64,
    before: Option<&Identity>,
    after: &Identity,
) -> Result<(), StoreError> {
    let (old, new) = (before.map(names).unwrap_or_default(), names(after));
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        session.prepare(REMOVE_NAME)?.execute((tenant.0, name, key)).or_unavailable()?;
    }
    for (name, how) in new.iter().filter(|(name, how)| old.get(*name) != Some(*how)) {
        session.prepare(ADD_NAME)?.execute((tenant.0, name, key, how)).or_unavailable()?;
    }
    Ok(())
}

/// Counts active identities by the sources that they come from.
fn count(session: &mut Session<'_>, before: Option<&Identity>, after: &Identity) {
    fn sources(identity: &Identity) -> impl Iterator<Item = Uuid> {
        let links = identity.links.iter().filter(|link| link.resource.is_some());
        links.filter(|_| identity.status == Status::Active).map(|link| link.source)
    }
    for source in before.into_iter().flat_map(sources) {
        session.populate(source, -1);
    }
    for source in sources(after) {
        session.populate(source, 1);
    }
}

/// Tells a change; none where only what is Rollcall's own is other than before.
fn record(
    session: &mut Session<'_>,
    batch: &Batch,
    before: Option<&Identity>,
    after: &Identity,
    version: u64,
) -> Result<Option<u64>, StoreError> {
    let mut detail = Map::new();
    let difference = after.difference(before);
    if difference.as_object().is_some_and(|difference| !difference.is_empty()) {
        detail.insert("attributes".to_owned(), difference);
    }
    let (old, new) = (before.map_or(&[][..], |before| &before.links[..]), &after.links[..]);
    let links = links(old, new);
    if !links.is_empty() {
        detail.insert("links".to_owned(), Value::Object(links));
    }
    if detail.is_empty() {
        return Ok(None);
    }
    let was_there = before.is_some_and(|before| before.status != Status::Deleted);
    let kind = match (was_there, after.status) {
        (true, Status::Deleted) => ChangeKind::Deleted,
        (true, _) => ChangeKind::Updated,
        (false, _) => ChangeKind::Created,
    };
    let detail = Value::Object(detail).to_string();
    let record = Record { kind, resource_type: IDENTITY, resource: after.id, version, detail };
    change::record(session, batch, &record).map(Some)
}

/// Links that came and went: `{"added":[{"source":…,"resource":…,"adopted":true}],"removed":[…]}`.
fn links(before: &[Link], after: &[Link]) -> Map<String, Value> {
    let is_same = |one: &Link, other: &Link| one.source == other.source && one.resource == other.resource;
    let only = |these: &[Link], those: &[Link]| -> Vec<Value> {
        let only = these.iter().filter(|one| !those.iter().any(|other| is_same(one, other)));
        only.map(|link| {
            let mut told = json!({ "source": link.source, "resource": link.resource });
            if let (true, Some(told)) = (link.adopted, told.as_object_mut()) {
                told.insert("adopted".to_owned(), true.into());
            }
            told
        })
        .collect()
    };
    let both = [("added", only(after, before)), ("removed", only(before, after))];
    let some = both.into_iter().filter(|(_, links)| !links.is_empty());
    some.map(|(name, links)| (name.to_owned(), Value::Array(links))).collect()
}

struct IdentityRow {
    key: i64,
    revision: i64,
    created: i64,
    modified: i64,
    document: String,
}

impl IdentityRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            revision: row.get(1)?,
            created: row.get(2)?,
            modified: row.get(3)?,
            document: row.get(4)?,
        })
    }

    fn into_identity(self) -> Result<StoredIdentity, StoreError> {
        let identity = serde_json::from_str(&self.document);
        Ok(StoredIdentity {
            key: self.key,
            revision: unsigned(self.revision, "identity", "revision")?,
            created: Timestamp(self.created),
            modified: Timestamp(self.modified),
            identity: identity.map_err(|error| corrupt("identity", "document", error))?,
        })
    }
}

/// Writes an identity that the application changed.
pub(crate) fn change(
    session: &mut Session<'_>,
    context: &Batch,
    revision: u64,
    identity: &Identity,
) -> Result<StoredIdentity, StoreError> {
    let before = by_id(session.connection(), context.tenant, identity.id)?.ok_or(StoreError::NotFound)?;
    if before.revision != revision {
        return Err(StoreError::Stale);
    }
    let saved = save(session, context, Some(&before), identity)?;
    Ok(StoredIdentity {
        revision: saved.as_ref().map_or(revision, |saved| saved.revision),
        modified: if saved.is_some() { context.now } else { before.modified },
        identity: identity.clone(),
        ..before
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_came_and_went_are_told() {
        let link = |resource: u128, adopted| Link {
            source: Uuid::from_u128(1),
            resource: Some(Uuid::from_u128(resource)),
            external_id: None,
            wanted: true,
            active: true,
            adopted,
        };
        let told = Value::Object(links(&[link(1, false), link(2, false)], &[link(2, false), link(3, true)]));
        assert_eq!(told["added"][0]["adopted"], true);
        assert_eq!(told["removed"][0]["resource"], Uuid::from_u128(1).to_string());
        assert_eq!(told["added"].as_array().map(Vec::len), Some(1));
    }
}
