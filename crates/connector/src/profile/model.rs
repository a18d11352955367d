//! The keys of a profile. The JSON Schema is generated from this file, texts included.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::path::JsonPath;

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

/// How to sign in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth {
    /// The kind.
    pub auth_type: AuthType,
    /// What stands before the key or token in the header, such as `Bearer`.
    #[serde(default)]
    pub api_key_prefix: Option<String>,
    /// Header that carries the key or token; `Authorization` when not given.
    #[serde(default)]
    pub api_key_header: Option<String>,
    /// Query parameter that carries the key, instead of a header.
    #[serde(default)]
    pub api_key_query: Option<String>,
    /// Ask `authUrl` for a token.
    #[serde(default)]
    pub should_obtain_token: bool,
    /// Where tokens are given out.
    #[serde(default)]
    #[schemars(extend("format" = "uri"))]
    pub auth_url: Option<String>,
    /// Where the token is in the answer; `access_token` when not given.
    #[serde(default)]
    pub token_path: Option<JsonPath>,
    /// Send the token request as `tokenRequestDefaults` says, with nothing of our own.
    #[serde(default)]
    pub with_custom_token_request: bool,
    /// What the token request carries beside what the grant needs.
    #[serde(default)]
    pub token_request_defaults: TokenRequestDefaults,
    /// The grant of the token request; `clientCredentials` when not given.
    #[serde(default)]
    pub grant: Option<Grant>,
    /// OAuth scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where the token request carries client id and secret.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The assertion of the `jwtBearer` grant.
    #[serde(default)]
    pub jwt: Option<Jwt>,
}

/// Kind of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AuthType {
    /// User name and password in every request (RFC 7617).
    Basic,
    /// A bearer token (RFC 6750), given or obtained.
    Oauth2,
    /// A key in a header or query parameter.
    ApiKey,
    /// A token that is obtained with `GET authUrl` and the client's id and secret.
    BasicTokenSource,
    /// A token that is obtained with `POST authUrl` and what `tokenRequestDefaults` says.
    CustomTokenSource,
    /// Not at all: the connection's certificate or a header of `requestDefaults` is enough.
    #[default]
    None,
}

/// OAuth 2.0 grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Grant {
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §4.3.
    Password,
    /// RFC 7523 §2.1.
    JwtBearer,
    /// RFC 6749 §6.
    RefreshToken,
    /// Zoom's: the client's credentials and an account id.
    AccountCredentials,
}

/// Where the token request carries client id and secret (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientAuth {
    /// In an `Authorization: Basic` header.
    #[default]
    Header,
    /// In the body, as `client_id` and `client_secret`.
    Body,
}

/// The assertion of the JWT-bearer grant (RFC 7523 §3).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jwt {
    /// PEM file of the PKCS #8 key that signs.
    #[serde(default)]
    pub key_file: Option<String>,
    /// The header's `kid`.
    #[serde(default)]
    pub key_id: Option<String>,
    /// How to sign.
    #[serde(default)]
    pub algorithm: JwtAlgorithm,
    /// Claim `iss`; the client id when not given.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Claim `sub`; the issuer when not given.
    #[serde(default)]
    pub subject: Option<String>,
    /// Claim `aud`; `authUrl` when not given.
    #[serde(default)]
    pub audience: Option<String>,
    /// Further claims.
    #[serde(default)]
    pub claims: Map<String, Value>,
}

/// Signature of a JWT (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum JwtAlgorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    #[default]
    RS256,
    /// ECDSA, P-256, SHA-256.
    ES256,
}

/// What a token request carries beside what the grant needs. Values are treated as secrets.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenRequestDefaults {
    /// `application/x-www-form-urlencoded` when not given, or `application/json`.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Query parameters.
    #[serde(default)]
    pub query_params: BTreeMap<String, String>,
    /// Values of the body.
    #[serde(default)]
    pub form_body_values: BTreeMap<String, String>,
}

impl fmt::Debug for TokenRequestDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequestDefaults")
            .field("headers", &self.headers.keys())
            .field("query_params", &self.query_params.keys())
            .field("form_body_values", &self.form_body_values.keys())
            .finish_non_exhaustive()
    }
}

/// What every request carries. Values are treated as secrets.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestDefaults {
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Query parameters.
    #[serde(default)]
    pub query_params: BTreeMap<String, String>,
}

impl fmt::Debug for RequestDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestDefaults")
            .field("headers", &self.headers.keys())
            .field("query_params", &self.query_params.keys())
            .finish_non_exhaustive()
    }
}

/// Where things are in a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserPaths {
    /// Id.
    pub id: JsonPath,
    /// Name to sign in with.
    #[serde(default)]
    pub user_name: Option<JsonPath>,
    /// Given name.
    pub first_name: JsonPath,
    /// Family name.
    pub last_name: JsonPath,
    /// Name to show; first and last name when not given.
    #[serde(default)]
    pub display_name: Option<JsonPath>,
    /// The address to use.
    #[serde(default)]
    pub primary_email: Option<JsonPath>,
    /// The address to use when there is no primary one.
    #[serde(default)]
    pub first_email: Option<JsonPath>,
    /// Users have no e-mail addresses: `primaryEmail` need not be given.
    #[serde(default)]
    pub skip_user_emails: bool,
    /// Whether the user may sign in.
    pub active: JsonPath,
    /// Users name their groups.
    #[serde(default)]
    pub has_groups_on_user: bool,
    /// Where a user's groups are, with `hasGroupsOnUser`.
    #[serde(default)]
    pub user_group: Option<UserGroupPaths>,
    /// Where a user's roles are. Without it, roles are not read.
    #[serde(default)]
    pub roles: Option<RolePaths>,
}

/// Where things are in the groups of a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserGroupPaths {
    /// The groups, from the user.
    pub path: JsonPath,
    /// Display name, from the group.
    pub name: JsonPath,
    /// Id, from the group; looked up by name when not given.
    #[serde(default)]
    pub id: Option<JsonPath>,
}

/// Where things are in the roles of a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolePaths {
    /// The roles, from the user.
    pub path: JsonPath,
    /// The role's value, from the role: what is sent to grant it.
    pub name: JsonPath,
    /// Name to show, from the role.
    #[serde(default)]
    pub display: Option<JsonPath>,
}

/// Where things are in a group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupPaths {
    /// Id.
    pub id: JsonPath,
    /// Name to show.
    pub display_name: JsonPath,
    /// Where members are. Without it, members are not read from groups.
    #[serde(default)]
    pub members: Option<MemberPaths>,
    /// Whether lists of groups have their members.
    #[serde(default)]
    pub members_in_list: MembersInList,
}

/// Where things are in the members of a group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberPaths {
    /// The members, from the group.
    pub path: JsonPath,
    /// Id, from the member.
    pub id: JsonPath,
    /// Name to show, from the member.
    #[serde(default)]
    pub display_name: Option<JsonPath>,
    /// `User` or `Group`, from the member; `type` when not given.
    #[serde(default, rename = "type")]
    pub kind: Option<JsonPath>,
}

/// Whether lists of groups have their members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MembersInList {
    /// Found out: groups without members are read one by one until a list has shown some.
    #[default]
    Auto,
    /// Yes: a group without members is empty.
    Always,
    /// No: every group is read by itself.
    Never,
}

/// Where things are in a list, and how to ask for the next part.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pagination {
    /// How many there are.
    pub total_results: JsonPath,
    /// How many came. What came is counted, so this is only compared with it.
    pub items_per_page: JsonPath,
    /// Which came first. What was asked for is known, so this is only compared with it.
    pub start_index: JsonPath,
    /// The cursor of the next page (RFC 9865); `nextCursor` when not given.
    #[serde(default)]
    pub next_cursor: Option<JsonPath>,
    /// The records; `Resources[*]` when not given.
    #[serde(default)]
    pub resources: Option<JsonPath>,
    /// How to ask for the next part.
    #[serde(default)]
    pub style: Paging,
    /// Records to ask for at a time. 1 to 10000.
    #[serde(default = "Pagination::default_page_size")]
    #[schemars(range(min = 1, max = 10_000))]
    pub page_size: u32,
}

impl Pagination {
    pub(crate) const fn default_page_size() -> u32 {
        100
    }
}

/// How to ask for the next part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Paging {
    /// By index, by cursor once the application gives one.
    #[default]
    Auto,
    /// By index (RFC 7644 §3.4.2.4).
    Index,
    /// By cursor (RFC 9865).
    Cursor,
    /// Not at all: the first answer is everything.
    None,
}

/// How to change members and roles.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provisioning {
    /// Granting a role.
    #[serde(default)]
    pub add_user_role: Option<Operation>,
    /// Revoking one role. The others stay, whatever `op` says.
    #[serde(default)]
    pub remove_user_role: Option<Operation>,
    /// Adding a member.
    #[serde(default)]
    pub add_user_to_group: Option<Operation>,
    /// Removing one member. The others stay, whatever `op` says.
    #[serde(default)]
    pub remove_user_from_group: Option<Operation>,
}

/// One operation of a PATCH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// Schema URN of the request.
    pub schemas: String,
    /// `add`, `remove` or `replace`, in any case.
    pub op: String,
    /// Attribute that is changed.
    pub path: String,
    /// Sub-attribute that holds the id or the role.
    pub value_path: String,
}

/// Connections, limits of time and size, retries.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Http {
    /// `Accept`, instead of what `hasScimHeader` says.
    pub accept: Option<String>,
    /// `Content-Type`, instead of what `hasScimHeader` says.
    pub content_type: Option<String>,
    /// `User-Agent`; `rollcall/VERSION` when not given. There always is one.
    pub user_agent: Option<String>,
    /// Seconds that connecting may take. 1 to 3600.
    #[schemars(range(min = 1, max = 3600))]
    pub connect_timeout_seconds: u32,
    /// Seconds that one answer may take, from the first byte sent to the last received. 1 to 3600.
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: u32,
    /// MiB that one answer may have. 1 to 4096.
    #[schemars(range(min = 1, max = 4096))]
    pub max_response_mib: u32,
    /// Requests at the same time. 1 to 64.
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: u32,
    /// Which redirects of a GET are followed.
    pub redirects: Redirects,
    /// Connect to loopback, link-local and private addresses, wherever a redirect leads.
    pub allow_private_addresses: bool,
    /// Retries.
    pub retry: Retry,
    /// Proxy for all connections.
    pub proxy: Option<Proxy>,
    /// Certificates.
    pub tls: Tls,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            accept: None,
            content_type: None,
            user_agent: None,
            connect_timeout_seconds: 15,
            timeout_seconds: 120,
            max_response_mib: 64,
            concurrency: 4,
            redirects: Redirects::default(),
            allow_private_addresses: false,
            retry: Retry::default(),
            proxy: None,
            tls: Tls::default(),
        }
    }
}

/// Which redirects of a GET are followed. From https to http: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Redirects {
    /// None.
    None,
    /// To the same scheme, host and port.
    #[default]
    SameOrigin,
    /// To any; credentials go to the first origin only.
    Any,
}

/// Retries of 429, 5xx and broken connections.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retry {
    /// Times that one request is sent at most. 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub attempts: u32,
    /// Milliseconds before the first retry, on average doubled each time. 1 to 60000.
    #[schemars(range(min = 1, max = 60_000))]
    pub backoff_ms: u32,
    /// Seconds that a wait may take; a longer `Retry-After` ends the retries. 1 to 3600.
    #[schemars(range(min = 1, max = 3600))]
    pub max_wait_seconds: u32,
    /// Seconds that a request may take with its retries. 1 to 86400.
    #[schemars(range(min = 1, max = 86_400))]
    pub deadline_seconds: u32,
    /// Retries that all requests share before one in ten requests may be retried. 0 to 100000.
    #[schemars(range(min = 0, max = 100_000))]
    pub budget: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 6, backoff_ms: 500, max_wait_seconds: 120, deadline_seconds: 600, budget: 100 }
    }
}

/// A proxy.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proxy {
    /// `http://host:port` or `socks5://host:port`; with `socks5h` the proxy looks names up.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
}

/// Certificates, as PEM files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tls {
    /// Authorities to trust beside the system's.
    pub ca_file: Option<String>,
    /// Our certificate, with its chain.
    pub certificate_file: Option<String>,
    /// The certificate's key.
    pub key_file: Option<String>,
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

/// Forms of requests in which applications differ.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Shapes {
    /// How users are changed.
    pub update_user: UpdateMethod,
    /// How groups are changed.
    pub update_group: UpdateMethod,
    /// How roles of a user are changed.
    pub update_roles: UpdateMethod,
    /// How a member is added.
    pub member: MemberShape,
    /// How a member or role is removed.
    pub removal: MemberRemoval,
    /// Attributes left out of what is sent, such as `meta` or `schemas`.
    pub leave_out: Vec<String>,
}

/// How a resource is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UpdateMethod {
    /// PATCH with what changes.
    #[default]
    Patch,
    /// PUT of what was read with what changes, under `If-Match` when there is a version.
    Put,
}

/// How a member is added by PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MemberShape {
    /// Path `members`, value `[{"value": id}]`.
    #[default]
    Standard,
    /// Path `members`, value `{"members": [{"value": id}]}` (Salesforce).
    Wrapped,
    /// No path, value `{"members": [{"value": id, "display": name}]}` (WSO2).
    Pathless,
    /// Path `members`, value `[{"value": id, "$ref": URL, "display": name}]` (Keycloak).
    Detailed,
}

/// How a member or role is removed by PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MemberRemoval {
    /// By a path with a filter, `members[value eq "id"]` (RFC 7644 §3.5.2.2).
    #[default]
    ByFilter,
    /// By the path `members` and a value that names who goes. Some applications then remove everyone.
    ByValue,
}
