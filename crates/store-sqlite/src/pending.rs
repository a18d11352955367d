//! Pending members: names in a group that no resource has yet.

use rollcall_domain::change::ChangeKind;
use rollcall_scim::value::fold;
use rollcall_store::StoreError;
use rollcall_store::change::{Delta, Detail};
use rollcall_store::index::{IndexEntry, MAX_PLAIN_BYTES};
use rollcall_store::plan::parse_id;
use rollcall_store::write::Batch;
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use crate::change::Record;
use crate::error::{IdColumn, OrUnavailable as _, signed, unsigned};
use crate::membership::{self, Known};
use crate::resource::{Progress, bump};
use crate::session::Session;

const ADD: &str = "INSERT INTO pending_member (group_key, position, source, value, folded)
    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (group_key, value) DO NOTHING";
const REMOVE: &str = "DELETE FROM pending_member WHERE source = ?1 AND folded = ?2 AND group_key = ?3
    RETURNING value, position";
const OF_GROUP: &str = "SELECT position, value FROM pending_member WHERE group_key = ?1 ORDER BY position";
const EMPTY: &str = "DELETE FROM pending_member WHERE group_key = ?1";
const WAITING: &str =
    "SELECT group_key, position, value FROM pending_member WHERE source = ?1 AND folded = ?2";
const TAKE: &str = "DELETE FROM pending_member WHERE group_key = ?1 AND position = ?2";
const BY_EXTERNAL_ID: &str = "SELECT r.key, r.id, c.key, c.grouping FROM collection AS c
    JOIN attribute AS a ON a.collection = c.key AND a.path = 'externalId'
    JOIN value AS v ON v.collection = c.key AND v.attribute = a.key AND v.value = ?2
    JOIN resource AS r ON r.key = v.resource
    WHERE c.source = ?1 ORDER BY r.key LIMIT 1";
const GROUP: &str = "SELECT r.id, c.kind FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.key = ?1";
const GROUPING: &str = "SELECT grouping FROM collection WHERE key = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[ADD, REMOVE, OF_GROUP, EMPTY, WAITING, TAKE, BY_EXTERNAL_ID, GROUP, GROUPING];

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

/// Keeps a name. False when the group has it.
pub(crate) fn insert(
    session: &mut Session<'_>,
    batch: &Batch,
    group: i64,
    position: u64,
    value: &str,
) -> Result<bool, StoreError> {
    let row = (group, signed(position), batch.source.0, value, fold(value, false));
    session.will_await(batch.source);
    Ok(session.prepare(ADD)?.execute(row).or_unavailable()? > 0)
}

/// Removes a name, in any case, from a group; returns what was removed.
pub(crate) fn remove(
    session: &mut Session<'_>,
    batch: &Batch,
    group: i64,
    value: &str,
) -> Result<Vec<String>, StoreError> {
    let mut statement = session.prepare(REMOVE)?;
    let rows = statement
        .query_map((batch.source.0, fold(value, false), group), |row| row.try_into())
        .or_unavailable()?;
    let mut gone: Vec<(String, i64)> = rows.collect::<rusqlite::Result<_>>().or_unavailable()?;
    gone.sort_unstable_by_key(|(_, position)| *position);
    Ok(gone.into_iter().map(|(value, _)| value).collect())
}

/// The names that a group keeps, with their positions.
pub(crate) fn of_group(session: &mut Session<'_>, group: i64) -> Result<Vec<(i64, String)>, StoreError> {
    let mut statement = session.prepare(OF_GROUP)?;
    let rows = statement.query_map([group], |row| row.try_into()).or_unavailable()?;
    rows.collect::<rusqlite::Result<_>>().or_unavailable()
}

/// Removes the name at a position.
pub(crate) fn leave(session: &mut Session<'_>, group: i64, position: i64) -> Result<(), StoreError> {
    session.prepare(TAKE)?.execute((group, position)).map(drop).or_unavailable()
}

/// Forgets all names of a group.
pub(crate) fn forget(session: &mut Session<'_>, group: i64) -> Result<(), StoreError> {
    session.prepare(EMPTY)?.execute([group]).map(drop).or_unavailable()
}

/// The first resource of the source with this `externalId`, of any type.
pub(crate) fn find_external(
    session: &mut Session<'_>,
    batch: &Batch,
    value: &str,
) -> Result<Option<Known>, StoreError> {
    if value.is_empty() || value.len() > MAX_PLAIN_BYTES {
        return Ok(None);
    }
    session
        .prepare(BY_EXTERNAL_ID)?
        .query_row((batch.source.0, value), Known::read)
        .optional()
        .or_unavailable()
}

/// Makes a resource a member of the groups that wait for its id or `externalId`.
pub(crate) fn resolve(
    session: &mut Session<'_>,
    batch: &Batch,
    arrived: &Progress,
    index: &[IndexEntry],
) -> Result<Vec<Resolved>, StoreError> {
    if !session.awaits(batch.source)? {
        return Ok(Vec::new());
    }
    let mut waiting = waiting_for(session, batch, &arrived.id.to_string())?;
    waiting.retain(|row| parse_id(&row.value) == Some(arrived.id));
    if let Some(external_id) = index.iter().find(|entry| entry.attribute == "externalId") {
        let named = waiting_for(session, batch, &fold(&external_id.value, false))?;
        waiting.extend(named.into_iter().filter(|row| row.value == external_id.value));
    }
    waiting.iter().map(|row| take(session, batch, arrived, row)).collect()
}

fn waiting_for(session: &mut Session<'_>, batch: &Batch, folded: &str) -> Result<Vec<Waiting>, StoreError> {
    let mut statement = session.prepare(WAITING)?;
    let rows = statement.query_map((batch.source.0, folded), |row| {
        Ok(Waiting { group: row.get(0)?, position: row.get(1)?, value: row.get(2)? })
    });
    rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()
}

fn take(
    session: &mut Session<'_>,
    batch: &Batch,
    arrived: &Progress,
    row: &Waiting,
) -> Result<Resolved, StoreError> {
    leave(session, row.group, row.position)?;
    let grouping =
        session.prepare(GROUPING)?.query_row([arrived.collection], |row| row.get(0)).or_unavailable()?;
    let member = Known { key: arrived.key, id: arrived.id, collection: arrived.collection, grouping };
    let position = unsigned(row.position, "pending_member", "position")?;
    let mut delta = Delta { added: Vec::new(), removed: vec![row.value.clone()] };
    if membership::insert(session, batch, row.group, position, member)? {
        delta.added.push(arrived.id.to_string());
    }
    if delta.added == delta.removed {
        delta.removed.clear();
    }
    let version = bump(session, batch, row.group)?;
    let (id, kind): (IdColumn, String) = session
        .prepare(GROUP)?
        .query_row([row.group], |row| Ok((row.get(0)?, row.get(1)?)))
        .or_unavailable()?;
    session.touch(id.0);
    Ok(Resolved { key: row.group, id: id.0, kind, version, delta })
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
