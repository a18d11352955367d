//! Changes: what the outbox records of every committed write (DESIGN decision 6).

use rollcall_scim::Document;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::source::SourceKey;

/// What happened to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// Attributes or members are other than before.
    Updated,
    /// It is gone.
    Deleted,
    /// A request about it has ended that was answered before (RFC 9967 §2.5.1); nothing changed by this record.
    Completed,
}

impl ChangeKind {
    /// The name in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Completed => "completed",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Deleted, Self::Completed]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// One committed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Position in the tenant's sequence: from 1, in commit order, without gaps.
    pub sequence: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// The source whose resource changed.
    pub source: SourceKey,
    /// What happened.
    pub kind: ChangeKind,
    /// Name of the resource type.
    pub resource_type: String,
    /// The resource.
    pub resource: Uuid,
    /// The resource's version after the change.
    pub version: u64,
    /// Who did it: a credential's id.
    pub actor: String,
    /// The request that did it.
    pub request_id: String,
    /// JSON: `{"attributes":{"title":{"before":…,"after":…}},"members":{"added":[…],"removed":[…]},"replaced":true}`,
    /// parts left out where nothing of the kind changed. `replaced`: by PUT. Of a new resource, and of one that is
    /// gone, `document` is the whole of it in the place of `attributes`; left out where it has something that is
    /// never shown. Of an ended request: `uri`, and `operation` as a Bulk response shows it.
    pub detail: String,
}

/// What differs between two documents: `{"title":{"before":…,"after":…}}`, attributes of extensions as
/// `urn:…:User:department`. `before` or `after` is left out where the attribute was or is not there;
/// `schemas` is not told.
pub fn difference(before: &Document, after: &Document) -> Value {
    let mut changes = Document::new();
    collect("", before, after, &mut changes);
    Value::Object(changes)
}

fn collect(prefix: &str, before: &Document, after: &Document, changes: &mut Document) {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added).filter(|name| *name != "schemas") {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        if name.starts_with("urn:") {
            let (none, empty) = (Document::new(), Document::new());
            let old = old.and_then(Value::as_object).unwrap_or(&none);
            let new = new.and_then(Value::as_object).unwrap_or(&empty);
            collect(&format!("{name}:"), old, new, changes);
            continue;
        }
        let sides = [("before", old), ("after", new)].into_iter();
        let sides = sides.filter_map(|(side, value)| Some((side.to_owned(), value?.clone())));
        changes.insert(format!("{prefix}{name}"), Value::Object(sides.collect()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_names_what_changed() {
        let document = |value: Value| value.as_object().unwrap().clone();
        let before = document(
            json!({ "schemas": ["a"], "title": "T", "nickName": "N", "urn:x:User": { "a": 1, "b": 2 } }),
        );
        let after =
            document(json!({ "schemas": ["b"], "title": "U", "active": true, "urn:x:User": { "b": 3 } }));
        let expected = json!({
            "title": { "before": "T", "after": "U" },
            "nickName": { "before": "N" },
            "urn:x:User:a": { "before": 1 },
            "urn:x:User:b": { "before": 2, "after": 3 },
            "active": { "after": true },
        });
        assert_eq!(difference(&before, &after), expected);
        assert_eq!(difference(&after, &after), json!({}));
    }
}
