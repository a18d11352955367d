//! When to send again: back-off with jitter, `Retry-After`, a deadline, and a budget that all requests share.

use std::time::Duration;

use hyper::header::{DATE, HeaderMap, RETRY_AFTER};
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::error::{Again, PeerError};
use crate::profile::Retry;

/// A number of seconds that is a point in time, not a wait.
const EPOCH: f64 = 1_000_000_000.0;

/// One share of the budget that a success gives back.
const SHARE: f64 = 0.1;

/// Waits and counts for all requests of one application.
#[derive(Debug)]
pub(super) struct Pacer {
    rules: Retry,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Retries that are left.
    left: f64,
    /// Nothing is sent before.
    not_before: Option<Instant>,
}

impl Pacer {
    pub(super) fn new(rules: Retry) -> Self {
        let state = Mutex::new(State { left: f64::from(rules.budget), not_before: None });
        Self { rules, state }
    }

    /// Waits until the application wants to be asked again.
    pub(super) async fn wait(&self) {
        let until = self.state.lock().not_before;
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Counts a success.
    pub(super) fn success(&self) {
        let mut state = self.state.lock();
        state.left = (state.left + SHARE).min(f64::from(self.rules.budget.max(1)));
    }

    /// How long to wait before sending again; `None`: not at all.
    pub(super) fn next(
        &self,
        error: &PeerError,
        idempotent: bool,
        tries: u32,
        started: Instant,
    ) -> Option<Duration> {
        let (asked, surely) = match error.again() {
            Again::No => return None,
            Again::Perhaps(_) if !idempotent => return None,
            Again::Perhaps(after) => (after, false),
            Again::Surely(after) => (after, true),
        };
        if tries >= self.rules.attempts {
            return None;
        }
        let most = Duration::from_secs(self.rules.max_wait_seconds.into());
        let wait = match asked {
            Some(asked) if asked > most => return None,
            // A little later than asked, so that not everyone comes at once.
            Some(asked) => asked + self.backoff(1).mul_f64(0.25),
            None => self.backoff(tries).min(most),
        };
        if started.elapsed() + wait > Duration::from_secs(self.rules.deadline_seconds.into()) {
            return None;
        }
        let mut state = self.state.lock();
        if state.left < 1.0 {
            return None;
        }
        state.left -= 1.0;
        if surely && asked.is_some() {
            let until = Instant::now() + wait;
            state.not_before = state.not_before.max(Some(until));
        }
        Some(wait)
    }

    /// The wait after so many tries: doubled each time, times 0.5 to 1.5.
    fn backoff(&self, tries: u32) -> Duration {
        let base = Duration::from_millis(self.rules.backoff_ms.into());
        let doubled = base.saturating_mul(1 << (tries.saturating_sub(1)).min(16));
        doubled.mul_f64(0.5 + random())
    }
}

/// Evenly from 0 to 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    if getrandom::fill(&mut bytes).is_err() {
        return 0.5;
    }
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

/// When to come again, as the headers say. `now_ms`: milliseconds since 1970.
///
/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3, RFC 3339 too), else a `RateLimit-Reset` of a limit that
/// is used up. Dates count from the answer's own `Date`, so that a clock that is wrong does no harm.
pub(super) fn after(headers: &HeaderMap, now_ms: i64) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let now_ms =
        headers.get(DATE).and_then(|value| value.to_str().ok()).and_then(date).map_or(now_ms, |ms| ms);
    if let Some(given) = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()) {
        return read(given.trim(), now_ms);
    }
    let reset = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-requests-reset"];
    reset.into_iter().find_map(text).and_then(|given| read(given, now_ms))
}

fn read(text: &str, now_ms: i64) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century fit")]
        let seconds = if seconds >= EPOCH { seconds - now_ms as f64 / 1000.0 } else { seconds };
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let until = date(text)?;
    Some(Duration::from_millis(u64::try_from(until - now_ms).unwrap_or(0)))
}

/// Milliseconds since 1970 of a date in any form that HTTP knows (RFC 9110 §5.6.7), or RFC 3339.
fn date(text: &str) -> Option<i64> {
    if let Ok(zoned) = DateTimeParser::new().parse_timestamp(text) {
        return Some(zoned.as_millisecond());
    }
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(timestamp.as_millisecond());
    }
    let civil = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .into_iter()
        .find_map(|format| DateTime::strptime(format, text).ok())?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::error::Said;

    /// 1994-11-06T08:49:37Z
    const NOW_MS: i64 = 784_111_777_000;

    /// baton-scim, defect 11: `Retry-After: 3` alone was ignored, and a date never understood.
    #[test]
    fn retry_after_is_understood_in_every_form() {
        for (name, value, expected) in [
            ("retry-after", "3", Some(3.0)),
            ("retry-after", "0", Some(0.0)),
            ("retry-after", "1.5", Some(1.5)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT", Some(10.0)),
            ("retry-after", "Sunday, 06-Nov-94 08:49:47 GMT", Some(10.0)),
            ("retry-after", "Sun Nov  6 08:49:47 1994", Some(10.0)),
            ("retry-after", "1994-11-06T08:49:47Z", Some(10.0)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT", Some(0.0)),
            ("retry-after", "soon", None),
            ("x-ratelimit-reset", "7", Some(7.0)),
            ("ratelimit-reset", "784111787", Some(784_111_787.0)),
            ("x-unrelated", "7", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(after(&headers, NOW_MS), expected.map(Duration::from_secs_f64), "{name}: {value}");
        }
        assert_eq!(read("1795311031", 1_795_311_021_000), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_date_counts_from_the_answers_own_date() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:47 GMT".parse().unwrap());
        headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        assert_eq!(after(&headers, 0), Some(Duration::from_secs(10)));
    }

    fn limited(retry_after: Option<Duration>) -> PeerError {
        let said = Said { request: String::new(), status: 429, scim_type: None, detail: None, scim: false };
        PeerError::RateLimited { said, retry_after }
    }

    #[tokio::test]
    async fn waits_double_with_jitter_and_end() {
        let pacer = Pacer::new(Retry { attempts: 4, backoff_ms: 100, ..Retry::default() });
        for (tries, least, most) in [(1, 50, 150), (2, 100, 300), (3, 200, 600)] {
            let wait = pacer.next(&limited(None), false, tries, Instant::now()).unwrap().as_millis();
            assert!((least..=most).contains(&wait), "{tries}: {wait}");
        }
        assert_eq!(pacer.next(&limited(None), false, 4, Instant::now()), None);
    }

    #[tokio::test]
    async fn what_was_asked_for_is_waited_for_and_too_much_is_not() {
        let pacer = Pacer::new(Retry { max_wait_seconds: 10, backoff_ms: 100, ..Retry::default() });
        let asked = |seconds| limited(Some(Duration::from_secs(seconds)));
        let wait = pacer.next(&asked(3), false, 1, Instant::now()).unwrap().as_millis();
        assert!((3000..3100).contains(&wait), "{wait}");
        assert_eq!(pacer.next(&asked(11), false, 1, Instant::now()), None);
    }

    #[tokio::test]
    async fn the_deadline_ends_the_retries() {
        let pacer = Pacer::new(Retry { deadline_seconds: 5, ..Retry::default() });
        assert_eq!(pacer.next(&limited(Some(Duration::from_secs(6))), false, 1, Instant::now()), None);
        assert!(pacer.next(&limited(Some(Duration::from_secs(4))), false, 1, Instant::now()).is_some());
    }

    #[tokio::test]
    async fn the_budget_is_shared_and_grows_with_success() {
        let pacer = Pacer::new(Retry { budget: 2, ..Retry::default() });
        let again = || pacer.next(&limited(None), false, 1, Instant::now()).is_some();
        assert_eq!((again(), again(), again()), (true, true, false));
        for _ in 0..11 {
            pacer.success();
        }
        assert_eq!((again(), again()), (true, false));
    }

    #[tokio::test]
    async fn what_may_have_been_carried_out_is_repeated_only_if_that_does_no_harm() {
        let pacer = Pacer::new(Retry::default());
        let timed_out = PeerError::TimedOut { request: String::new(), after: Duration::ZERO };
        assert!(pacer.next(&timed_out, true, 1, Instant::now()).is_some());
        assert_eq!(pacer.next(&timed_out, false, 1, Instant::now()), None);
    }
}
