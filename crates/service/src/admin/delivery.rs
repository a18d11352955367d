//! What became of deliveries: progress, what waits or is parked, the log, and going back.

use rollcall_domain::delivery::{Attempt, Delivery, DeliveryState, Endpoint, Feed, OfParked};
use serde_json::json;

use super::endpoint::{require, require_any};
use super::{Admin, AdminError, Page, Paging};
use crate::Service;

/// How far an endpoint has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointProgress {
    /// All up to and with this change is told, but for what is waiting or parked.
    pub cursor: u64,
    /// The tenant's last change.
    pub last: u64,
    /// Deliveries apart from the cursor that are tried again, or stand behind such a one.
    pub waiting: u64,
    /// Deliveries that Rollcall has given up.
    pub parked: u64,
}

impl Service {
    /// How far an endpoint has come.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`.
    pub async fn endpoint_progress(
        &self,
        admin: &Admin,
        endpoint: &Endpoint,
    ) -> Result<EndpointProgress, AdminError> {
        require_any(admin, endpoint.kind)?;
        let (key, feed) = (endpoint.key, Feed::Changes);
        let cursor = self.store.cursor(key, feed).await.map_err(AdminError::Store)?;
        let kept = self.store.kept_changes(endpoint.tenant).await.map_err(AdminError::Store)?;
        let count =
            async |state| self.store.count_deliveries(key, feed, state).await.map_err(AdminError::Store);
        let (waiting, parked) = (count(DeliveryState::Waiting).await?, count(DeliveryState::Parked).await?);
        Ok(EndpointProgress { cursor, last: kept.last, waiting, parked })
    }

    /// Goes back, or forward, to tell what comes after this change. What waits or is parked is forgotten: going back
    /// tells it again.
    ///
    /// # Errors
    ///
    /// `Forbidden`; `Invalid` for a place that is not kept; `NotFound`, `Store`.
    pub async fn replay(&self, admin: &Admin, endpoint: &Endpoint, after: u64) -> Result<(), AdminError> {
        require(admin, endpoint.kind, true)?;
        let after = self.place(admin, Some(after)).await?;
        let (key, feed) = (endpoint.key, Feed::Changes);
        let before = json!({ "cursor": self.store.cursor(key, feed).await.map_err(AdminError::Store)? });
        let entry = self.endpoint_entry(admin, endpoint, "replay", &before, &json!({ "cursor": after }));
        self.store.seek(key, feed, after, &entry).await.map_err(AdminError::Store)
    }

    /// Deliveries in a state, by number of their change.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn deliveries(
        &self,
        admin: &Admin,
        endpoint: &Endpoint,
        state: DeliveryState,
        paging: &Paging,
    ) -> Result<Page<Delivery>, AdminError> {
        require(admin, endpoint.kind, false)?;
        let after = paging.after.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
        let found = self.store.deliveries(endpoint.key, Feed::Changes, state, after, paging.read()).await;
        let found = found.map_err(AdminError::Store)?;
        Ok(Page::of(found, paging, |delivery| delivery.sequence.to_string()))
    }

    /// Tries parked deliveries again, or gives them up for good; these, or all. Returns how many.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `NotFound`, `Store`.
    pub async fn settle_parked(
        &self,
        admin: &Admin,
        endpoint: &Endpoint,
        answer: OfParked,
        sequences: Option<&[u64]>,
    ) -> Result<u64, AdminError> {
        require(admin, endpoint.kind, true)?;
        let which = json!({ "sequences": sequences });
        let entry = self.endpoint_entry(admin, endpoint, answer.as_str(), &which, &json!(null));
        let settled = self.store.settle(endpoint.key, Feed::Changes, answer, sequences, &entry).await;
        settled.map_err(AdminError::Store)
    }

    /// The log of attempts, newest first.
    ///
    /// # Errors
    ///
    /// `Forbidden`, `Store`.
    pub async fn attempts(
        &self,
        admin: &Admin,
        endpoint: &Endpoint,
        paging: &Paging,
    ) -> Result<Page<Attempt>, AdminError> {
        require(admin, endpoint.kind, false)?;
        let before = paging.after.as_deref().and_then(|text| text.parse().ok());
        let found = self.store.attempts(endpoint.key, before, paging.read()).await;
        Ok(Page::of(found.map_err(AdminError::Store)?, paging, |attempt| attempt.key.to_string()))
    }
}
