//! The breaker: holds deprovisionings for approval when too many come at once.
//!
//! A pure state machine: the state goes in and comes out, and is stored with the source; who is held is stored with
//! the links. What is held are the decisions, not the requests: the provider is answered as ever, and the
//! identities stay as they are.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::settings::BreakerPolicy;
use crate::clock::Timestamp;

/// Into how many parts a window is divided: deprovisionings of one part are counted together, and leave the window
/// with the last of them. So the state stays small, and a window never lets more pass than it may.
const PARTS: i64 = 64;

/// The state of a source's breaker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Breaker {
    /// The deprovisionings of the window, oldest first.
    parts: VecDeque<Part>,
    /// Since when it holds; `None` while it lets pass.
    open_since: Option<Timestamp>,
}

/// Deprovisionings of a part of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    from: Timestamp,
    last: Timestamp,
    count: u64,
}

/// What becomes of a deprovisioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Admission {
    /// It is done.
    Passed,
    /// It waits for approval.
    Held,
    /// It waits for approval, and it is the one that opened the breaker: tell someone.
    Opened,
}

impl Breaker {
    /// Since when it holds.
    pub fn open_since(&self) -> Option<Timestamp> {
        self.open_since
    }

    /// A deprovisioning comes. `active` is how many active identities the source has now.
    pub fn admit(&mut self, policy: &BreakerPolicy, active: u64, now: Timestamp) -> Admission {
        if self.open_since.is_some() {
            return Admission::Held;
        }
        let window = i64::from(policy.window_minutes) * 60_000;
        while self.parts.front().is_some_and(|part| part.last.0 + window <= now.0) {
            self.parts.pop_front();
        }
        if self.is_full(policy, active) {
            self.open_since = Some(now);
            return Admission::Opened;
        }
        match self.parts.back_mut() {
            Some(part) if now.0 - part.from.0 < window / PARTS => {
                part.last = now;
                part.count += 1;
            }
            _ => self.parts.push_back(Part { from: now, last: now, count: 1 }),
        }
        Admission::Passed
    }

    /// Whether one more is too many.
    fn is_full(&self, policy: &BreakerPolicy, active: u64) -> bool {
        let left: u64 = self.parts.iter().map(|part| part.count).sum();
        // The population as it was before those of this window left it.
        let (next, population) = (left + 1, active + left);
        let by_count = policy.count > 0 && next > u64::from(policy.count);
        let by_share = policy.percent > 0
            && next > u64::from(policy.minimum)
            && next.saturating_mul(100) > population.saturating_mul(u64::from(policy.percent));
        by_count || by_share
    }

    /// Someone approved or rejected what is held: it holds no longer, and the window begins anew.
    pub fn close(&mut self) {
        *self = Self::default();
    }
}

impl BreakerPolicy {
    /// Whether it ever holds anything.
    pub const fn is_on(&self) -> bool {
        self.count > 0 || self.percent > 0
    }
}
