//! The queue of requests that were answered before they are done.

use async_trait::async_trait;
use rollcall_domain::accepted::{Accepted, Completion};
use rollcall_domain::clock::Timestamp;

use crate::error::StoreError;
use crate::lease::Fence;

/// Accepted requests. What was accepted is there until it is completed, or its source deleted.
#[async_trait]
pub trait Acceptances: Send + Sync {
    /// Adds a request and returns its key, which is greater than those before. `NotFound` without the source.
    async fn accept(&self, request: &Accepted) -> Result<i64, StoreError>;

    /// Requests after this key, oldest first, at most `limit`.
    async fn accepted(&self, after: i64, limit: u32) -> Result<Vec<Accepted>, StoreError>;

    /// Removes a request and records how it ended, in one transaction: a change for each completion, in order.
    /// `false`, and nothing recorded, when it is not there any more. `Fenced`.
    async fn complete(
        &self,
        request: &Accepted,
        now: Timestamp,
        completions: &[Completion],
        fence: Option<&Fence>,
    ) -> Result<bool, StoreError>;
}
