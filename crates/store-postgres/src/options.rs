//! What may be set of the PostgreSQL store. Everything has a default.

use std::time::Duration;

/// Sizes and times of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections, at most; one more listens for what other nodes tell.
    pub connections: usize,
    /// Of those, how many may write at the same time. A tenant uses one.
    pub writers: usize,
    /// Requests of one tenant that may wait to be written; more are refused as `Busy`.
    pub queue: usize,
    /// Units in one transaction, at most (a single request may have more).
    pub group: usize,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long a write waits for another node's.
    pub lock_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long a transaction may stand still before the server ends it: what a node that has stopped holds up others.
    pub idle_timeout: Duration,
    /// How often to look for commits of other nodes, beside being told of them.
    pub poll: Duration,
    /// Resources that one filter or sort may look at.
    pub max_scan: u64,
    /// A replica that listings may read from, as a URL: they may then be as old as it is.
    pub read_url: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 16,
            writers: 8,
            queue: 4_096,
            group: 256,
            connect_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(5),
            poll: Duration::from_millis(500),
            max_scan: 1_000_000,
            read_url: None,
        }
    }
}
