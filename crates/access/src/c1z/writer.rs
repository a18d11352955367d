//! Writing the database of a `.c1z`.

use std::path::{Path, PathBuf};

use rollcall_domain::clock::Timestamp;
use rusqlite::{Connection, params};

use super::error::C1zError;
use super::reader::File;
use super::tables;
use super::wire::Wire as _;
use crate::model::{Entitlement, Grant, Resource, ResourceId, ResourceType};

/// KiB of pages in memory; more does not make writing faster.
const CACHE_KIB: i64 = 8 * 1024;
const STATEMENTS_KEPT: usize = 16;

/// A sync: its name, and when it was. Every row of it says it was found when the sync began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// A [`Ksuid`](super::Ksuid).
    pub id: String,
    /// When it began.
    pub started: Timestamp,
    /// When all was read.
    pub ended: Timestamp,
}

/// A new database with one finished sync, and earlier ones if they are kept.
///
/// Nothing of it is to be relied on before [`Writer::finish`]; it is not made to survive a crash, but to be
/// made again. Equal calls make equal files.
pub struct Writer {
    path: PathBuf,
    connection: Connection,
    run: Run,
    discovered: String,
}

/// A time as in the tables: `2026-11-22 01:30:21.250`, UTC.
fn column(time: Timestamp) -> String {
    time.to_string().trim_end_matches('Z').replace('T', " ")
}

impl Writer {
    /// Begins a database in a new file.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`], as of every method.
    pub fn create(path: &Path, run: Run) -> Result<Self, C1zError> {
        let made = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
            // One transaction and no journal: after a crash the file is made again.
            connection.pragma_update(None, "journal_mode", "OFF")?;
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            connection.pragma_update(None, "temp_store", "FILE")?;
            connection.execute_batch("begin")?;
            connection.execute_batch(tables::TABLES)?;
            Ok(connection)
        };
        let connection = made().map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), connection, discovered: column(run.started), run })
    }

    /// Keeps the newest finished syncs of another file, older than this one. Call it first.
    pub fn keep(&mut self, file: &File, newest: usize) -> Result<(), C1zError> {
        let syncs = file.syncs()?;
        let mut finished: Vec<_> = syncs.iter().filter(|sync| sync.ended.is_some()).collect();
        finished.sort_by(|one, other| one.ended.cmp(&other.ended));
        let kept = finished.split_off(finished.len().saturating_sub(newest));
        // The copy may not write there: it is a database that anybody may have made.
        let attached = file.database_uri();
        self.run(|connection| {
            connection.execute_batch("commit")?;
            connection.execute("attach database ? as earlier", [&attached])?;
            connection.execute_batch("begin")?;
            for sync in &kept {
                for (table, columns) in tables::BY_SYNC {
                    let has_table = "select count(*) from earlier.sqlite_schema where name = ?";
                    if connection.query_one(has_table, [table], |row| row.get::<_, i64>(0))? == 0 {
                        continue;
                    }
                    let copy = format!(
                        "insert or ignore into main.{table} ({columns}) \
                         select {columns} from earlier.{table} where sync_id = ? order by id"
                    );
                    connection.execute(&copy, [&sync.id])?;
                }
            }
            connection.execute_batch("commit")?;
            connection.execute_batch("detach database earlier")?;
            connection.execute_batch("begin")
        })
    }

    /// Adds a resource type.
    pub fn resource_type(&mut self, kind: &ResourceType) -> Result<(), C1zError> {
        self.execute(tables::ADD_RESOURCE_TYPE, params![kind.id, kind.encode(), self.run.id, self.discovered])
    }

    /// Adds a resource; a second of this id changes nothing.
    pub fn resource(&mut self, resource: &Resource) -> Result<(), C1zError> {
        self.encoded_resource(&resource.id, resource.parent_resource_id.as_ref(), &resource.encode())
    }

    /// Adds a resource whose message was made before.
    pub(crate) fn encoded_resource(
        &mut self,
        id: &ResourceId,
        parent: Option<&ResourceId>,
        data: &[u8],
    ) -> Result<(), C1zError> {
        let (parent_type, parent) = (parent.map(|id| &id.resource_type), parent.map(|id| &id.resource));
        let name = id.to_string();
        let row = params![id.resource_type, name, parent_type, parent, data, self.run.id, self.discovered];
        self.execute(tables::ADD_RESOURCE, row)
    }

    /// Adds an entitlement; a second of this id changes nothing.
    pub fn entitlement(&mut self, entitlement: &Entitlement) -> Result<(), C1zError> {
        let of = &entitlement.resource.id;
        let data = entitlement.encode();
        let row = params![of.resource_type, of.resource, entitlement.id, data, self.run.id, self.discovered];
        self.execute(tables::ADD_ENTITLEMENT, row)
    }

    /// Adds a grant; a second of this id changes nothing.
    pub fn grant(&mut self, grant: &Grant) -> Result<(), C1zError> {
        let (of, to) = (&grant.entitlement.resource.id, &grant.principal.id);
        let row = params![
            of.resource_type,
            of.resource,
            grant.entitlement.id,
            to.resource_type,
            to.resource,
            grant.id,
            grant.encode(),
            self.run.id,
            self.discovered
        ];
        self.execute(tables::ADD_GRANT, row)
    }

    /// Ends the sync, makes the indexes and closes the file.
    pub fn finish(self) -> Result<(), C1zError> {
        let run = params![self.run.id, self.discovered, column(self.run.ended)];
        self.execute(tables::ADD_RUN, run)?;
        self.run(|connection| {
            connection.execute_batch(tables::INDEXES)?;
            connection.execute_batch("commit")
        })?;
        self.connection.close().map_err(|(_, error)| failed(&self.path, &error))
    }

    fn execute(&self, statement: &str, row: &[&dyn rusqlite::ToSql]) -> Result<(), C1zError> {
        self.run(|connection| connection.prepare_cached(statement)?.execute(row).map(drop))
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, C1zError> {
        work(&self.connection).map_err(|error| failed(&self.path, &error))
    }
}

fn failed(path: &Path, error: &rusqlite::Error) -> C1zError {
    C1zError::io(path, std::io::Error::other(error.to_string()))
}
