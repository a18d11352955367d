//! Which groups resources are in, directly and through other groups.

use std::collections::{HashMap, HashSet};

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::GroupRef;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{TextColumn, get};
use crate::connection::Connection;

const NESTED: &str = "SELECT 1 FROM source WHERE key = $1 AND nested";
const OF_IDS: &str = "SELECT r.id, g.key, g.id, g.display FROM resource AS r
    JOIN collection AS c ON c.key = r.collection
    JOIN membership AS m ON m.member_key = r.key JOIN resource AS g ON g.key = m.group_key
    WHERE r.id = ANY($1) AND c.source = $2 ORDER BY m.group_key";
const OF_KEYS: &str = "SELECT m.member_key, g.key, g.id, g.display FROM membership AS m
    JOIN resource AS g ON g.key = m.group_key WHERE m.member_key = ANY($1) ORDER BY m.group_key";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[NESTED, OF_IDS, OF_KEYS];

#[derive(Clone)]
struct Group {
    key: i64,
    id: Uuid,
    display: Option<String>,
}

impl Group {
    /// Reads key, id and display, the columns after the first.
    fn read(row: &Row) -> Result<Self, StoreError> {
        let display: Option<TextColumn> = get(row, 3)?;
        Ok(Self { key: get(row, 1)?, id: get(row, 2)?, display: display.map(|text| text.0) })
    }
}

/// Whose groups are known: those above each group.
type Above = HashMap<i64, Vec<Group>>;

/// The groups of each of these ids, in their order.
///
/// Where the source never had a group in a group, this is one query. Else the groups above are read, a level at a time.
pub(crate) async fn of(
    connection: &Connection,
    source: SourceKey,
    ids: &[Uuid],
) -> Result<Vec<Vec<GroupRef>>, StoreError> {
    let rows = connection.rows(OF_IDS, &[&ids, &source.0]).await?;
    let mut direct: HashMap<Uuid, Vec<Group>> = HashMap::new();
    for row in &rows {
        direct.entry(get(row, 0)?).or_default().push(Group::read(row)?);
    }
    let mut above = Above::new();
    if !direct.is_empty() && is_nested(connection, source).await? {
        climb(connection, direct.values().flatten(), &mut above).await?;
    }
    let groups = ids.iter().map(|id| all(direct.get(id).cloned().unwrap_or_default(), &above));
    Ok(groups.collect())
}

/// The groups of one resource, by its key.
pub(crate) async fn of_resource(
    connection: &Connection,
    source: SourceKey,
    key: i64,
) -> Result<Vec<GroupRef>, StoreError> {
    let direct = level(connection, &[key]).await?.remove(&key).unwrap_or_default();
    let mut above = Above::new();
    // Who is in no group is in none through another.
    if !direct.is_empty() && is_nested(connection, source).await? {
        climb(connection, direct.iter(), &mut above).await?;
    }
    Ok(all(direct, &above))
}

/// Whether the source ever had a group in a group.
async fn is_nested(connection: &Connection, source: SourceKey) -> Result<bool, StoreError> {
    connection.exists(NESTED, &[&source.0]).await
}

/// Reads what is above these groups, level by level, each group's own once.
async fn climb(
    connection: &Connection,
    groups: impl Iterator<Item = &Group>,
    above: &mut Above,
) -> Result<(), StoreError> {
    let mut ahead: HashSet<i64> = groups.map(|group| group.key).collect();
    while !ahead.is_empty() {
        let keys: Vec<i64> = ahead.drain().collect();
        let mut found = level(connection, &keys).await?;
        for key in keys {
            above.insert(key, found.remove(&key).unwrap_or_default());
        }
        let next = above.values().flatten().map(|group| group.key);
        ahead = next.filter(|key| !above.contains_key(key)).collect();
    }
    Ok(())
}

/// The groups that each of these is in itself.
async fn level(connection: &Connection, keys: &[i64]) -> Result<Above, StoreError> {
    let mut found = Above::new();
    for row in &connection.rows(OF_KEYS, &[&keys]).await? {
        found.entry(get(row, 0)?).or_default().push(Group::read(row)?);
    }
    Ok(found)
}

/// Those that a resource is in itself, and those above them.
fn all(direct: Vec<Group>, above: &Above) -> Vec<GroupRef> {
    let mut indirect: Vec<Group> = Vec::new();
    let mut seen: HashSet<i64> = direct.iter().map(|group| group.key).collect();
    let mut ahead: Vec<i64> = seen.iter().copied().collect();
    while let Some(next) = ahead.pop() {
        for group in above.get(&next).into_iter().flatten().filter(|group| seen.insert(group.key)) {
            ahead.push(group.key);
            indirect.push(group.clone());
        }
    }
    indirect.sort_unstable_by_key(|group| group.key);
    let reference = |direct| move |group: Group| GroupRef { id: group.id, display: group.display, direct };
    direct.into_iter().map(reference(true)).chain(indirect.into_iter().map(reference(false))).collect()
}
