//! Opening connections, each with the settings of its task.

use std::fs::OpenOptions;
use std::path::Path;

use rollcall_store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::OrUnavailable as _;
use crate::migrations::migrate;
use crate::options::Options;

const STATEMENTS_KEPT: usize = 192;

/// The writing connection, to a migrated database.
pub(crate) fn open_writer(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    create(path);
    let mut connection = Connection::open(path).or_unavailable()?;
    connection.busy_timeout(options.busy_timeout).or_unavailable()?;
    connection.pragma_update(None, "journal_mode", "WAL").or_unavailable()?;
    // FULL: a commit is on disk before it is answered.
    connection.pragma_update(None, "synchronous", "FULL").or_unavailable()?;
    // Keeps the originals that savepoints need in memory.
    connection.pragma_update(None, "temp_store", "MEMORY").or_unavailable()?;
    settle(&connection, options.writer_cache_kib)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Makes the file for its owner alone, where there is none; SQLite gives its other files the same mode.
pub(crate) fn create(path: &Path) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Mostly it is there. Whatever else is wrong with the path, SQLite will say.
    let _ = options.open(path);
}

/// A connection that only checkpoints.
pub(crate) fn open_checkpointer(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).or_unavailable()?;
    connection.busy_timeout(options.busy_timeout).or_unavailable()?;
    connection.pragma_update(None, "synchronous", "FULL").or_unavailable()?;
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn open_reader(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).or_unavailable()?;
    connection.busy_timeout(options.busy_timeout).or_unavailable()?;
    connection.pragma_update(None, "query_only", true).or_unavailable()?;
    connection.pragma_update(None, "temp_store", "MEMORY").or_unavailable()?;
    settle(&connection, options.reader_cache_kib)?;
    Ok(connection)
}

fn settle(connection: &Connection, kib: u32) -> Result<(), StoreError> {
    // Plans do not depend on bound values; without, some statements are prepared anew at each use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).or_unavailable()?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.pragma_update(None, "cache_size", -i64::from(kib)).or_unavailable()
}
