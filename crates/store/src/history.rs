//! What happened to one resource, and how many a source had: read by people, so written when it costs nobody anything.
//!
//! The change sequence is in the order of commits. By resource it is sorted when someone asks, in parts, beside it: an index over
//! it would be two more pages for each update, for a question that a person asks now and then.

use async_trait::async_trait;
use rollcall_domain::change::Change;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use uuid::Uuid;

use crate::StoreError;

/// How many resources a source had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// When they were counted.
    pub at: Timestamp,
    /// Users.
    pub users: u64,
    /// Groups.
    pub groups: u64,
}

/// What was.
#[async_trait]
pub trait History: Send + Sync {
    /// Changes of one resource or identity of the tenant before this number (`None`: from the last), latest first, at most
    /// `limit`. All that is committed when it is asked, as far as it is kept.
    async fn history(
        &self,
        tenant: TenantKey,
        resource: Uuid,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Change>, StoreError>;

    /// Notes how many users and groups each source has now, once for a time, and forgets what was noted before `oldest`.
    async fn note_sizes(&self, at: Timestamp, oldest: Timestamp) -> Result<(), StoreError>;

    /// What was noted of a source, oldest first. Goes with the source.
    async fn sizes(&self, source: SourceKey) -> Result<Vec<Size>, StoreError>;
}
