//! Moving the write-ahead log into the database beside the writer, so that writers do not wait for it.
//!
//! A checkpoint writes every page that changed since the last one. Done by the writer, as SQLite does by
//! itself, it is a pause of many commits. Here another thread does most of it with a connection of its
//! own (`PASSIVE`: it waits for nobody and nobody waits for it); the writer's own, which alone can begin
//! the log anew, then finds little left.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};

use rollcall_store::StoreError;
use rusqlite::Connection;

use crate::connection::open_checkpointer;
use crate::options::Options;

const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The thread. Dropping it ends the thread after the checkpoint under way.
pub(crate) struct Checkpointer {
    shared: Arc<Shared>,
    every: usize,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Units written since the last checkpoint began.
    waiting: AtomicUsize,
    stop: AtomicBool,
}

impl Checkpointer {
    pub(crate) fn start(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let connection = open_checkpointer(path, options)?;
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let every = options.checkpoint_units.max(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || work(&connection, &seen, every))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { shared, every, thread: Some(thread) })
    }

    /// Notes that so many units were committed.
    pub(crate) fn note(&self, units: usize) {
        let before = self.shared.waiting.fetch_add(units, Ordering::Relaxed);
        if before < self.every && before + units >= self.every {
            self.thread.as_ref().map(JoinHandle::thread).into_iter().for_each(Thread::unpark);
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It holds nothing that anybody waits for.
            let _ = thread.join();
        }
    }
}

fn work(connection: &Connection, shared: &Shared, every: usize) {
    while !shared.stop.load(Ordering::Acquire) {
        if shared.waiting.load(Ordering::Relaxed) < every {
            std::thread::park();
            continue;
        }
        shared.waiting.store(0, Ordering::Relaxed);
        let done = connection
            .prepare_cached(CHECKPOINT)
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)));
        if let Err(error) = done {
            tracing::warn!(%error, "the write-ahead log was not moved into the database; the writer will do it");
        }
    }
}
