//! What is kept of people beside the identity itself: its row, what waits for someone's word, what was decided.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::identity::Identity;
use crate::mapping::profile::Profile;
use crate::policy::breaker::Admission;
use crate::policy::decide::Decision;

/// An identity as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredIdentity {
    /// Order of creation.
    pub key: i64,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
    /// Itself.
    pub identity: Identity,
}

/// A user that waits for someone to say who it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Its place in the queue.
    pub key: i64,
    /// The user.
    pub resource: Uuid,
    /// What it says.
    pub profile: Profile,
    /// Who it may be.
    pub candidates: Vec<Uuid>,
    /// Since when.
    pub since: Timestamp,
}

/// What someone says of a user that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is this identity.
    This(Uuid),
    /// It is someone new.
    New,
    /// No identity comes of it, however often it is pushed.
    Refuse,
}

/// The breaker of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakerState {
    /// Since when it holds; `None` while it lets pass.
    pub open_since: Option<Timestamp>,
    /// How many deprovisionings wait.
    pub held: u64,
    /// Active identities of the source.
    pub active: u64,
}

/// A deprovisioning that waits for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its place.
    pub key: i64,
    /// The user that was deleted or says inactive, or left its groups.
    pub resource: Uuid,
    /// Whose.
    pub identity: Option<Uuid>,
    /// The user was deleted.
    pub removed: bool,
    /// Since when.
    pub since: Timestamp,
}

/// Where the recomputation of a source stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recomputation {
    /// The source, by slug.
    pub source: String,
    /// When it was asked for.
    pub started: Timestamp,
    /// Users up to this key are done.
    pub position: i64,
    /// Users that were looked at.
    pub seen: u64,
    /// Identities that are other than before.
    pub changed: u64,
    /// Deprovisionings that the breaker holds.
    pub held: u64,
    /// Users whose mapping failed, and that stayed as they were.
    pub failed: u64,
    /// When it came to its end; `None` while it goes on.
    pub finished: Option<Timestamp>,
}

/// What was decided about a person, and done or held.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The user.
    pub resource: Uuid,
    /// The decision. Where it is held, the identity is as `before`.
    pub decision: Decision,
    /// Whether it was done.
    pub admission: Admission,
    /// The number of the identity's change record.
    pub sequence: Option<u64>,
}
