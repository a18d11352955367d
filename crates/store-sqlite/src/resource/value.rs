//! Index rows: which a resource has, and that no two share a unique one.

use std::collections::BTreeSet;

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::index::IndexEntry;
use rollcall_store::stamps::place_of;
use rusqlite::OptionalExtension as _;

use crate::error::{IdColumn, OrUnavailable as _};
use crate::session::Session;

const HOLDER: &str = "SELECT r.key, r.id FROM value AS v JOIN resource AS r ON r.key = v.resource
    WHERE v.collection = ?1 AND v.attribute = ?2 AND v.value = ?3";
const ADD: &str = "INSERT INTO value (collection, attribute, value, apart, resource)
    VALUES (?1, ?2, ?3, CASE WHEN ?5 THEN 0 ELSE ?4 END, ?4)";
const OF_RESOURCE: &str = "SELECT attribute, value FROM value WHERE resource = ?1";
const REMOVE: &str =
    "DELETE FROM value WHERE collection = ?1 AND attribute = ?2 AND value = ?3 AND resource = ?4";
const REMOVE_ALL: &str = "DELETE FROM value WHERE resource = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[HOLDER, ADD, OF_RESOURCE, REMOVE, REMOVE_ALL];

/// An entry with its collection's and its attribute's key.
pub(crate) struct ValueRow<'a> {
    pub(crate) collection: i64,
    pub(crate) attribute: i64,
    pub(crate) entry: &'a IndexEntry,
}

/// Finds the attribute keys.
pub(crate) fn rows<'a>(
    session: &mut Session<'_>,
    collection: i64,
    entries: &'a [IndexEntry],
) -> Result<Vec<ValueRow<'a>>, StoreError> {
    let row = |entry: &'a IndexEntry| {
        Ok(ValueRow { collection, attribute: session.attribute(collection, &entry.attribute)?, entry })
    };
    entries.iter().map(row).collect()
}

/// `Conflict` when another resource than this has one of the unique values: told before anything is
/// written. That it cannot be otherwise is the primary key's doing.
pub(crate) fn check(
    session: &mut Session<'_>,
    rows: &[ValueRow<'_>],
    own: Option<i64>,
) -> Result<(), StoreError> {
    let mut statement = session.prepare(HOLDER)?;
    for row in rows.iter().filter(|row| row.entry.unique) {
        let mut holders =
            statement.query((row.collection, row.attribute, &row.entry.value)).or_unavailable()?;
        while let Some(holder) = holders.next().or_unavailable()? {
            let key: i64 = holder.get(0).or_unavailable()?;
            if own != Some(key) {
                let id: IdColumn = holder.get(1).or_unavailable()?;
                let attribute = row.entry.attribute.clone();
                return Err(StoreError::Conflict { attribute, id: Some(id.0) });
            }
        }
    }
    Ok(())
}

/// Adds the rows of a new resource.
pub(crate) fn add(
    session: &mut Session<'_>,
    source: SourceKey,
    key: i64,
    rows: &[ValueRow<'_>],
) -> Result<(), StoreError> {
    let mut statement = session.prepare(ADD)?;
    for row in rows {
        let value = (row.collection, row.attribute, &row.entry.value, key, row.entry.unique);
        statement.execute(value).or_unavailable()?;
        if row.entry.unique {
            session.touch(place_of(source, &row.entry.value));
        }
    }
    Ok(())
}

/// Makes these the rows of a resource, writing the difference only. `Conflict` before anything is written.
pub(crate) fn change(
    session: &mut Session<'_>,
    source: SourceKey,
    (collection, key): (i64, i64),
    rows: &[ValueRow<'_>],
) -> Result<(), StoreError> {
    let before = of_resource(session, key)?;
    let after: BTreeSet<(i64, &str)> =
        rows.iter().map(|row| (row.attribute, row.entry.value.as_str())).collect();
    let new = |row: &&ValueRow<'_>| !before.contains(&(row.attribute, row.entry.value.clone()));
    let added: Vec<ValueRow<'_>> = rows.iter().filter(new).map(|row| ValueRow { ..*row }).collect();
    check(session, &added, Some(key))?;
    let mut statement = session.prepare(REMOVE)?;
    for (attribute, value) in before.iter().filter(|(attribute, value)| !after.contains(&(*attribute, value)))
    {
        statement.execute((collection, attribute, value, key)).or_unavailable()?;
        session.touch(place_of(source, value));
    }
    add(session, source, key, &added)
}

/// Removes the rows of a resource.
pub(crate) fn remove_all(session: &mut Session<'_>, key: i64) -> Result<(), StoreError> {
    session.prepare(REMOVE_ALL)?.execute([key]).map(drop).or_unavailable()
}

/// A resource's value of a single-valued attribute, by its path.
pub(crate) fn of_path(session: &mut Session<'_>, key: i64, path: &str) -> Result<Option<String>, StoreError> {
    const OF_PATH: &str = "SELECT v.value FROM value AS v JOIN attribute AS a ON a.key = v.attribute
        WHERE v.resource = ?1 AND a.path = ?2";
    session.prepare(OF_PATH)?.query_row((key, path), |row| row.get(0)).optional().or_unavailable()
}

fn of_resource(session: &mut Session<'_>, key: i64) -> Result<BTreeSet<(i64, String)>, StoreError> {
    let mut statement = session.prepare(OF_RESOURCE)?;
    let rows = statement.query_map([key], |row| Ok((row.get(0)?, row.get(1)?))).or_unavailable()?;
    rows.collect::<rusqlite::Result<_>>().or_unavailable()
}
