//! What may be set of the embedded store. Everything has a default.

use std::time::Duration;

/// Sizes and times. The defaults suit 100,000 users in less than 100 MiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Reading connections that are kept open.
    pub readers: usize,
    /// Reads that may scan at the same time.
    pub scans: usize,
    /// Requests that may wait to be written; more are refused as `Busy`.
    pub queue: usize,
    /// Units in one transaction, at most (a single request may have more).
    pub group: usize,
    /// Page cache of the writing connection, in KiB. A larger one is not faster: SQLite walks all of it
    /// at each commit, as long as the file is smaller than 1 GiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// Pages of 4 KiB in the write-ahead log after which it is moved into the database beside the writer. The more,
    /// the more often a page changed is moved but once; the log's file is about as large, and is kept.
    pub checkpoint_pages: usize,
    /// How long to wait for another process that writes.
    pub busy_timeout: Duration,
    /// How often to look for commits of other processes while nothing is written.
    pub poll: Duration,
    /// Resources that one filter or sort may look at.
    pub max_scan: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 8,
            scans: 4,
            queue: 4_096,
            group: 256,
            writer_cache_kib: 8 * 1024,
            reader_cache_kib: 2 * 1024,
            checkpoint_pages: 32_000,
            busy_timeout: Duration::from_secs(5),
            poll: Duration::from_millis(250),
            max_scan: 1_000_000,
        }
    }
}
