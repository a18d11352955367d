//! Moving the write-ahead log into the database beside the writer, so that writers do not wait for it.
//!
//! A checkpoint writes every page that changed since the last one. Done by the writer, as SQLite does by
//! itself, it is a pause of many commits. Here another thread does most of it with a connection of its
//! own (`PASSIVE`: it waits for nobody and nobody waits for it), until little is left; then the writer, which
//! alone can begin the log anew, does the rest.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};

use rollcall_store::StoreError;
use rusqlite::Connection;

use crate::connection::open_checkpointer;
use crate::error::OrUnavailable as _;
use crate::options::Options;

const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Pages that the writer may be left with: some milliseconds.
const REST: usize = 100;
/// Times that the thread goes after what was written meanwhile.
const PASSES: usize = 5;
/// The writer does everything itself when the log has this many times the pages after which the thread begins.
const MOST: usize = 5;

/// The thread. Dropping it ends the thread after the checkpoint under way.
pub(crate) struct Checkpointer {
    shared: Arc<Shared>,
    /// Pages after which the log is moved.
    every: usize,
    /// Pages at which the thread begins again, when the log could not be begun anew.
    next: usize,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Pages in the log after the latest commit.
    pages: AtomicUsize,
    /// Whether the thread has something to do.
    due: AtomicBool,
    /// Whether it has done what it could.
    done: AtomicBool,
    stop: AtomicBool,
}

impl Checkpointer {
    /// Begins to watch the log of the writer's connection.
    pub(crate) fn start(writer: &mut Connection, options: &Options) -> Result<Self, StoreError> {
        let connection = open_checkpointer(Path::new(writer.path().unwrap_or_default()), options)?;
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        // Takes the place of SQLite's own checkpoints.
        let count = move |_: &mut rusqlite::hooks::Wal, pages| {
            seen.pages.store(usize::try_from(pages).unwrap_or_default(), Ordering::Release);
            Ok(())
        };
        writer.wal_hook(Some(count)).or_unavailable()?;
        let (seen, every) = (Arc::clone(&shared), options.checkpoint_pages.max(1));
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || work(&connection, &seen))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { shared, every, next: every, thread: Some(thread) })
    }

    /// Looks after the log, in the writer, outside a transaction.
    pub(crate) fn after_commit(&mut self, connection: &Connection) {
        let pages = self.shared.pages.load(Ordering::Acquire);
        if pages < self.every {
            // It began anew, perhaps without the writer's doing: what the thread did then is of the log before.
            self.shared.done.store(false, Ordering::Release);
            self.next = self.every;
        } else if self.shared.done.swap(false, Ordering::AcqRel) || pages >= self.every * MOST {
            checkpoint(connection);
            self.next = pages + self.every / 4;
        } else if pages >= self.next && !self.shared.due.swap(true, Ordering::AcqRel) {
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

fn work(connection: &Connection, shared: &Shared) {
    while !shared.stop.load(Ordering::Acquire) {
        if !shared.due.load(Ordering::Acquire) {
            std::thread::park();
            continue;
        }
        for _ in 0..PASSES {
            let moved = checkpoint(connection);
            if shared.pages.load(Ordering::Acquire) <= moved + REST {
                break;
            }
        }
        shared.due.store(false, Ordering::Release);
        shared.done.store(true, Ordering::Release);
    }
}

/// Moves what can be moved; returns how many pages of the log are in the database then.
fn checkpoint(connection: &Connection) -> usize {
    let moved = connection
        .prepare_cached(CHECKPOINT)
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(2)));
    match moved {
        Ok(moved) => usize::try_from(moved).unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log was not moved into the database; it is tried again");
            0
        }
    }
}
