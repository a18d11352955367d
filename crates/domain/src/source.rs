//! Sources: one inbound SCIM endpoint for one identity provider.

use rollcall_scim::schema::{ResourceType, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::mapping::MappingSettings;
use crate::request_log::RequestLogSettings;
use crate::tenant::TenantKey;

/// A source's row number in the store. Never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceKey(pub i64);

/// Whether a source answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceStatus {
    /// It answers.
    Active,
    /// Every SCIM request gets 503 with Retry-After; nothing is lost, nothing changes.
    Paused,
}

/// What an operator may set per source. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceSettings {
    /// What people call the source; empty: its slug.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Requests a second, sustained; 0 is unlimited, otherwise at least [`MIN_REQUESTS_PER_SECOND`].
    pub requests_per_second: u32,
    /// Requests that may come at once, above the sustained rate.
    pub burst: u32,
    /// Bytes of a request body.
    pub max_request_bytes: u64,
    /// Operations in one Bulk request.
    pub max_bulk_operations: u32,
    /// Resources in one page.
    pub max_page_size: u32,
    /// Resources in a page when the client does not say.
    pub default_page_size: u32,
    /// Members of a group that a response shows; 0 is all. What it leaves out it says, and the rest is at
    /// `/GroupMemberships`.
    pub max_members: u32,
    /// How users become profiles. A source with neither this nor a policy has no identities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingSettings>,
    /// What profiles mean: keys of [`crate::policy::keys::KEYS`], nested; those that are not there are the tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
    /// Switches of its dialect that are set otherwise: as `docs/dialects.md` names them (`rules.path_keys`).
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub switches: Map<String, Value>,
    /// What is kept of its requests.
    pub request_log: RequestLogSettings,
}

impl SourceSettings {
    /// Whether identities are made of the source's users.
    pub fn has_identities(&self) -> bool {
        self.mapping.is_some() || self.policy.is_some()
    }
}

/// Below this no rate limit may be set (OpenID IPSIE account-lifecycle profile).
pub const MIN_REQUESTS_PER_SECOND: u32 = 25;

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            requests_per_second: 2_000,
            burst: 4_000,
            max_request_bytes: 16 * 1024 * 1024,
            max_bulk_operations: 1_000,
            max_page_size: 1_000,
            default_page_size: 100,
            max_members: 0,
            mapping: None,
            policy: None,
            switches: Map::new(),
            request_log: RequestLogSettings::default(),
        }
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its row.
    pub key: SourceKey,
    /// The tenant it belongs to.
    pub tenant: TenantKey,
    /// Its public id.
    pub id: Uuid,
    /// Its unique name in URLs: see [`check_slug`].
    pub slug: String,
    /// Name of its dialect.
    pub dialect: String,
    /// Whether it answers.
    pub status: SourceStatus,
    /// What the operator set.
    pub settings: SourceSettings,
    /// Schemas added at run time.
    pub schemas: Vec<Schema>,
    /// Resource types added, or given more extensions, at run time.
    pub resource_types: Vec<ResourceType>,
    /// When it was made.
    pub created: Timestamp,
    /// Counts what was set: what was prepared under another number is void. The store's own.
    pub generation: u64,
}

/// Checks a slug: 1 to 63 of `a-z`, `0-9`, `-` and `_`, beginning with a letter or digit.
///
/// # Errors
///
/// A sentence that says what a slug is.
pub fn check_slug(slug: &str) -> Result<(), String> {
    let plain = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if plain && (1..=63).contains(&slug.len()) && !slug.starts_with(['-', '_']) {
        return Ok(());
    }
    Err(format!("{slug:?} is not a slug: use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit"))
}
