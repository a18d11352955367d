//! What may be set of the workers. Everything has a default.

use std::time::Duration;

use rollcall_service::feed::Retention;

/// Bounds and times of deliveries.
#[derive(Debug, Clone, PartialEq)]
pub struct HubSettings {
    /// Requests under way at the same time, for each endpoint.
    pub concurrency: usize,
    /// Changes of an endpoint that are held in memory.
    pub window: usize,
    /// Deliveries of an endpoint that may be apart from its cursor: waiting for another attempt, or parked, or behind
    /// such a one. When there are as many, the endpoint gets nothing new.
    pub apart: usize,
    /// Attempts of one delivery until it is parked.
    pub attempts: u32,
    /// The wait after the first attempt; doubled with each.
    pub backoff: Duration,
    /// The longest wait.
    pub max_backoff: Duration,
    /// Time for an answer, where the endpoint does not say.
    pub timeout: Duration,
    /// The same for hooks.
    pub hook_timeout: Duration,
    /// Time between checkpoints.
    pub checkpoint: Duration,
    /// Attempts that the log of an endpoint keeps.
    pub log_rows: u32,
    /// How long changes are kept.
    pub retention: Retention,
    /// How often it is looked which changes need not be kept.
    pub prune_every: Duration,
}

const DAY_MS: i64 = 24 * 3600 * 1000;

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            concurrency: 16,
            window: 1_000,
            apart: 10_000,
            attempts: 20,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(3 * 3600),
            timeout: Duration::from_secs(15),
            hook_timeout: Duration::from_secs(2),
            checkpoint: Duration::from_millis(250),
            log_rows: 1_000,
            retention: Retention { age_ms: 90 * DAY_MS, count: 0 },
            prune_every: Duration::from_secs(60),
        }
    }
}
