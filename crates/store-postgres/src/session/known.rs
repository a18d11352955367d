//! What a writer remembers of rows that hardly change.

use std::collections::{HashMap, HashSet};

use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;

use super::Session;
use crate::column::get;
use crate::error::unsigned;

const AWAITS: &str = "SELECT 1 FROM pending_member WHERE source = $1 LIMIT 1";
const SOURCE_TENANT: &str = "SELECT tenant, generation FROM source WHERE key = $1";
const COLLECTION: &str = "SELECT key FROM collection WHERE source = $1 AND kind = $2";
const ADD_COLLECTION: &str = "INSERT INTO collection (source, kind) VALUES ($1, $2) RETURNING key";
const ATTRIBUTES: &str = "SELECT path, key FROM attribute WHERE collection = $1";
const ADD_ATTRIBUTE: &str = "INSERT INTO attribute (collection, path) VALUES ($1, $2) RETURNING key";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[AWAITS, SOURCE_TENANT, COLLECTION, ADD_COLLECTION, ATTRIBUTES, ADD_ATTRIBUTE];

/// Rows that hardly change, kept between transactions of a tenant while its count of facts is the same.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(super) facts: i64,
    /// Of a source: its tenant, and the generation of its settings.
    sources: HashMap<i64, (i64, i64)>,
    collections: HashMap<i64, Vec<(String, i64)>>,
    /// All attributes of a collection.
    attributes: HashMap<i64, HashMap<String, i64>>,
    /// Whether a source may have members that name no resource yet.
    awaiting: HashMap<i64, bool>,
    /// Collections of which a resource had members.
    grouping: HashSet<i64>,
}

impl Known {
    /// Nothing yet, as of this count of facts.
    pub(super) fn of(facts: i64) -> Self {
        Self { facts, ..Self::default() }
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::of(self.facts);
    }

    /// The tenant's count of facts when this was read.
    pub(crate) fn facts(&self) -> i64 {
        self.facts
    }

    /// The generation of a source's settings, if it is remembered, and the tenant's.
    pub(crate) fn generation(&self, tenant: TenantKey, source: SourceKey) -> Option<u64> {
        let (owner, generation) = self.sources.get(&source.0)?;
        u64::try_from(*generation).ok().filter(|_| *owner == tenant.0)
    }

    /// Whether a group of the source may have a member that names no resource yet, if it is remembered.
    pub(crate) fn awaits(&self, source: SourceKey) -> Option<bool> {
        self.awaiting.get(&source.0).copied()
    }

    /// The collection of a type, if it is remembered.
    pub(crate) fn collection(&self, source: SourceKey, kind: &str) -> Option<i64> {
        let known = self.collections.get(&source.0)?;
        known.iter().find(|(name, _)| name == kind).map(|(_, collection)| *collection)
    }

    /// The key of an attribute's path in a collection, if it is remembered.
    pub(crate) fn attribute(&self, collection: i64, path: &str) -> Option<i64> {
        self.attributes.get(&collection)?.get(path).copied()
    }
}

impl Session {
    /// Forgets what is known, after a change of rows that it came from.
    pub(crate) fn forget(&mut self) {
        self.known.forget();
    }

    /// Whether a group of the source may have a member that names no resource yet.
    pub(crate) async fn awaits(&mut self, source: SourceKey) -> Result<bool, StoreError> {
        if let Some(awaits) = self.known.awaits(source) {
            return Ok(awaits);
        }
        let awaits = self.exists(AWAITS, &[&source.0]).await?;
        self.known.awaiting.insert(source.0, awaits);
        Ok(awaits)
    }

    /// A group of the source gets a member that names no resource yet.
    pub(crate) async fn will_await(
        &mut self,
        tenant: TenantKey,
        source: SourceKey,
    ) -> Result<(), StoreError> {
        if self.known.awaiting.insert(source.0, true) == Some(true) {
            return Ok(());
        }
        self.new_fact(tenant).await
    }

    /// Whether it is remembered that a resource of the collection had members.
    pub(crate) fn is_grouping(&self, collection: i64) -> bool {
        self.known.grouping.contains(&collection)
    }

    pub(crate) fn know_grouping(&mut self, collection: i64) {
        self.known.grouping.insert(collection);
    }

    /// Whether the source is there, and the tenant's.
    pub(crate) async fn owns(&mut self, tenant: TenantKey, source: SourceKey) -> Result<bool, StoreError> {
        Ok(self.generation(tenant, source).await?.is_some())
    }

    /// The generation of the source's settings; `None` when it is not there, or not the tenant's.
    pub(crate) async fn generation(
        &mut self,
        tenant: TenantKey,
        source: SourceKey,
    ) -> Result<Option<u64>, StoreError> {
        self.lock(tenant).await?;
        let known = self.known.sources.get(&source.0).copied();
        let (owner, generation) = if let Some(known) = known {
            known
        } else {
            let Some(row) = self.row(SOURCE_TENANT, &[&source.0]).await? else { return Ok(None) };
            let found: (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
            self.known.sources.insert(source.0, found);
            found
        };
        let generation = unsigned(generation, "source", "generation")?;
        Ok((owner == tenant.0).then_some(generation))
    }

    /// The collection of this type, if there ever was a resource of it.
    pub(crate) async fn known_collection(
        &mut self,
        source: SourceKey,
        kind: &str,
    ) -> Result<Option<i64>, StoreError> {
        if let Some(collection) = self.known.collection(source, kind) {
            return Ok(Some(collection));
        }
        let Some(row) = self.row(COLLECTION, &[&source.0, &kind]).await? else { return Ok(None) };
        let collection = get(&row, 0)?;
        self.known.collections.entry(source.0).or_default().push((kind.to_owned(), collection));
        Ok(Some(collection))
    }

    /// The collection of this type, made when missing.
    pub(crate) async fn collection(
        &mut self,
        tenant: TenantKey,
        source: SourceKey,
        kind: &str,
    ) -> Result<i64, StoreError> {
        if let Some(collection) = self.known_collection(source, kind).await? {
            return Ok(collection);
        }
        self.new_fact(tenant).await?;
        let row = self.returning(ADD_COLLECTION, &[&source.0, &kind]).await?.pop();
        let collection = get(&row.ok_or(StoreError::NotFound)?, 0)?;
        self.known.collections.entry(source.0).or_default().push((kind.to_owned(), collection));
        Ok(collection)
    }

    /// The key of an attribute's path in a collection, if any resource ever had a value there.
    pub(crate) async fn known_attribute(
        &mut self,
        collection: i64,
        path: &str,
    ) -> Result<Option<i64>, StoreError> {
        if !self.known.attributes.contains_key(&collection) {
            let rows = self.rows(ATTRIBUTES, &[&collection]).await?;
            let read = rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?)));
            self.known.attributes.insert(collection, read.collect::<Result<_, StoreError>>()?);
        }
        Ok(self.known.attribute(collection, path))
    }

    /// The key of an attribute's path in a collection, made when missing.
    pub(crate) async fn attribute(
        &mut self,
        tenant: TenantKey,
        collection: i64,
        path: &str,
    ) -> Result<i64, StoreError> {
        if let Some(key) = self.known_attribute(collection, path).await? {
            return Ok(key);
        }
        self.new_fact(tenant).await?;
        let row = self.returning(ADD_ATTRIBUTE, &[&collection, &path]).await?.pop();
        let key = get(&row.ok_or(StoreError::NotFound)?, 0)?;
        self.known.attributes.entry(collection).or_default().insert(path.to_owned(), key);
        Ok(key)
    }
}
