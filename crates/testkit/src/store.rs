//! Where a test keeps its data: in a SQLite file, or with `ROLLCALL_TEST_STORE=postgres` in a PostgreSQL database.

use std::sync::Arc;

use rollcall_store::AnyStore;
use rollcall_store_postgres::PostgresStore;
use rollcall_store_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::postgres::{Database, TestPostgres};

/// The variable that names the backend of tests.
const VARIABLE: &str = "ROLLCALL_TEST_STORE";
/// Connections of a test's store: many stores are open at the same time.
const CONNECTIONS: usize = 6;

/// A fresh store, which goes when this goes.
pub enum TestStore {
    /// A file in this folder.
    File(TempDir),
    /// A database.
    Database(Database),
}

impl TestStore {
    /// One of the backend that the environment names.
    ///
    /// # Panics
    ///
    /// When it names none that there is, or that cannot be had.
    pub async fn fresh() -> Self {
        if is_postgres() { Self::Database(TestPostgres::database().await) } else { Self::file() }
    }

    /// A SQLite file.
    ///
    /// # Panics
    ///
    /// Where there can be no temporary folder.
    pub fn file() -> Self {
        Self::File(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Opens it; again, what was committed is there.
    ///
    /// # Panics
    ///
    /// When it cannot be opened.
    pub async fn open(&self) -> AnyStore {
        match self {
            Self::File(folder) => {
                let options = rollcall_store_sqlite::Options::default();
                Arc::new(SqliteStore::open(folder.path().join("test.db"), &options).expect("a store"))
            }
            Self::Database(database) => {
                Arc::new(PostgresStore::open(database.url(), &options()).await.expect("a store"))
            }
        }
    }

    /// All that is kept of the request log, as it lies there.
    ///
    /// # Panics
    ///
    /// When it cannot be read.
    pub async fn request_log(&self) -> String {
        match self {
            Self::File(folder) => {
                let mut all = String::new();
                for file in std::fs::read_dir(folder.path()).expect("the folder") {
                    let file = file.expect("a file").path();
                    if file.to_string_lossy().contains(".requests") {
                        all.push_str(&String::from_utf8_lossy(&std::fs::read(file).expect("its bytes")));
                    }
                }
                all
            }
            Self::Database(database) => {
                database.text_of("request").await + &database.text_of("request_subject").await
            }
        }
    }
}

/// Whether tests are to use PostgreSQL.
///
/// # Panics
///
/// When the environment names another backend.
pub fn is_postgres() -> bool {
    match std::env::var_os(VARIABLE).as_ref().and_then(|name| name.to_str()) {
        None | Some("" | "sqlite") => false,
        Some("postgres") => true,
        Some(other) => panic!("{VARIABLE} is sqlite or postgres, not {other}"),
    }
}

/// How a test opens PostgreSQL.
pub fn options() -> rollcall_store_postgres::Options {
    rollcall_store_postgres::Options { connections: CONNECTIONS, ..Default::default() }
}
