//! The keys of a profile. The JSON Schema is generated from this folder, texts included.

mod auth;
mod change;
mod http;
mod records;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::auth::{Auth, AuthType, ClientAuth, Grant, Jwt, JwtAlgorithm, TokenRequestDefaults};
pub use self::change::{MemberRemoval, MemberShape, Operation, Provisioning, Shapes, UpdateMethod};
pub use self::http::{Http, Proxy, Redirects, RequestDefaults, Retry, Tls};
pub use self::records::{
    GroupPaths, MemberPaths, MembersInList, Pagination, Paging, RolePaths, UserGroupPaths, UserPaths,
};

/// A SCIM application: where it is, how to sign in, where things are in its answers, how it wants to be changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// Short name, for messages.
    #[serde(default)]
    pub name: Option<String>,
    /// What application this is, and what is peculiar about it.
    #[serde(default)]
    pub description: Option<String>,
    /// Base URL of the SCIM API; `Users` and `Groups` are below it. `${NAME}` is taken from the environment.
    #[schemars(extend("format" = "uri"))]
    pub api_endpoint: String,
    /// Ask for `application/scim+json` instead of `application/json`, and send it.
    #[serde(default)]
    pub has_scim_header: bool,
    /// Version of SCIM that the application speaks.
    #[serde(default)]
    pub scim_version: ScimVersion,
    /// How to sign in.
    pub auth: Auth,
    /// Headers and query parameters of every SCIM request. Values are treated as secrets.
    #[serde(default)]
    pub request_defaults: RequestDefaults,
    /// Where things are in a user.
    pub user: UserPaths,
    /// Where things are in a group. Without it, groups are not read.
    #[serde(default)]
    pub group: Option<GroupPaths>,
    /// Where things are in a list, and how to ask for the next part.
    pub pagination: Pagination,
    /// How to change members and roles. What is not given cannot be changed.
    #[serde(default)]
    pub provisioning: Provisioning,
    /// Connections, limits of time and size, retries.
    #[serde(default)]
    pub http: Http,
    /// What the application says about itself, and what is said instead of it.
    #[serde(default)]
    pub discovery: Discovery,
    /// What the application does not take.
    #[serde(default)]
    pub limits: Limits,
    /// Forms of requests in which applications differ.
    #[serde(default)]
    pub shapes: Shapes,
}

/// Version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum ScimVersion {
    /// SCIM 1.1.
    #[serde(rename = "1.1")]
    V1,
    /// SCIM 2.0 (RFC 7643, RFC 7644).
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

/// What the application says about itself, and what is said instead of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Discovery {
    /// Ask for `ServiceProviderConfig`, `ResourceTypes` and `Schemas`.
    pub ask: bool,
    /// Used over what the application says (RFC 7643 §5), key by key.
    pub service_provider_config: Map<String, Value>,
    /// Schemas over those that the application has (RFC 7643 §7).
    pub schemas: Vec<Value>,
}

impl Default for Discovery {
    fn default() -> Self {
        Self { ask: true, service_provider_config: Map::new(), schemas: Vec::new() }
    }
}

/// What the application does not take.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Members added and removed in one request.
    #[schemars(range(min = 1, max = 100_000))]
    pub membership_changes: Option<u32>,
    /// Operators of filters, such as `eq` and `and`; all when not given.
    pub filter_operators: Option<Vec<String>>,
    /// `attributes` is not understood in a search.
    pub no_attributes_parameter: bool,
    /// Members of groups are not shown: whether someone is in one can only be asked.
    pub members_not_shown: bool,
}
