//! What is particular to a database file: other processes, full queues, newer schemas.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use rollcall_store::conformance::world::draft;
use rollcall_store::{Directory as _, Resources as _, StoreError};
use rollcall_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;
use uuid::Uuid;

/// Waits until it is so, at most ten seconds.
async fn wait_for(mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(is_so(), "not so after ten seconds");
}

#[tokio::test]
async fn a_commit_of_another_process_ends_every_stamp() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("test.db");
    let here = SqliteStore::open(&path, &Options::default()).unwrap();
    let elsewhere = SqliteStore::open(&path, &Options::default()).unwrap();
    let stamp = here.stamps().epoch();
    elsewhere.create_tenant(Uuid::from_u128(1), "other", &draft()).await.unwrap();
    wait_for(|| here.stamps().epoch() != stamp).await;
    assert!(here.tenant("other").await.unwrap().is_some());
    // Its own commits, seen by itself, are no others'.
    let stamp = here.stamps().epoch();
    here.ready().await.unwrap();
    assert_eq!(here.stamps().epoch(), stamp);
}

#[tokio::test]
async fn two_processes_write_in_turns() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("test.db");
    let stores = [(); 2].map(|()| SqliteStore::open(&path, &Options::default()).unwrap());
    for number in 0..20_u128 {
        let store = &stores[usize::from(number % 2 == 0)];
        store.create_tenant(Uuid::from_u128(number), &format!("t{number}"), &draft()).await.unwrap();
    }
    assert_eq!(stores[0].tenants().await.unwrap().len(), 21);
}

#[tokio::test]
async fn a_full_queue_is_busy() {
    let directory = TempDir::new().unwrap();
    let options = Options { queue: 1, group: 1, ..Options::default() };
    let store = SqliteStore::open(directory.path().join("test.db"), &options).unwrap();
    let writes = (0..200_u128).map(|number| {
        let store = &store;
        async move { store.create_tenant(Uuid::from_u128(number), &format!("t{number}"), &draft()).await }
    });
    let mut results = futures_util::future::join_all(writes).await;
    results.retain(|result| matches!(result, Err(StoreError::Busy)));
    assert!(!results.is_empty());
}

#[test]
fn a_newer_database_is_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("test.db");
    drop(SqliteStore::open(&path, &Options::default()).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let opened = SqliteStore::open(&path, &Options::default()).map(drop);
    assert!(matches!(opened, Err(StoreError::Unavailable(reason)) if reason.contains("99")));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_database_is_its_owners_alone_and_an_old_one_keeps_its_mode() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let directory = TempDir::new().unwrap();
    let path = directory.path().join("test.db");
    let modes = || {
        let mode = |name: &str| metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o777;
        ["test.db", "test.db-wal", "test.db-shm"].map(mode)
    };
    let store = SqliteStore::open(&path, &Options::default()).unwrap();
    store.create_tenant(Uuid::from_u128(1), "other", &draft()).await.unwrap();
    assert_eq!(modes(), [0o600; 3]);
    drop(store);
    set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let _store = SqliteStore::open(&path, &Options::default()).unwrap();
    assert_eq!(metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}
