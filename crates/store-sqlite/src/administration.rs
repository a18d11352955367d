//! The contract of what the admin API keeps.

use async_trait::async_trait;
use rollcall_domain::api::ApiToken;
use rollcall_domain::audit::{Draft, Entry, Head};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::administration::AuditQuery;
use rollcall_store::{Administration, StoreError};
use uuid::Uuid;

use crate::session::Session;
use crate::{SqliteStore, api_token, audit};

#[async_trait]
impl Administration for SqliteStore {
    async fn api_token(&self, prefix: &str) -> Result<Option<ApiToken>, StoreError> {
        self.readers.short(|connection| api_token::by_prefix(connection, prefix))
    }

    async fn api_token_of(&self, id: Uuid) -> Result<Option<ApiToken>, StoreError> {
        self.readers.short(|connection| api_token::by_id(connection, id))
    }

    async fn api_tokens(
        &self,
        tenant: Option<TenantKey>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ApiToken>, StoreError> {
        self.readers.scan(move |connection| api_token::page(connection, tenant, after, limit)).await
    }

    async fn add_api_token(&self, token: &ApiToken, audit: &Draft) -> Result<(), StoreError> {
        let token = token.clone();
        self.audited(audit, move |session| api_token::add(session, &token)).await
    }

    async fn rotate_api_token(
        &self,
        new: &ApiToken,
        old: &ApiToken,
        [issued, ended]: [&Draft; 2],
    ) -> Result<(), StoreError> {
        let (new, old, issued) = (new.clone(), old.clone(), issued.clone());
        let rotate = move |session: &mut Session<'_>| {
            api_token::add(session, &new)?;
            audit::append(session, &issued)?;
            api_token::update(session, &old)
        };
        self.audited(ended, rotate).await
    }

    async fn update_api_token(&self, token: &ApiToken, audit: &Draft) -> Result<(), StoreError> {
        let token = token.clone();
        self.audited(audit, move |session| api_token::update(session, &token)).await
    }

    async fn touch_api_tokens(&self, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
        let used = used.to_owned();
        self.writer.task(move |session| api_token::touch(session, &used)).await
    }

    async fn audit(
        &self,
        query: &AuditQuery,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let query = query.clone();
        self.readers.scan(move |connection| audit::latest(connection, &query, before, limit)).await
    }

    async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.readers.scan(move |connection| audit::after(connection, after, limit)).await
    }

    async fn audit_head(&self) -> Result<Head, StoreError> {
        self.readers.short(audit::head)
    }
}
