//! `GET` of one resource (RFC 7644 §3.4.1).

use std::collections::VecDeque;
use std::sync::Arc;

use rollcall_domain::credential::Scope;
use rollcall_scim::error::ScimError;
use rollcall_scim::projection::Projection;
use rollcall_scim::schema::ResolvedType;

use super::{Known, Shape};
use crate::cache::Entry;
use crate::members::{self, MemberSource};
use crate::render::{Body, Representation, Source};
use crate::{Caller, Service, error};

impl Service {
    /// One resource. When its version is known to the client, the body is left empty (`If-None-Match`).
    ///
    /// # Errors
    ///
    /// 403 without the read scope, 404 when there is no such resource or endpoint.
    pub async fn get(
        &self,
        caller: &Caller,
        endpoint: &str,
        id: &str,
        shape: &Shape,
        known: &Known,
    ) -> Result<Representation, ScimError> {
        caller.require(Scope::Read)?;
        let (kind, _) = caller.runtime.type_at(endpoint).ok_or_else(error::not_found)?;
        let entry = self.load(caller, kind, id).await?;
        if known.has(entry.row.version) {
            return Ok(Self::without_body(caller, kind, &entry));
        }
        self.represent(caller, kind, &entry, &caller.projection(shape, kind)?).await
    }

    pub(crate) fn without_body(caller: &Caller, kind: &ResolvedType, entry: &Entry) -> Representation {
        let location = crate::render::location(&caller.base_url, &kind.resource_type.endpoint, entry.row.id);
        Representation { location: Some(location), version: Some(entry.row.version), body: Body::Empty }
    }

    /// A loaded resource as the client wants it shown.
    pub(crate) async fn represent(
        &self,
        caller: &Caller,
        kind: &Arc<ResolvedType>,
        entry: &Entry,
        projection: &Projection,
    ) -> Result<Representation, ScimError> {
        let mut shown = Self::without_body(caller, kind, entry);
        let source = Source { kind, stored: &entry.row, groups: &entry.groups, base_url: &caller.base_url };
        let mut pieces = VecDeque::new();
        members::push(&mut pieces, entry.row.id, caller.shown(kind, source.render(projection)?)?);
        shown.body = members::body(self.member_source(caller), pieces).await?;
        Ok(shown)
    }

    pub(crate) fn member_source(&self, caller: &Caller) -> MemberSource {
        let types = caller.runtime.registry.types().iter().map(|kind| &kind.resource_type);
        MemberSource {
            store: Arc::clone(&self.store),
            source: caller.runtime.source.key,
            base_url: Arc::clone(&caller.base_url),
            endpoints: types.map(|kind| (kind.name.clone(), kind.endpoint.clone())).collect(),
            cap: self.cap(caller),
        }
    }
}
