//! An endpoint as it is shown: all but its secrets.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Endpoint, EndpointSettings, EndpointStatus, SecretUse, WhenDown};
use schemars::JsonSchema;
use serde::Serialize;

/// A webhook, hook or stream.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Endpoint")]
pub(super) struct EndpointView {
    /// Its id.
    id: String,
    /// `webhook`, `before_provision`, `after_provision`, `set_push` or `set_poll`.
    kind: &'static str,
    /// `active`, `paused`, or `disabled`: Rollcall has stopped by itself.
    status: &'static str,
    /// Why it is disabled.
    reason: Option<String>,
    /// For people.
    description: String,
    /// Where requests go; empty for a stream that is polled.
    url: String,
    /// Patterns of event types; empty: all.
    events: Vec<String>,
    /// Slugs of sources; empty: all.
    sources: Vec<String>,
    /// Milliseconds that an answer may take; 0: 15,000, for a hook 2,000.
    timeout_ms: u32,
    /// What it means when a hook does not answer: `proceed` or `refuse`.
    when_down: &'static str,
    /// `aud` of Security Event Tokens; empty: the id.
    audience: Vec<String>,
    /// Whether Security Event Tokens carry the data.
    full: bool,
    /// The secrets that it has, newest first.
    secrets: Vec<SecretView>,
    /// When it was made (RFC 3339).
    created: String,
}

/// What may be told of a secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EndpointSecret")]
struct SecretView {
    /// `signing` or `authorization`.
    purpose: &'static str,
    /// When it was made (RFC 3339).
    created: String,
    /// From when it is not used any more (RFC 3339).
    expires: Option<String>,
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        let (status, reason) = match endpoint.status {
            EndpointStatus::Active => ("active", None),
            EndpointStatus::Paused => ("paused", None),
            EndpointStatus::Disabled(reason) => ("disabled", Some(reason)),
        };
        let EndpointSettings { description, url, events, sources, timeout_ms, when_down, audience, full } =
            endpoint.settings;
        let secrets = endpoint.secrets.iter().map(|secret| SecretView {
            purpose: match secret.purpose {
                SecretUse::Signing => "signing",
                SecretUse::Authorization => "authorization",
            },
            created: secret.created.to_string(),
            expires: secret.expires.map(|at: Timestamp| at.to_string()),
        });
        Self {
            id: endpoint.id.to_string(),
            kind: endpoint.kind.as_str(),
            status,
            reason,
            description,
            url,
            events,
            sources,
            timeout_ms,
            when_down: match when_down {
                WhenDown::Proceed => "proceed",
                WhenDown::Refuse => "refuse",
            },
            audience,
            full,
            secrets: secrets.collect(),
            created: endpoint.created.to_string(),
        }
    }
}
