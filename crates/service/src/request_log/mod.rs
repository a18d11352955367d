//! The request log: what a request leaves behind, without being waited for.
//!
//! A finished request is asked about ([`Service::keeps`]: two comparisons and perhaps a token of a bucket), and if
//! it is to be kept, its bytes are queued ([`Service::keep`]). A worker takes what has gathered, masks it and
//! writes it together. A full queue and too high a rate leave requests out, which is counted and said.

mod flushes;
mod search;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::{Kept, KeptHeader, Sort, SubjectKey};
use tokio::sync::Notify;
use uuid::Uuid;

pub use search::RequestFilter;

use self::flushes::Flushes;
use crate::rate::{Bucket, Rate};
use crate::{Notes, Runtime, Service, Touched};

/// Bodies up to so many bytes are kept; of a longer one a part could not be masked.
pub const MOST_BODY_BYTES: usize = 64 * 1024;
/// Requests that may wait to be written.
const MOST_WAITING: usize = 2_048;
/// Bytes of bodies that may wait.
const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// So many wake the worker before its time, and are masked and written together: what they are while they are
/// masked takes ten times their bytes.
const WAKING: usize = 64;
/// So many times the rate may come at once.
const BURST: u32 = 10;

/// That a finished request is to be kept. Holds a place in its source's rate.
#[derive(Debug)]
pub struct Ticket {
    at: Timestamp,
}

/// A finished request, as the server saw it.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// That it is to be kept.
    pub ticket: Ticket,
    /// What was noted meanwhile.
    pub notes: &'a Notes,
    /// The method.
    pub method: &'a str,
    /// The path, decoded.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// `scimType` of the error.
    pub scim_type: Option<&'static str>,
    /// What the error says.
    pub detail: Option<&'a str>,
    /// Microseconds that it took.
    pub took_us: u64,
    /// The answer.
    pub answer: Captured,
}

/// A body, as far as it was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Captured {
    /// There was none.
    Empty,
    /// All of it.
    Whole(Bytes),
    /// It is not here, and why.
    LeftOut(String),
}

/// How many requests the log has kept, and how many it has not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestLogCounts {
    /// Written.
    pub written: u64,
    /// Left out, because too many came at once.
    pub over_rate: u64,
    /// Left out, because too many waited to be written.
    pub queue_full: u64,
    /// Lost, because they could not be written.
    pub failed: u64,
}

/// What waits to be written, and what was counted.
#[derive(Default)]
pub(crate) struct Log {
    waiting: Mutex<Waiting>,
    wake: Notify,
    flushes: Flushes,
    /// Held while what was taken is being written: whoever flushes finds all of it there.
    writing: tokio::sync::Mutex<()>,
    written: AtomicU64,
    over_rate: AtomicU64,
    queue_full: AtomicU64,
    failed: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    requests: Vec<Request>,
    bytes: usize,
}

/// A request that waits.
struct Request {
    runtime: Arc<Runtime>,
    id: String,
    at: Timestamp,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    user_agent: Option<String>,
    status: u16,
    scim_type: Option<&'static str>,
    detail: Option<String>,
    took_us: u64,
    credential: Option<Uuid>,
    touched: Touched,
    headers: Vec<KeptHeader>,
    sent: Captured,
    answer: Captured,
    left_out: u32,
}

/// What a source has of the log's rate; each sort of request on its own.
#[derive(Default)]
pub(crate) struct Budget {
    refused: Mutex<Bucket>,
    failed: Mutex<Bucket>,
    wrote: Mutex<Bucket>,
    read: Mutex<Bucket>,
    /// Left out since one was kept.
    left_out: AtomicU32,
}

impl Budget {
    fn take(&self, sort: Sort, per_second: u32, now: Timestamp) -> bool {
        if per_second == 0 {
            return true;
        }
        let bucket = match sort {
            Sort::Refused => &self.refused,
            Sort::Failed => &self.failed,
            Sort::Wrote => &self.wrote,
            Sort::Read => &self.read,
        };
        bucket.lock().take(Rate::new(per_second, per_second.saturating_mul(BURST)), now).is_ok()
    }
}

impl Captured {
    /// A body that is here: copied, so that it holds nothing else in memory.
    pub fn copy(body: &Bytes) -> Self {
        if body.len() > MOST_BODY_BYTES {
            return Self::too_long(body.len());
        }
        if body.is_empty() { Self::Empty } else { Self::Whole(Bytes::copy_from_slice(body)) }
    }

    /// A body of too many bytes.
    pub fn too_long(bytes: usize) -> Self {
        Self::LeftOut(format!("it has {bytes} bytes, more than {MOST_BODY_BYTES}"))
    }

    fn len(&self) -> usize {
        if let Self::Whole(bytes) = self { bytes.len() } else { 0 }
    }
}

impl Notes {
    /// Whether decision traces of this request may be kept; without, making one is for nothing.
    pub fn wants_traces(&self) -> bool {
        self.source().is_some_and(|runtime| runtime.source.settings.request_log.keep != Kept::Nothing)
    }

    /// Whether headers may be kept of a request that was let in: of what its source keeps however it ends. Of a read that
    /// is kept only if it fails they are not: most do not fail, and would copy them for nothing.
    pub fn wants_headers(&self, is_write: bool) -> bool {
        let Some(runtime) = self.source() else { return false };
        match runtime.source.settings.request_log.keep {
            Kept::Nothing => false,
            Kept::Failures | Kept::Writes => is_write,
            Kept::All => true,
        }
    }
}

impl Service {
    /// Whether a finished request is to be kept. Requests of no source are not.
    pub fn keeps(&self, notes: &Notes, status: u16, is_write: bool) -> Option<Ticket> {
        let runtime = notes.source()?;
        let settings = &runtime.source.settings.request_log;
        let sort = settings.sort(status, is_write)?;
        let at = self.clock.now();
        if runtime.log_budget().take(sort, settings.max_per_second, at) {
            return Some(Ticket { at });
        }
        runtime.log_budget().left_out.fetch_add(1, Ordering::Relaxed);
        self.log.over_rate.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// Queues a request to be kept. Never waits: when the queue is full, it is left out.
    pub fn keep(&self, exchange: Exchange<'_>) {
        let notes = exchange.notes;
        let Some(runtime) = notes.source() else { return };
        let budget = runtime.log_budget();
        let sent = notes.body().map_or(Captured::Empty, Captured::copy);
        let bytes = sent.len() + exchange.answer.len();
        let mut waiting = self.log.waiting.lock();
        if waiting.requests.len() >= MOST_WAITING || waiting.bytes + bytes > MOST_WAITING_BYTES {
            drop(waiting);
            budget.left_out.fetch_add(1, Ordering::Relaxed);
            self.log.queue_full.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes += bytes;
        waiting.requests.push(Request {
            runtime: Arc::clone(runtime),
            id: notes.id().to_owned(),
            at: exchange.ticket.at,
            method: exchange.method.to_owned(),
            path: exchange.path,
            query: exchange.query,
            user_agent: exchange.user_agent,
            status: exchange.status,
            scim_type: exchange.scim_type,
            detail: exchange.detail.map(str::to_owned),
            took_us: exchange.took_us,
            credential: notes.credential(),
            touched: notes.touched(),
            headers: notes.headers().to_vec(),
            sent,
            answer: exchange.answer,
            left_out: budget.left_out.swap(0, Ordering::Relaxed),
        });
        if waiting.requests.len().is_multiple_of(WAKING) {
            self.log.wake.notify_one();
        }
    }

    /// What was kept and what was not, since the process began.
    pub fn request_log_counts(&self) -> RequestLogCounts {
        RequestLogCounts {
            written: self.log.written.load(Ordering::Relaxed),
            over_rate: self.log.over_rate.load(Ordering::Relaxed),
            queue_full: self.log.queue_full.load(Ordering::Relaxed),
            failed: self.log.failed.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn subject_key(&self) -> &SubjectKey {
        &self.subject_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_request_has_a_rate_of_its_own() {
        let budget = Budget::default();
        let kept = |sort, at| (0..100).filter(|_| budget.take(sort, 5, Timestamp(at))).count();
        assert_eq!(kept(Sort::Refused, 0), 50);
        assert_eq!(kept(Sort::Wrote, 0), 50);
        assert_eq!(kept(Sort::Refused, 1_000), 5);
        assert!((0..1_000).all(|_| budget.take(Sort::Read, 0, Timestamp(0))));
    }
}
