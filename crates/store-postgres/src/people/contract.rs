//! The contract of [`Identities`] over PostgreSQL.

use async_trait::async_trait;
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::Identity;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::people::{Answer, BreakerState, Held, Judged, Recomputation, StoredIdentity, Waiting};
use rollcall_domain::policy::decide::{Decision, Protocol};
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::lease::Fence;
use rollcall_store::people::{Foreseen, IdentityQuery, Rules, Supposed};
use rollcall_store::write::Batch;
use rollcall_store::{Identities, StoreError};
use serde_json::Value;
use uuid::Uuid;

use super::{admin, departure, foresee, identity, queue, recomputation, sign_in};
use crate::session::Scope;
use crate::{PostgresStore, lease, tenant};

#[async_trait]
impl Identities for PostgresStore {
    async fn tenant_policy(&self, tenant: TenantKey) -> Result<Option<Value>, StoreError> {
        tenant::policy(&self.pool.connection().await?, tenant).await
    }

    async fn set_tenant_policy(
        &self,
        tenant: TenantKey,
        policy: Option<&Value>,
        (recompute, now): (&[SourceKey], Timestamp),
        audit: &Draft,
    ) -> Result<(), StoreError> {
        let arguments = (tenant, policy.cloned(), recompute.to_owned(), now);
        self.audited(audit, arguments, |session, (tenant, policy, recompute, now)| {
            Box::pin(tenant::set_policy(session, *tenant, policy.as_ref(), (recompute, *now)))
        })
        .await
    }

    async fn identity(&self, tenant: TenantKey, id: Uuid) -> Result<Option<StoredIdentity>, StoreError> {
        identity::by_id(&self.pool.connection().await?, tenant, id).await
    }

    async fn identities(
        &self,
        tenant: TenantKey,
        query: &IdentityQuery,
    ) -> Result<Vec<StoredIdentity>, StoreError> {
        identity::page(&self.pool.connection().await?, tenant, query).await
    }

    async fn change_identity(
        &self,
        context: Batch,
        revision: u64,
        identity: Identity,
        audit: &Draft,
    ) -> Result<StoredIdentity, StoreError> {
        self.audited(audit, (context, revision, identity), |session, (context, revision, identity)| {
            Box::pin(identity::change(session, context, *revision, identity))
        })
        .await
    }

    async fn foresee(&self, context: Batch, supposed: Vec<Supposed>) -> Result<Vec<Foreseen>, StoreError> {
        let snapshot = self.pool.snapshot().await?;
        let foreseen = foresee(&snapshot, &context, &supposed).await?;
        snapshot.end().await?;
        Ok(foreseen)
    }

    async fn sign_in(
        &self,
        context: Batch,
        protocol: Protocol,
        profile: Profile,
        new_id: Uuid,
    ) -> Result<Decision, StoreError> {
        let (tenant, arguments) = (context.tenant, (context, protocol, profile, new_id));
        self.writer
            .task(tenant, arguments, |session, (context, protocol, profile, new_id)| {
                Box::pin(sign_in::sign_in(session, context, *protocol, profile, *new_id))
            })
            .await
    }

    async fn waiting(&self, source: SourceKey, after: i64, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        queue::waiting(&self.pool.connection().await?, source, after, limit).await
    }

    async fn answer(
        &self,
        context: Batch,
        resource: Uuid,
        answer: Answer,
        audit: &Draft,
    ) -> Result<Option<Judged>, StoreError> {
        self.audited(audit, (context, resource, answer), |session, (context, resource, answer)| {
            Box::pin(admin::answer(session, context, *resource, *answer))
        })
        .await
    }

    async fn breaker(&self, source: SourceKey, rules: &Rules) -> Result<BreakerState, StoreError> {
        queue::breaker(&self.pool.connection().await?, source, rules).await
    }

    async fn held(&self, source: SourceKey, after: i64, limit: u32) -> Result<Vec<Held>, StoreError> {
        queue::held(&self.pool.connection().await?, source, after, limit).await
    }

    async fn close_breaker(&self, context: Batch, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, context, |session, context| Box::pin(admin::close(session, context))).await
    }

    async fn release_held(
        &self,
        context: Batch,
        approve: bool,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Judged>, StoreError> {
        let (tenant, arguments) = (context.tenant, (context, approve, until, limit));
        self.writer
            .task(tenant, arguments, |session, (context, approve, until, limit)| {
                Box::pin(admin::release(session, context, *approve, *until, *limit))
            })
            .await
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.writer
            .alone(Scope::Apart, (now, limit), |session, (now, limit)| {
                Box::pin(admin::expire(session, *now, *limit))
            })
            .await
    }

    async fn dismiss(&self, context: Batch, limit: u32) -> Result<usize, StoreError> {
        self.writer
            .task(context.tenant, (context, limit), |session, (context, limit)| {
                Box::pin(departure::dismiss(session, context, *limit))
            })
            .await
    }

    async fn disown(&self, context: Batch, after: i64, limit: u32) -> Result<Option<i64>, StoreError> {
        self.writer
            .task(context.tenant, (context, after, limit), |session, (context, after, limit)| {
                Box::pin(departure::disown(session, context, *after, *limit))
            })
            .await
    }

    async fn begin_recomputation(&self, source: SourceKey, now: Timestamp) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, (source, now), |session, (source, now)| {
                Box::pin(recomputation::begin(session, *source, *now))
            })
            .await
    }

    async fn recomputation(&self, source: SourceKey) -> Result<Option<Recomputation>, StoreError> {
        recomputation::of_source(&self.pool.connection().await?, source).await
    }

    async fn recomputations(&self) -> Result<Vec<(SourceKey, Recomputation)>, StoreError> {
        recomputation::open(&self.pool.connection().await?).await
    }

    async fn note_recomputation(
        &self,
        source: SourceKey,
        progress: &Recomputation,
        fence: Option<&Fence>,
    ) -> Result<bool, StoreError> {
        let arguments = (source, progress.clone(), fence.cloned());
        self.writer
            .alone(Scope::Apart, arguments, |session, (source, progress, fence)| {
                Box::pin(async move {
                    lease::hold(session, fence.as_ref()).await?;
                    recomputation::note(session, *source, progress).await
                })
            })
            .await
    }
}
