//! Turns: writers that got in each other's way at one resource go one after the other.
//!
//! A first attempt waits for nobody. Only who was `Stale` waits here, and holds the turn until it has
//! written: so with many writers of one body, each gets through (ADR 0002). The turn is of this process;
//! writers of other nodes are few, and attempts are enough for them.

use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

const LANES: usize = 64;

/// The lanes that writers wait in, by the resource's id.
pub(crate) struct Turns([Mutex<()>; LANES]);

/// One writer's turn; it ends when this is dropped.
pub(crate) type Turn<'a> = Vec<MutexGuard<'a, ()>>;

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Turns {
    /// Waits until nobody else has the turn of any of these resources. Who has a turn must not wait for
    /// another.
    pub(crate) async fn wait(&self, ids: impl IntoIterator<Item = Uuid>) -> Turn<'_> {
        // The last bytes of a UUIDv7 are random. In order, so that no two wait for each other.
        let lane = |id: Uuid| usize::from(id.into_bytes()[15]) % LANES;
        let lanes: std::collections::BTreeSet<usize> = ids.into_iter().map(lane).collect();
        let mut turn = Vec::with_capacity(lanes.len());
        for lane in lanes {
            if let Some(lane) = self.0.get(lane) {
                turn.push(lane.lock().await);
            }
        }
        turn
    }
}
