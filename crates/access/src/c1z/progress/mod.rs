//! A sync under way, on disk: what was read so far, and where to go on.
//!
//! Every page is committed together with the position after it, so that a process that is killed at any moment
//! leaves a whole number of pages. Rows have no times and no order but that of arrival: whether a sync was
//! interrupted is not to be seen in what becomes of it.

mod build;
mod lookup;
mod statements;
mod write;

use std::path::{Path, PathBuf};

use rollcall_domain::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::C1zError;
use statements::{GET_STEP, SCHEMA, SET_STEP};

pub use build::Counts;
pub use lookup::{Link, Unresolved};
pub use write::{Page, Problem};

/// Written into every such file; another number is not gone on with.
const FORMAT: &str = "1";
const CACHE_KIB: i64 = 8 * 1024;
const STATEMENTS_KEPT: usize = 32;

/// What a sync is of, and which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The name of the sync.
    pub id: String,
    /// When it began.
    pub started: Timestamp,
    /// Tells the application and how it is read. One that is read differently is not gone on with.
    pub origin: String,
}

/// A sync under way.
pub struct Progress {
    path: PathBuf,
    connection: Connection,
    begun: Begun,
}

impl Progress {
    /// Begins a sync in a new file, whatever is there.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`], as of every method.
    pub fn begin(path: &Path, begun: Begun) -> Result<Self, C1zError> {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            match std::fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(C1zError::io(path, error));
                }
                _ => {}
            }
        }
        let mut connection = connect(path).map_err(|error| failed(path, &error))?;
        let mut made = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            transaction.execute_batch(SCHEMA)?;
            let started = begun.started.0.to_string();
            let steps =
                [("format", FORMAT), ("id", &begun.id), ("started", &started), ("origin", &begun.origin)];
            for (name, value) in steps {
                transaction.execute(SET_STEP, params![name, value])?;
            }
            transaction.commit()
        };
        made().map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), connection, begun })
    }

    /// The sync that is under way in a file; `None` when there is none, or none that can be gone on with.
    pub fn resume(path: &Path) -> Option<Self> {
        path.exists().then_some(())?;
        let connection = connect(path).ok()?;
        let whole: String = connection
            .query_row("pragma quick_check(1)", [], |row| row.get(0))
            .ok()
            .filter(|it| it == "ok")?;
        drop(whole);
        let step =
            |name: &str| -> Option<String> { connection.query_row(GET_STEP, [name], |row| row.get(0)).ok() };
        let format = step("format").filter(|format| format == FORMAT);
        format?;
        let begun = Begun {
            id: step("id")?,
            started: Timestamp(step("started")?.parse().ok()?),
            origin: step("origin")?,
        };
        Some(Self { path: path.to_owned(), connection, begun })
    }

    /// Which sync it is.
    pub fn begun(&self) -> &Begun {
        &self.begun
    }

    /// What was noted under a name.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn step(&self, name: &str) -> Result<Option<String>, C1zError> {
        self.read(|connection| connection.query_row(GET_STEP, [name], |row| row.get(0)).optional())
    }

    /// Notes something under a name.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn set_step(&mut self, name: &str, value: &str) -> Result<(), C1zError> {
        self.read(|connection| connection.execute(SET_STEP, [name, value]).map(drop))
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, C1zError> {
        work(&self.connection).map_err(|error| failed(&self.path, &error))
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A crash loses the last pages at most, and those are read again.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "FILE")?;
    Ok(connection)
}

fn failed(path: &Path, error: &rusqlite::Error) -> C1zError {
    C1zError::io(path, std::io::Error::other(error.to_string()))
}
