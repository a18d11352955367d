//! Nodes of two releases on one database: this program, and a schema that a later one has migrated.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use rollcall_store::conformance::world::{Backend, World};
use rollcall_store::{AnyStore, StoreError};
use rollcall_store_postgres::{Options, PostgresStore};
use rollcall_testkit::TestPostgres;
use rollcall_testkit::postgres::Database;
use tokio_postgres::NoTls;

struct Later(Database);

#[async_trait::async_trait]
impl Backend for Later {
    async fn open(&self) -> AnyStore {
        Arc::new(open(&self.0).await.unwrap())
    }
}

async fn open(database: &Database) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(database.url(), &Options { connections: 4, ..Options::default() }).await
}

/// A database that a program of the next release has brought up to date, by this besides. Returns its number.
async fn migrate(database: &Database, more: &str) -> i32 {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let note = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
        SELECT max(version) + 1, 'later', '2027-01-01T00:00:00Z', '1' FROM refinery_schema_history RETURNING version";
    let number = client.query_one(note, &[]).await.unwrap().get(0);
    client.batch_execute(more).await.unwrap();
    number
}

/// What a later release adds is none of an earlier one's business: it reads and writes as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_runs_on_the_schema_of_the_next_release() {
    let later = Later(TestPostgres::database().await);
    let expansion = "ALTER TABLE resource ADD COLUMN later BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE source ADD COLUMN later TEXT;
        ALTER TABLE change ADD COLUMN later BIGINT;
        CREATE TABLE later (key BIGINT PRIMARY KEY);
        CREATE INDEX resource_later ON resource (later)";
    let world = World::new(&later).await;
    let before = world.user("before").await;
    // A node that runs meanwhile, with statements that it prepared before.
    migrate(&later.0, expansion).await;
    let meanwhile = world.user("meanwhile").await;
    // And one that starts after.
    let started = world.through(&later.open().await);
    let group = started.group("team", &[before, meanwhile]).await;
    assert_eq!(started.members(group).await, [before.to_string(), meanwhile.to_string()]);
    assert_eq!(world.members(group).await.len(), 2);
}

/// What a later release takes away stops those that still need it, before they do anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_says_what_to_do_where_the_schema_is_too_new_for_it() {
    let later = Later(TestPostgres::database().await);
    let number = migrate(&later.0, "").await;
    assert!(open(&later.0).await.is_ok(), "expanded only");
    let contraction = format!("UPDATE installation SET readable_by = {number}");
    let number = migrate(&later.0, &contraction).await;
    let error = open(&later.0).await.err().unwrap().to_string();
    let (needed, own) = (number - 1, number - 2);
    for words in [format!("schema {needed}"), format!("of schema {own}"), "start a newer rollcall".to_owned()]
    {
        assert!(error.contains(&words), "{words}: {error}");
    }
}
