//! A token bucket per source (IPSIE: 429 with Retry-After, never below 25 requests a second).

use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::{MIN_REQUESTS_PER_SECOND, SourceSettings};

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

impl Rate {
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
    fn a_clock_that_goes_back_does_no_harm() {
        let (rate, mut bucket) = (rate(25, 25).unwrap(), Bucket::default());
        assert!(bucket.take(rate, Timestamp(1_000)).is_ok());
        assert!(bucket.take(rate, Timestamp(0)).is_ok());
    }
}
