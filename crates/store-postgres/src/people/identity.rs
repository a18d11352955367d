//! Identities: their rows, the names they are found by, and the changes they make.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use rollcall_domain::change::ChangeKind;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Identity, Link, Status};
use rollcall_domain::people::StoredIdentity;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::people::{IDENTITY, IdentityQuery};
use rollcall_store::write::Batch;
use serde_json::{Map, Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::change::{self, Record};
use crate::column::{Text, folded, get};
use crate::connection::Connection;
use crate::error::{corrupt, unsigned};
use crate::session::Session;

const BY_KEYS: &str = "SELECT key, revision, created, modified, document FROM identity WHERE key = ANY ($1)
    ORDER BY key";
const BY_ID: &str =
    "SELECT key, revision, created, modified, document FROM identity WHERE id = $1 AND tenant = $2";
/// For each name its first ones.
const NAMED: &str = "SELECT asked.place, found.identity, found.how
    FROM unnest($2::BYTEA[]) WITH ORDINALITY AS asked (name, place) CROSS JOIN LATERAL (
        SELECT n.identity, n.how FROM identity_name AS n WHERE n.tenant = $1 AND n.name = asked.name
        ORDER BY n.identity LIMIT $3) AS found
    ORDER BY asked.place, found.identity";
const PAGE: &str = "SELECT key, revision, created, modified, document FROM identity
    WHERE tenant = $1 AND key > $2 AND ($3::TEXT IS NULL OR status = $3) ORDER BY key LIMIT $4";
const PAGE_NAMED: &str = "SELECT i.key, i.revision, i.created, i.modified, i.document
    FROM identity_name AS n JOIN identity AS i ON i.key = n.identity
    WHERE n.tenant = $1 AND n.name = $5 AND i.key > $2 AND ($3::TEXT IS NULL OR i.status = $3)
    ORDER BY i.key LIMIT $4";
const ADD: &str = "INSERT INTO identity (tenant, id, status, revision, created, modified, due, document, key)
    VALUES ($1, $2, $3, 1, $4, $4, $5, $6, $7)";
const CHANGE: &str = "UPDATE identity SET status = $2, revision = revision + 1, modified = $3, due = $4,
    document = $5 WHERE key = $1";
const ADD_NAMES: &str = "INSERT INTO identity_name (tenant, identity, name, how)
    SELECT $1, $2, n.name, n.how FROM unnest($3::BYTEA[], $4::BIGINT[]) AS n (name, how)
    ON CONFLICT (tenant, name, identity) DO UPDATE SET how = excluded.how";
const REMOVE_NAMES: &str =
    "DELETE FROM identity_name WHERE tenant = $1 AND name = ANY ($3) AND identity = $2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[BY_KEYS, BY_ID, NAMED, PAGE, PAGE_NAMED, ADD, CHANGE, ADD_NAMES, REMOVE_NAMES];

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

pub(crate) async fn by_key(connection: &Connection, key: i64) -> Result<Option<StoredIdentity>, StoreError> {
    Ok(by_keys(connection, &[key]).await?.pop())
}

/// Those of these keys that are there, by key.
pub(crate) async fn by_keys(
    connection: &Connection,
    keys: &[i64],
) -> Result<Vec<StoredIdentity>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    connection.rows(BY_KEYS, &[&keys]).await?.iter().map(read).collect()
}

pub(crate) async fn by_id(
    connection: &Connection,
    tenant: TenantKey,
    id: Uuid,
) -> Result<Option<StoredIdentity>, StoreError> {
    connection.row(BY_ID, &[&id, &tenant.0]).await?.map(|row| read(&row)).transpose()
}

/// Who has each of these names, and how; at most `limit` for each.
pub(crate) async fn named(
    connection: &Connection,
    tenant: TenantKey,
    names: &[&str],
    limit: usize,
) -> Result<Vec<Vec<(i64, i64)>>, StoreError> {
    let mut found = vec![Vec::new(); names.len()];
    let names: Vec<String> = names.iter().map(|name| folded(name)).collect();
    let names: Vec<Text<'_>> = names.iter().map(|name| Text(name)).collect();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    for row in connection.rows(NAMED, &[&tenant.0, &names, &limit]).await? {
        let place = usize::try_from(get::<i64>(&row, 0)? - 1).unwrap_or(usize::MAX);
        if let Some(found) = found.get_mut(place) {
            found.push((get(&row, 1)?, get(&row, 2)?));
        }
    }
    Ok(found)
}

pub(crate) async fn page(
    connection: &Connection,
    tenant: TenantKey,
    query: &IdentityQuery,
) -> Result<Vec<StoredIdentity>, StoreError> {
    let status = query.status.map(Status::as_str);
    let (after, limit) = (query.after, i64::from(query.limit));
    let rows = match &query.name {
        Some(name) => {
            let name = folded(name);
            connection.rows(PAGE_NAMED, &[&tenant.0, &after, &status, &limit, &Text(&name)]).await?
        }
        None => connection.rows(PAGE, &[&tenant.0, &after, &status, &limit]).await?,
    };
    rows.iter().map(read).collect()
}

/// Writes an identity, with its names, its change and what it counts for; `None` where nothing is other than before.
pub(crate) async fn save(
    session: &mut Session,
    batch: &Batch,
    before: Option<&StoredIdentity>,
    after: &Identity,
) -> Result<Option<Saved>, StoreError> {
    let old = before.map(|before| &before.identity);
    if old == Some(after) {
        return Ok(None);
    }
    let key = match before {
        Some(before) => before.key,
        None => session.next_key(batch.tenant).await?,
    };
    let document = serde_json::to_string(after).map_err(|error| corrupt("identity", "document", error))?;
    let (status, due, now) = (after.status.as_str(), after.delete_at.map(|at| at.0), batch.now.0);
    let (tenant, connection) = (batch.tenant.0, session.connection());
    let row = async {
        if before.is_some() {
            connection.execute(CHANGE, &[&key, &status, &now, &due, &document]).await
        } else {
            connection.execute(ADD, &[&tenant, &after.id, &status, &now, &due, &document, &key]).await
        }
    };
    let (rows, names) = try_join(row, rename(connection, batch.tenant, key, (old, after))).await?;
    session.changed(rows + names);
    let revision = before.map_or(0, |before| before.revision) + 1;
    count(session, old, after);
    let sequence = record(session, batch, old, after, revision).await?;
    Ok(Some(Saved { key, revision, sequence }))
}

/// What an identity is found by.
fn names(identity: &Identity) -> BTreeMap<String, i64> {
    let mut names = BTreeMap::new();
    let mut add = |name: Option<&str>, how: i64| {
        if let Some(name) = name {
            *names.entry(folded(name)).or_insert(0) |= how;
        }
    };
    add(identity.text("userName"), USER_NAME);
    add(identity.text("email"), EMAIL);
    identity.links.iter().for_each(|link| add(link.external_id.as_deref(), EXTERNAL_ID));
    names
}

/// Writes the names that are other than before; returns how many rows.
async fn rename(
    connection: &Connection,
    tenant: TenantKey,
    key: i64,
    (before, after): (Option<&Identity>, &Identity),
) -> Result<u64, StoreError> {
    let (old, new) = (before.map(names).unwrap_or_default(), names(after));
    let gone: Vec<Text<'_>> =
        old.keys().filter(|name| !new.contains_key(*name)).map(|name| Text(name)).collect();
    let other = new.iter().filter(|(name, how)| old.get(*name) != Some(*how));
    let (come, how): (Vec<Text<'_>>, Vec<i64>) = other.map(|(name, how)| (Text(name), *how)).unzip();
    let remove = async {
        if gone.is_empty() {
            return Ok(0);
        }
        connection.execute(REMOVE_NAMES, &[&tenant.0, &key, &gone]).await
    };
    let add = async {
        if come.is_empty() {
            return Ok(0);
        }
        connection.execute(ADD_NAMES, &[&tenant.0, &key, &come, &how]).await
    };
    let (removed, added) = try_join(remove, add).await?;
    Ok(removed + added)
}

/// Counts active identities by the sources that they come from.
fn count(session: &mut Session, before: Option<&Identity>, after: &Identity) {
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
async fn record(
    session: &mut Session,
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
    change::record(session, batch, record).await.map(Some)
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

fn read(row: &Row) -> Result<StoredIdentity, StoreError> {
    let identity = serde_json::from_str(get(row, 4)?);
    Ok(StoredIdentity {
        key: get(row, 0)?,
        revision: unsigned(get(row, 1)?, "identity", "revision")?,
        created: Timestamp(get(row, 2)?),
        modified: Timestamp(get(row, 3)?),
        identity: identity.map_err(|error| corrupt("identity", "document", error))?,
    })
}

/// Writes an identity that the application changed.
pub(crate) async fn change(
    session: &mut Session,
    context: &Batch,
    revision: u64,
    identity: &Identity,
) -> Result<StoredIdentity, StoreError> {
    session.lock(context.tenant).await?;
    let before = by_id(session.connection(), context.tenant, identity.id).await?;
    let before = before.ok_or(StoreError::NotFound)?;
    if before.revision != revision {
        return Err(StoreError::Stale);
    }
    let saved = save(session, context, Some(&before), identity).await?;
    Ok(StoredIdentity {
        revision: saved.as_ref().map_or(revision, |saved| saved.revision),
        modified: if saved.is_some() { context.now } else { before.modified },
        identity: identity.clone(),
        ..before
    })
}
