//! Reading one resource through the cache.

use std::sync::Arc;

use rollcall_scim::error::ScimError;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::plan::parse_id;
use rollcall_store::query::{GroupRef, Stored};
use rollcall_store::stamps::Stamp;
use uuid::Uuid;

use crate::cache::Entry;
use crate::{Caller, Service, error};

impl Service {
    /// The resource of this id as it is now; 404 when there is none of this source and type.
    pub(crate) async fn load(
        &self,
        caller: &Caller,
        kind: &Arc<ResolvedType>,
        id: &str,
    ) -> Result<Entry, ScimError> {
        let id = parse_id(id).ok_or_else(error::not_found)?;
        let source = caller.runtime.source.key;
        let stamp = self.store.stamps().of(id);
        // What is another's is looked for like what is nobody's: neither answer nor time tells them apart.
        if let Some(entry) = self.cache.get(id, stamp, (source.0, kind.name())) {
            return Ok(entry);
        }
        let found = if kind.has_groups() {
            self.store.get_with_groups(source, kind.name(), id).await
        } else {
            self.store
                .get(source, kind.name(), id)
                .await
                .map(|found| found.map(|stored| (stored, Vec::new())))
        };
        let (stored, groups) = found.map_err(error::from_store)?.ok_or_else(error::not_found)?;
        let entry = Self::entry(caller, kind, stored, groups, Some(stamp));
        self.cache.put(&entry);
        Ok(entry)
    }

    /// The groups that a resource is in.
    pub(crate) async fn groups_of(&self, caller: &Caller, id: Uuid) -> Result<Vec<GroupRef>, ScimError> {
        let groups = self.store.groups(caller.runtime.source.key, &[id]).await;
        Ok(groups.map_err(error::from_store)?.pop().unwrap_or_default())
    }

    /// A row with its groups. Without a stamp it is not kept.
    pub(crate) fn entry(
        caller: &Caller,
        kind: &Arc<ResolvedType>,
        row: Stored,
        groups: Vec<GroupRef>,
        stamp: Option<Stamp>,
    ) -> Entry {
        Entry { stamp, place: (caller.runtime.source.key.0, Arc::clone(kind)), row, groups }
    }
}
