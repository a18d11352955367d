//! Every table and column of the schema is moved, or said not to be.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use rollcall_store::conformance::world::{Backend, World};
use rollcall_store::transfer::{Export, Kind, Row, TABLES, Table, Transfer, copy, verify};
use rollcall_store::{AnyStore, StoreError};
use rusqlite::Connection;
use serde_json::json;

use super::sql;
use crate::{Options, SqliteStore};

/// What follows from other rows, is forgotten soon, or is SQLite's own.
const NOT_MOVED: &[&str] = &["value", "change_of", "change_of_until", "sign_in_attempt", "sqlite_sequence"];
/// Columns that follow from others.
const DERIVED: &[(&str, &str)] = &[("pending_member", "folded"), ("counter", "of")];

fn columns(connection: &Connection, table: &str) -> BTreeSet<String> {
    let mut statement = connection.prepare(&format!("PRAGMA table_info({table})")).unwrap();
    statement.query_map([], |row| row.get(1)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_table_and_column_is_moved() {
    let folder = tempfile::TempDir::new().unwrap();
    let options = Options::default();
    let database = crate::connection::open_writer(&folder.path().join("a.db"), &options).unwrap();
    let requests = crate::request_log::RequestFile::beside(&folder.path().join("a.db"), &options);
    let requests = requests.apart().unwrap();
    let mut missing = Vec::new();
    for connection in [&database, &requests] {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table'";
        let mut statement = connection.prepare(sql).unwrap();
        let names: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        for name in names.iter().filter(|name| !NOT_MOVED.contains(&name.as_str())) {
            let Some(table) = TABLES.iter().find(|table| table.name == name) else {
                missing.push(name.clone());
                continue;
            };
            connection.prepare(&sql::insert(table)).unwrap();
            for after in [false, true] {
                connection.prepare(&sql::select(table, after)).unwrap();
            }
            let selected = sql::select(table, false);
            let listed: Vec<&str> =
                selected.trim_start_matches("SELECT ").split(" FROM ").next().unwrap().split(", ").collect();
            let derived = |column: &&String| !DERIVED.contains(&(table.name, column.as_str()));
            let columns = columns(connection, name);
            missing.extend(
                columns
                    .iter()
                    .filter(derived)
                    .filter(|column| !listed.contains(&column.as_str()))
                    .map(|column| format!("{name}.{column}")),
            );
        }
    }
    assert!(
        missing.is_empty(),
        "add these to crates/store/src/transfer/tables.rs, so that backups and migrations have them, or say here \
         that they are not moved: {missing:?}"
    );
    let entries = TABLES.iter().flat_map(|table| table.columns).filter(|column| column.kind == Kind::Entries);
    assert_eq!(entries.count(), 1);
}

struct File(PathBuf);

#[async_trait]
impl Backend for File {
    async fn open(&self) -> AnyStore {
        Arc::new(SqliteStore::open(&self.0, &Options::default()).unwrap())
    }
}

/// A target that fails now and then, before or after it has written.
struct Failing {
    inner: SqliteStore,
    calls: AtomicU32,
}

#[async_trait]
impl Transfer for Failing {
    async fn schema(&self) -> Result<u32, StoreError> {
        self.inner.schema().await
    }
    async fn export(&self) -> Result<Box<dyn Export>, StoreError> {
        self.inner.export().await
    }
    async fn importing(&self) -> Result<Option<String>, StoreError> {
        self.inner.importing().await
    }
    async fn is_new(&self) -> Result<bool, StoreError> {
        self.inner.is_new().await
    }
    async fn begin_import(&self, progress: &str) -> Result<(), StoreError> {
        self.inner.begin_import(progress).await
    }
    async fn import(&self, table: &'static Table, rows: Vec<Row>, progress: &str) -> Result<(), StoreError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call % 5 != 2 {
            self.inner.import(table, rows, progress).await?;
        }
        if call.is_multiple_of(3) || call % 5 == 2 { Err(StoreError::Busy) } else { Ok(()) }
    }
    async fn finish_import(&self) -> Result<(), StoreError> {
        self.inner.finish_import().await
    }
    async fn faults(&self) -> Result<Vec<String>, StoreError> {
        self.inner.faults().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_interrupted_again_and_again_is_whole() {
    let folder = tempfile::TempDir::new().unwrap();
    let world = World::new(&File(folder.path().join("from.db"))).await;
    let mut users = Vec::new();
    for number in 0..1_100 {
        users.push(world.user(&format!("user{number}")).await);
    }
    world.group("all", &users).await;
    world
        .pending()
        .change(
            world.group("some", &users[..3]).await,
            vec![rollcall_store::write::MemberChange::Add(vec!["later".to_owned()])],
        )
        .await
        .unwrap();
    world.create("User", json!({ "userName": "nul", "displayName": "a\u{0}b" })).await.unwrap();
    world.delete("User", users[7]).await.unwrap();
    let inner = SqliteStore::open(folder.path().join("to.db"), &Options::default()).unwrap();
    let target = Failing { inner, calls: AtomicU32::new(0) };
    let mut interrupted = 0;
    let copied = loop {
        let mut export = world.store.export().await.unwrap();
        match copy(&mut *export, &target, "there", |_| {}).await {
            Ok(copied) => break copied,
            Err(StoreError::Busy) => interrupted += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(target.importing().await.unwrap().is_some());
        let elsewhere = copy(&mut *world.store.export().await.unwrap(), &target, "elsewhere", |_| {}).await;
        assert_eq!(elsewhere, Err(StoreError::Stale));
    };
    assert!(interrupted > 5, "{interrupted}");
    assert_eq!(target.importing().await.unwrap(), None);
    assert!(copied["resource"].rows > 1_000 && copied["membership"].rows > 1_000);
    let mut there = target.export().await.unwrap();
    assert_eq!(verify(&mut *there, &copied).await.unwrap(), [""; 0]);
    assert_eq!(target.faults().await.unwrap(), [""; 0]);
    let mut wanted = copied.clone();
    wanted.get_mut("membership").unwrap().sum += 1;
    assert_eq!(verify(&mut *there, &wanted).await.unwrap(), ["membership"]);
    let again = copy(&mut *world.store.export().await.unwrap(), &target, "there", |_| {}).await;
    assert_eq!(again, Err(StoreError::Stale));
}
