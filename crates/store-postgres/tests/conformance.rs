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

/// What follows from other rows, is forgotten soon, or is of the schema itself.
const NOT_MOVED: &[&str] = &[
    "installation",
    "tenant_counter",
    "collection_count",
    "value",
    "change_of",
    "change_of_until",
    "lease",
    "bucket",
    "sign_in_attempt",
    "migration_gate",
    "refinery_schema_history",
];
/// Columns that follow from others, or have another name here.
const DERIVED: &[(&str, &str)] =
    &[("pending_member", "named"), ("pending_member", "folded"), ("audit_head", "one")];

#[tokio::test]
async fn every_table_and_column_is_moved() {
    let database = TestPostgres::database().await;
    let (client, connection) = tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let columns = "SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = current_schema()";
    let mut missing = Vec::new();
    for row in client.query(columns, &[]).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        if NOT_MOVED.contains(&&*table) || DERIVED.contains(&(&*table, &*column)) {
            continue;
        }
        let known = rollcall_store::transfer::table(&table);
        if !known.is_some_and(|known| known.columns.iter().any(|known| known.name == column)) {
            missing.push(format!("{table}.{column}"));
        }
    }
    assert!(
        missing.is_empty(),
        "add these to crates/store/src/transfer/tables.rs, so that backups and migrations have them, or say here \
         that they are not moved: {missing:?}"
    );
}
