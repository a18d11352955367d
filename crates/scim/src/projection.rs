//! `attributes` and `excludedAttributes` (RFC 7644 §3.9), and `returned` of the schema.

use crate::Document;
use crate::error::ScimError;
use crate::schema::ResolvedType;

/// Which attributes a response shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Projection {}

impl Projection {
    /// Reads both parameters, each a list of paths (already split at commas).
    pub fn parse(attributes: &[String], excluded: &[String], kind: &ResolvedType) -> Result<Self, ScimError> {
        let _ = (attributes, excluded, kind);
        Ok(Self {})
    }

    /// Whether the query named neither.
    pub fn is_default(&self) -> bool {
        true
    }

    /// Whether any part of this core attribute (schema case) may be shown: `members`, `groups`, `meta`.
    pub fn wants(&self, kind: &ResolvedType, attribute: &str) -> bool {
        let _ = (kind, attribute);
        true
    }

    /// Removes from the document (schema case) what is not shown.
    pub fn apply(&self, kind: &ResolvedType, document: &mut Document) {
        let _ = (kind, document);
    }
}

/// Whether the document has no attribute that is `returned: request` or `never`, so that the default
/// projection shows all of it.
pub fn is_plain(kind: &ResolvedType, document: &Document) -> bool {
    let _ = (kind, document);
    true
}
