//! The keys that stand for a type of a source and for an attribute's path, remembered by readers. Keys never change
//! and are never used again, so what was read once holds; what is missing is looked for each time.

use std::collections::HashMap;

use parking_lot::RwLock;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _, Params};

use crate::error::OrUnavailable as _;

const COLLECTION: &str = "SELECT key FROM collection WHERE source = ?1 AND kind = ?2";
const ATTRIBUTE: &str = "SELECT key FROM attribute WHERE collection = ?1 AND path = ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[COLLECTION, ATTRIBUTE];

/// Names below a number: kinds of a source, paths of a collection.
type Keys = RwLock<HashMap<i64, Vec<(String, i64)>>>;

/// What is remembered: a few entries a source.
#[derive(Debug, Default)]
pub(crate) struct Names {
    collections: Keys,
    attributes: Keys,
}

impl Names {
    /// The collection of a type, if there ever was a resource of it.
    pub(crate) fn collection(
        &self,
        connection: &Connection,
        source: SourceKey,
        kind: &str,
    ) -> Result<Option<i64>, StoreError> {
        remembered(&self.collections, (source.0, kind), || read(connection, COLLECTION, (source.0, kind)))
    }

    /// The key of an attribute's path, if any resource ever had a value there.
    pub(crate) fn attribute(
        &self,
        connection: &Connection,
        collection: i64,
        path: &str,
    ) -> Result<Option<i64>, StoreError> {
        remembered(&self.attributes, (collection, path), || read(connection, ATTRIBUTE, (collection, path)))
    }
}

fn remembered(
    keys: &Keys,
    (above, name): (i64, &str),
    read: impl FnOnce() -> Result<Option<i64>, StoreError>,
) -> Result<Option<i64>, StoreError> {
    let find = |names: &Vec<(String, i64)>| names.iter().find(|known| known.0 == name).map(|known| known.1);
    if let Some(key) = keys.read().get(&above).and_then(find) {
        return Ok(Some(key));
    }
    let key = read()?;
    if let Some(key) = key {
        let mut keys = keys.write();
        let names = keys.entry(above).or_default();
        if find(names).is_none() {
            names.push((name.to_owned(), key));
        }
    }
    Ok(key)
}

fn read(connection: &Connection, sql: &str, parameters: impl Params) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached(sql).or_unavailable()?;
    statement.query_row(parameters, |row| row.get(0)).optional().or_unavailable()
}
