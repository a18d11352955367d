//! API tokens: who may use the admin API, and for what.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::credential::{Token, TokenKey};
use crate::tenant::TenantKey;

/// One thing that an API token may do. Writing does not include reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum ApiScope {
    /// `tenants:read`
    TenantsRead,
    /// `tenants:write`
    TenantsWrite,
    /// `sources:read`
    SourcesRead,
    /// `sources:write`
    SourcesWrite,
    /// `tokens:read`
    TokensRead,
    /// `tokens:write`
    TokensWrite,
    /// `api-tokens:read`
    ApiTokensRead,
    /// `api-tokens:write`
    ApiTokensWrite,
    /// `schemas:read`
    SchemasRead,
    /// `schemas:write`
    SchemasWrite,
    /// `mappings:read`
    MappingsRead,
    /// `mappings:write`
    MappingsWrite,
    /// `identities:read`
    IdentitiesRead,
    /// `identities:write`
    IdentitiesWrite,
    /// `changes:read`
    ChangesRead,
    /// `streams:read`
    StreamsRead,
    /// `streams:write`
    StreamsWrite,
    /// `streams:poll`
    StreamsPoll,
    /// `webhooks:read`
    WebhooksRead,
    /// `webhooks:write`
    WebhooksWrite,
    /// `requests:read`
    RequestsRead,
    /// `audit:read`
    AuditRead,
}

/// Every scope with its name and what it is for. The one list of them.
const SCOPES: &[(ApiScope, &str, &str)] = &[
    (ApiScope::TenantsRead, "tenants:read", "See tenants"),
    (ApiScope::TenantsWrite, "tenants:write", "Make tenants"),
    (ApiScope::SourcesRead, "sources:read", "See sources, their settings and status"),
    (ApiScope::SourcesWrite, "sources:write", "Make, configure, pause and delete sources"),
    (ApiScope::TokensRead, "tokens:read", "See the tokens of sources, without their secrets"),
    (ApiScope::TokensWrite, "tokens:write", "Issue, rotate and revoke tokens of sources"),
    (ApiScope::ApiTokensRead, "api-tokens:read", "See API tokens, without their secrets"),
    (
        ApiScope::ApiTokensWrite,
        "api-tokens:write",
        "Issue and revoke API tokens that may do no more than this one",
    ),
    (ApiScope::SchemasRead, "schemas:read", "See the schemas and resource types of sources"),
    (ApiScope::SchemasWrite, "schemas:write", "Add schemas and resource types to sources"),
    (ApiScope::MappingsRead, "mappings:read", "See mappings and policies, and try them"),
    (ApiScope::MappingsWrite, "mappings:write", "Change mappings and policies"),
    (ApiScope::IdentitiesRead, "identities:read", "See identities, the match queue and held changes"),
    (
        ApiScope::IdentitiesWrite,
        "identities:write",
        "Decide matches and held changes, grant and revoke roles",
    ),
    (ApiScope::ChangesRead, "changes:read", "Follow the change feed"),
    (ApiScope::StreamsRead, "streams:read", "See streams of Security Event Tokens"),
    (ApiScope::StreamsWrite, "streams:write", "Make and change streams of Security Event Tokens"),
    (ApiScope::StreamsPoll, "streams:poll", "Fetch and acknowledge Security Event Tokens"),
    (ApiScope::WebhooksRead, "webhooks:read", "See webhooks, hooks and their deliveries"),
    (ApiScope::WebhooksWrite, "webhooks:write", "Make, change and replay webhooks and hooks"),
    (ApiScope::RequestsRead, "requests:read", "See the request log of sources"),
    (ApiScope::AuditRead, "audit:read", "See who changed which setting when"),
];

impl ApiScope {
    /// All scopes, in the order of their list.
    pub fn all() -> impl Iterator<Item = Self> {
        SCOPES.iter().map(|(scope, _, _)| *scope)
    }

    /// Its name: `sources:read`.
    pub fn name(self) -> &'static str {
        SCOPES.iter().find(|(scope, _, _)| *scope == self).map_or("", |(_, name, _)| name)
    }

    /// What it is for, in a few words.
    pub fn purpose(self) -> &'static str {
        SCOPES.iter().find(|(scope, _, _)| *scope == self).map_or("", |(_, _, purpose)| purpose)
    }

    /// The scope of this name.
    pub fn named(name: &str) -> Option<Self> {
        SCOPES.iter().find(|(_, known, _)| *known == name).map(|(scope, _, _)| *scope)
    }

    /// Whether it changes nothing.
    pub fn is_read(self) -> bool {
        self.name().ends_with(":read")
    }
}

impl From<ApiScope> for &'static str {
    fn from(scope: ApiScope) -> Self {
        scope.name()
    }
}

impl TryFrom<String> for ApiScope {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let names = || ApiScope::all().map(ApiScope::name).collect::<Vec<_>>().join(", ");
        Self::named(&name).ok_or_else(|| format!("there is no scope {name:?}; there are {}", names()))
    }
}

/// An API token as stored: all but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id, shown in lists and in the audit.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The only tenant that it reaches; `None`: the installation with all its tenants.
    pub tenant: Option<TenantKey>,
    /// The public part of the token, by which it is found.
    pub prefix: String,
    /// HMAC-SHA-256 of the token under the server's key.
    pub digest: [u8; 32],
    /// What it may do.
    pub scopes: Vec<ApiScope>,
    /// When it was issued.
    pub created: Timestamp,
    /// From when it is no longer taken.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it is taken at this time.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none_or(|at| now < at) && self.expires.is_none_or(|at| now < at)
    }

    /// Whether this is its token, compared in constant time.
    pub fn matches(&self, key: &TokenKey, token: &Token) -> bool {
        self.digest.ct_eq(&key.digest(token)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_in_the_list_once_and_is_read_by_its_name() {
        for scope in ApiScope::all() {
            assert_eq!(ApiScope::named(scope.name()), Some(scope));
            assert!(!scope.purpose().is_empty());
            let text = serde_json::to_string(&scope).unwrap();
            assert_eq!(serde_json::from_str::<ApiScope>(&text).unwrap(), scope);
        }
        assert_eq!(ApiScope::AuditRead as usize + 1, SCOPES.len(), "a scope is not in the list");
        let error = serde_json::from_str::<ApiScope>("\"sources\"").unwrap_err().to_string();
        assert!(error.contains("sources:read"), "{error}");
    }
}
