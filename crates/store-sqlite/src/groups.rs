//! Which groups resources are in, directly and through other groups.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::query::GroupRef;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _};

const NESTED: &str = "SELECT nested FROM source WHERE key = ?1";
const RESOURCE: &str = "SELECT r.key FROM resource AS r JOIN collection AS c ON c.key = r.collection
    WHERE r.id = ?1 AND c.source = ?2";
const DIRECT: &str = "SELECT g.key, g.id, g.display FROM membership AS m
    JOIN resource AS g ON g.key = m.group_key WHERE m.member_key = ?1 ORDER BY m.group_key";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[NESTED, RESOURCE, DIRECT];

#[derive(Clone)]
struct Group {
    key: i64,
    id: Uuid,
    display: Option<String>,
}

/// The groups of each of these ids, in their order.
///
/// Where the source never had a group in a group, each id costs one query. Else the groups above are
/// walked, each group's own only once for all ids.
pub(crate) fn of(
    connection: &Connection,
    source: SourceKey,
    ids: &[Uuid],
) -> Result<Vec<Vec<GroupRef>>, StoreError> {
    let nested = is_nested(connection, source)?;
    let mut above = HashMap::new();
    let mut statement = connection.prepare_cached(RESOURCE).or_unavailable()?;
    ids.iter()
        .map(|id| {
            let key: Option<i64> = statement
                .query_row((IdColumn(*id), source.0), |row| row.get(0))
                .optional()
                .or_unavailable()?;
            match key {
                Some(key) => all(connection, direct(connection, key)?, nested, &mut above),
                None => Ok(Vec::new()),
            }
        })
        .collect()
}

/// The groups of one resource, by its key.
pub(crate) fn of_resource(
    connection: &Connection,
    source: SourceKey,
    key: i64,
) -> Result<Vec<GroupRef>, StoreError> {
    let direct = direct(connection, key)?;
    // Who is in no group is in none through another.
    let nested = !direct.is_empty() && is_nested(connection, source)?;
    all(connection, direct, nested, &mut HashMap::new())
}

/// Whether the source ever had a group in a group.
fn is_nested(connection: &Connection, source: SourceKey) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(NESTED).or_unavailable()?;
    let nested: Option<bool> =
        statement.query_row([source.0], |row| row.get(0)).optional().or_unavailable()?;
    Ok(nested == Some(true))
}

/// Those that a resource is in itself, and where groups are nested, those above them.
fn all(
    connection: &Connection,
    direct: Vec<Group>,
    nested: bool,
    above: &mut HashMap<i64, Vec<Group>>,
) -> Result<Vec<GroupRef>, StoreError> {
    let mut indirect: Vec<Group> = Vec::new();
    if nested {
        let mut seen: HashSet<i64> = direct.iter().map(|group| group.key).collect();
        let mut ahead: Vec<i64> = seen.iter().copied().collect();
        while let Some(next) = ahead.pop() {
            let groups = match above.entry(next) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(self::direct(connection, next)?),
            };
            for group in groups.iter().filter(|group| seen.insert(group.key)) {
                ahead.push(group.key);
                indirect.push(group.clone());
            }
        }
        indirect.sort_unstable_by_key(|group| group.key);
    }
    let reference = |direct| move |group: Group| GroupRef { id: group.id, display: group.display, direct };
    Ok(direct.into_iter().map(reference(true)).chain(indirect.into_iter().map(reference(false))).collect())
}

fn direct(connection: &Connection, key: i64) -> Result<Vec<Group>, StoreError> {
    let mut statement = connection.prepare_cached(DIRECT).or_unavailable()?;
    let rows = statement.query_map([key], |row| {
        let id: IdColumn = row.get(1)?;
        Ok(Group { key: row.get(0)?, id: id.0, display: row.get(2)? })
    });
    rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()
}
