//! Pending members: names in a group that no resource has yet.

use std::collections::{HashMap, HashSet};

use rollcall_domain::change::ChangeKind;
use rollcall_store::StoreError;
use rollcall_store::change::{Delta, Detail};
use rollcall_store::index::{IndexEntry, MAX_PLAIN_BYTES};
use rollcall_store::plan::parse_id;
use rollcall_store::write::Batch;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::change::Record;
use crate::column::{Text, TextColumn, folded, get, named};
use crate::membership::{self, Known};
use crate::resource::{Progress, bump};
use crate::session::Session;

const ADD: &str = "INSERT INTO pending_member (group_key, position, source, value, named, folded)
    SELECT $1, n.position, $2, n.value, n.named, n.folded
    FROM unnest($3::BIGINT[], $4::BYTEA[], $5::BYTEA[], $6::BYTEA[]) AS n (position, value, named, folded)
    ON CONFLICT (group_key, named) DO NOTHING RETURNING position";
const REMOVE: &str = "DELETE FROM pending_member WHERE source = $1 AND folded = ANY($2) AND group_key = $3
    RETURNING folded, value, position";
const OF_GROUP: &str = "SELECT position, value FROM pending_member WHERE group_key = $1 ORDER BY position";
const LEAVE: &str = "DELETE FROM pending_member WHERE group_key = $1 AND position = ANY($2)";
const WAITING: &str =
    "SELECT group_key, position, value FROM pending_member WHERE source = $1 AND folded = $2
    ORDER BY group_key, position";
const BY_EXTERNAL_ID: &str = "SELECT r.key, r.id, c.key, c.grouping, v.value FROM collection AS c
    JOIN attribute AS a ON a.collection = c.key AND a.path = 'externalId'
    JOIN value AS v ON v.collection = c.key AND v.attribute = a.key AND v.value = ANY($2)
    JOIN resource AS r ON r.key = v.resource
    WHERE c.source = $1 ORDER BY r.key DESC";
const GROUP: &str = "SELECT r.id, c.kind FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.key = $1";
const GROUPING: &str = "SELECT grouping FROM collection WHERE key = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[ADD, REMOVE, OF_GROUP, LEAVE, WAITING, BY_EXTERNAL_ID, GROUP, GROUPING];

/// A name that a group keeps, whose resource is here now.
struct Waiting {
    group: i64,
    position: i64,
    value: String,
}

/// A group that got a member because the member arrived.
pub(crate) struct Resolved {
    pub(crate) key: i64,
    pub(crate) id: Uuid,
    kind: String,
    version: u64,
    pub(crate) delta: Delta,
}

/// Keeps names, each at its position; returns the positions of those that the group did not have.
pub(crate) async fn insert(
    session: &mut Session,
    batch: &Batch,
    group: i64,
    values: &[(i64, &str)],
) -> Result<HashSet<i64>, StoreError> {
    if values.is_empty() {
        return Ok(HashSet::new());
    }
    session.will_await(batch.tenant, batch.source).await?;
    let positions: Vec<i64> = values.iter().map(|(position, _)| *position).collect();
    let whole: Vec<Text<'_>> = values.iter().map(|(_, value)| Text(value)).collect();
    let short: Vec<String> = values.iter().map(|(_, value)| named(value)).collect();
    let lower: Vec<String> = values.iter().map(|(_, value)| folded(value)).collect();
    let short: Vec<Text<'_>> = short.iter().map(|value| Text(value)).collect();
    let lower: Vec<Text<'_>> = lower.iter().map(|value| Text(value)).collect();
    let rows = session.returning(ADD, &[&group, &batch.source.0, &positions, &whole, &short, &lower]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// Removes names, in any case, from a group; returns what was removed, by what was asked for.
pub(crate) async fn remove(
    session: &mut Session,
    batch: &Batch,
    group: i64,
    values: &[String],
) -> Result<HashMap<String, Vec<String>>, StoreError> {
    if values.is_empty() || !session.awaits(batch.source).await? {
        return Ok(HashMap::new());
    }
    let lower: Vec<String> = values.iter().map(|value| folded(value)).collect();
    let bound: Vec<Text<'_>> = lower.iter().map(|value| Text(value)).collect();
    let rows = session.returning(REMOVE, &[&batch.source.0, &bound, &group]).await?;
    let mut gone = Vec::with_capacity(rows.len());
    for row in &rows {
        let (folded, value): (TextColumn, TextColumn) = (get(row, 0)?, get(row, 1)?);
        gone.push((get::<i64>(row, 2)?, folded.0, value.0));
    }
    gone.sort_unstable_by_key(|(position, ..)| *position);
    let mut removed: HashMap<String, Vec<String>> = HashMap::new();
    for (_, folded, value) in gone {
        removed.entry(folded).or_default().push(value);
    }
    Ok(removed)
}

/// The names that a group keeps, with their positions.
pub(crate) async fn of_group(session: &Session, group: i64) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = session.rows(OF_GROUP, &[&group]).await?;
    rows.iter().map(|row| Ok((get(row, 0)?, get::<TextColumn>(row, 1)?.0))).collect()
}

/// Removes the names at these positions.
pub(crate) async fn leave(session: &mut Session, group: i64, positions: &[i64]) -> Result<(), StoreError> {
    if positions.is_empty() {
        return Ok(());
    }
    session.execute(LEAVE, &[&group, &positions]).await.map(drop)
}

/// For each of these, the first resource of the source with it as its `externalId`, of any type.
pub(crate) async fn find_external(
    session: &Session,
    batch: &Batch,
    values: &[&str],
) -> Result<HashMap<String, Known>, StoreError> {
    let fits = |value: &&&str| !value.is_empty() && value.len() <= MAX_PLAIN_BYTES;
    let values: Vec<Text<'_>> = values.iter().filter(fits).map(|value| Text(value)).collect();
    if values.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = session.rows(BY_EXTERNAL_ID, &[&batch.source.0, &values]).await?;
    // The last of those with one value is the one that was there first.
    rows.iter().map(|row| Ok((get::<TextColumn>(row, 4)?.0, Known::read(row)?))).collect()
}

/// Makes a resource a member of the groups that wait for its id or `externalId`.
pub(crate) async fn resolve(
    session: &mut Session,
    batch: &Batch,
    arrived: &Progress,
    index: &[IndexEntry],
) -> Result<Vec<Resolved>, StoreError> {
    if !session.awaits(batch.source).await? {
        return Ok(Vec::new());
    }
    let mut waiting = waiting_for(session, batch, &arrived.id.to_string()).await?;
    waiting.retain(|row| parse_id(&row.value) == Some(arrived.id));
    if let Some(external_id) = index.iter().find(|entry| entry.attribute == "externalId") {
        let found = waiting_for(session, batch, &folded(&external_id.value)).await?;
        waiting.extend(found.into_iter().filter(|row| row.value == external_id.value));
    }
    let mut resolved = Vec::with_capacity(waiting.len());
    for row in &waiting {
        resolved.push(take(session, batch, arrived, row).await?);
    }
    Ok(resolved)
}

async fn waiting_for(session: &Session, batch: &Batch, folded: &str) -> Result<Vec<Waiting>, StoreError> {
    let read = |row: &Row| {
        Ok(Waiting { group: get(row, 0)?, position: get(row, 1)?, value: get::<TextColumn>(row, 2)?.0 })
    };
    let rows = session.rows(WAITING, &[&batch.source.0, &Text(folded)]).await?;
    rows.iter().map(read).collect()
}

async fn take(
    session: &mut Session,
    batch: &Batch,
    arrived: &Progress,
    row: &Waiting,
) -> Result<Resolved, StoreError> {
    leave(session, row.group, &[row.position]).await?;
    let grouping = session.row(GROUPING, &[&arrived.collection]).await?;
    let grouping = grouping.map_or(Ok(false), |row| get(&row, 0))?;
    let member = Known { key: arrived.key, id: arrived.id, collection: arrived.collection, grouping };
    let mut delta = Delta { added: Vec::new(), removed: vec![row.value.clone()] };
    if !membership::insert(session, batch, row.group, &[(row.position, member)]).await?.is_empty() {
        delta.added.push(arrived.id.to_string());
    }
    if delta.added == delta.removed {
        delta.removed.clear();
    }
    let version = bump(session, batch, row.group).await?;
    let group = session.row(GROUP, &[&row.group]).await?.ok_or(StoreError::NotFound)?;
    let (id, kind) = (get(&group, 0)?, get(&group, 1)?);
    session.touch(id);
    Ok(Resolved { key: row.group, id, kind, version, delta })
}

impl Resolved {
    /// What to record of it.
    pub(crate) fn record(&self) -> Record<'_> {
        Record {
            kind: ChangeKind::Updated,
            resource_type: &self.kind,
            resource: self.id,
            version: self.version,
            detail: Detail { members: Some(&self.delta), ..Detail::default() }.json(),
        }
    }
}
