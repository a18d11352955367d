//! The embedded store keeps the storage contract.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use async_trait::async_trait;
use rollcall_store::AnyStore;
use rollcall_store::conformance::world::Backend;
use rollcall_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }
}

#[async_trait]
impl Backend for File {
    async fn open(&self) -> AnyStore {
        Arc::new(SqliteStore::open(self.0.path().join("test.db"), &Options::default()).unwrap())
    }
}

rollcall_store::store_conformance!(File::new());
