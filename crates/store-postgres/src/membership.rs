//! Memberships: adding and removing members, each a single statement whatever the size of the group.

use std::collections::{HashMap, HashSet};

use futures_util::future::join4;
use rollcall_store::StoreError;
use rollcall_store::query::MemberRow;
use rollcall_store::write::Batch;
use serde_json::json;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::get;
use crate::session::Session;

const FIND: &str = "SELECT r.key, r.id, c.key, c.grouping FROM resource AS r
    JOIN collection AS c ON c.key = r.collection WHERE r.id = ANY($1) AND c.source = $2";
const ADD: &str = "INSERT INTO membership (group_key, position, member_key)
    SELECT $1, n.position, n.member FROM unnest($2::BIGINT[], $3::BIGINT[]) AS n (position, member)
    ON CONFLICT (group_key, member_key) DO NOTHING RETURNING member_key";
const IS_GROUP: &str = "SELECT 1 FROM membership WHERE group_key = $1 LIMIT 1";
const IS_GROUPING: &str = "SELECT 1 FROM collection WHERE key = $1 AND grouping";
const SET_GROUPING: &str = "UPDATE collection SET grouping = TRUE WHERE key = $1";
const OTHER_GROUPING: &str = "SELECT 1 FROM collection WHERE source = $1 AND key <> $2 AND grouping LIMIT 1";
const SET_NESTED: &str = "UPDATE source SET nested = TRUE WHERE key = $1 AND NOT nested";
const BUMP_GROUPS: &str = "UPDATE resource SET version = version + 1, modified = $2
    WHERE key IN (SELECT group_key FROM membership WHERE member_key = $1) RETURNING id";
const LEAVE: &str = "DELETE FROM membership WHERE member_key = $1";
const EMPTY: &str = "DELETE FROM membership WHERE group_key = $1";
const FORGET: &str = "DELETE FROM pending_member WHERE group_key = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    ADD,
    IS_GROUP,
    IS_GROUPING,
    SET_GROUPING,
    OTHER_GROUPING,
    SET_NESTED,
    BUMP_GROUPS,
    LEAVE,
    EMPTY,
    FORGET,
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
    /// Reads key, id, collection and grouping, the first four columns.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { key: get(row, 0)?, id: get(row, 1)?, collection: get(row, 2)?, grouping: get(row, 3)? })
    }
}

/// Whether a resource has members.
pub(crate) async fn is_group(session: &Session, key: i64) -> Result<bool, StoreError> {
    session.exists(IS_GROUP, &[&key]).await
}

/// Ends all memberships of and in a resource that goes, and advances the groups it was in.
pub(crate) async fn remove_all(session: &mut Session, batch: &Batch, key: i64) -> Result<(), StoreError> {
    let (groups, left, emptied, forgotten) = {
        let connection = session.connection();
        let bump: [&(dyn crate::column::Parameter + '_); 2] = [&key, &batch.now.0];
        let of: [&(dyn crate::column::Parameter + '_); 1] = [&key];
        join4(
            connection.rows(BUMP_GROUPS, &bump),
            connection.execute(LEAVE, &of),
            connection.execute(EMPTY, &of),
            connection.execute(FORGET, &of),
        )
        .await
    };
    let (groups, emptied) = (groups?, emptied?);
    session.changed(groups.len() as u64 + left? + emptied + forgotten?);
    for group in &groups {
        session.touch(get(group, 0)?);
    }
    if emptied > 0 {
        session.touch_all();
    }
    Ok(())
}

/// Those of these that are resources of the source, by id.
pub(crate) async fn find(
    session: &Session,
    batch: &Batch,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Known>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = session.rows(FIND, &[&ids, &batch.source.0]).await?;
    rows.iter().map(|row| Known::read(row).map(|known| (known.id, known))).collect()
}

/// Puts members into a group, each at its position; returns the keys of those that were not there.
pub(crate) async fn insert(
    session: &mut Session,
    batch: &Batch,
    group: i64,
    members: &[(i64, Known)],
) -> Result<HashSet<i64>, StoreError> {
    if members.is_empty() {
        return Ok(HashSet::new());
    }
    let positions: Vec<i64> = members.iter().map(|(position, _)| *position).collect();
    let keys: Vec<i64> = members.iter().map(|(_, member)| member.key).collect();
    let rows = session.returning(ADD, &[&group, &positions, &keys]).await?;
    let added: HashSet<i64> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    let (mut touched, mut nested) = (Vec::new(), false);
    for (_, member) in members.iter().filter(|(_, member)| added.contains(&member.key)) {
        touched.push(*member);
        nested |= member.grouping;
    }
    for member in touched {
        touch(session, member);
    }
    if nested {
        session.execute(SET_NESTED, &[&batch.source.0]).await?;
    }
    Ok(added)
}

/// Marks the collection of a group that gets members, so that groups inside it count as nested.
pub(crate) async fn set_grouping(
    session: &mut Session,
    batch: &Batch,
    collection: i64,
) -> Result<(), StoreError> {
    if session.is_grouping(collection) {
        return Ok(());
    }
    if !session.exists(IS_GROUPING, &[&collection]).await? {
        session.execute(SET_GROUPING, &[&collection]).await?;
        if session.exists(OTHER_GROUPING, &[&batch.source.0, &collection]).await? {
            // Its resources may be members already: better nested once too often.
            session.execute(SET_NESTED, &[&batch.source.0]).await?;
            session.touch_all();
        }
        session.new_fact(batch.tenant).await?;
    }
    session.know_grouping(collection);
    Ok(())
}

/// Ends the stamp of a member; of one with members of its own, of all.
pub(crate) fn touch(session: &mut Session, member: Known) {
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
