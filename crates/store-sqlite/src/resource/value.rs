//! Index rows: which a resource has, and that no two share a unique one. `resource.entries` lists them.

use std::collections::BTreeSet;

use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::index::IndexEntry;
use rollcall_store::stamps::place_of;
use rusqlite::OptionalExtension as _;

use crate::error::{IdColumn, OrUnavailable as _, corrupt};
use crate::session::Session;

const HOLDER: &str = "SELECT r.id FROM value AS v JOIN resource AS r ON r.key = v.resource
    WHERE v.collection = ?1 AND v.attribute = ?2 AND v.value = ?3";
const ADD: &str = "INSERT INTO value (collection, attribute, value, apart, resource)
    VALUES (?1, ?2, ?3, CASE WHEN ?5 THEN 0 ELSE ?4 END, ?4) ON CONFLICT DO NOTHING";
const ENTRIES: &str = "SELECT entries FROM resource WHERE key = ?1";
const PATHS: &str = "SELECT key, path FROM attribute WHERE collection = ?1";
const REMOVE: &str =
    "DELETE FROM value WHERE collection = ?1 AND attribute = ?2 AND value = ?3 AND resource = ?4";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[HOLDER, ADD, ENTRIES, PATHS, REMOVE];

/// The rows of a resource: attribute and value of each.
pub(crate) type Entries = BTreeSet<(i64, String)>;

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

/// `resource.entries` of these rows.
pub(crate) fn encode(rows: &[ValueRow<'_>]) -> Result<String, StoreError> {
    let pairs: Vec<(i64, &str)> = rows.iter().map(|row| (row.attribute, row.entry.value.as_str())).collect();
    serde_json::to_string(&pairs).map_err(|error| corrupt("resource", "entries", error))
}

/// Adds rows of a resource. `Conflict` when another has one of the unique values: then nothing is added. That no
/// two have it is the primary key's doing.
pub(crate) fn add(
    session: &mut Session<'_>,
    source: SourceKey,
    key: i64,
    rows: &[ValueRow<'_>],
) -> Result<(), StoreError> {
    let mut statement = session.prepare(ADD)?;
    for (at, row) in rows.iter().enumerate() {
        let value = (row.collection, row.attribute, &row.entry.value, key, row.entry.unique);
        if statement.execute(value).or_unavailable()? == 0 {
            take_back(session, key, rows.get(..at).unwrap_or_default())?;
            return Err(conflict(session, row)?);
        }
        if row.entry.unique {
            session.touch(place_of(source, &row.entry.value));
        }
    }
    Ok(())
}

/// Removes rows that the running unit has added, as if it had not.
pub(crate) fn take_back(
    session: &mut Session<'_>,
    key: i64,
    rows: &[ValueRow<'_>],
) -> Result<(), StoreError> {
    for row in rows {
        remove(session, key, (row.collection, row.attribute, &row.entry.value))?;
    }
    session.took_back(2 * rows.len() as u64);
    Ok(())
}

/// Who has the value.
fn conflict(session: &Session<'_>, row: &ValueRow<'_>) -> Result<StoreError, StoreError> {
    let holder = (row.collection, row.attribute, &row.entry.value);
    let id: Option<IdColumn> =
        session.prepare(HOLDER)?.query_row(holder, |row| row.get(0)).optional().or_unavailable()?;
    Ok(StoreError::Conflict { attribute: row.entry.attribute.clone(), id: id.map(|id| id.0) })
}

/// Makes these the rows of a resource, writing the difference only. `Conflict` as in [`add`]; then the rows are those
/// of before.
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
    add(session, source, key, &added)?;
    let gone = before.iter().map(|(attribute, value)| (*attribute, value.as_str()));
    for (attribute, value) in gone.filter(|entry| !after.contains(entry)) {
        remove(session, key, (collection, attribute, value))?;
        session.touch(place_of(source, value));
    }
    Ok(())
}

/// Removes the rows of a resource, and returns what they were.
pub(crate) fn remove_all(
    session: &Session<'_>,
    (collection, key): (i64, i64),
) -> Result<Entries, StoreError> {
    let entries = of_resource(session, key)?;
    for (attribute, value) in &entries {
        remove(session, key, (collection, *attribute, value))?;
    }
    Ok(entries)
}

/// The value of a single-valued attribute, by its path.
pub(crate) fn of_path(
    session: &Session<'_>,
    collection: i64,
    entries: &Entries,
    path: &str,
) -> Result<Option<String>, StoreError> {
    let mut statement = session.prepare(PATHS)?;
    let mut attributes = statement.query([collection]).or_unavailable()?;
    while let Some(attribute) = attributes.next().or_unavailable()? {
        let (key, name): (i64, String) = attribute.try_into().or_unavailable()?;
        if name == path {
            return Ok(entries.iter().find(|(of, _)| *of == key).map(|(_, value)| value.clone()));
        }
    }
    Ok(None)
}

fn remove(
    session: &Session<'_>,
    key: i64,
    (collection, attribute, value): (i64, i64, &str),
) -> Result<(), StoreError> {
    session.prepare(REMOVE)?.execute((collection, attribute, value, key)).map(drop).or_unavailable()
}

fn of_resource(session: &Session<'_>, key: i64) -> Result<Entries, StoreError> {
    let text: String = session.prepare(ENTRIES)?.query_row([key], |row| row.get(0)).or_unavailable()?;
    serde_json::from_str(&text).map_err(|error| corrupt("resource", "entries", error.to_string()))
}
