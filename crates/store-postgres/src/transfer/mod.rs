//! The database as a whole: read at one moment, written page by page, and looked over.

mod export;
mod faults;
mod import;
mod sql;

use async_trait::async_trait;
use rollcall_store::StoreError;
use rollcall_store::transfer::{Export, Row, Table, Transfer};

use crate::PostgresStore;
use crate::column::get;
use crate::session::Scope;
use crate::writer::Run;

use export::Moment;
use import::Part;

const SCHEMA: &str = "SELECT coalesce(max(version), 0)::int8 FROM refinery_schema_history";

#[async_trait]
impl Transfer for PostgresStore {
    async fn schema(&self) -> Result<u32, StoreError> {
        let rows = self.pool.connection().await?.rows(SCHEMA, &[]).await?;
        let version: i64 = rows.first().map_or(Ok(0), |row| get(row, 0))?;
        Ok(u32::try_from(version).unwrap_or_default())
    }

    async fn export(&self) -> Result<Box<dyn Export>, StoreError> {
        let snapshot = self.pool.snapshot().await?;
        // It is the first reading that takes the moment.
        snapshot.rows(SCHEMA, &[]).await?;
        Ok(Box::new(Moment(snapshot)))
    }

    async fn importing(&self) -> Result<Option<String>, StoreError> {
        import::progress(&self.pool.connection().await?).await
    }

    async fn is_new(&self) -> Result<bool, StoreError> {
        import::is_new(&self.pool.connection().await?).await
    }

    async fn begin_import(&self, progress: &str) -> Result<(), StoreError> {
        let begin: Run<String, ()> = |session, progress| Box::pin(import::begin(session, progress));
        self.writer.alone(Scope::Directory, progress.to_owned(), begin).await
    }

    async fn import(&self, table: &'static Table, rows: Vec<Row>, progress: &str) -> Result<(), StoreError> {
        let add: Run<Part, ()> = |session, part| Box::pin(import::add(session, part));
        let part = Part { table, rows, progress: progress.to_owned() };
        self.writer.alone(Scope::Directory, part, add).await
    }

    async fn finish_import(&self) -> Result<(), StoreError> {
        let finish: Run<(), ()> = |session, ()| Box::pin(import::finish(session));
        self.writer.alone(Scope::Directory, (), finish).await
    }

    async fn faults(&self) -> Result<Vec<String>, StoreError> {
        let snapshot = self.pool.snapshot().await?;
        let found = faults::of_database(&snapshot).await?;
        snapshot.end().await?;
        Ok(found)
    }
}
