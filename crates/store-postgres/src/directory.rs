//! The contract of the directory: tenants, sources and credentials.

use async_trait::async_trait;
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Credential;
use rollcall_domain::source::{Source, SourceKey};
use rollcall_domain::tenant::{Tenant, TenantKey};
use rollcall_store::{Directory, SourceChange, StoreError};
use uuid::Uuid;

use crate::session::Scope;
use crate::{PostgresStore, audit, credential, source, tenant};

#[async_trait]
impl Directory for PostgresStore {
    async fn tenant(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        tenant::by_name(&self.pool.connection().await?, name).await
    }

    async fn tenant_of(&self, key: TenantKey) -> Result<Option<Tenant>, StoreError> {
        tenant::by_key(&self.pool.connection().await?, key).await
    }

    async fn create_tenant(&self, id: Uuid, name: &str, audit: &Draft) -> Result<Tenant, StoreError> {
        self.audited(audit, (id, name.to_owned()), |session, (id, name)| {
            Box::pin(tenant::create(session, *id, name))
        })
        .await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        tenant::all(&self.pool.connection().await?).await
    }

    async fn source(&self, slug: &str) -> Result<Option<Source>, StoreError> {
        source::by_slug(&self.pool.connection().await?, slug).await
    }

    async fn sources(&self, tenant: TenantKey) -> Result<Vec<Source>, StoreError> {
        source::of_tenant(&self.pool.connection().await?, tenant).await
    }

    async fn create_source(&self, source: &Source, audit: &Draft) -> Result<SourceKey, StoreError> {
        self.audited(audit, source.clone(), |session, source| Box::pin(source::create(session, source))).await
    }

    async fn update_source(&self, change: &SourceChange, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, change.clone(), |session, change| Box::pin(source::update(session, change))).await
    }

    async fn delete_source(&self, key: SourceKey, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, key, |session, key| Box::pin(source::delete(session, *key))).await
    }

    async fn credentials(&self, source: SourceKey) -> Result<Vec<Credential>, StoreError> {
        credential::of_source(&self.pool.connection().await?, source).await
    }

    async fn add_credential(&self, credential: &Credential, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, credential.clone(), |session, credential| {
            Box::pin(credential::add(session, credential))
        })
        .await
    }

    async fn rotate_credential(
        &self,
        new: &Credential,
        old: &Credential,
        [issued, ended]: [&Draft; 2],
    ) -> Result<(), StoreError> {
        let rotation = (new.clone(), old.clone(), issued.clone());
        self.audited(ended, rotation, |session, (new, old, issued)| {
            Box::pin(async move {
                credential::add(session, new).await?;
                audit::append(session, issued).await?;
                credential::update(session, old).await
            })
        })
        .await
    }

    async fn update_credential(&self, credential: &Credential, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, credential.clone(), |session, credential| {
            Box::pin(credential::update(session, credential))
        })
        .await
    }

    async fn touch_credentials(&self, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, used.to_owned(), |session, used| Box::pin(credential::touch(session, used)))
            .await
    }
}
