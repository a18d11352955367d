//! The keys that stand for a type of a source and for an attribute's path, remembered by readers. Keys never change
//! and are never used again, so what was read once holds; what is missing is looked for each time.

use std::collections::HashMap;

use parking_lot::RwLock;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;

use crate::column::{Parameters, get};
use crate::pool::Pool;

const COLLECTION: &str = "SELECT key FROM collection WHERE source = $1 AND kind = $2";
const ATTRIBUTE: &str = "SELECT key FROM attribute WHERE collection = $1 AND path = $2";

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
    pub(crate) async fn collection(
        &self,
        pool: &Pool,
        source: SourceKey,
        kind: &str,
    ) -> Result<Option<i64>, StoreError> {
        if let Some(key) = remembered(&self.collections, source.0, kind) {
            return Ok(Some(key));
        }
        let key = read(pool, COLLECTION, &[&source.0, &kind]).await?;
        Ok(remember(&self.collections, source.0, kind, key))
    }

    /// The key of an attribute's path, if any resource ever had a value there.
    pub(crate) async fn attribute(
        &self,
        pool: &Pool,
        collection: i64,
        path: &str,
    ) -> Result<Option<i64>, StoreError> {
        if let Some(key) = remembered(&self.attributes, collection, path) {
            return Ok(Some(key));
        }
        let key = read(pool, ATTRIBUTE, &[&collection, &path]).await?;
        Ok(remember(&self.attributes, collection, path, key))
    }
}

fn remembered(keys: &Keys, above: i64, name: &str) -> Option<i64> {
    keys.read().get(&above)?.iter().find(|known| known.0 == name).map(|known| known.1)
}

fn remember(keys: &Keys, above: i64, name: &str, key: Option<i64>) -> Option<i64> {
    let key = key?;
    let mut keys = keys.write();
    let names = keys.entry(above).or_default();
    if !names.iter().any(|known| known.0 == name) {
        names.push((name.to_owned(), key));
    }
    Some(key)
}

async fn read(pool: &Pool, sql: &'static str, parameters: Parameters<'_>) -> Result<Option<i64>, StoreError> {
    pool.connection().await?.row(sql, parameters).await?.map(|row| get(&row, 0)).transpose()
}
