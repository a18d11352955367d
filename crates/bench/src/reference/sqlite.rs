//! The bare SQLite table: a row a document, commits that are shared, reads where the request is.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::Result;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{BATCH, Job, Stored};

/// A table in a file.
#[derive(Clone)]
pub(super) struct Table {
    queue: mpsc::Sender<Job>,
    file: PathBuf,
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

impl Table {
    pub(super) fn open(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS doc (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")?;
        let (queue, jobs) = mpsc::channel();
        std::thread::Builder::new().name("writer".to_owned()).spawn(move || write(connection, &jobs))?;
        Ok(Self { queue, file: file.to_owned() })
    }

    /// `None` when the writer is gone.
    pub(super) fn queue(&self, job: Job) -> Option<()> {
        self.queue.send(job).ok()
    }

    pub(super) fn read(&self, id: i64) -> Result<Option<Bytes>> {
        READER.with_borrow_mut(|reader| {
            let connection = match reader {
                Some(connection) => connection,
                None => reader.insert(Connection::open(&self.file)?),
            };
            let mut statement = connection.prepare_cached("SELECT body FROM doc WHERE id = ?1")?;
            let body: Option<Vec<u8>> = statement.query_row([id], |row| row.get(0)).optional()?;
            Ok(body.map(Bytes::from))
        })
    }
}

/// The writer thread: takes what is queued, commits it once, then answers all of it.
fn write(mut connection: Connection, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let batch: Vec<Job> = std::iter::once(first).chain(jobs.try_iter().take(BATCH - 1)).collect();
        let stored = commit(&mut connection, &batch);
        for (place, job) in batch.into_iter().enumerate() {
            let row = stored.as_ref().ok().and_then(|rows| rows.get(place).copied().flatten());
            // A client that went away does not wait for this.
            let _ = job.done.send(row);
        }
    }
}

fn commit(connection: &mut Connection, batch: &[Job]) -> rusqlite::Result<Vec<Stored>> {
    let transaction = connection.transaction()?;
    let rows = batch.iter().map(|job| apply(&transaction, job)).collect::<rusqlite::Result<_>>()?;
    transaction.commit()?;
    Ok(rows)
}

fn apply(transaction: &Transaction<'_>, job: &Job) -> rusqlite::Result<Stored> {
    let body: &[u8] = &job.body;
    if let Some(id) = job.id {
        let changed = transaction
            .prepare_cached("UPDATE doc SET body = ?2 WHERE id = ?1")?
            .execute(params![id, body])?;
        return Ok((changed == 1).then_some(id));
    }
    Ok(Some(transaction.prepare_cached("INSERT INTO doc (body) VALUES (?1)")?.insert([body])?))
}
