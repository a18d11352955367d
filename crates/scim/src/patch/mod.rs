//! PATCH (RFC 7644 §3.5.2): parsing a request, and applying it to a document, whole or not at all.

use serde_json::Value;

use crate::Document;
use crate::error::ScimError;
use crate::filter::Bound;
use crate::rules::Rules;
use crate::schema::ResolvedType;

/// A parsed PATCH request.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {}

/// What a PATCH comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Patched {
    /// The document after it, valid against the schemas, without detached attributes.
    pub document: Document,
    /// Whether the document is other than before.
    pub changed: bool,
    /// What it does to `members`, in order; they are not part of the document.
    pub members: Vec<MembersOperation>,
}

/// What an operation does to the detached `members` of a group.
#[derive(Debug, Clone, PartialEq)]
pub enum MembersOperation {
    /// Adds members of these values.
    Add(Vec<String>),
    /// Removes members of these values.
    Remove(Vec<String>),
    /// Removes members that satisfy the filter (relative to the element).
    RemoveWhere(Bound),
    /// Makes these all the members.
    Replace(Vec<String>),
}

impl Patch {
    /// Reads a PatchOp body.
    pub fn parse(body: Value, rules: &Rules) -> Result<Self, ScimError> {
        let _ = (body, rules);
        Ok(Self {})
    }

    /// Applies all operations in order to `current` (as stored: schema case, no `meta`, no detached attributes).
    pub fn apply(
        &self,
        current: &Document,
        kind: &ResolvedType,
        rules: &Rules,
    ) -> Result<Patched, ScimError> {
        let _ = (kind, rules);
        Ok(Patched { document: current.clone(), changed: false, members: Vec::new() })
    }
}
