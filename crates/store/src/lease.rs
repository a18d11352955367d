//! Nodes that share a database: whose work is whose, and what they count together.
//!
//! Work that only one node may do at a time has a name (`endpoint:7`). A node takes a lease of it, keeps it by taking
//! it again, and hands the [`Fence`] to whatever it writes: what was begun under a lease that another node has taken
//! since is refused, however late it comes.

use std::time::Duration;

use async_trait::async_trait;
use rollcall_domain::source::SourceKey;
use uuid::Uuid;

use crate::error::StoreError;

/// Says that a lease was held when something was begun. A new holder has a greater number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The work.
    pub work: String,
    /// Counts the holders of this work.
    pub number: u64,
}

/// How fast something may be taken, by all nodes together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// So many come in a second.
    pub per_second: f64,
    /// So many are there at most.
    pub burst: f64,
    /// So many are wanted, at least 1.
    pub wanted: u32,
}

/// Leases and counts of nodes. A backend that one server has for itself grants everything, and writes nothing.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Whether other servers may work on the same database. Then nothing that was read of a resource is to be kept: its
    /// [`Stamp`](crate::stamps::Stamp) tells of this server's writes only.
    fn is_shared(&self) -> bool;

    /// Takes or keeps work for this node until `lasting` from now, by the database's clock. Of what it does not
    /// have yet it gets at most `more`, and nothing that another node has. Returns all of `work` that it has now.
    async fn lease(
        &self,
        node: Uuid,
        work: &[String],
        more: usize,
        lasting: Duration,
    ) -> Result<Vec<Fence>, StoreError>;

    /// Begins the leases of this work that this node has anew, under greater numbers and until the same time. What is
    /// being written under the old ones is there when this returns, or is refused.
    async fn begin_anew(&self, node: Uuid, work: &[String]) -> Result<(), StoreError>;

    /// Gives work back before its time, so that another node need not wait.
    async fn give_back(&self, node: Uuid, work: &[String]) -> Result<(), StoreError>;

    /// Takes tokens of a source's bucket, which is full at first; returns how many of the wanted it got.
    async fn draw(&self, source: SourceKey, draw: Draw) -> Result<u32, StoreError>;
}
