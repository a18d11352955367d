//! Groups: whose roles depend on a change of members. Only groups that policy knows are looked into.

use std::collections::{HashMap, HashSet};

use rollcall_domain::policy::roles::Membership;
use rollcall_store::StoreError;
use rollcall_store::change::Delta;
use rollcall_store::index::IndexEntry;
use rollcall_store::people::Rules;
use rollcall_store::plan::parse_id;
use rollcall_store::write::Batch;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{TextColumn, get};
use crate::connection::Connection;
use crate::session::Session;

const FIND: &str =
    "SELECT r.key, r.id, c.grouping FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ANY ($1) AND c.source = $2";
const MEMBERS: &str = "SELECT r.key, r.id, c.grouping FROM membership AS m
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS c ON c.key = r.collection
    WHERE m.group_key = $1 ORDER BY m.position";
/// The groups that resources are in, directly and through other groups: each once, also where they go round in circles.
const MEMBERSHIPS: &str = "WITH RECURSIVE above (member, group_key) AS (
        SELECT member_key, group_key FROM membership WHERE member_key = ANY ($1)
        UNION
        SELECT a.member, m.group_key FROM above AS a JOIN membership AS m ON m.member_key = a.group_key)
    SELECT a.member, g.id, v.value FROM above AS a JOIN resource AS g ON g.key = a.group_key
    LEFT JOIN attribute AS t ON t.collection = g.collection AND t.path = 'externalId'
    LEFT JOIN value AS v ON v.resource = g.key AND v.attribute = t.key
    ORDER BY a.member, a.group_key";
const EXTERNAL_ID: &str = "SELECT v.value FROM resource AS r
    JOIN attribute AS t ON t.collection = r.collection AND t.path = 'externalId'
    JOIN value AS v ON v.resource = r.key AND v.attribute = t.key WHERE r.id = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[FIND, MEMBERS, MEMBERSHIPS, EXTERNAL_ID];

/// A user, or a group.
#[derive(Debug, Clone, Copy)]
struct Member {
    key: i64,
    id: Uuid,
    /// Whether it is of a type that has members.
    grouping: bool,
}

impl Member {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { key: get(row, 0)?, id: get(row, 1)?, grouping: get(row, 2)? })
    }
}

/// The groups of each of these, direct and through others, with their keys.
pub(crate) async fn memberships(
    connection: &Connection,
    rules: &Rules,
    resources: &[i64],
) -> Result<HashMap<i64, Vec<Membership>>, StoreError> {
    let mut all: HashMap<i64, Vec<Membership>> = HashMap::new();
    for row in connection.rows(MEMBERSHIPS, &[&resources]).await? {
        let external_id = get::<Option<TextColumn>>(&row, 2)?.map(|text| text.0);
        let external_id = external_id.filter(|_| rules.reads_external_ids());
        all.entry(get(&row, 0)?).or_default().push(Membership { id: get(&row, 1)?, external_id });
    }
    Ok(all)
}

/// The users whose groups changed with the members of a group.
pub(crate) async fn changed(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
    (key, id): (i64, Uuid),
    delta: &Delta,
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    if delta.is_empty() || !is_known(session, rules, key, id).await? {
        return Ok(Vec::new());
    }
    let values = delta.added.iter().chain(&delta.removed);
    let ids: Vec<Uuid> = values.filter_map(|value| parse_id(value)).collect();
    let members = find(session, batch, &ids).await?;
    users(session, members).await
}

/// The members of a group that is about to be deleted.
pub(crate) async fn leaving(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
    id: Uuid,
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    match find(session, batch, &[id]).await?.pop() {
        Some(group) if group.grouping && is_known(session, rules, group.key, id).await? => {
            let members = members(session, group.key).await?;
            users(session, members).await
        }
        _ => Ok(Vec::new()),
    }
}

/// The members of a group whose `externalId` is about to change, where that means anything.
pub(crate) async fn renamed(
    session: &mut Session,
    batch: &Batch,
    rules: &Rules,
    id: Uuid,
    index: &[IndexEntry],
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    if !rules.reads_external_ids() {
        return Ok(Vec::new());
    }
    let Some(group) = find(session, batch, &[id]).await?.pop().filter(|group| group.grouping) else {
        return Ok(Vec::new());
    };
    let before = external_id(session.connection(), id).await?;
    let after = index.iter().find(|entry| entry.attribute == "externalId").map(|entry| entry.value.clone());
    let is_known = |key: &Option<String>| key.as_deref().is_some_and(|key| rules.knows_group(key));
    if before == after || !(is_known(&before) || is_known(&after)) {
        return Ok(Vec::new());
    }
    let members = members(session, group.key).await?;
    users(session, members).await
}

/// Whether policy knows a group, or one that it is in.
async fn is_known(session: &mut Session, rules: &Rules, key: i64, id: Uuid) -> Result<bool, StoreError> {
    let is_known = |id: Uuid, external_id: Option<&str>| {
        rules.knows_group(&id.to_string()) || external_id.is_some_and(|key| rules.knows_group(key))
    };
    if is_known(id, None) {
        return Ok(true);
    }
    let connection = session.connection();
    if rules.reads_external_ids() && is_known(id, external_id(connection, id).await?.as_deref()) {
        return Ok(true);
    }
    let above = memberships(connection, rules, &[key]).await?;
    Ok(above.values().flatten().any(|group| is_known(group.id, group.external_id.as_deref())))
}

/// The `externalId` of a group.
async fn external_id(connection: &Connection, group: Uuid) -> Result<Option<String>, StoreError> {
    let row = connection.row(EXTERNAL_ID, &[&group]).await?;
    Ok(row.map(|row| get::<TextColumn>(&row, 0)).transpose()?.map(|text| text.0))
}

/// The users among these, and those inside the groups among them.
async fn users(session: &mut Session, mut ahead: Vec<Member>) -> Result<Vec<(i64, Uuid)>, StoreError> {
    let (mut seen, mut users) = (HashSet::new(), Vec::new());
    while let Some(next) = ahead.pop() {
        if !seen.insert(next.key) {
            continue;
        }
        if next.grouping {
            ahead.extend(members(session, next.key).await?);
        } else {
            users.push((next.key, next.id));
        }
    }
    Ok(users)
}

/// Resources of the source, in the order of `ids`.
async fn find(session: &mut Session, batch: &Batch, ids: &[Uuid]) -> Result<Vec<Member>, StoreError> {
    let rows = session.rows(FIND, &[&ids, &batch.source.0]).await?;
    let found = rows.iter().map(|row| Member::read(row).map(|member| (member.id, member)));
    let found: HashMap<Uuid, Member> = found.collect::<Result<_, _>>()?;
    Ok(ids.iter().filter_map(|id| found.get(id)).copied().collect())
}

async fn members(session: &mut Session, group: i64) -> Result<Vec<Member>, StoreError> {
    session.rows(MEMBERS, &[&group]).await?.iter().map(Member::read).collect()
}
