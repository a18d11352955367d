//! Whether a source is ready: checks by name, and what it can do.

use rollcall_domain::api::ApiScope;
use rollcall_domain::credential::{Credential, Scope};
use rollcall_domain::policy::settings::{DeprovisionMode, Policy, Reuse};
use rollcall_domain::source::{Source, SourceStatus, check_slug};
use rollcall_scim::filter::Filter;
use rollcall_scim::schema::Registry;
use serde::Serialize;

use super::source::local;
use super::{Admin, AdminError};
use crate::people::settings as people;
use crate::{Service, directory};

/// A token that ends sooner than this is told of: 20 days.
const SOON_MS: i64 = 20 * 86_400_000;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What, as a name that does not change.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What to do, or to know.
    pub message: Option<String>,
}

/// What the source's SCIM endpoint can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one capability, by the name that others use")]
pub struct Capabilities {
    /// Users can be pushed.
    pub users: bool,
    /// Groups can be pushed.
    pub groups: bool,
    /// PATCH is taken.
    pub patch: bool,
    /// PUT is taken.
    pub put: bool,
    /// Operators of filters.
    pub filters: Vec<&'static str>,
    /// `/Bulk` is there.
    pub bulk: bool,
    /// Versions are told and checked.
    pub etag: bool,
    /// Lists can be sorted.
    pub sort: bool,
    /// Lists have cursors (RFC 9865).
    pub cursor: bool,
    /// Resource types by name.
    pub resource_types: Vec<String>,
}

/// Operators that filters are tried with.
const OPERATORS: [&str; 10] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"];

impl Capabilities {
    /// Of a source with these types. A test compares it with what the source's `ServiceProviderConfig` says.
    fn of(registry: Option<&Registry>) -> Self {
        let type_named = |name: &str| registry.and_then(|registry| registry.type_named(name));
        let taken = |operator: &&str| {
            let operand = if *operator == "pr" { "" } else { " \"a\"" };
            let filter = Filter::parse(&format!("userName {operator}{operand}"));
            filter.is_ok_and(|filter| type_named("User").is_some_and(|kind| filter.bind(kind).is_ok()))
        };
        let types =
            registry.iter().flat_map(|registry| registry.types().iter().chain([registry.membership()]));
        Self {
            users: type_named("User").is_some(),
            groups: type_named("Group").is_some(),
            patch: true,
            put: true,
            filters: OPERATORS.into_iter().filter(taken).collect(),
            bulk: true,
            etag: true,
            sort: true,
            cursor: true,
            resource_types: types.map(|kind| kind.name().to_owned()).collect(),
        }
    }
}

/// What was found of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Whether all checks are ok.
    pub ready: bool,
    /// In a fixed order.
    pub checks: Vec<Check>,
    /// What becomes of someone whom the source does not want active any more.
    pub deprovision_mode: Option<DeprovisionMode>,
    /// What it can do.
    pub capabilities: Capabilities,
}

impl Service {
    /// Looks at all that a source needs to be used.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`.
    pub async fn report(&self, admin: &Admin, source: &Source) -> Result<SourceReport, AdminError> {
        admin.require(ApiScope::SourcesRead)?;
        admin.owns(source)?;
        let credentials = self.store.credentials(source.key).await.map_err(AdminError::Store)?;
        let registry = directory::registry(source);
        let capabilities = Capabilities::of(registry.as_ref().ok());
        let external_id = registry.as_ref().ok().and_then(|registry| registry.type_named("User"));
        let external_id = external_id.is_some_and(|kind| kind.attribute("externalId").is_some());
        let tenant = self.store.tenant_policy(source.tenant).await.map_err(AdminError::Store)?;
        let policy = people::policy(source, tenant.as_ref());
        let deprovision_mode = policy.as_ref().ok().map(|policy| policy.provisioning.deprovision.mode);
        let schemas = registry.map(drop).map_err(|error| error.detail);
        let checks = vec![
            check("scim_config_exists", Ok(None)),
            check("scim_config_active", active(source)),
            check("token_hash_set", self.usable(&credentials)),
            check("token_lasts", Ok(self.ending(&credentials))),
            check("base_path_matches_route", routed(admin, source)),
            check("user_external_id_reuse_enabled", reuse(policy.as_ref().ok(), external_id)),
            check("policy_valid", policy.as_ref().map(|_| None).map_err(|lines| lines.join("; "))),
            check("schemas_resolve", schemas.map(|()| None)),
            check("filter_subset_supported", filters(&capabilities)),
            check("protocol_capabilities_declared", declared(&capabilities)),
        ];
        Ok(SourceReport {
            ready: checks.iter().all(|check| check.ok),
            checks,
            deprovision_mode,
            capabilities,
        })
    }

    /// Whether some token may write now.
    fn usable(&self, credentials: &[Credential]) -> Found {
        let now = self.clock.now();
        let valid = credentials.iter().filter(|credential| credential.is_valid(now));
        if valid.clone().any(|credential| credential.allows(Scope::Write)) {
            return Ok(None);
        }
        let text = if valid.count() > 0 {
            "no token may write: issue one that may"
        } else if credentials.is_empty() {
            "there is no token: issue one"
        } else {
            "every token has expired or is revoked: issue a new one"
        };
        Err(text.to_owned())
    }

    /// Whether the provider will still get in after a while: the longest-lived token that may write.
    fn ending(&self, credentials: &[Credential]) -> Option<String> {
        let now = self.clock.now();
        let writing = credentials
            .iter()
            .filter(|credential| credential.is_valid(now) && credential.allows(Scope::Write));
        let ends = writing.map(|credential| credential.expires.map_or(i64::MAX, |at| at.0)).max();
        match ends {
            Some(end) if end.saturating_sub(now.0) < SOON_MS => {
                let at = rollcall_domain::clock::Timestamp(end);
                Some(format!("the last token that may write expires at {at}: rotate it before"))
            }
            _ => None,
        }
    }
}

/// `Ok`, perhaps with something to know, or what is wrong.
type Found = Result<Option<String>, String>;

fn check(name: &'static str, found: Found) -> Check {
    match found {
        Ok(message) => Check { name, ok: true, message },
        Err(message) => Check { name, ok: false, message: Some(message) },
    }
}

fn active(source: &Source) -> Found {
    match source.status {
        SourceStatus::Active => Ok(None),
        SourceStatus::Paused => Err("the source is paused: every SCIM request gets 503".to_owned()),
    }
}

/// The base path has the slug as one segment, which is how requests are routed.
fn routed(admin: &Admin, source: &Source) -> Found {
    check_slug(local(admin.tenant(), &source.slug)).map(|()| None)
}

/// A user who is pushed again with a known `externalId` is recognised.
fn reuse(policy: Option<&Policy>, has_external_id: bool) -> Found {
    if !has_external_id {
        return Err("users have no externalId".to_owned());
    }
    let reused = policy.is_none_or(|policy| policy.provisioning.scim_reuse.user == Reuse::ExternalId);
    let text = "provisioning.scimReuse.user is none: who comes back with a known externalId is someone new";
    reused.then_some(None).ok_or_else(|| text.to_owned())
}

fn filters(capabilities: &Capabilities) -> Found {
    let wanted = ["eq", "co", "sw", "ew", "pr"];
    let missing: Vec<_> = wanted.iter().filter(|name| !capabilities.filters.contains(name)).collect();
    missing.is_empty().then_some(None).ok_or_else(|| format!("filters lack {missing:?}"))
}

fn declared(capabilities: &Capabilities) -> Found {
    let (users, groups) = (capabilities.users, capabilities.groups);
    (users && groups).then_some(None).ok_or_else(|| "the source has no users or no groups".to_owned())
}
