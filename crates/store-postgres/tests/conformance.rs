//! The PostgreSQL store keeps the storage contract.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use async_trait::async_trait;
use rollcall_store::AnyStore;
use rollcall_store::conformance::world::Backend;
use rollcall_store_postgres::{Options, PostgresStore};
use rollcall_testkit::TestPostgres;
use rollcall_testkit::postgres::Database;

struct Fresh(Database);

#[async_trait]
impl Backend for Fresh {
    async fn open(&self) -> AnyStore {
        let options = Options { connections: 8, ..Options::default() };
        Arc::new(PostgresStore::open(self.0.url(), &options).await.unwrap())
    }
}

rollcall_store::store_conformance!(shared: Fresh(TestPostgres::database().await));
