//! The breaker: holds deprovisionings for approval when too many come at once.
//!
//! A pure state machine: the state goes in and comes out, and is stored with the source. What is held are the
//! decisions, not the requests: the provider is answered as ever, and the identities stay as they are.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::settings::BreakerPolicy;
use crate::clock::Timestamp;

/// Times that are kept at most; past it a window counts as full.
const MAX_TIMES: usize = 100_000;

/// The state of a source's breaker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Breaker {
    /// When the deprovisionings of the window were, oldest first.
    times: VecDeque<Timestamp>,
    /// Since when it holds; `None` while it lets pass.
    open_since: Option<Timestamp>,
    /// Active identities of the source when the window began.
    population: u64,
    /// Whose deprovisioning is held, in the order they came, each once.
    held: Vec<Held>,
}

/// A deprovisioning that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Whose.
    pub identity: Uuid,
    /// Since when.
    pub since: Timestamp,
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

    /// What waits.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// A deprovisioning comes. `active` is how many active identities the source has now.
    ///
    /// One of an identity whose deprovisioning waits already waits with it.
    pub fn admit(
        &mut self,
        policy: &BreakerPolicy,
        identity: Uuid,
        active: u64,
        now: Timestamp,
    ) -> Admission {
        if self.open_since.is_some() {
            self.hold(identity, now);
            return Admission::Held;
        }
        let window = i64::from(policy.window_minutes) * 60_000;
        while self.times.front().is_some_and(|at| at.0 + window <= now.0) {
            self.times.pop_front();
        }
        // The population as it was before those of this window left it.
        self.population = active + u64::try_from(self.times.len()).unwrap_or(u64::MAX);
        if self.is_full(policy) {
            self.open_since = Some(now);
            self.hold(identity, now);
            return Admission::Opened;
        }
        self.times.push_back(now);
        Admission::Passed
    }

    /// Whether one more is too many.
    fn is_full(&self, policy: &BreakerPolicy) -> bool {
        let next = u64::try_from(self.times.len()).unwrap_or(u64::MAX).saturating_add(1);
        let by_count = policy.count > 0 && next > u64::from(policy.count);
        let by_share = policy.percent > 0
            && next > u64::from(policy.minimum)
            && next.saturating_mul(100) > self.population.saturating_mul(u64::from(policy.percent));
        by_count || by_share || self.times.len() >= MAX_TIMES
    }

    fn hold(&mut self, identity: Uuid, since: Timestamp) {
        if !self.held.iter().any(|held| held.identity == identity) {
            self.held.push(Held { identity, since });
        }
    }

    /// The identity is wanted again: what was held of it is not to be done any more. Whether something was.
    pub fn release(&mut self, identity: Uuid) -> bool {
        let before = self.held.len();
        self.held.retain(|held| held.identity != identity);
        before != self.held.len()
    }

    /// Someone approved: what was held is to be decided again and done, and the window begins anew.
    pub fn approve(&mut self) -> Vec<Held> {
        self.close()
    }

    /// Someone rejected: what was held is not done. It is done should the provider say it again.
    pub fn reject(&mut self) -> Vec<Held> {
        self.close()
    }

    fn close(&mut self) -> Vec<Held> {
        self.times.clear();
        self.open_since = None;
        std::mem::take(&mut self.held)
    }
}
