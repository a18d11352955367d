//! Memberships: adding and removing members, each a single statement whatever the size of the group.

use rollcall_store::StoreError;
use rollcall_store::query::MemberRow;
use rollcall_store::write::Batch;
use rusqlite::OptionalExtension as _;
use serde_json::json;
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, signed};
use crate::pending;
use crate::session::Session;

const FIND: &str = "SELECT r.key, r.id, c.key, c.grouping FROM resource AS r
    JOIN collection AS c ON c.key = r.collection WHERE r.id = ?1 AND c.source = ?2";
const ADD: &str = "INSERT INTO membership (group_key, position, member_key) VALUES (?1, ?2, ?3)
    ON CONFLICT (group_key, member_key) DO NOTHING";
const IS_GROUP: &str = "SELECT 1 FROM membership WHERE group_key = ?1";
const IS_GROUPING: &str = "SELECT 1 FROM collection WHERE key = ?1 AND grouping = 1";
const SET_GROUPING: &str = "UPDATE collection SET grouping = 1 WHERE key = ?1";
const OTHER_GROUPING: &str = "SELECT 1 FROM collection WHERE source = ?1 AND key <> ?2 AND grouping = 1";
const SET_NESTED: &str = "UPDATE source SET nested = 1 WHERE key = ?1 AND nested = 0";
const GROUPS_OF: &str = "SELECT group_key FROM membership WHERE member_key = ?1";
const BUMP_GROUP: &str =
    "UPDATE resource SET version = version + 1, modified = ?2 WHERE key = ?1 RETURNING id";
const LEAVE: &str = "DELETE FROM membership WHERE member_key = ?1";
const EMPTY: &str = "DELETE FROM membership WHERE group_key = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    ADD,
    IS_GROUP,
    IS_GROUPING,
    SET_GROUPING,
    OTHER_GROUPING,
    SET_NESTED,
    GROUPS_OF,
    BUMP_GROUP,
    LEAVE,
    EMPTY,
];

/// A member that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) key: i64,
    pub(crate) id: Uuid,
    pub(crate) collection: i64,
    /// Whether it is of a type that has members.
    pub(crate) grouping: bool,
}

impl Known {
    /// Reads key, id, collection and grouping.
    pub(crate) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let id: IdColumn = row.get(1)?;
        Ok(Self { key: row.get(0)?, id: id.0, collection: row.get(2)?, grouping: row.get(3)? })
    }
}

/// Whether a resource has members.
pub(crate) fn is_group(session: &mut Session<'_>, key: i64) -> Result<bool, StoreError> {
    session.prepare(IS_GROUP)?.exists([key]).or_unavailable()
}

/// Ends all memberships of and in a resource that goes, and advances the groups it was in.
pub(crate) fn remove_all(session: &mut Session<'_>, batch: &Batch, key: i64) -> Result<(), StoreError> {
    let groups: Vec<i64> = {
        let mut statement = session.prepare(GROUPS_OF)?;
        let rows = statement.query_map([key], |row| row.get(0)).or_unavailable()?;
        rows.collect::<rusqlite::Result<_>>().or_unavailable()?
    };
    for group in groups {
        let id: IdColumn = session
            .prepare(BUMP_GROUP)?
            .query_row((group, batch.now.0), |row| row.get(0))
            .or_unavailable()?;
        session.touch(id.0);
    }
    session.prepare(LEAVE)?.execute([key]).or_unavailable()?;
    if session.prepare(EMPTY)?.execute([key]).or_unavailable()? > 0 {
        session.touch_all();
    }
    pending::forget(session, key)
}

/// A resource of the source.
pub(crate) fn find(session: &mut Session<'_>, batch: &Batch, id: Uuid) -> Result<Option<Known>, StoreError> {
    session.prepare(FIND)?.query_row((IdColumn(id), batch.source.0), Known::read).optional().or_unavailable()
}

/// Puts a member into a group, at this position. False when it is there already.
pub(crate) fn insert(
    session: &mut Session<'_>,
    batch: &Batch,
    group: i64,
    position: u64,
    member: Known,
) -> Result<bool, StoreError> {
    let row = (group, signed(position), member.key);
    if session.prepare(ADD)?.execute(row).or_unavailable()? == 0 {
        return Ok(false);
    }
    touch(session, member);
    if member.grouping {
        session.prepare(SET_NESTED)?.execute([batch.source.0]).or_unavailable()?;
    }
    Ok(true)
}

/// Marks the collection of a group that gets members, so that groups inside it count as nested.
pub(crate) fn set_grouping(
    session: &mut Session<'_>,
    batch: &Batch,
    collection: i64,
) -> Result<(), StoreError> {
    if session.prepare(IS_GROUPING)?.exists([collection]).or_unavailable()? {
        return Ok(());
    }
    session.prepare(SET_GROUPING)?.execute([collection]).or_unavailable()?;
    if session.prepare(OTHER_GROUPING)?.exists((batch.source.0, collection)).or_unavailable()? {
        // Its resources may be members already: better nested once too often.
        session.prepare(SET_NESTED)?.execute([batch.source.0]).or_unavailable()?;
        session.touch_all();
    }
    Ok(())
}

/// Ends the stamp of a member; of one with members of its own, of all.
pub(crate) fn touch(session: &mut Session<'_>, member: Known) {
    if member.grouping {
        session.touch_all();
    } else {
        session.touch(member.id);
    }
}

/// A member as a filter sees it.
pub(crate) fn object(row: &MemberRow) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    object.insert("value".to_owned(), json!(row.value));
    for (name, value) in [("type", &row.kind), ("display", &row.display)] {
        if let Some(value) = value {
            object.insert(name.to_owned(), json!(value));
        }
    }
    serde_json::Value::Object(object)
}
