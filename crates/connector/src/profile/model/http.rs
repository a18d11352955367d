//! Keys below `http` and `requestDefaults`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
