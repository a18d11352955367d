//! One membership, as a client reads it.

use rollcall_domain::credential::Scope;
use rollcall_scim::Document;
use rollcall_scim::error::ScimError;
use rollcall_scim::projection::Projection;
use rollcall_store::membership::{Membership, Party};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{id, location, parse};
use crate::render::{Body, Representation, etag};
use crate::resource::{Known, Shape};
use crate::{Caller, Service, error};

impl Service {
    /// One membership. When its version is known to the client, the body is left empty (`If-None-Match`).
    ///
    /// # Errors
    ///
    /// 403, 404.
    pub async fn get_membership(
        &self,
        caller: &Caller,
        id: &str,
        shape: &Shape,
        known: &Known,
    ) -> Result<Representation, ScimError> {
        caller.require(Scope::Read)?;
        let (group, member) = parse(id).ok_or_else(error::not_found)?;
        let found = self.membership_of(caller, group, member).await?;
        let mut shown = represent(caller, &found, &shape.projection(caller.runtime.registry.membership())?)?;
        if known.has(version(&found)) {
            shown.body = Body::Empty;
        }
        Ok(shown)
    }

    pub(super) async fn membership_of(
        &self,
        caller: &Caller,
        group: Uuid,
        member: Uuid,
    ) -> Result<Membership, ScimError> {
        let found = self.store.membership(caller.runtime.source.key, group, member).await;
        found.map_err(error::from_store)?.ok_or_else(error::not_found)
    }
}

/// What a membership shows can change only by its parties' names.
pub(super) fn version(found: &Membership) -> u64 {
    let mut hash = Sha256::new();
    for party in [&found.group, &found.member] {
        let display = party.display.as_deref().unwrap_or_default();
        hash.update((display.len() as u64).to_be_bytes());
        hash.update(display);
    }
    // Six bytes: such a number every client can read.
    hash.finalize().iter().take(6).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

pub(super) fn represent(
    caller: &Caller,
    found: &Membership,
    projection: &Projection,
) -> Result<Representation, ScimError> {
    let text = serde_json::to_vec(&document(caller, found, projection));
    let text = text.map_err(|_| error::internal("a membership cannot be written"))?;
    Ok(Representation {
        location: Some(location(caller, found.group.id, found.member.id)),
        version: Some(version(found)),
        body: Body::Whole(text.into()),
    })
}

pub(super) fn document(caller: &Caller, found: &Membership, projection: &Projection) -> Document {
    let kind = caller.runtime.registry.membership();
    let meta = json!({
        "resourceType": kind.name(),
        "version": etag(version(found)),
        "location": location(caller, found.group.id, found.member.id),
    });
    let mut document = Document::new();
    document.insert("schemas".to_owned(), json!([kind.core.id]));
    document.insert("id".to_owned(), id(found.group.id, found.member.id).into());
    document.insert("group".to_owned(), Value::Object(party(caller, &found.group, false)));
    document.insert("member".to_owned(), Value::Object(party(caller, &found.member, true)));
    document.insert("meta".to_owned(), meta);
    projection.apply(kind, &mut document);
    document
}

fn party(caller: &Caller, party: &Party, with_type: bool) -> Document {
    let mut shown = Document::new();
    shown.insert("value".to_owned(), party.id.to_string().into());
    if let Some(kind) = caller.runtime.registry.type_named(&party.kind) {
        let place = format!("{}{}/{}", caller.base_url, kind.resource_type.endpoint, party.id);
        shown.insert("$ref".to_owned(), place.into());
    }
    if with_type {
        shown.insert("type".to_owned(), party.kind.as_str().into());
    }
    if let Some(display) = &party.display {
        shown.insert("display".to_owned(), display.as_str().into());
    }
    shown
}
