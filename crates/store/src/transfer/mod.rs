//! Everything that a database holds, as rows of tables that mean the same in every backend (ADR 37).
//!
//! Backups, restorations and migrations between backends read by [`Export`] and write by [`Transfer`]. What follows
//! from other rows (counters, what an index holds) is not moved, but made anew.

mod cell;
mod copy;
mod line;
mod tables;

pub use cell::{Cell, Row};
pub use copy::{Done, Progress, Tally, copy, verify};
pub use line::{LineError, read_line, write_line};
pub use tables::{Column, Kind, TABLES, Table, table};

use async_trait::async_trait;

use crate::error::StoreError;

/// Rows read at once.
pub const PAGE: u32 = 500;

/// All rows as they were at one moment, however long it takes to read them.
#[async_trait]
pub trait Export: Send {
    /// Rows of a table in the order of its key, after the row of this key, at most `limit`.
    async fn page(
        &mut self,
        table: &'static Table,
        after: Option<&[Cell]>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError>;
}

/// Reading and writing a database as a whole. Nobody else may write while it is written.
#[async_trait]
pub trait Transfer: Send + Sync {
    /// The schema that the database has: the number of its last migration.
    async fn schema(&self) -> Result<u32, StoreError>;

    /// What is there now.
    async fn export(&self) -> Result<Box<dyn Export>, StoreError>;

    /// How far an import has come that is not finished: what was handed to [`Transfer::import`] last.
    async fn importing(&self) -> Result<Option<String>, StoreError>;

    /// Whether nothing was ever written but what every new database has.
    async fn is_new(&self) -> Result<bool, StoreError>;

    /// Begins an import into a new database, whose own rows go. `Stale` when it is not new.
    async fn begin_import(&self, progress: &str) -> Result<(), StoreError>;

    /// Adds rows and notes the progress in one transaction. Rows of the request log may be there already.
    async fn import(&self, table: &'static Table, rows: Vec<Row>, progress: &str) -> Result<(), StoreError>;

    /// Makes what follows from the rows, and ends the import. Ends every stamp.
    async fn finish_import(&self) -> Result<(), StoreError>;

    /// What is wrong with the database itself: its file, its indexes, its counters. Empty when nothing is.
    async fn faults(&self) -> Result<Vec<String>, StoreError>;
}
