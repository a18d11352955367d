//! A token bucket per source (IPSIE: 429 with Retry-After, never below 25 requests a second).

use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::{MIN_REQUESTS_PER_SECOND, SourceSettings};
use rollcall_store::lease::Draw;

/// How fast requests may come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    per_second: f64,
    burst: f64,
}

/// The bucket is empty: come back after this many whole seconds, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFast(pub u64);

/// A bucket of tokens, full at first.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// Tokens and when that was so; `None`: full.
    level: Option<(f64, Timestamp)>,
}

/// Tokens that this node took of a bucket that nodes share. They are good for a second, so that no node hoards them.
#[derive(Debug, Default)]
pub(crate) struct Share {
    left: u32,
    until: i64,
}

/// How long tokens are good, in milliseconds.
const GOOD_FOR_MS: i64 = 1_000;
/// A node takes tokens for this part of a second at once: it asks so often at most, when it is alone.
const DRAWS_A_SECOND: f64 = 20.0;

impl Share {
    /// Uses one, if there is one.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let is_there = self.left > 0 && now.0 < self.until;
        self.left -= u32::from(is_there);
        is_there
    }

    /// Puts in what was drawn.
    pub(crate) fn put(&mut self, drawn: u32, now: Timestamp) {
        (self.left, self.until) = (drawn, now.0 + GOOD_FOR_MS);
    }
}

impl Rate {
    /// What a node asks for at once.
    pub(crate) fn draw(self) -> Draw {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u32")]
        let wanted = (self.per_second / DRAWS_A_SECOND).ceil() as u32;
        Draw { per_second: self.per_second, burst: self.burst, wanted: wanted.max(1) }
    }

    /// So many a second, and so many at once.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second: f64::from(per_second), burst: f64::from(burst) }
    }

    /// The rate of these settings; `None` is unlimited.
    pub fn of(settings: &SourceSettings) -> Option<Self> {
        let per_second = f64::from(settings.requests_per_second.max(MIN_REQUESTS_PER_SECOND));
        let burst = f64::from(settings.burst).max(per_second);
        (settings.requests_per_second > 0).then_some(Self { per_second, burst })
    }
}

impl Bucket {
    /// Takes one token.
    pub(crate) fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), TooFast> {
        let (level, since) = self.level.unwrap_or((rate.burst, now));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds between two requests")]
        let elapsed = (now.0 - since.0).max(0) as f64 / 1000.0;
        let level = (level + elapsed * rate.per_second).min(rate.burst);
        if level < 1.0 {
            self.level = Some((level, now));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a few seconds at most"
            )]
            let wait = ((1.0 - level) / rate.per_second).ceil() as u64;
            return Err(TooFast(wait.max(1)));
        }
        self.level = Some((level - 1.0, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(requests_per_second: u32, burst: u32) -> Option<Rate> {
        Rate::of(&SourceSettings { requests_per_second, burst, ..SourceSettings::default() })
    }

    #[test]
    fn the_burst_is_allowed_then_the_rate() {
        let (rate, mut bucket) = (rate(100, 150).unwrap(), Bucket::default());
        assert_eq!((0..200).filter(|_| bucket.take(rate, Timestamp(0)).is_ok()).count(), 150);
        assert_eq!(bucket.take(rate, Timestamp(0)), Err(TooFast(1)));
        assert_eq!((0..200).filter(|_| bucket.take(rate, Timestamp(500)).is_ok()).count(), 50);
    }

    #[test]
    fn no_rate_is_below_25_and_zero_is_unlimited() {
        assert_eq!(rate(1, 0), rate(25, 25));
        assert_eq!(rate(0, 0), None);
    }

    #[test]
    fn drawn_tokens_are_used_once_and_in_time() {
        let mut share = Share::default();
        assert!(!share.take(Timestamp(0)));
        share.put(2, Timestamp(0));
        assert_eq!([0, 999, 999].map(|at| share.take(Timestamp(at))), [true, true, false]);
        share.put(1, Timestamp(1_000));
        assert!(!share.take(Timestamp(2_000)), "it is too late");
        assert_eq!(rate(100, 150).unwrap().draw(), Draw { per_second: 100.0, burst: 150.0, wanted: 5 });
    }

    #[test]
    fn a_clock_that_goes_back_does_no_harm() {
        let (rate, mut bucket) = (rate(25, 25).unwrap(), Bucket::default());
        assert!(bucket.take(rate, Timestamp(1_000)).is_ok());
        assert!(bucket.take(rate, Timestamp(0)).is_ok());
    }
}
