//! The contract of what the admin API keeps.

use async_trait::async_trait;
use rollcall_domain::api::ApiToken;
use rollcall_domain::audit::{Draft, Entry, Head};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::administration::AuditQuery;
use rollcall_store::{Administration, StoreError};
use uuid::Uuid;

use crate::session::Scope;
use crate::{PostgresStore, api_token, audit};

#[async_trait]
impl Administration for PostgresStore {
    async fn api_token(&self, prefix: &str) -> Result<Option<ApiToken>, StoreError> {
        api_token::by_prefix(&self.pool.connection().await?, prefix).await
    }

    async fn api_token_of(&self, id: Uuid) -> Result<Option<ApiToken>, StoreError> {
        api_token::by_id(&self.pool.connection().await?, id).await
    }

    async fn api_tokens(
        &self,
        tenant: Option<TenantKey>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ApiToken>, StoreError> {
        api_token::page(&self.pool.connection().await?, tenant, after, limit).await
    }

    async fn add_api_token(&self, token: &ApiToken, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, token.clone(), |session, token| Box::pin(api_token::add(session, token))).await
    }

    async fn rotate_api_token(
        &self,
        new: &ApiToken,
        old: &ApiToken,
        [issued, ended]: [&Draft; 2],
    ) -> Result<(), StoreError> {
        self.audited(ended, (new.clone(), old.clone(), issued.clone()), |session, (new, old, issued)| {
            Box::pin(async move {
                api_token::add(session, new).await?;
                audit::append(session, issued).await?;
                api_token::update(session, old).await
            })
        })
        .await
    }

    async fn update_api_token(&self, token: &ApiToken, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, token.clone(), |session, token| Box::pin(api_token::update(session, token))).await
    }

    async fn touch_api_tokens(&self, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, used.to_owned(), |session, used| Box::pin(api_token::touch(session, used)))
            .await
    }

    async fn audit(
        &self,
        query: &AuditQuery,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        audit::latest(&self.pool.connection().await?, query, before, limit).await
    }

    async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        audit::after(&self.pool.connection().await?, after, limit).await
    }

    async fn audit_head(&self) -> Result<Head, StoreError> {
        audit::head(&self.pool.connection().await?).await
    }
}
