//! The reading connections: short reads run where the request is, scans on blocking threads.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rollcall_store::StoreError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::connection::open_reader;
use crate::error::OrUnavailable as _;
use crate::options::Options;

/// Connections that wait for work. One that is missing is opened; one too many is closed. The one used last is
/// used next: its pages are in memory.
pub(crate) struct Readers {
    path: PathBuf,
    options: Options,
    idle: Mutex<Vec<Connection>>,
    scans: Semaphore,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, options: Options) -> Self {
        let idle = Mutex::new(Vec::with_capacity(options.readers));
        let scans = Semaphore::new(options.scans.max(1));
        Self { path, options, idle, scans }
    }

    /// A connection of one's own.
    pub(crate) fn apart(&self) -> Result<Connection, StoreError> {
        open_reader(&self.path, &self.options)
    }

    /// Reads here and now. Only for what takes microseconds.
    pub(crate) fn short<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let waiting = self.idle.lock().pop();
        let connection = match waiting {
            Some(connection) => connection,
            None => open_reader(&self.path, &self.options)?,
        };
        let result = read(&connection);
        // A full pool closes it; one that is still in a transaction is closed too.
        if connection.is_autocommit() {
            let mut idle = self.idle.lock();
            if idle.len() < self.options.readers.max(1) {
                idle.push(connection);
            }
        }
        result
    }

    /// Reads on a blocking thread, in one snapshot; waits while too many others do.
    pub(crate) async fn scan<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = |_| StoreError::Unavailable("the store is closed".to_owned());
        let _permit = self.scans.acquire().await.map_err(stopped)?;
        let readers = Arc::clone(self);
        let task =
            tokio::task::spawn_blocking(move || readers.short(|connection| snapshot(connection, read)));
        task.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

/// Runs several statements against one state of the database.
pub(crate) fn snapshot<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    execute(connection, "BEGIN")?;
    let result = read(connection);
    // Nothing was written. A connection that cannot end its transaction would show old rows for ever.
    execute(connection, "ROLLBACK")?;
    result
}

fn execute(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(statement)
        .and_then(|mut statement| statement.execute([]))
        .map(drop)
        .or_unavailable()
}
