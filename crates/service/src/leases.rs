//! What this node does of the work that nodes share.

use std::time::Duration;

use rollcall_store::StoreError;
use rollcall_store::lease::Fence;
use uuid::Uuid;

use crate::Service;

impl Service {
    /// This node: another one each time that a server starts.
    pub fn node(&self) -> Uuid {
        self.node
    }

    /// Takes or keeps work; of what it has, what its writes are fenced by.
    pub(crate) async fn lease(&self, work: &[String], lasting: Duration) -> Result<Vec<Fence>, StoreError> {
        if work.is_empty() {
            Ok(Vec::new())
        } else {
            self.store.lease(self.node, work, work.len(), lasting).await
        }
    }
}
