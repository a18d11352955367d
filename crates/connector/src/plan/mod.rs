//! What to send so that a resource becomes what is wanted, and nothing else changes.
//!
//! Pure: from what is there (perhaps unknown) and what is wanted to the requests, in order. Attributes that
//! [`Wanted`] does not name are never in a request, but for a PUT, which sends them as they were read. A
//! resource that is as wanted needs no request at all.

mod diff;
mod edit;
mod members;
mod merge;
mod patch1;
mod patch2;
mod select;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use rollcall_scim::Document;
use rollcall_scim::schema::ResolvedType;
use rollcall_scim::v1;
use serde_json::{Map, Value, json};

pub use members::{Member, change as change_members};

use crate::profile::{MemberRemoval, MemberShape, ScimVersion, UpdateMethod};
use crate::transport::Request;

/// What is wanted of one resource, each part in the shape of a SCIM resource.
///
/// A complex attribute or extension is taken by its parts: what it does not name stays. `null`, `[]` and
/// `{}` clear.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// Attributes that are to be so; a multi-valued one has these values and no others.
    pub replace: Document,
    /// Values that multi-valued attributes are to have beside theirs.
    pub add: Document,
    /// Values that multi-valued attributes are not to have; named by `value`, and `type` where it is given.
    pub remove: Document,
}

/// How an application wants to be changed.
#[derive(Debug, Clone, PartialEq)]
pub struct How {
    /// What it speaks.
    pub version: ScimVersion,
    /// Whether by PATCH or by PUT.
    pub update: UpdateMethod,
    /// How a member is added.
    pub member: MemberShape,
    /// How a member is removed.
    pub removal: MemberRemoval,
    /// Members added and removed in one request; no limit when `None`.
    pub membership_changes: Option<usize>,
    /// Attributes that are not sent.
    pub leave_out: Vec<String>,
    /// Base URL without the last slash, for `$ref`.
    pub base_url: String,
}

impl Default for How {
    fn default() -> Self {
        Self {
            version: ScimVersion::V2,
            update: UpdateMethod::Patch,
            member: MemberShape::Standard,
            removal: MemberRemoval::ByFilter,
            membership_changes: None,
            leave_out: Vec::new(),
            base_url: String::new(),
        }
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The resource must be read first; then plan again with it.
    #[error("{0} can only be changed with the resource at hand: read it first")]
    NeedsCurrent(String),
    /// The schema lets nobody set it.
    #[error("{0} is read-only")]
    ReadOnly(String),
}

/// The requests that make a resource what is wanted; none when it is so already.
///
/// # Errors
///
/// - [`PlanError::NeedsCurrent`]: `current` is `None`, and a PUT or a difference of members needs it.
/// - [`PlanError::ReadOnly`]: `wanted` names what only the application sets, `groups` of a user included.
pub fn update(
    kind: &ResolvedType,
    id: &str,
    current: Option<&Document>,
    wanted: &Wanted,
    how: &How,
) -> Result<Vec<Request>, PlanError> {
    let mut wanted = wanted.clone();
    let members = members::split(&mut wanted, kind, current)?;
    check_writable(&wanted, kind)?;
    if how.update == UpdateMethod::Put {
        return put(kind, id, current, &wanted, &members, how);
    }
    let edits = diff::edits(current, &wanted, kind);
    let bodies = match how.version {
        ScimVersion::V2 => patch2::bodies(&edits, &members, how),
        ScimVersion::V1 => patch1::bodies(&edits, &members, kind, how),
    };
    Ok(bodies.into_iter().map(|body| patch(kind, id, body)).collect())
}

/// The request that makes a resource; `active` and everything else only as `document` has it.
pub fn create(kind: &ResolvedType, document: &Document, how: &How) -> Request {
    Request::post([endpoint(kind)], body(document.clone(), kind, how))
}

/// The request that deletes a resource.
pub fn delete(kind: &ResolvedType, id: &str) -> Request {
    Request::delete([endpoint(kind), id])
}

/// Where resources of this kind are, without a slash.
pub(crate) fn endpoint(kind: &ResolvedType) -> &str {
    kind.resource_type.endpoint.trim_start_matches('/')
}

/// Every operation of ours does twice what it does once: it sets, or adds and removes by value.
fn patch(kind: &ResolvedType, id: &str, body: Value) -> Request {
    Request::patch([endpoint(kind), id], body).idempotent(true)
}

/// GET-merge-PUT: all that was read, with what is wanted, under the version that was read.
fn put(
    kind: &ResolvedType,
    id: &str,
    current: Option<&Document>,
    wanted: &Wanted,
    members: &members::Changes,
    how: &How,
) -> Result<Vec<Request>, PlanError> {
    let current = current.ok_or_else(|| PlanError::NeedsCurrent(kind.name().to_owned()))?;
    let edits = diff::edits(Some(current), wanted, kind);
    if edits.is_empty() && members.is_empty() {
        return Ok(Vec::new());
    }
    let mut document = current.clone();
    for edit in &edits {
        merge::apply(&mut document, edit, kind);
    }
    members.apply(&mut document);
    let version = current.get("meta").and_then(|meta| meta.get("version")).and_then(Value::as_str);
    document.retain(|name, _| name != "meta" && (name == "id" || !is_read_only(name, kind)));
    document.insert("id".to_owned(), id.into());
    let request = Request::put([endpoint(kind), id], body(document, kind, how));
    Ok(vec![match version {
        Some(version) => request.header("If-Match", version),
        None => request,
    }])
}

/// A whole resource as it is sent: `schemas` computed, nothing that the application does not want.
fn body(mut document: Document, kind: &ResolvedType, how: &How) -> Value {
    document.shift_remove("schemas");
    let mut sent = Map::with_capacity(document.len() + 1);
    let extensions = document.iter().filter(|(name, value)| is_urn(name) && value.is_object());
    let schemas = std::iter::once(kind.core.id.clone()).chain(extensions.map(|(name, _)| name.clone()));
    sent.insert("schemas".to_owned(), json!(schemas.collect::<Vec<_>>()));
    sent.extend(document);
    if how.version == ScimVersion::V1 {
        sent = v1::encode(&sent, kind);
    }
    sent.retain(|name, value| {
        !value.is_null() && !how.leave_out.iter().any(|left_out| left_out.eq_ignore_ascii_case(name))
    });
    Value::Object(sent)
}

fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// Whether a top-level attribute is the application's to set.
fn is_read_only(name: &str, kind: &ResolvedType) -> bool {
    use rollcall_scim::schema::Mutability;
    kind.attribute(name).is_some_and(|attribute| attribute.mutability == Mutability::ReadOnly)
}

/// Refuses what the application alone sets; `schemas`, `id` and `meta` are often part of what was read, and
/// are left out instead.
fn check_writable(wanted: &Wanted, kind: &ResolvedType) -> Result<(), PlanError> {
    let names = [&wanted.replace, &wanted.add, &wanted.remove].into_iter().flat_map(Map::keys);
    let mut fixed = names.filter(|name| is_read_only(name, kind) && !is_echo(name));
    fixed.next().map_or(Ok(()), |name| Err(PlanError::ReadOnly(name.clone())))
}

fn is_echo(name: &str) -> bool {
    ["schemas", "id", "meta"].iter().any(|echo| name.eq_ignore_ascii_case(echo))
}
