//! Checks of a policy against the rest of the settings: what `validate` answers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::settings::{GroupMode, Linking, MatchBy, Policy, Reuse, RoleMode};

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, which does not change.
    pub name: String,
    /// Whether it holds.
    pub ok: bool,
    /// What to do where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Policy {
    /// Everything that can be said of the policy beside its shape; `roles` are the role ids that the
    /// application has, empty when it never told.
    pub fn checks(&self, roles: &BTreeSet<String>) -> Vec<Check> {
        let provisioning = &self.provisioning;
        let groups = provisioning.groups.mapping.values().flatten();
        let others = provisioning.roles.mapping.values().flatten();
        let needs_domains = self.identity.r#match.by.contains(&MatchBy::VerifiedEmail)
            || self.identity.account_linking.oidc == Linking::VerifiedEmail
            || self.identity.account_linking.saml == Linking::VerifiedEmail;
        let unread = |is_off: bool, is_empty: bool, what: &str| {
            (is_off && !is_empty).then(|| format!("{what}.mapping is set, but {what}.mode is ignore"))
        };
        vec![
            check("policy_version", (self.version != 1).then(|| "version must be 1".to_owned())),
            check("jit_default_role_ids_known", unknown(provisioning.jit.default_role_ids.iter(), roles)),
            check("provisioning_group_mapping_targets_known", unknown(groups, roles)),
            check("provisioning_role_mapping_targets_known", unknown(others, roles)),
            check(
                "provisioning_group_mapping_read",
                unread(
                    provisioning.groups.mode == GroupMode::Ignore,
                    provisioning.groups.mapping.is_empty(),
                    "groups",
                ),
            ),
            check(
                "provisioning_role_mapping_read",
                unread(
                    provisioning.roles.mode == RoleMode::Ignore,
                    provisioning.roles.mapping.is_empty(),
                    "roles",
                ),
            ),
            check(
                "user_external_id_reuse_enabled",
                (provisioning.scim_reuse.user == Reuse::None)
                    .then(|| "scimReuse.user is none: one who comes back gets a new identity".to_owned()),
            ),
            check(
                "verified_domains_set",
                (needs_domains && self.identity.verified_domains.is_empty()).then(|| {
                    "verifiedEmail matches nobody until identity.verifiedDomains names a domain".to_owned()
                }),
            ),
        ]
    }
}

fn check(name: &str, message: Option<String>) -> Check {
    Check { name: name.to_owned(), ok: message.is_none(), message }
}

fn unknown<'a>(wanted: impl Iterator<Item = &'a String>, roles: &BTreeSet<String>) -> Option<String> {
    if roles.is_empty() {
        return None;
    }
    let unknown: BTreeSet<&str> = wanted.filter(|role| !roles.contains(*role)).map(String::as_str).collect();
    let names: Vec<&str> = unknown.into_iter().collect();
    (!names.is_empty()).then(|| format!("there are no roles {}", names.join(", ")))
}
