//! Which attributes have index rows, and the rows of a resource (DESIGN decision 2).

use rollcall_scim::Document;
use rollcall_scim::filter::Target;
use rollcall_scim::schema::ResolvedType;

/// One index row: a value that a resource has, normalised by the schema's case rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexEntry {
    /// Path of the attribute in schema case ([`Target`]'s `Display`): `emails.value`.
    pub attribute: String,
    /// The value as text: see [`encode`].
    pub value: String,
    /// Whether no other resource of the source and type may have it.
    pub unique: bool,
}

/// The attributes of a type that have index rows.
pub fn indexed(kind: &ResolvedType) -> Vec<(Target, bool)> {
    let _ = kind;
    Vec::new()
}

/// All index rows of a document, sorted, each once.
pub fn entries(kind: &ResolvedType, document: &Document) -> Vec<IndexEntry> {
    let _ = (kind, document);
    Vec::new()
}
