//! Groups: whose roles depend on a change of members. Only groups that policy knows are looked into.

use std::collections::HashSet;

use rollcall_store::StoreError;
use rollcall_store::change::Delta;
use rollcall_store::index::IndexEntry;
use rollcall_store::people::Rules;
use rollcall_store::plan::parse_id;
use rollcall_store::write::Batch;
use uuid::Uuid;

use super::known;
use crate::error::OrUnavailable as _;
use crate::groups;
use crate::membership::{self, Known};
use crate::session::Session;

const MEMBERS: &str = "SELECT r.key, r.id, c.key, c.grouping FROM membership AS m
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS c ON c.key = r.collection
    WHERE m.group_key = ?1 ORDER BY m.position";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[MEMBERS];

/// The users whose groups changed with the members of a group.
pub(crate) fn changed(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
    (key, id): (i64, Uuid),
    delta: &Delta,
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    if delta.is_empty() || !is_known(session, batch, rules, key, id)? {
        return Ok(Vec::new());
    }
    let mut members = Vec::new();
    for id in delta.added.iter().chain(&delta.removed).filter_map(|value| parse_id(value)) {
        members.extend(membership::find(session, batch, id)?);
    }
    users(session, members)
}

/// The members of a group that is about to be deleted.
pub(crate) fn leaving(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
    id: Uuid,
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    match membership::find(session, batch, id)? {
        Some(group) if group.grouping && is_known(session, batch, rules, group.key, id)? => {
            let members = members(session, group.key)?;
            users(session, members)
        }
        _ => Ok(Vec::new()),
    }
}

/// The members of a group whose `externalId` is about to change, where that means anything.
pub(crate) fn renamed(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
    id: Uuid,
    index: &[IndexEntry],
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    if !rules.reads_external_ids() {
        return Ok(Vec::new());
    }
    let Some(group) = membership::find(session, batch, id)?.filter(|group| group.grouping) else {
        return Ok(Vec::new());
    };
    let before = known::external_id(session.connection(), id)?;
    let after = index.iter().find(|entry| entry.attribute == "externalId").map(|entry| entry.value.clone());
    let is_known = |key: &Option<String>| key.as_deref().is_some_and(|key| rules.knows_group(key));
    if before == after || !(is_known(&before) || is_known(&after)) {
        return Ok(Vec::new());
    }
    let members = members(session, group.key)?;
    users(session, members)
}

/// Whether policy knows a group, or one that it is in.
fn is_known(
    session: &mut Session<'_>,
    batch: &Batch,
    rules: &Rules,
    key: i64,
    id: Uuid,
) -> Result<bool, StoreError> {
    let connection = session.connection();
    let mut ids = vec![id];
    ids.extend(groups::of_resource(connection, batch.source, key)?.into_iter().map(|group| group.id));
    for id in ids {
        let by_key = |key: Option<String>| key.is_some_and(|key| rules.knows_group(&key));
        if rules.knows_group(&id.to_string())
            || rules.reads_external_ids() && by_key(known::external_id(connection, id)?)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The users among these, and those inside the groups among them.
fn users(session: &mut Session<'_>, mut ahead: Vec<Known>) -> Result<Vec<(i64, Uuid)>, StoreError> {
    let (mut seen, mut users) = (HashSet::new(), Vec::new());
    while let Some(next) = ahead.pop() {
        if !seen.insert(next.key) {
            continue;
        }
        if next.grouping {
            ahead.extend(members(session, next.key)?);
        } else {
            users.push((next.key, next.id));
        }
    }
    Ok(users)
}

fn members(session: &mut Session<'_>, group: i64) -> Result<Vec<Known>, StoreError> {
    let mut statement = session.prepare(MEMBERS)?;
    let rows = statement.query_map([group], Known::read).or_unavailable()?;
    rows.collect::<rusqlite::Result<_>>().or_unavailable()
}
