//! PATCH (RFC 7644 §3.5.2): parsing a request, and applying it to a document, whole or not at all.

mod create;
mod elements;
mod many;
mod members;
mod parse;
mod remove;
mod scratch;
mod select;
mod single;
mod target;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::Document;
use crate::error::ScimError;
use crate::filter::Bound;
use crate::path::ValuePath;
use crate::projection::Projection;
use crate::rules::Rules;
use crate::schema::ResolvedType;

/// Schema URN of a PATCH body.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A parsed PATCH request.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    operations: Vec<Operation>,
}

/// One operation. `Add` and `Replace` have a value, and one without path an object.
#[derive(Debug, Clone, PartialEq)]
struct Operation {
    verb: Verb,
    path: Option<ValuePath>,
    value: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Remove,
    Replace,
}

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
    /// Removes everyone: a `remove` that names no member.
    Clear,
}

impl Patch {
    /// Reads a `PatchOp` body.
    ///
    /// Paths are parsed here and looked up in [`Patch::apply`]. A path that is `null` or empty is none.
    ///
    /// # Errors
    ///
    /// Each names the operation, `Operations[2].path: …`:
    ///
    /// - `invalidSyntax`: not the shape of a `PatchOp`, an unknown `op`, what the rules do not allow.
    /// - `invalidPath`, `invalidValue`: a malformed path; a value that is missing.
    /// - `noTarget`: a `remove` without path.
    /// - 413 for more than [`MAX_PATCH_OPERATIONS`](crate::limits::MAX_PATCH_OPERATIONS).
    ///
    /// ```
    /// use rollcall_scim::{patch::Patch, rules::Rules};
    /// use serde_json::json;
    ///
    /// let body = json!({
    ///     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    ///     "Operations": [{"op": "Move", "path": "title", "value": "x"}],
    /// });
    /// let error = Patch::parse(body, &Rules::default()).unwrap_err();
    /// assert_eq!(error.to_string(), "Operations[0].op: expected add, remove or replace");
    /// ```
    pub fn parse(body: Value, rules: &Rules) -> Result<Self, ScimError> {
        parse::body(body, rules).map(|operations| Self { operations })
    }

    /// Applies all operations in order to `current` (as stored: schema case, no `meta`, no detached attributes).
    ///
    /// `current` is not touched: an error leaves nothing behind. A `remove` of what is not there
    /// succeeds and changes nothing (ours: RFC 7644 §3.5.2.2 says so of members only).
    ///
    /// `replace` of an element that a filter selects puts the value in its place whole, `add` merges into
    /// it. `add` with a filter that selects nothing makes the element that its `eq` terms describe (ours).
    /// A required attribute may go in one operation and come back in a later one.
    ///
    /// # Errors
    ///
    /// Each but those of the whole document names the operation, `Operations[2]: …`:
    ///
    /// - `invalidPath`: the path is not one of this type. `invalidSyntax` where the rules reject
    ///   attributes that are not defined. `invalidFilter`: the brackets do not fit the attribute.
    /// - `noTarget`: a `replace` selects no element.
    /// - `invalidValue`: a value of the wrong type, or two primary values.
    /// - `mutability`: a read-only attribute, an immutable value changed, a required one removed.
    ///
    /// ```
    /// use rollcall_scim::{patch::Patch, rules::Rules, schema::Registry};
    /// use serde_json::json;
    ///
    /// let registry = Registry::builtin()?;
    /// let users = registry.type_named("User").unwrap();
    /// let rules = Rules::default();
    /// let patch = Patch::parse(json!({"Operations": [{"op": "replace", "path": "active", "value": "False"}]}), &rules).unwrap();
    /// let user = json!({"userName": "ann", "active": true});
    /// let patched = patch.apply(user.as_object().unwrap(), users, &rules).unwrap();
    /// assert_eq!(patched.document["active"], false);
    /// assert!(patched.changed);
    /// # Ok::<(), rollcall_scim::schema::RegistryError>(())
    /// ```
    pub fn apply(
        &self,
        current: &Document,
        kind: &ResolvedType,
        rules: &Rules,
    ) -> Result<Patched, ScimError> {
        let mut target = target::Target::new(current, kind, rules);
        for (at, operation) in self.operations.iter().enumerate() {
            target.operate(operation).map_err(|mut error| {
                error.detail = format!("Operations[{at}]: {}", error.detail);
                error
            })?;
        }
        target.finish(current)
    }

    /// The projection of the answer: the default one also shows what the operations name and is
    /// `returned: request` (RFC 7643 §7; see [`Projection::answering`]).
    #[must_use]
    pub fn answer(&self, projection: Projection, kind: &ResolvedType) -> Projection {
        let operations = self.operations.iter();
        projection.answering_operations(
            kind,
            operations.map(|operation| (operation.path.as_ref(), operation.value.as_ref())),
        )
    }
}
