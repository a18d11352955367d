//! Requests that are answered before they are done, and how they end (RFC 9967 §2.5.1).

use serde_json::Value;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::source::SourceKey;
use crate::tenant::TenantKey;

/// A request that was taken, and is to be done.
#[derive(Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its place in the queue; 0 before it is in it.
    pub key: i64,
    /// The tenant of its source.
    pub tenant: TenantKey,
    /// The source that it came to.
    pub source: SourceKey,
    /// Who sent it: a credential's id.
    pub actor: String,
    /// The request's id, and `txn` of the tokens that tell its end.
    pub request_id: String,
    /// When it came.
    pub at: Timestamp,
    /// The number of the tenant's last change then: what it changes comes after.
    pub after: u64,
    /// What is asked, encrypted.
    pub sealed: String,
}

impl std::fmt::Debug for Accepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accepted").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// How a request, or one operation of a Bulk, has ended. It is recorded as a change of kind
/// [`ChangeKind::Completed`](crate::change::ChangeKind::Completed).
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The request's id; of an operation of a Bulk `ID:INDEX`, from 0 in the order of the request.
    pub request_id: String,
    /// Name of the resource type; empty when there is none.
    pub resource_type: String,
    /// The resource; nil when there is none.
    pub resource: Uuid,
    /// Its version then; 0 when it has none.
    pub version: u64,
    /// The resource's place below the base URL: `/Users/2819c223`; of a creation that failed, the endpoint.
    pub uri: String,
    /// As an operation of a Bulk response shows it (RFC 7644 §3.7.3), without `location`.
    pub operation: Value,
}
