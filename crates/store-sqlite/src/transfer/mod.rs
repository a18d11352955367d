//! The database as a whole: read at one moment, written page by page, and looked over.

mod export;
mod faults;
mod import;
mod sql;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use rollcall_store::StoreError;
use rollcall_store::transfer::{Export, Row, Table, Transfer};

use crate::SqliteStore;
use crate::error::OrUnavailable as _;
use crate::session::Session;

use export::Snapshot;

#[async_trait]
impl Transfer for SqliteStore {
    async fn schema(&self) -> Result<u32, StoreError> {
        self.readers.short(|connection| {
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).or_unavailable()
        })
    }

    async fn export(&self) -> Result<Box<dyn Export>, StoreError> {
        Ok(Box::new(Snapshot::new(self.readers.apart()?, self.request_log.apart()?)?))
    }

    async fn importing(&self) -> Result<Option<String>, StoreError> {
        self.readers.short(import::progress)
    }

    async fn is_new(&self) -> Result<bool, StoreError> {
        self.readers.short(import::is_new)
    }

    async fn begin_import(&self, progress: &str) -> Result<(), StoreError> {
        let progress = progress.to_owned();
        self.writer.task(move |session| import::begin(session, &progress)).await
    }

    async fn import(&self, table: &'static Table, rows: Vec<Row>, progress: &str) -> Result<(), StoreError> {
        let progress = progress.to_owned();
        if table.is_log() {
            self.request_log.write(move |connection| import::add(connection, table, &rows)).await?;
            return self.writer.task(move |session| import::note(session.connection(), &progress)).await;
        }
        let write = move |session: &mut Session<'_>| {
            import::add(session.connection(), table, &rows)?;
            import::note(session.connection(), &progress)
        };
        self.writer.task(write).await
    }

    async fn finish_import(&self) -> Result<(), StoreError> {
        self.writer.task(import::finish).await
    }

    async fn faults(&self) -> Result<Vec<String>, StoreError> {
        let requests = self.request_log.apart()?;
        let look = move |connection: &rusqlite::Connection| {
            let mut found = faults::of_database(connection)?;
            found.extend(faults::of_file(&requests, "the request log")?);
            Ok(found)
        };
        self.readers.scan(look).await
    }
}
