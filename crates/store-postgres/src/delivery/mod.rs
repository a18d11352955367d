//! Endpoints and deliveries: the contract of [`Deliveries`] over PostgreSQL.

pub(crate) mod apart;
pub(crate) mod endpoint;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod signing;

use async_trait::async_trait;
use rollcall_domain::audit::Draft;
use rollcall_domain::delivery::{Attempt, Delivery, DeliveryState, Endpoint, EndpointKey, Feed, OfParked};
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::delivery::{Checkpoint, Deliveries, Progress};

use crate::PostgresStore;
use crate::session::Scope;

#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static str> {
    [apart::STATEMENTS, endpoint::STATEMENTS, log::STATEMENTS, progress::STATEMENTS, signing::STATEMENTS]
        .concat()
}

#[async_trait]
impl Deliveries for PostgresStore {
    async fn endpoints(&self, tenant: Option<TenantKey>) -> Result<Vec<Endpoint>, StoreError> {
        endpoint::all(&self.pool.connection().await?, tenant).await
    }

    async fn create_endpoint(
        &self,
        endpoint: &Endpoint,
        cursor: u64,
        audit: &Draft,
    ) -> Result<EndpointKey, StoreError> {
        self.audited(audit, (endpoint.clone(), cursor), |session, (endpoint, cursor)| {
            Box::pin(endpoint::create(session, endpoint, *cursor))
        })
        .await
    }

    async fn update_endpoint(&self, endpoint: &Endpoint, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, endpoint.clone(), |session, endpoint| {
            Box::pin(endpoint::update(session, endpoint))
        })
        .await
    }

    async fn reseal_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, endpoint.clone(), |session, endpoint| {
                Box::pin(endpoint::reseal(session, endpoint))
            })
            .await
    }

    async fn delete_endpoint(&self, key: EndpointKey, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, key, |session, key| Box::pin(endpoint::delete(session, *key))).await
    }

    async fn cursor(&self, key: EndpointKey, feed: Feed) -> Result<u64, StoreError> {
        progress::cursor(&self.pool.connection().await?, key, feed).await
    }

    async fn progress(&self, key: EndpointKey, feed: Feed) -> Result<Progress, StoreError> {
        let snapshot = self.pool.snapshot().await?;
        let progress = progress::read(&snapshot, key, feed).await?;
        snapshot.end().await?;
        Ok(progress)
    }

    async fn checkpoint(
        &self,
        key: EndpointKey,
        generation: u64,
        feed: Feed,
        checkpoint: &Checkpoint,
    ) -> Result<bool, StoreError> {
        let arguments = (key, generation, feed, checkpoint.clone());
        self.writer
            .alone(Scope::Apart, arguments, |session, (key, generation, feed, checkpoint)| {
                Box::pin(progress::write(session, *key, *generation, *feed, checkpoint))
            })
            .await
    }

    async fn seek(&self, key: EndpointKey, feed: Feed, cursor: u64, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, (key, feed, cursor), |session, (key, feed, cursor)| {
            Box::pin(progress::seek(session, *key, *feed, *cursor))
        })
        .await
    }

    async fn deliveries(
        &self,
        key: EndpointKey,
        feed: Feed,
        state: DeliveryState,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        apart::page(&self.pool.connection().await?, key, feed, state, (after, limit)).await
    }

    async fn count_deliveries(
        &self,
        key: EndpointKey,
        feed: Feed,
        state: DeliveryState,
    ) -> Result<u64, StoreError> {
        apart::count(&self.pool.connection().await?, key, feed, state).await
    }

    async fn settle(
        &self,
        key: EndpointKey,
        feed: Feed,
        answer: OfParked,
        sequences: Option<&[u64]>,
        audit: &Draft,
    ) -> Result<u64, StoreError> {
        let arguments = (key, feed, answer, sequences.map(<[u64]>::to_vec));
        self.audited(audit, arguments, |session, (key, feed, answer, sequences)| {
            Box::pin(apart::settle(session, *key, *feed, *answer, sequences.as_deref()))
        })
        .await
    }

    async fn attempts(
        &self,
        key: EndpointKey,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError> {
        log::page(&self.pool.connection().await?, key, before, limit).await
    }
}
