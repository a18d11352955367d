//! Roles: what a profile and its groups give, and reconciling it with what a source granted before.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::settings::{GroupMode, JitMode, Policy, RoleMode};
use crate::identity::{Grant, Identity, Owner};
use crate::mapping::profile::Profile;

/// A group that a resource is a member of, directly or through others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The group's id here.
    pub id: Uuid,
    /// The provider's own key of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// Roles that someone gains and loses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RoleChange {
    /// Roles that they did not have from anyone.
    pub gained: BTreeSet<String>,
    /// Roles that they have from nobody any more.
    pub lost: BTreeSet<String>,
}

/// The ids by which role mapping knows the groups of a person: those of memberships, and what the profile says.
pub fn group_keys(profile: &Profile, memberships: &[Membership]) -> BTreeSet<String> {
    let ids = memberships.iter().map(|group| group.id.to_string());
    let external = memberships.iter().filter_map(|group| group.external_id.clone());
    ids.chain(external).chain(profile.groups.iter().cloned()).collect()
}

/// The roles that a source wants an active person to have.
pub fn desired(policy: &Policy, profile: &Profile, memberships: &[Membership]) -> BTreeSet<String> {
    let provisioning = &policy.provisioning;
    let mut roles = BTreeSet::new();
    if provisioning.jit.mode == JitMode::CreateUserAndMembership {
        roles.extend(provisioning.jit.default_role_ids.iter().cloned());
    }
    if provisioning.groups.mode == GroupMode::Sync {
        let keys = group_keys(profile, memberships);
        let given = keys.iter().filter_map(|key| provisioning.groups.mapping.get(key));
        roles.extend(given.flatten().cloned());
    }
    if provisioning.roles.mode == RoleMode::Map {
        let given = profile.roles.iter().filter_map(|role| provisioning.roles.mapping.get(role));
        roles.extend(given.flatten().cloned());
    }
    roles
}

/// Makes the grants of one source exactly these; nobody else's are touched.
pub(super) fn reconcile(identity: &mut Identity, source: Uuid, roles: &BTreeSet<String>, may_take: bool) {
    let owner = Owner::Source(source);
    if may_take {
        identity.grants.retain(|grant| grant.owner != owner || roles.contains(&grant.role));
    }
    identity.grants.extend(roles.iter().map(|role| Grant { role: role.clone(), owner }));
}

/// What of the roles is other than before.
pub fn change(before: Option<&Identity>, after: &Identity) -> RoleChange {
    let old = before.map(Identity::roles).unwrap_or_default();
    let new = after.roles();
    let only = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| {
        one.difference(other).map(|role| (*role).to_owned()).collect()
    };
    RoleChange { gained: only(&new, &old), lost: only(&old, &new) }
}
