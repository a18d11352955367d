//! Changes: what the outbox records of every committed write (DESIGN decision 6).

use serde::{Deserialize, Serialize};
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
}

impl ChangeKind {
    /// The name in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Deleted].into_iter().find(|kind| kind.as_str() == name)
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
    /// JSON: `{"attributes":{"title":{"before":…,"after":…}},"members":{"added":[…],"removed":[…]}}`, parts
    /// left out where nothing of the kind changed.
    pub detail: String,
}
