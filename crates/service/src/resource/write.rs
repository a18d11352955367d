//! POST, PUT, PATCH and DELETE of one resource (RFC 7644 §3.3, §3.5, §3.6).

use std::sync::Arc;

use rollcall_domain::credential::Scope;
use rollcall_scim::error::ScimError;
use rollcall_scim::patch::Patch;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::write::{Batch, Delete, Outcome, Unit, Write, Written};
use serde_json::Value;
use uuid::Uuid;

use super::prepare::{Ground, Prepared};
use super::{Precondition, Shape};
use crate::render::Representation;
use crate::{Caller, Service, error};

/// How often a change is computed anew when others change the same body meanwhile.
const ATTEMPTS: usize = 16;
/// A PATCH answers with the whole group when it has at most this many members, else with none of it.
const PATCH_MEMBERS_SHOWN: u32 = 100;

impl Service {
    /// Creates a resource.
    ///
    /// # Errors
    ///
    /// 400 for a body that the schema does not allow, 409 when a unique value is taken.
    pub async fn create(
        &self,
        caller: &Caller,
        endpoint: &str,
        body: Value,
        shape: &Shape,
    ) -> Result<Representation, ScimError> {
        let ground = ground(caller, endpoint)?;
        let projection = shape.projection(ground.kind)?;
        let prepared = ground.create(body, self.ids.uuid(self.clock.now()))?;
        let (kind, id) = (Arc::clone(&prepared.kind), prepared.id);
        self.commit(caller, prepared.write).await.map_err(error::from_store)?;
        let entry = self.load(caller, &kind, &id.to_string()).await?;
        self.represent(caller, &kind, &entry, &projection).await
    }

    /// Replaces a resource.
    ///
    /// # Errors
    ///
    /// As [`Service::create`]; 404, 412.
    pub async fn replace(
        &self,
        caller: &Caller,
        (endpoint, id): (&str, &str),
        body: Value,
        shape: &Shape,
        precondition: &Precondition,
    ) -> Result<Representation, ScimError> {
        let ground = ground(caller, endpoint)?;
        let projection = shape.projection(ground.kind)?;
        let (kind, id) = self
            .change(caller, &ground, id, |entry| ground.replace(body.clone(), entry, precondition))
            .await?;
        let entry = self.load(caller, &kind, &id.to_string()).await?;
        self.represent(caller, &kind, &entry, &projection).await
    }

    /// Changes a resource. The answer has no body for a group of many members, unless `shape` asks
    /// for something, and in dialects that want none (RFC 7644 §3.5.2 allows both).
    ///
    /// # Errors
    ///
    /// As [`Service::replace`].
    pub async fn patch(
        &self,
        caller: &Caller,
        (endpoint, id): (&str, &str),
        body: Value,
        shape: &Shape,
        precondition: &Precondition,
    ) -> Result<Representation, ScimError> {
        let ground = ground(caller, endpoint)?;
        let projection = shape.projection(ground.kind)?;
        let patch = Patch::parse(body, &caller.runtime.dialect.rules)?;
        let (kind, id) =
            self.change(caller, &ground, id, |entry| ground.patch(&patch, entry, precondition)).await?;
        let entry = self.load(caller, &kind, &id.to_string()).await?;
        let shown = !projection.is_default()
            || !caller.runtime.dialect.patch_no_content && self.is_small(caller, &kind, id).await?;
        if shown {
            return self.represent(caller, &kind, &entry, &projection).await;
        }
        Ok(Self::without_body(caller, &kind, &entry))
    }

    /// Deletes a resource.
    ///
    /// # Errors
    ///
    /// 404, 412.
    pub async fn delete(
        &self,
        caller: &Caller,
        (endpoint, id): (&str, &str),
        precondition: &Precondition,
    ) -> Result<(), ScimError> {
        let ground = ground(caller, endpoint)?;
        let write = deletion(ground.kind, id, precondition)?;
        self.commit(caller, write).await.map_err(error::from_store)?;
        Ok(())
    }

    async fn is_small(&self, caller: &Caller, kind: &ResolvedType, id: Uuid) -> Result<bool, ScimError> {
        if !kind.has_members() {
            return Ok(true);
        }
        let members = self.store.members(caller.runtime.source.key, id, 0, PATCH_MEMBERS_SHOWN + 1).await;
        Ok(members.map_err(error::from_store)?.len() <= PATCH_MEMBERS_SHOWN as usize)
    }

    /// Reads, prepares and commits; again when the body was changed by another meanwhile.
    async fn change(
        &self,
        caller: &Caller,
        ground: &Ground<'_>,
        id: &str,
        prepare: impl Fn(&crate::cache::Entry) -> Result<Prepared, ScimError>,
    ) -> Result<(Arc<ResolvedType>, Uuid), ScimError> {
        for _ in 0..ATTEMPTS {
            let entry = self.load(caller, ground.kind, id).await?;
            let prepared = prepare(&entry)?;
            match self.commit(caller, prepared.write).await {
                Err(StoreError::Stale) if prepared.read_first => {}
                Err(error) => return Err(error::from_store(error)),
                Ok(_) => return Ok((prepared.kind, prepared.id)),
            }
        }
        Err(error::from_store(StoreError::Stale))
    }

    async fn commit(&self, caller: &Caller, write: Write) -> Result<Written, StoreError> {
        let batch = self.batch(caller, vec![Unit { writes: vec![write] }], None);
        match self.store.write(batch).await?.pop() {
            Some(Outcome::Done(mut written)) if written.len() == 1 => {
                written.pop().ok_or(StoreError::NotFound)
            }
            Some(Outcome::Failed { error, .. }) => Err(error),
            _ => Err(StoreError::Unavailable("a write was not answered".to_owned())),
        }
    }

    pub(crate) fn batch(&self, caller: &Caller, units: Vec<Unit>, stop_after_errors: Option<u32>) -> Batch {
        Batch {
            tenant: caller.runtime.source.tenant,
            source: caller.runtime.source.key,
            actor: caller.credential.to_string(),
            request_id: caller.request_id.clone(),
            now: self.clock.now(),
            unknown_members: caller.runtime.dialect.unknown_members,
            stop_after_errors,
            units,
        }
    }
}

/// A DELETE as a write.
pub(crate) fn deletion(
    kind: &ResolvedType,
    id: &str,
    precondition: &Precondition,
) -> Result<Write, ScimError> {
    let id = Uuid::try_parse(id).map_err(|_| error::not_found())?;
    Ok(Write::Delete(Delete { id, kind: kind.name().to_owned(), if_version: precondition.versions() }))
}

/// What a write at this endpoint is prepared with: 403 without the write scope, 404 without the endpoint.
pub(crate) fn ground<'a>(caller: &'a Caller, endpoint: &str) -> Result<Ground<'a>, ScimError> {
    caller.require(Scope::Write)?;
    let (kind, indexer) = caller.runtime.type_at(endpoint).ok_or_else(error::not_found)?;
    Ok(Ground { caller, kind, indexer })
}
