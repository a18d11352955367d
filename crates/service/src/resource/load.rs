//! Reading one resource through the cache.

use std::sync::Arc;

use rollcall_scim::error::ScimError;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::query::Stored;
use uuid::Uuid;

use crate::cache::Entry;
use crate::render::{self, Source};
use crate::{Caller, Service, error};

impl Service {
    /// The resource of this id as it is now; 404 when there is none of this source and type.
    pub(crate) async fn load(
        &self,
        caller: &Caller,
        kind: &Arc<ResolvedType>,
        id: &str,
    ) -> Result<Arc<Entry>, ScimError> {
        let id = Uuid::try_parse(id).map_err(|_| error::not_found())?;
        let source = caller.runtime.source.key;
        let stamp = self.store.stamps().of(id);
        if let Some(entry) = self.cache.get(id, stamp) {
            let here = entry.place.0 == source.0 && entry.place.1 == kind.name();
            if !here {
                return Err(error::not_found());
            }
            if entry.rendered.0 == caller.base_url {
                return Ok(entry);
            }
        }
        let stored = self.store.get(source, kind.name(), id).await.map_err(error::from_store)?;
        let stored = stored.ok_or_else(error::not_found)?;
        let entry = self.entry(caller, kind, stored, stamp).await?;
        self.cache.put(id, Arc::clone(&entry));
        Ok(entry)
    }

    /// A row with its groups, rendered.
    pub(crate) async fn entry(
        &self,
        caller: &Caller,
        kind: &Arc<ResolvedType>,
        stored: Stored,
        stamp: rollcall_store::stamps::Stamp,
    ) -> Result<Arc<Entry>, ScimError> {
        let source = caller.runtime.source.key;
        let groups = if kind.has_groups() {
            self.store.groups(source, &[stored.id]).await.map_err(error::from_store)?.pop()
        } else {
            None
        }
        .unwrap_or_default();
        let rendering = Source { kind, stored: &stored, groups: &groups, base_url: &caller.base_url };
        let text = render::joined(&rendering.default()?);
        let place = (source.0, kind.name().to_owned());
        Ok(Arc::new(Entry { stamp, place, rendered: (Arc::clone(&caller.base_url), text), stored, groups }))
    }
}
