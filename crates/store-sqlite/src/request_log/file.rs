//! The file, opened when it is first needed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rollcall_store::StoreError;
use rusqlite::{Connection, TransactionBehavior};

use crate::connection::create;
use crate::error::OrUnavailable as _;
use crate::options::Options;

/// In order; `PRAGMA user_version` counts those applied.
const MIGRATIONS: &[&str] = &[include_str!("../../migrations/requests/0001_initial.sql")];
/// Page cache of each of the two connections.
const CACHE_KIB: i64 = 1024;

/// The file. Writing and reading take turns among themselves, on blocking threads, and not with each other.
pub(crate) struct RequestFile(Arc<Shared>);

struct Shared {
    path: PathBuf,
    options: Options,
    writer: Mutex<Option<Connection>>,
    reader: Mutex<Option<Connection>>,
}

impl RequestFile {
    /// The file beside this database: its name and `.requests`.
    pub(crate) fn beside(database: &Path, options: &Options) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push(".requests");
        let (writer, reader) = Default::default();
        Self(Arc::new(Shared { path: path.into(), options: options.clone(), writer, reader }))
    }

    /// A connection of one's own.
    pub(crate) fn apart(&self) -> Result<Connection, StoreError> {
        open(&self.0.path, &self.0.options)
    }

    /// Runs in a transaction.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.0);
        on_thread(move || {
            let mut writer = shared.writer.lock();
            let connection = opened(&mut writer, &shared)?;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).or_unavailable()?;
            let result = run(&transaction)?;
            transaction.commit().or_unavailable()?;
            Ok(result)
        })
        .await
    }

    /// Reads at one moment.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.0);
        on_thread(move || {
            let mut reader = shared.reader.lock();
            let connection = opened(&mut reader, &shared)?;
            let transaction = connection.transaction().or_unavailable()?;
            run(&transaction)
        })
        .await
    }
}

async fn on_thread<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(run).await;
    done.map_err(|error| StoreError::Unavailable(error.to_string()))?
}

fn opened<'a>(kept: &'a mut Option<Connection>, shared: &Shared) -> Result<&'a mut Connection, StoreError> {
    match kept {
        Some(connection) => Ok(connection),
        None => Ok(kept.insert(open(&shared.path, &shared.options)?)),
    }
}

/// Opens the file, made with its tables when it is not there.
pub(super) fn open(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    create(path);
    let mut connection = Connection::open(path).or_unavailable()?;
    connection.busy_timeout(options.busy_timeout).or_unavailable()?;
    connection.pragma_update(None, "journal_mode", "WAL").or_unavailable()?;
    // NORMAL: a crash of the machine may take the last minutes with it, and nothing else.
    connection.pragma_update(None, "synchronous", "NORMAL").or_unavailable()?;
    connection.pragma_update(None, "temp_store", "MEMORY").or_unavailable()?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).or_unavailable()?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).or_unavailable()?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).or_unavailable()?;
    let applied = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(missing) = MIGRATIONS.get(applied..) else {
        return Err(StoreError::Unavailable(format!(
            "the request log has schema version {version}, this program knows {}; it may be deleted",
            MIGRATIONS.len()
        )));
    };
    for migration in missing {
        transaction.execute_batch(migration).or_unavailable()?;
    }
    transaction.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len())).or_unavailable()?;
    transaction.commit().or_unavailable()
}
