//! What one node has written counts for what another one remembers.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use rollcall_store::conformance::world::{Backend, World, draft};
use rollcall_store::write::{Batch, MemberChange, Outcome, Update, Write};
use rollcall_store::{AnyStore, StoreError};
use rollcall_store_postgres::{Options, PostgresStore};
use rollcall_testkit::TestPostgres;
use rollcall_testkit::postgres::Database;
use serde_json::json;

struct Fresh(Database);

#[async_trait::async_trait]
impl Backend for Fresh {
    async fn open(&self) -> AnyStore {
        let options = Options { connections: 6, ..Options::default() };
        Arc::new(PostgresStore::open(self.0.url(), &options).await.unwrap())
    }
}

/// Two nodes on one database, which goes with the first of these; both remember all that a creation of a user needs.
async fn two() -> (Fresh, World, World) {
    let backend = Fresh(TestPostgres::database().await);
    let here = World::new(&backend).await.pending();
    let there = here.through(&backend.open().await);
    for (world, name) in [(&here, "a"), (&there, "b"), (&here, "c")] {
        world.create("User", json!({"userName": name, "externalId": name})).await.unwrap();
    }
    (backend, here, there)
}

/// An update of the same index, over the revision that it has.
fn plain(world: &World, (id, revision): (uuid::Uuid, u64), title: &str) -> Write {
    let content = world.content("User", &json!({"userName": "d", "title": title}));
    match world.update("User", id, Some((revision, content)), Vec::new()) {
        Write::Update(update) => Write::Update(Update { same_index: true, ..update }),
        other => other,
    }
}

/// The change sequence of the tenant: no number is missing, none is there twice.
async fn assert_sequence(world: &World, changes: u64) {
    let told = world.store.changes(world.tenant, 0, 1_000).await.unwrap();
    assert!(told.iter().map(|change| change.sequence).eq(1..=changes), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_the_other_has_taken_is_taken() {
    let (_database, here, there) = two().await;
    let id = there.user("d").await;
    let again = here.create("User", json!({"userName": "D"})).await;
    assert_eq!(again, Err(StoreError::Conflict { attribute: "userName".to_owned(), id: Some(id) }));
    assert_sequence(&here, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_the_other_awaits_who_comes_here() {
    let (_database, here, there) = two().await;
    let group = there.group("team", &[]).await;
    there.change(group, vec![MemberChange::Add(vec!["X".to_owned()])]).await.unwrap();
    let user = here.create("User", json!({"userName": "x", "externalId": "X"})).await.unwrap();
    assert_eq!(here.members(group).await, [user.to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_other_has_changed_is_not_overwritten() {
    let (_database, here, there) = two().await;
    let id = there.user("d").await;
    assert_eq!(here.write(plain(&here, (id, 1), "here")).await.unwrap().version, 2);
    assert_eq!(there.write(plain(&there, (id, 1), "there")).await, Err(StoreError::Stale));
    assert_eq!(there.write(plain(&there, (id, 2), "there")).await.unwrap().version, 3);
    assert!(!here.write(plain(&here, (id, 3), "there")).await.unwrap().changed, "it is so already");
    assert_sequence(&here, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_the_other_has_changed_end_what_was_prepared_by_them() {
    let (_database, here, there) = two().await;
    let source = there.store.source("first").await.unwrap().unwrap();
    let before = source.generation;
    there.store.update_source(&source.into(), &draft()).await.unwrap();
    let write = Write::Create(here.creation("User", &json!({"userName": "d"}), &[]));
    let batch = here.batch(vec![vec![write].into()]);
    let outcomes = here.store.write(Batch { generation: Some(before), ..batch }).await.unwrap();
    assert_eq!(outcomes, [Outcome::Failed { write: 0, error: StoreError::Superseded }]);
    assert_sequence(&here, 3).await;
}

/// Both nodes at once: every creation and update is done once, and a name is one user's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_at_once_are_one_after_the_other() {
    let (_database, here, there) = two().await;
    let tasks = (0..200).map(|number| {
        let world = if number % 2 == 0 { here.clone() } else { there.clone() };
        let name = format!("u{}", number / 4);
        tokio::spawn(async move {
            let Ok(id) = world.create("User", json!({"userName": name})).await else { return 0 };
            world.write(plain(&world, (id, 1), "changed")).await.unwrap();
            1
        })
    });
    let mut created = 0;
    for task in tasks.collect::<Vec<_>>() {
        created += task.await.unwrap();
    }
    assert_eq!(created, 50, "four want each name");
    assert_sequence(&here, 3 + 2 * 50).await;
}
