//! What becomes of writes and reads when the server ends their connections.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall_store::conformance::world::{Backend, World, draft};
use rollcall_store::{AnyStore, Directory as _, Resources as _, StoreError};
use rollcall_store_postgres::{Options, PostgresStore};
use rollcall_testkit::TestPostgres;
use rollcall_testkit::postgres::Database;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

struct Fresh(Database);

#[async_trait::async_trait]
impl Backend for Fresh {
    async fn open(&self) -> AnyStore {
        Arc::new(PostgresStore::open(self.0.url(), &options()).await.unwrap())
    }
}

fn options() -> Options {
    Options { connections: 6, ..Options::default() }
}

/// A connection beside the store's.
async fn beside(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

const KILL: &str = "SELECT count(pg_terminate_backend(pid))::BIGINT FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'rollcall'";

/// Every write is answered as done, and is there, or as an error, and then it may be tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_connection_loses_nothing_that_was_answered() {
    let backend = Fresh(TestPostgres::database().await);
    let world = World::new(&backend).await;
    let operator = beside(backend.0.url()).await;
    let mut tasks = tokio::task::JoinSet::new();
    let until = Instant::now() + Duration::from_secs(3);
    for writer in 0..8 {
        let world = world.clone();
        tasks.spawn(async move {
            let (mut done, mut failed) = (Vec::new(), 0_u32);
            for number in 0.. {
                if Instant::now() > until {
                    break;
                }
                let name = format!("user {writer} {number}");
                let creation = world.creation("User", &serde_json::json!({"userName": name}), &[]);
                let id = creation.id;
                let unit = vec![rollcall_store::write::Write::Create(creation)].into();
                match world.store.write(world.batch(vec![unit])).await {
                    Ok(outcomes) => {
                        assert!(matches!(outcomes.as_slice(), [rollcall_store::write::Outcome::Done(_)]));
                        done.push(id);
                    }
                    Err(StoreError::Unavailable(_)) => failed += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (done, failed)
        });
    }
    let mut killed = 0_i64;
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(70)).await;
        killed += operator.query_one(KILL, &[]).await.unwrap().get::<_, i64>(0);
    }
    let mut done = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        done.extend(ended.unwrap().0);
    }
    assert!(killed > 20 && done.len() > 20, "{killed} killed, {} done", done.len());
    let fresh = world.through(&backend.open().await);
    for id in &done {
        assert!(fresh.get("User", *id).await.is_some(), "{id} was answered, and is not there");
    }
    // What was not answered may be there or not; the sequence has no gap either way.
    let last = fresh.store.kept_changes(world.tenant).await.unwrap().last;
    let changes = fresh.store.changes(world.tenant, 0, u32::MAX >> 1).await.unwrap();
    assert!(changes.iter().map(|change| change.sequence).eq(1..=last));
    assert!(last >= done.len() as u64);
}

/// A transaction that stands still is ended by the server, and its tenant is free again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_holds_up_a_tenant_for_seconds_only() {
    let backend = Fresh(TestPostgres::database().await);
    let world = World::new(&backend).await;
    let stopped = beside(backend.0.url()).await;
    let hold = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 500; \
        SELECT * FROM tenant_counter FOR UPDATE";
    stopped.batch_execute(hold).await.unwrap();
    let began = Instant::now();
    world.user("a").await;
    assert!(began.elapsed() > Duration::from_millis(300), "it did not wait for the lock");
    assert!(stopped.batch_execute("COMMIT").await.is_err());
}

/// What holds the lock too long is said to the caller, who may try again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_not_waited_for_for_ever() {
    let database = TestPostgres::database().await;
    let options = Options { lock_timeout: Duration::from_millis(200), ..options() };
    let store = PostgresStore::open(database.url(), &options).await.unwrap();
    let holder = beside(database.url()).await;
    holder.batch_execute("BEGIN; SELECT * FROM installation FOR UPDATE").await.unwrap();
    let make = async |number| store.create_tenant(Uuid::from_u128(number), "other", &draft()).await;
    let refused = make(1).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(store.ready().await, Ok(()), "what an operator does for long does not make a node unready");
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(make(1).await.unwrap().name, "other");
}

/// A server that only reads is not ready, though it answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_reads_is_not_ready() {
    let database = TestPostgres::database().await;
    let store = PostgresStore::open(database.url(), &options()).await.unwrap();
    assert_eq!(store.ready().await, Ok(()));
    let separator = if database.url().contains('?') { '&' } else { '?' };
    let options_of = "options=-c%20default_transaction_read_only%3Don";
    let url = format!("{}{separator}{options_of}", database.url());
    let reading = PostgresStore::open(&url, &options()).await.unwrap();
    assert!(reading.tenant("default").await.unwrap().is_some());
    assert!(matches!(reading.ready().await, Err(StoreError::Unavailable(_))));
}

/// Behind a pooler that cannot keep prepared statements, none is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_may_go_without_names() {
    let database = TestPostgres::database().await;
    let separator = if database.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}statements=unnamed", database.url());
    let backend = Unnamed(PostgresStore::open(&url, &options()).await.unwrap().into());
    let world = World::new(&backend).await;
    let user = world.user("a").await;
    let group = world.group("team", &[user]).await;
    assert_eq!(world.members(group).await, [user.to_string()]);
    assert!(world.store.tenant("none").await.unwrap().is_none());
}

struct Unnamed(Arc<PostgresStore>);

#[async_trait::async_trait]
impl Backend for Unnamed {
    async fn open(&self) -> AnyStore {
        Arc::clone(&self.0) as AnyStore
    }
}
