//! Endpoints and deliveries: the contract of [`Deliveries`] over SQLite.

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

use crate::SqliteStore;
use crate::session::Session;

#[async_trait]
impl Deliveries for SqliteStore {
    async fn endpoints(&self, tenant: Option<TenantKey>) -> Result<Vec<Endpoint>, StoreError> {
        self.readers.short(|connection| endpoint::all(connection, tenant))
    }

    async fn create_endpoint(
        &self,
        endpoint: &Endpoint,
        cursor: u64,
        audit: &Draft,
    ) -> Result<EndpointKey, StoreError> {
        let endpoint = endpoint.clone();
        self.audited(audit, move |session| endpoint::create(session, &endpoint, cursor)).await
    }

    async fn update_endpoint(&self, endpoint: &Endpoint, audit: &Draft) -> Result<(), StoreError> {
        let endpoint = endpoint.clone();
        self.audited(audit, move |session| endpoint::update(session, &endpoint)).await
    }

    async fn reseal_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let endpoint = endpoint.clone();
        self.writer.task(move |session| endpoint::reseal(session, &endpoint)).await
    }

    async fn delete_endpoint(&self, key: EndpointKey, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, move |session| endpoint::delete(session, key)).await
    }

    async fn cursor(&self, key: EndpointKey, feed: Feed) -> Result<u64, StoreError> {
        self.readers.short(|connection| progress::cursor(connection, key, feed))
    }

    async fn progress(&self, key: EndpointKey, feed: Feed) -> Result<Progress, StoreError> {
        self.readers.scan(move |connection| progress::read(connection, key, feed)).await
    }

    async fn checkpoint(
        &self,
        key: EndpointKey,
        generation: u64,
        feed: Feed,
        checkpoint: &Checkpoint,
    ) -> Result<bool, StoreError> {
        let checkpoint = checkpoint.clone();
        self.writer.task(move |session| progress::write(session, key, generation, feed, &checkpoint)).await
    }

    async fn seek(&self, key: EndpointKey, feed: Feed, cursor: u64, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, move |session| progress::seek(session, key, feed, cursor)).await
    }

    async fn deliveries(
        &self,
        key: EndpointKey,
        feed: Feed,
        state: DeliveryState,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.readers.scan(move |connection| apart::page(connection, key, feed, state, after, limit)).await
    }

    async fn count_deliveries(
        &self,
        key: EndpointKey,
        feed: Feed,
        state: DeliveryState,
    ) -> Result<u64, StoreError> {
        self.readers.scan(move |connection| apart::count(connection, key, feed, state)).await
    }

    async fn settle(
        &self,
        key: EndpointKey,
        feed: Feed,
        answer: OfParked,
        sequences: Option<&[u64]>,
        audit: &Draft,
    ) -> Result<u64, StoreError> {
        let sequences = sequences.map(<[u64]>::to_vec);
        let settle =
            move |session: &mut Session<'_>| apart::settle(session, key, feed, answer, sequences.as_deref());
        self.audited(audit, settle).await
    }

    async fn attempts(
        &self,
        key: EndpointKey,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError> {
        self.readers.scan(move |connection| log::page(connection, key, before, limit)).await
    }
}
