//! A clock that moves only when it is told to.

use std::sync::atomic::{AtomicI64, Ordering};

use rollcall_domain::clock::{Clock, Timestamp};

/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;

/// The clock.
#[derive(Debug)]
pub struct FrozenClock(AtomicI64);

impl Default for FrozenClock {
    fn default() -> Self {
        Self(AtomicI64::new(START_MS))
    }
}

impl FrozenClock {
    /// Moves on.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
