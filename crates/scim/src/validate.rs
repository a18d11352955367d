//! Validation and coercion: from what a client sent to what is stored.

use serde_json::Value;

use crate::Document;
use crate::error::ScimError;
use crate::rules::Rules;
use crate::schema::ResolvedType;

/// A resource that may be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Schema case, `schemas` recomputed, no `id`, no `meta`, no detached and no write-only attributes.
    pub document: Document,
    /// Values of `members`; `None` when the body has no such attribute.
    pub members: Option<Vec<String>>,
}

/// Checks the body of a POST (`current` is `None`) or PUT (`current` as stored, without `id`).
pub fn resource(
    body: Value,
    kind: &ResolvedType,
    rules: &Rules,
    current: Option<&Document>,
) -> Result<Accepted, ScimError> {
    let _ = (body, kind, rules, current);
    Err(ScimError::invalid_value(""))
}
