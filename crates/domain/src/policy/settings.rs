//! A policy with every key set: what decisions read.

use std::collections::BTreeMap;

use rollcall_scim::Document;
use serde::{Deserialize, Serialize};

use crate::identity::Origin;

/// Every key of a policy with its value. The keys are explained in [`super::keys::KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Always 1.
    pub version: u32,
    /// Who is who.
    pub identity: IdentityPolicy,
    /// What is made of it.
    pub provisioning: Provisioning,
    /// The application's own.
    pub extend: Document,
}

/// Who is who.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityPolicy {
    /// Sign-ins.
    pub account_linking: AccountLinking,
    /// New resources.
    pub r#match: MatchPolicy,
    /// Lower case.
    pub verified_domains: Vec<String>,
    /// By id, user name or e-mail address.
    pub protected: Vec<String>,
    /// With several sources.
    pub active_while: ActiveWhile,
}

/// `identity.accountLinking`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLinking {
    /// OpenID Connect.
    pub oidc: Linking,
    /// SAML.
    pub saml: Linking,
}

/// Which identity a sign-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Linking {
    /// None that is there.
    None,
    /// That of the same connection, or of the same address.
    VerifiedEmail,
    /// That of the same connection.
    SameConnection,
}

/// `identity.match`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchPolicy {
    /// In this order.
    pub by: Vec<MatchBy>,
    /// Where that finds nobody, and someone is in the way.
    pub otherwise: Otherwise,
}

/// By what a resource is matched with an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MatchBy {
    /// The identity has a link with this `externalId`, of whatever source.
    ExternalId,
    /// The same user name, in any case.
    UserName,
    /// The same e-mail address, in a verified domain.
    VerifiedEmail,
}

/// What becomes of a resource that may not be matched with whom is in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Otherwise {
    /// Someone decides.
    Queue,
    /// 409.
    Refuse,
    /// A second identity.
    Create,
}

/// `identity.activeWhile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ActiveWhile {
    /// One is enough.
    AnySource,
    /// All must say so.
    AllSources,
}

/// `provisioning`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provisioning {
    /// Profiles.
    pub user: UserPolicy,
    /// Coming back.
    pub scim_reuse: ScimReuse,
    /// Coming first.
    pub jit: Jit,
    /// Leaving.
    pub deprovision: Deprovision,
    /// Of one of which a person must be.
    pub required_groups: Vec<String>,
    /// Roles from groups.
    pub groups: GroupRoles,
    /// Roles from roles.
    pub roles: RoleRoles,
    /// Many leaving at once.
    pub breaker: BreakerPolicy,
}

/// `provisioning.user`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserPolicy {
    /// Whether a sign-in makes an identity.
    pub create_on_sign_in: bool,
    /// What a sign-in updates.
    pub update_profile_on_login: Update,
    /// What a push updates.
    pub update_profile_from_scim: Update,
    /// Whose values nobody else overwrites.
    pub authority: Origin,
    /// The same for single attributes.
    pub attribute_authority: BTreeMap<String, Origin>,
}

/// What is updated of an identity that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Update {
    /// Nothing.
    Never,
    /// What it does not have.
    Missing,
    /// Everything that may be.
    Always,
}

/// `provisioning.scimReuse`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScimReuse {
    /// Whether the same `externalId` is the same person.
    pub user: Reuse,
    /// After deletion.
    pub rehire: Rehire,
}

/// `provisioning.scimReuse.user`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reuse {
    /// It is.
    ExternalId,
    /// It is not.
    None,
}

/// `provisioning.scimReuse.rehire`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rehire {
    /// The identity they had.
    Relink,
    /// A new one.
    New,
    /// 409.
    Refuse,
}

/// `provisioning.jit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jit {
    /// Whether someone unknown becomes an identity.
    pub mode: JitMode,
    /// Roles of everyone.
    pub default_role_ids: Vec<String>,
}

/// `provisioning.jit.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JitMode {
    /// No.
    Off,
    /// Yes.
    CreateUser,
    /// Yes, with the default roles.
    CreateUserAndMembership,
}

/// `provisioning.deprovision`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deprovision {
    /// What becomes of an identity that nobody wants active.
    pub mode: DeprovisionMode,
    /// Days until a disabled identity is deleted.
    pub grace_days: u32,
}

/// `provisioning.deprovision.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeprovisionMode {
    /// It is disabled.
    #[serde(alias = "soft")]
    Disable,
    /// It is disabled, and later deleted.
    DeleteAfterGrace,
    /// It says nothing of the person until they come back.
    Anonymize,
    /// It stays as it is.
    Keep,
    /// It is deleted at once.
    Hard,
}

/// `provisioning.groups`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRoles {
    /// Whether.
    pub mode: GroupMode,
    /// Always `protocol`.
    pub source: RoleSource,
    /// Role ids by group.
    pub mapping: BTreeMap<String, Vec<String>>,
}

/// `provisioning.groups.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupMode {
    /// Groups give no roles.
    Ignore,
    /// They do.
    Sync,
}

/// `provisioning.roles`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRoles {
    /// Whether.
    pub mode: RoleMode,
    /// Always `protocol`.
    pub source: RoleSource,
    /// Role ids by the provider's role.
    pub mapping: BTreeMap<String, Vec<String>>,
}

/// `provisioning.roles.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RoleMode {
    /// The provider's roles give no roles.
    Ignore,
    /// They do.
    Map,
}

/// Where groups and roles come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RoleSource {
    /// From the provider, as the protocol says them.
    Protocol,
}

/// `provisioning.breaker`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BreakerPolicy {
    /// Deprovisionings in a window; 0 is no limit.
    pub count: u32,
    /// Per cent of the active identities; 0 is no limit.
    pub percent: u32,
    /// Never held for their share.
    pub minimum: u32,
    /// Minutes.
    pub window_minutes: u32,
}

impl Policy {
    /// Who may overwrite whose values of an attribute.
    pub fn authority(&self, attribute: &str) -> Origin {
        let user = &self.provisioning.user;
        user.attribute_authority.get(attribute).copied().unwrap_or(user.authority)
    }

    /// Whether an address is in a verified domain.
    pub fn is_verified(&self, email: &str) -> bool {
        email.rsplit_once('@').is_some_and(|(_, domain)| {
            self.identity.verified_domains.iter().any(|known| known.eq_ignore_ascii_case(domain))
        })
    }
}
