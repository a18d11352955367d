//! Which of the writings of the request log somebody has to wait for.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::watch;

/// The writings of what had gathered, one after the other.
pub(super) struct Flushes {
    begun: AtomicU64,
    ended: watch::Sender<u64>,
    /// Whether a worker writes what gathers.
    pub(super) is_worked_on: AtomicBool,
}

impl Default for Flushes {
    fn default() -> Self {
        Self { begun: AtomicU64::new(0), ended: watch::Sender::new(0), is_worked_on: AtomicBool::new(false) }
    }
}

impl Flushes {
    /// Before what has gathered is taken. Only one at a time is under way.
    pub(super) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// When it is written.
    pub(super) fn end(&self, number: u64) {
        self.ended.send_replace(number);
    }

    /// The writing after which everything is there that is there now; `waits`: something has gathered that none has
    /// taken. What one has taken that is under way is there after that one; what waits, after the next one.
    pub(super) fn awaited(&self, waits: bool) -> u64 {
        self.begun.load(Ordering::Acquire) + u64::from(waits)
    }

    /// Returns when it has ended.
    pub(super) async fn until(&self, number: u64) {
        // The sender is here: it does not go away.
        let _ = self.ended.subscribe().wait_for(|ended| *ended >= number).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn is_there(flushes: &Flushes, number: u64) -> bool {
        tokio::time::timeout(Duration::ZERO, flushes.until(number)).await.is_ok()
    }

    #[tokio::test]
    async fn whoever_reads_waits_for_the_writing_that_has_taken_everything() {
        for (under_way, waits, ends) in
            [(false, false, 0), (false, true, 1), (true, false, 1), (true, true, 2)]
        {
            let flushes = Flushes::default();
            let begun = under_way.then(|| flushes.begin());
            let awaited = flushes.awaited(waits);
            for end in 0..3 {
                let case = format!("under way {under_way}, waits {waits}, {end} ended");
                assert_eq!(is_there(&flushes, awaited).await, end >= ends, "{case}");
                flushes.end(begun.filter(|_| end == 0).unwrap_or_else(|| flushes.begin()));
            }
        }
    }
}
