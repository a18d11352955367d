//! One server has the file, and with it every lease.

use std::time::Duration;

use async_trait::async_trait;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rollcall_store::lease::{Draw, Fence, Leases};
use uuid::Uuid;

use crate::SqliteStore;

#[async_trait]
impl Leases for SqliteStore {
    fn is_shared(&self) -> bool {
        false
    }

    async fn lease(&self, _: Uuid, work: &[String], _: usize, _: Duration) -> Result<Vec<Fence>, StoreError> {
        Ok(work.iter().map(|work| Fence { work: work.clone(), number: 0 }).collect())
    }

    async fn begin_anew(&self, _: Uuid, _: &[String]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn give_back(&self, _: Uuid, _: &[String]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn draw(&self, _: SourceKey, draw: Draw) -> Result<u32, StoreError> {
        // Its server counts in memory.
        Ok(draw.wanted)
    }
}
