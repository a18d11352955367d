//! What the admin API keeps: its tokens and the audit.

use async_trait::async_trait;
use rollcall_domain::api::ApiToken;
use rollcall_domain::audit::{Draft, Entry, Head};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use uuid::Uuid;

use crate::StoreError;

/// Which entries of the audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Of this tenant only.
    pub tenant: Option<TenantKey>,
    /// By this actor only.
    pub actor: Option<String>,
    /// Of this action only.
    pub action: Option<String>,
    /// Of this subject and what is below it.
    pub subject: Option<String>,
}

/// API tokens and the audit. What changes settings takes the [`Draft`] of its entry, which is committed with it.
#[async_trait]
pub trait Administration: Send + Sync {
    /// The API token of this public prefix.
    async fn api_token(&self, prefix: &str) -> Result<Option<ApiToken>, StoreError>;

    /// The API token of this id.
    async fn api_token_of(&self, id: Uuid) -> Result<Option<ApiToken>, StoreError>;

    /// API tokens by age: those bound to the tenant, or all. After this id, at most `limit`.
    async fn api_tokens(
        &self,
        tenant: Option<TenantKey>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ApiToken>, StoreError>;

    /// Adds an API token. `Conflict` on `prefix`.
    async fn add_api_token(&self, token: &ApiToken, audit: &Draft) -> Result<(), StoreError>;

    /// Adds an API token and writes `expires` of the one that it takes the place of, with an entry for each.
    async fn rotate_api_token(
        &self,
        new: &ApiToken,
        old: &ApiToken,
        audit: [&Draft; 2],
    ) -> Result<(), StoreError>;

    /// Writes `expires` and `revoked` of the API token of this id. `NotFound`.
    async fn update_api_token(&self, token: &ApiToken, audit: &Draft) -> Result<(), StoreError>;

    /// Records when API tokens were last used.
    async fn touch_api_tokens(&self, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError>;

    /// Entries of the audit before this number (`None`: from the last), latest first, at most `limit`.
    async fn audit(
        &self,
        query: &AuditQuery,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Entries of the audit after this number, in order, at most `limit`: to verify the chain.
    async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// Where the chain ends.
    async fn audit_head(&self) -> Result<Head, StoreError>;
}
