//! What a store knows of people: identities, which users they stand for, and what waits for someone's word.
//!
//! A decision about a person is made inside the transaction that writes it (ADR 0020): the store reads what is known,
//! asks [`rollcall_domain::policy`], writes what comes of it, and tells it as a change of resource type
//! [`IDENTITY`]. So two pushes never make two identities of one person, and the roles of a group's members are
//! those of the members that are committed.

use std::collections::BTreeSet;

use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Identity, Status};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::breaker::Admission;
use rollcall_domain::policy::decide::Decision;
use rollcall_domain::policy::settings::{GroupMode, Policy};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The resource type of changes of identities.
pub const IDENTITY: &str = "Identity";

/// What a source decides by.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The source's public id, which links and grants name.
    pub source: Uuid,
    /// The policy that holds for it.
    pub policy: Policy,
    /// The groups that policy knows, by id or `externalId`; empty where groups mean nothing.
    groups: BTreeSet<String>,
    /// Whether one of them may be an `externalId`.
    by_external_id: bool,
}

impl Rules {
    /// The rules of a source under this policy.
    pub fn new(source: Uuid, policy: Policy) -> Self {
        let provisioning = &policy.provisioning;
        let mut groups: BTreeSet<String> = provisioning.required_groups.iter().cloned().collect();
        if provisioning.groups.mode == GroupMode::Sync {
            groups.extend(provisioning.groups.mapping.keys().cloned());
        }
        let by_external_id = groups.iter().any(|group| Uuid::try_parse(group).is_err());
        Self { source, policy, groups, by_external_id }
    }

    /// Whether any group means anything.
    pub fn reads_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Whether the `externalId` of a group may mean anything.
    pub fn reads_external_ids(&self) -> bool {
        self.by_external_id
    }

    /// Whether this group, by id or `externalId`, means anything.
    pub fn knows_group(&self, key: &str) -> bool {
        self.groups.contains(key)
    }
}

/// What a user says of a person, to be decided about with a write of the user.
///
/// What becomes of people when a user is deleted, or a group gets or loses members, needs none: the store knows
/// what each user said last.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Index in [`crate::write::Unit::writes`].
    pub write: usize,
    /// What the user says; `None` when it is none of ours: then nothing is decided, and who was linked stays so.
    pub profile: Option<Box<Profile>>,
    /// The revision of the body that this was made of, else `Stale`; `None` for a new user.
    pub revision: Option<u64>,
    /// The id of a new identity, should there be one, now or when the user joins a group.
    pub new_id: Uuid,
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

/// Which identities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityQuery {
    /// Of this status.
    pub status: Option<Status>,
    /// With this user name, e-mail address or `externalId`, in any case.
    pub name: Option<String>,
    /// After the one of this key.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
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

/// What was decided, without being done: [`crate::Identities::foresee`].
#[derive(Debug, Clone, PartialEq)]
pub struct Foreseen {
    /// The user.
    pub resource: Uuid,
    /// The decision.
    pub decision: Decision,
}

/// What is asked of [`crate::Identities::foresee`]: a user as stored, or none, and what it would say.
#[derive(Debug, Clone, PartialEq)]
pub struct Supposed {
    /// The user; any id for one that is not there.
    pub resource: Uuid,
    /// What it would say.
    pub profile: Profile,
}
