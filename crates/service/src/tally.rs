//! How many requests a source got, how many failed and how long they took, five minutes at a time.
//!
//! In memory, for what people look at: of this process, and for a day. What is counted for alarms is in `/metrics`, what a request
//! was is in the request log.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use rollcall_domain::clock::Timestamp;

use crate::{Notes, Service};

/// Milliseconds of a slot.
pub const SLOT_MS: i64 = 300_000;
/// Slots that are kept: a day.
pub const SLOTS: usize = 288;
/// Milliseconds of all of them.
const DAY_MS: i64 = 86_400_000;

/// What came in one slot of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tallied {
    /// When it began.
    pub at: Timestamp,
    /// Requests.
    pub requests: u32,
    /// Those that were answered by 4xx or 5xx.
    pub failed: u32,
    /// Microseconds that all of them took.
    pub took_us: u64,
    /// Microseconds that the slowest took.
    pub slowest_us: u64,
}

/// A slot as it is counted: whoever comes first in a new one empties it. Two at once may lose a count, which nobody sees.
#[derive(Default)]
struct Slot {
    /// Number of the slot since 1970; 0: never.
    number: AtomicI64,
    requests: AtomicU32,
    failed: AtomicU32,
    took_us: AtomicU64,
    slowest_us: AtomicU64,
}

/// The slots of a source, made when the first request comes.
pub(crate) struct Tally(Box<[Slot]>);

impl Default for Tally {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| Slot::default()).collect())
    }
}

impl Tally {
    fn slot(&self, number: i64) -> Option<&Slot> {
        self.0.get(usize::try_from(number).ok()? % SLOTS)
    }

    fn count(&self, now: Timestamp, status: u16, took_us: u64) {
        let number = now.0 / SLOT_MS;
        let Some(slot) = self.slot(number) else { return };
        if slot.number.swap(number, Ordering::Relaxed) != number {
            slot.requests.store(0, Ordering::Relaxed);
            slot.failed.store(0, Ordering::Relaxed);
            slot.took_us.store(0, Ordering::Relaxed);
            slot.slowest_us.store(0, Ordering::Relaxed);
        }
        slot.requests.fetch_add(1, Ordering::Relaxed);
        slot.failed.fetch_add(u32::from(status >= 400), Ordering::Relaxed);
        slot.took_us.fetch_add(took_us, Ordering::Relaxed);
        slot.slowest_us.fetch_max(took_us, Ordering::Relaxed);
    }

    /// Every slot of the day before `now`, oldest first.
    pub(crate) fn read(&self, now: Timestamp) -> Vec<Tallied> {
        let last = now.0 / SLOT_MS;
        let first = last - DAY_MS / SLOT_MS + 1;
        let read = |number: i64| {
            let at = Timestamp(number * SLOT_MS);
            let slot = self.slot(number).filter(|slot| slot.number.load(Ordering::Relaxed) == number);
            slot.map_or(Tallied { at, ..Tallied::default() }, |slot| Tallied {
                at,
                requests: slot.requests.load(Ordering::Relaxed),
                failed: slot.failed.load(Ordering::Relaxed),
                took_us: slot.took_us.load(Ordering::Relaxed),
                slowest_us: slot.slowest_us.load(Ordering::Relaxed),
            })
        };
        (first..=last).map(read).collect()
    }
}

impl Service {
    /// Counts a finished request for its source; one of no source is not counted.
    pub fn tally(&self, notes: &Notes, status: u16, took_us: u64) {
        if let Some(runtime) = notes.source() {
            runtime.tally().count(self.clock.now(), status, took_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_counted_five_minutes_at_a_time() {
        let tally = Tally::default();
        let noon = Timestamp(20_000 * 86_400_000);
        tally.count(noon, 200, 10);
        tally.count(noon, 404, 30);
        tally.count(Timestamp(noon.0 + SLOT_MS), 200, 5);
        let read = tally.read(Timestamp(noon.0 + SLOT_MS));
        assert_eq!(read.len(), SLOTS);
        let last: Vec<_> = read.iter().rev().take(3).map(|slot| (slot.requests, slot.failed)).collect();
        assert_eq!(last, [(1, 0), (2, 1), (0, 0)]);
        assert_eq!((read[SLOTS - 2].took_us, read[SLOTS - 2].slowest_us), (40, 30));
        tally.count(Timestamp(noon.0 + DAY_MS), 500, 1);
        let next = tally.read(Timestamp(noon.0 + DAY_MS));
        assert_eq!(
            next.last().map(|slot| (slot.requests, slot.failed)),
            Some((1, 1)),
            "the day before counts still"
        );
    }
}
