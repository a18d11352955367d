//! POST, PUT, PATCH and DELETE of one resource (RFC 7644 §3.3, §3.5, §3.6).

use std::sync::Arc;

use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Scope;
use rollcall_domain::dialect::UnknownMembers;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::plan::parse_id;
use rollcall_store::query::Stored;
use rollcall_store::write::{Batch, Create, Delete, Outcome, Unit, Update, Write, Written};
use serde_json::Value;
use uuid::Uuid;

use super::prepare::{Ground, Prepared};
use super::{Precondition, Shape};
use crate::cache::Entry;
use crate::people::Said;
use crate::render::Representation;
use crate::{Caller, Service, error};

/// How often a change is computed anew when others change the same body meanwhile.
pub(crate) const ATTEMPTS: usize = 16;
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
        let id = self.ids.uuid(self.clock.now());
        let made = self.create_as(caller, endpoint, body, shape, id).await;
        match self.renewed(caller, refused(&made)).await? {
            Some((caller, body)) => self.create_as(&caller, endpoint, body, shape, id).await,
            None => made,
        }
    }

    /// The same, under this id.
    pub(crate) async fn create_as(
        &self,
        caller: &Caller,
        endpoint: &str,
        body: Value,
        shape: &Shape,
        id: Uuid,
    ) -> Result<Representation, ScimError> {
        let ground = ground(caller, endpoint)?;
        let body = caller.resource(ground.kind, body);
        let projection = caller.projection(shape, ground.kind)?.answering(ground.kind, &body);
        let mut prepared = ground.create(body, id)?;
        self.say(caller, "POST", &mut prepared, None).await?;
        let (kind, id) = (Arc::clone(&prepared.kind), prepared.id);
        let (body, plain) = match &prepared.write {
            Write::Create(Create { content, .. }) => (content.body.clone(), content.plain),
            _ => Default::default(),
        };
        let (written, now) =
            self.commit(caller, prepared.write, prepared.said).await.map_err(error::from_store)?;
        // A user may have been awaited by groups, where the dialect lets them wait.
        let awaited = kind.has_groups() && caller.runtime.dialect.unknown_members == UnknownMembers::Pending;
        let groups = if awaited { self.groups_of(caller, id).await? } else { Vec::new() };
        let created = Stored {
            key: 0,
            id,
            version: written.version,
            revision: 1,
            created: now,
            modified: now,
            plain,
            body,
        };
        // Not kept: of the many that are created at once few are asked for soon.
        let entry = Self::entry(caller, &kind, created, groups, None);
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
        place: (&str, &str),
        body: Value,
        shape: &Shape,
        precondition: &Precondition,
    ) -> Result<Representation, ScimError> {
        let done = self.replace_as(caller, place, body, shape, precondition).await;
        match self.renewed(caller, refused(&done)).await? {
            Some((caller, body)) => self.replace_as(&caller, place, body, shape, precondition).await,
            None => done,
        }
    }

    async fn replace_as(
        &self,
        caller: &Caller,
        (endpoint, id): (&str, &str),
        body: Value,
        shape: &Shape,
        precondition: &Precondition,
    ) -> Result<Representation, ScimError> {
        let ground = ground(caller, endpoint)?;
        let body = caller.resource(ground.kind, body);
        let projection = caller.projection(shape, ground.kind)?.answering(ground.kind, &body);
        let replace = |entry: &Entry| ground.replace(body.clone(), entry, precondition);
        let entry = self.change(caller, "PUT", &ground, id, replace).await?;
        self.represent(caller, ground.kind, &entry, &projection).await
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
        place: (&str, &str),
        body: Value,
        shape: &Shape,
        precondition: &Precondition,
    ) -> Result<Representation, ScimError> {
        let done = self.patch_as(caller, place, body, shape, precondition).await;
        match self.renewed(caller, refused(&done)).await? {
            Some((caller, body)) => self.patch_as(&caller, place, body, shape, precondition).await,
            None => done,
        }
    }

    async fn patch_as(
        &self,
        caller: &Caller,
        (endpoint, id): (&str, &str),
        body: Value,
        shape: &Shape,
        precondition: &Precondition,
    ) -> Result<Representation, ScimError> {
        let ground = ground(caller, endpoint)?;
        let projection = caller.projection(shape, ground.kind)?;
        let patch = caller.patch(ground.kind, body)?;
        let entry = self
            .change(caller, "PATCH", &ground, id, |entry| ground.patch(&patch, entry, precondition))
            .await?;
        let (kind, id) = (ground.kind, entry.row.id);
        let shown = !projection.is_default()
            || !caller.runtime.dialect.patch_no_content && self.is_small(caller, kind, id).await?;
        if shown {
            return self.represent(caller, kind, &entry, &patch.answer(projection, kind)).await;
        }
        Ok(Self::without_body(caller, kind, &entry))
    }

    /// Deletes a resource.
    ///
    /// # Errors
    ///
    /// 404, 412; 403 when a hook refused, 503 when it did not answer.
    pub async fn delete(
        &self,
        caller: &Caller,
        place: (&str, &str),
        precondition: &Precondition,
    ) -> Result<(), ScimError> {
        let done = self.delete_as(caller, place, precondition).await;
        match self.renewed(caller, refused(&done)).await? {
            Some((caller, _)) => self.delete_as(&caller, place, precondition).await,
            None => done,
        }
    }

    async fn delete_as(
        &self,
        caller: &Caller,
        (endpoint, id): (&str, &str),
        precondition: &Precondition,
    ) -> Result<(), ScimError> {
        let ground = ground(caller, endpoint)?;
        let write = deletion(ground.kind, id, precondition)?;
        let said = self.say_of_deletion(caller, ground.kind, id).await?;
        self.commit(caller, write, said).await.map_err(error::from_store)?;
        Ok(())
    }

    async fn is_small(&self, caller: &Caller, kind: &ResolvedType, id: Uuid) -> Result<bool, ScimError> {
        if !kind.has_members() {
            return Ok(true);
        }
        let members = self.store.members(caller.runtime.source.key, id, 0, PATCH_MEMBERS_SHOWN + 1).await;
        Ok(members.map_err(error::from_store)?.len() <= PATCH_MEMBERS_SHOWN as usize)
    }

    /// Reads, prepares and commits; again when the body was changed by another meanwhile. Returns the
    /// resource as it is then.
    async fn change(
        &self,
        caller: &Caller,
        method: &str,
        ground: &Ground<'_>,
        id: &str,
        prepare: impl Fn(&Entry) -> Result<Prepared, ScimError>,
    ) -> Result<Entry, ScimError> {
        let mut turn = None;
        for _ in 0..ATTEMPTS {
            let entry = self.load(caller, ground.kind, id).await?;
            let mut prepared = prepare(&entry)?;
            self.check_replaced(caller, &prepared).await?;
            self.say(caller, method, &mut prepared, Some(&entry)).await?;
            let read_first = prepared.read_first || prepared.said.is_some();
            let mut after = entry.row.clone();
            if let Write::Update(Update { content: Some((_, content)), .. }) = &prepared.write {
                after.body = content.body.clone();
                after.plain = content.plain;
                after.revision += 1;
            }
            match self.commit(caller, prepared.write, prepared.said).await {
                Err(StoreError::Stale) if read_first => {
                    self.cache.forget(after.id);
                    if turn.is_none() {
                        turn = Some(self.turns.wait([after.id]).await);
                    }
                }
                Err(error) => return Err(error::from_store(error)),
                Ok((written, _)) if !written.changed => return Ok(entry),
                // The body that was read is not known to be that of this version.
                Ok((written, _)) if !read_first && written.version != after.version + 1 => {
                    return self.load(caller, ground.kind, id).await;
                }
                Ok((written, now)) => {
                    (after.version, after.modified) = (written.version, now);
                    let stamp = self.store.stamps().of(entry.row.id);
                    // With nothing else touched since it was read, what was written is what is there.
                    let stamp = entry.stamp.filter(|before| stamp.follows(*before)).map(|_| stamp);
                    let after = Self::entry(caller, ground.kind, after, entry.groups, stamp);
                    self.cache.put(&after);
                    return Ok(after);
                }
            }
        }
        Err(error::from_store(StoreError::Stale))
    }

    /// One write, and the time that it was given.
    pub(crate) async fn commit(
        &self,
        caller: &Caller,
        write: Write,
        said: Option<Box<Said>>,
    ) -> Result<(Written, Timestamp), StoreError> {
        let people = said.iter().filter_map(|said| said.person.clone()).collect();
        let unit = Unit { writes: vec![write], people };
        let batch = self.batch(caller, vec![unit], None);
        let now = batch.now;
        match self.store.write(batch).await?.pop() {
            Some(Outcome::Done(mut written)) if written.len() == 1 => {
                let mut written = written.pop().ok_or(StoreError::NotFound)?;
                if !written.people.is_empty() {
                    self.told(caller, said, &mut written).await;
                }
                Ok((written, now))
            }
            Some(Outcome::Failed { error, .. }) => Err(error),
            _ => Err(StoreError::Unavailable("a write was not answered".to_owned())),
        }
    }

    pub(crate) fn batch(&self, caller: &Caller, units: Vec<Unit>, stop_after_errors: Option<u32>) -> Batch {
        caller.notes.writes(&units);
        Batch {
            tenant: caller.runtime.source.tenant,
            source: caller.runtime.source.key,
            actor: caller.credential.to_string(),
            request_id: caller.request_id().to_owned(),
            now: self.clock.now(),
            generation: Some(caller.runtime.source.generation),
            fence: caller.fence.clone(),
            unknown_members: caller.runtime.dialect.unknown_members,
            stop_after_errors,
            rules: caller.runtime.people.as_ref().map(|people| Arc::clone(&people.rules)),
            units,
        }
    }
}

/// Why a write was refused, if it was.
pub(crate) fn refused<T>(done: &Result<T, ScimError>) -> Option<ErrorType> {
    done.as_ref().err().map(|error| error.kind)
}

/// A DELETE as a write.
pub(crate) fn deletion(
    kind: &ResolvedType,
    id: &str,
    precondition: &Precondition,
) -> Result<Write, ScimError> {
    let id = parse_id(id).ok_or_else(error::not_found)?;
    Ok(Write::Delete(Delete { id, kind: kind.name().to_owned(), if_version: precondition.versions() }))
}

/// What a write at this endpoint is prepared with: 403 without the write scope, 404 without the endpoint.
pub(crate) fn ground<'a>(caller: &'a Caller, endpoint: &str) -> Result<Ground<'a>, ScimError> {
    caller.require(Scope::Write)?;
    let (kind, indexer) = caller.runtime.type_at(endpoint).ok_or_else(error::not_found)?;
    Ok(Ground { caller, kind, indexer })
}
