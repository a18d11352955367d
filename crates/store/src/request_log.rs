//! The request log: kept beside the rest, lost without harm, never waited for by a request.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::{LoggedRequest, RequestSummary};
use rollcall_domain::source::SourceKey;

use crate::StoreError;

/// How much of the log of a source stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The source.
    pub source: SourceKey,
    /// What was answered before this goes.
    pub oldest: Timestamp,
    /// Bytes that stay, about; the oldest go first.
    pub most_bytes: u64,
}

/// What is looked for. Everything that is said must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// It is about one of these subjects, of which the first four count.
    pub subjects: Option<Vec<i64>>,
    /// It was answered with one of these.
    pub status: RangeInclusive<u16>,
    /// It used this method.
    pub method: Option<String>,
    /// It was answered then or later.
    pub since: Timestamp,
    /// It was answered before then.
    pub until: Timestamp,
    /// It is older than the one at this position.
    pub before: Option<i64>,
    /// So many at most.
    pub limit: u32,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            subjects: None,
            status: 0..=u16::MAX,
            method: None,
            since: Timestamp(i64::MIN),
            until: Timestamp(i64::MAX),
            before: None,
            limit: 100,
        }
    }
}

/// The request log. Not part of any other transaction, and not durable at once.
#[async_trait]
pub trait RequestLog: Send + Sync {
    /// Adds requests in this order, and then removes what is out of bounds.
    async fn log_requests(&self, requests: Vec<LoggedRequest>, bounds: Vec<Bounds>)
    -> Result<(), StoreError>;

    /// Requests of a source, the latest first, each with its position.
    async fn requests(
        &self,
        source: SourceKey,
        search: &Search,
    ) -> Result<Vec<(i64, RequestSummary)>, StoreError>;

    /// The request of this id.
    async fn request(&self, source: SourceKey, id: &str) -> Result<Option<LoggedRequest>, StoreError>;
}
