//! What an application changes of an identity.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_domain::identity::{Grant, Held, Identity, Origin, Owner, Status, TEXTS};
use rollcall_domain::policy::leave::deleted;
use serde_json::Value;

/// A change; what is not given stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityChange {
    /// `Active`, `Disabled` or `Deleted`. What the application disabled, no source makes active again, unless it has
    /// authority over `active`.
    pub status: Option<Status>,
    /// Attributes by name, `attributes.NAME` for extra ones; `null` takes one away.
    pub attributes: BTreeMap<String, Value>,
    /// The application's roles, all of them: those of sources are not touched.
    pub roles: Option<BTreeSet<String>>,
    /// Whether sources leave it alone.
    pub protected: Option<bool>,
}

impl IdentityChange {
    /// The identity as it is then.
    ///
    /// # Errors
    ///
    /// A sentence that says what cannot be.
    pub(super) fn apply(&self, identity: &Identity) -> Result<Identity, String> {
        let mut after = identity.clone();
        match self.status {
            None => {}
            Some(Status::Active) => {
                if let Some(sealed) = after.sealed.take() {
                    after.attributes = sealed;
                }
                (after.status, after.disabled_by, after.delete_at) = (Status::Active, None, None);
            }
            Some(Status::Disabled) if identity.status == Status::Active => {
                (after.status, after.disabled_by) = (Status::Disabled, Some(Origin::App));
            }
            Some(Status::Disabled) => after.disabled_by = Some(Origin::App),
            Some(Status::Deleted) => after = deleted(identity),
            Some(Status::Anonymized) => {
                return Err(
                    "status: anonymized is what policy does with leavers; disable or delete".to_owned()
                );
            }
        }
        for (name, value) in &self.attributes {
            check(name, value)?;
            if value.is_null() {
                after.attributes.remove(name);
            } else {
                let held = Held { value: value.clone(), origin: Origin::App, source: None };
                after.attributes.insert(name.clone(), held);
            }
        }
        if let Some(roles) = &self.roles {
            after.grants.retain(|grant| grant.owner != Owner::App);
            after.grants.extend(roles.iter().map(|role| Grant { role: role.clone(), owner: Owner::App }));
        }
        after.protected = self.protected.unwrap_or(after.protected);
        Ok(after)
    }

    /// What the audit keeps: names of attributes, not what they say.
    pub(super) fn audited(&self) -> Value {
        let names: Vec<&String> = self.attributes.keys().collect();
        let status = self.status.map(Status::as_str);
        serde_json::json!({
            "status": status, "attributes": names, "roles": self.roles, "protected": self.protected,
        })
    }
}

fn check(name: &str, value: &Value) -> Result<(), String> {
    let is_extra = name.strip_prefix("attributes.").is_some_and(|name| !name.is_empty());
    if !is_extra && !TEXTS.contains(&name) {
        let known = TEXTS.join(", ");
        return Err(format!(
            "{name} is not an attribute of an identity; there are {known} and attributes.NAME"
        ));
    }
    if !is_extra && !value.is_string() && !value.is_null() {
        return Err(format!("{name} takes text, or null to take it away"));
    }
    Ok(())
}
