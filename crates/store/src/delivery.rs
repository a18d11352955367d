//! Endpoints, and how far each has come: what deliverers keep (DESIGN decision 6).
//!
//! Of a feed, an endpoint has been told all up to its cursor, but for the deliveries that are kept apart. A
//! deliverer writes both at once, after the fact: what it did since is done again after a crash.

use async_trait::async_trait;
use rollcall_domain::audit::Draft;
use rollcall_domain::delivery::{
    Attempt, Delivery, DeliveryState, Endpoint, EndpointKey, EndpointStatus, Feed, OfParked,
};
use rollcall_domain::signing::SigningKey;
use rollcall_domain::tenant::TenantKey;

use crate::error::StoreError;
use crate::lease::Fence;

/// How far an endpoint has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// All up to and with this number is told, but for `apart`.
    pub cursor: u64,
    /// Deliveries apart, by number.
    pub apart: Vec<Delivery>,
}

/// What a deliverer has done since it last wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// The new cursor.
    pub cursor: u64,
    /// Deliveries that are apart, or otherwise apart than before.
    pub put: Vec<Delivery>,
    /// Numbers of deliveries that are apart no longer.
    pub remove: Vec<u64>,
    /// For the log.
    pub attempts: Vec<Attempt>,
    /// Attempts that the log keeps.
    pub log_rows: u32,
    /// The lease that it was done under; of what receivers fetch themselves none.
    pub fence: Option<Fence>,
    /// The endpoint's new status.
    pub status: Option<EndpointStatus>,
}

/// Endpoints and their progress. What an operator does is audited with it (`audit`). What an operator does to an endpoint begins a new generation of it, and ends
/// every [`crate::stamps::Stamp`], so that deliverers notice.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// The endpoints of a tenant, or of all, oldest first.
    async fn endpoints(&self, tenant: Option<TenantKey>) -> Result<Vec<Endpoint>, StoreError>;

    /// Makes an endpoint that has been told all changes up to `cursor`. Its `key` is chosen by the store.
    async fn create_endpoint(
        &self,
        endpoint: &Endpoint,
        cursor: u64,
        audit: &Draft,
    ) -> Result<EndpointKey, StoreError>;

    /// Writes status, settings and secrets of the endpoint of this key. `NotFound`.
    async fn update_endpoint(&self, endpoint: &Endpoint, audit: &Draft) -> Result<(), StoreError>;

    /// Writes the secrets of the endpoint of this key and generation, which are the same in another form.
    async fn reseal_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError>;

    /// Deletes an endpoint with its progress and its log. `NotFound`.
    async fn delete_endpoint(&self, key: EndpointKey, audit: &Draft) -> Result<(), StoreError>;

    /// Its cursor. `NotFound`.
    async fn cursor(&self, key: EndpointKey, feed: Feed) -> Result<u64, StoreError>;

    /// How far it has come. `NotFound`.
    async fn progress(&self, key: EndpointKey, feed: Feed) -> Result<Progress, StoreError>;

    /// Writes what was done under this generation and lease; `false`, and nothing written, when one is over. The
    /// cursor only goes forth: two that write of the same endpoint do not undo one another.
    async fn checkpoint(
        &self,
        key: EndpointKey,
        generation: u64,
        feed: Feed,
        checkpoint: &Checkpoint,
    ) -> Result<bool, StoreError>;

    /// Goes on after this number, back or forth, and forgets what is apart. `NotFound`.
    async fn seek(&self, key: EndpointKey, feed: Feed, cursor: u64, audit: &Draft) -> Result<(), StoreError>;

    /// Deliveries in this state after this number, in order, at most `limit`.
    async fn deliveries(
        &self,
        key: EndpointKey,
        feed: Feed,
        state: DeliveryState,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// How many deliveries are in this state.
    async fn count_deliveries(
        &self,
        key: EndpointKey,
        feed: Feed,
        state: DeliveryState,
    ) -> Result<u64, StoreError>;

    /// Releases or discards parked deliveries; these, or all. Returns how many.
    async fn settle(
        &self,
        key: EndpointKey,
        feed: Feed,
        answer: OfParked,
        sequences: Option<&[u64]>,
        audit: &Draft,
    ) -> Result<u64, StoreError>;

    /// The log, newest first, before this key (`None`: from the newest), at most `limit`.
    async fn attempts(
        &self,
        key: EndpointKey,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError>;
}

/// Keys that tokens are signed with, for the whole installation.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// All of them, oldest first.
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError>;

    /// Adds one, unless there is one that is newer than `newest` says: then `Conflict` on `id`. Ends every stamp.
    async fn add_signing_key(
        &self,
        key: &SigningKey,
        newest: Option<&str>,
        audit: &Draft,
    ) -> Result<(), StoreError>;

    /// Removes keys that are not published any more.
    async fn remove_signing_keys(&self, ids: &[String]) -> Result<(), StoreError>;
}
