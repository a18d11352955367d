//! What a store knows of people: identities, which users they stand for, and what waits for someone's word.
//!
//! A decision about a person is made inside the transaction that writes it (ADR 0020): the store reads what is known,
//! asks [`rollcall_domain::policy`], writes what comes of it, and tells it as a change of resource type
//! [`IDENTITY`]. So two pushes never make two identities of one person, and the roles of a group's members are
//! those of the members that are committed.

use std::collections::BTreeSet;

use rollcall_domain::identity::Status;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::decide::Decision;
use rollcall_domain::policy::settings::{GroupMode, Policy};
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
