//! What may be sent now: in order for each resource, many resources at once. Pure; time comes in.
//!
//! A delivery is *apart* when the cursor may pass it: it waits long for its next attempt, is parked, or stands behind
//! such a one. What is apart is written down delivery by delivery; everything else is behind the cursor, or will be
//! read again.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{AttemptOutcome, Delivery, DeliveryState};
use rollcall_store::delivery::Progress;
use uuid::Uuid;

use crate::settings::HubSettings;
use crate::verdict::Verdict;

/// Milliseconds of waiting that do not set a delivery apart.
const PATIENCE_MS: i64 = 1_000;
/// Failures in a row, of this many resources, that are the receiver's and not the delivery's.
const FAILING: (usize, usize) = (6, 3);
/// The longest time between two probes of a receiver that fails.
const MAX_PROBE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Item {
    lane: Uuid,
    parked: bool,
    flying: bool,
    attempts: u32,
    not_before: Timestamp,
    /// Whether it is written down by itself.
    apart: bool,
    error: String,
}

/// The deliveries of one endpoint that are not done.
#[derive(Debug)]
pub(crate) struct Lanes {
    settings: HubSettings,
    items: BTreeMap<u64, Item>,
    queues: HashMap<Uuid, VecDeque<u64>>,
    /// First of their lanes, with the time from which each may be sent.
    due: BTreeSet<(Timestamp, u64)>,
    /// All up to this number has been offered.
    read: u64,
    written: u64,
    apart: usize,
    flying: usize,
    changed: BTreeSet<u64>,
    removed: Vec<u64>,
    /// Resources of the failures since the last success.
    failures: Vec<Uuid>,
    probe_at: Timestamp,
    /// Probes since the receiver began to fail.
    probes: u32,
}

/// What is to be written down.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Done {
    pub(crate) cursor: u64,
    pub(crate) put: Vec<Delivery>,
    pub(crate) remove: Vec<u64>,
}

impl Lanes {
    pub(crate) fn new(settings: HubSettings, progress: Progress) -> Self {
        let mut lanes = Self {
            settings,
            items: BTreeMap::new(),
            queues: HashMap::new(),
            due: BTreeSet::new(),
            read: progress.cursor,
            written: progress.cursor,
            apart: 0,
            flying: 0,
            changed: BTreeSet::new(),
            removed: Vec::new(),
            failures: Vec::new(),
            probe_at: Timestamp(0),
            probes: 0,
        };
        for delivery in progress.apart {
            let parked = delivery.state == DeliveryState::Parked;
            let Delivery { sequence, resource, attempts, not_before, error, .. } = delivery;
            let item =
                Item { lane: resource, parked, flying: false, attempts, not_before, apart: true, error };
            lanes.apart += 1;
            lanes.add(sequence, item);
        }
        lanes
    }

    /// Where reading goes on.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// How many more may be offered.
    pub(crate) fn room(&self) -> usize {
        if self.is_stalled() { 0 } else { self.settings.window.saturating_sub(self.items.len() - self.apart) }
    }

    /// Whether so much is apart that nothing new may come.
    pub(crate) fn is_stalled(&self) -> bool {
        self.apart >= self.settings.apart
    }

    /// Whether the receiver fails, whatever it is sent.
    pub(crate) fn is_failing(&self) -> bool {
        let (many, resources) = FAILING;
        self.failures.len() >= many && self.failures.iter().collect::<BTreeSet<_>>().len() >= resources
    }

    /// Takes the next change in; without a resource, it is none of the endpoint's.
    pub(crate) fn offer(&mut self, sequence: u64, resource: Option<Uuid>) {
        self.read = sequence;
        if let Some(lane) = resource {
            let (error, not_before) = (String::new(), Timestamp(0));
            let item =
                Item { lane, parked: false, flying: false, attempts: 0, not_before, apart: false, error };
            self.add(sequence, item);
        }
    }

    /// Puts a delivery where it belongs in its lane. After a crash one may come that is older than what is there.
    fn add(&mut self, sequence: u64, item: Item) {
        if self.items.contains_key(&sequence) {
            return;
        }
        let queue = self.queues.entry(item.lane).or_default();
        let before = queue.front().copied();
        let flying = before.and_then(|head| self.items.get(&head)).is_some_and(|head| head.flying);
        let at = queue.partition_point(|other| *other < sequence).max(usize::from(flying));
        queue.insert(at, sequence);
        if at == 0 {
            if let Some((head, before)) = before.and_then(|head| Some((head, self.items.get(&head)?))) {
                self.due.remove(&(before.not_before, head));
            }
            if !item.parked {
                self.due.insert((item.not_before, sequence));
            }
        }
        self.items.insert(sequence, item);
    }

    /// The next delivery to send, with the number of attempts before.
    pub(crate) fn start(&mut self, now: Timestamp) -> Option<(u64, u32)> {
        if self.wake_at()? > now {
            return None;
        }
        if self.is_failing() {
            self.probes = self.probes.saturating_add(1);
        }
        let (_, sequence) = self.due.pop_first()?;
        let item = self.items.get_mut(&sequence)?;
        item.flying = true;
        self.flying += 1;
        Some((sequence, item.attempts))
    }

    /// When something may be sent again; `None`: not before something else happens.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        let failing = self.is_failing();
        let most = if failing { 1 } else { self.settings.concurrency.max(1) };
        let (first, _) = self.due.first().filter(|_| self.flying < most)?;
        Some(if failing { (*first).max(self.probe_at) } else { *first })
    }

    /// Takes the end of an attempt in. `jitter` is from 0 to 1.
    pub(crate) fn finish(
        &mut self,
        sequence: u64,
        verdict: &Verdict,
        now: Timestamp,
        jitter: f64,
    ) -> AttemptOutcome {
        self.flying = self.flying.saturating_sub(1);
        let Some(lane) = self.items.get(&sequence).map(|item| item.lane) else {
            return AttemptOutcome::Delivered;
        };
        match verdict {
            Verdict::Delivered => {
                self.failures.clear();
                self.probes = 0;
                self.remove(sequence, lane);
                AttemptOutcome::Delivered
            }
            Verdict::Retry(after, error) => self.again(sequence, (*after, error), now, jitter),
            Verdict::Park(error) => self.park(sequence, error),
            Verdict::Disable(_) => {
                // Whoever enables the endpoint again wants this one too.
                if let Some(item) = self.items.get_mut(&sequence) {
                    item.flying = false;
                    self.due.insert((now, sequence));
                }
                AttemptOutcome::Disabled
            }
        }
    }

    fn remove(&mut self, sequence: u64, lane: Uuid) {
        if self.items.remove(&sequence).is_some_and(|item| item.apart) {
            self.apart -= 1;
            self.changed.remove(&sequence);
            self.removed.push(sequence);
        }
        let Some(queue) = self.queues.get_mut(&lane) else { return };
        queue.pop_front();
        match queue.front().and_then(|next| Some((*next, self.items.get(next)?))) {
            Some((next, item)) if !item.parked => {
                self.due.insert((item.not_before, next));
            }
            Some(_) => {}
            None => {
                self.queues.remove(&lane);
            }
        }
    }

    fn again(
        &mut self,
        sequence: u64,
        (after, error): (Option<Duration>, &str),
        now: Timestamp,
        jitter: f64,
    ) -> AttemptOutcome {
        let was_failing = self.is_failing();
        let Some(item) = self.items.get_mut(&sequence) else { return AttemptOutcome::Retry };
        self.failures.push(item.lane);
        item.attempts += 1;
        // Of a receiver that fails whatever it is sent, no delivery is to blame.
        if item.attempts >= self.settings.attempts && !was_failing {
            return self.park(sequence, error);
        }
        let most = self.settings.max_backoff;
        let backoff = doubled(self.settings.backoff, item.attempts).min(most).mul_f64(0.5 + jitter);
        let wait = after.map_or(backoff, |after| after.min(most).max(backoff));
        item.flying = false;
        item.not_before = later(now, wait);
        error.clone_into(&mut item.error);
        self.due.insert((item.not_before, sequence));
        if item.apart {
            self.changed.insert(sequence);
        }
        self.probe_at =
            later(now, doubled(self.settings.backoff, self.probes.saturating_add(1)).min(MAX_PROBE));
        self.failures.truncate(1_000);
        AttemptOutcome::Retry
    }

    fn park(&mut self, sequence: u64, error: &str) -> AttemptOutcome {
        if let Some(item) = self.items.get_mut(&sequence) {
            item.flying = false;
            item.parked = true;
            error.clone_into(&mut item.error);
            if item.apart {
                self.changed.insert(sequence);
            }
        }
        AttemptOutcome::Parked
    }

    /// What is to be written down since the last time; nothing, when nothing happened.
    pub(crate) fn checkpoint(&mut self, now: Timestamp) -> Option<Done> {
        self.set_apart(now);
        let first = self.items.iter().find(|(_, item)| !item.apart);
        let cursor = first.map_or(self.read, |(sequence, _)| sequence - 1);
        if cursor == self.written && self.changed.is_empty() && self.removed.is_empty() {
            return None;
        }
        self.written = cursor;
        let put = std::mem::take(&mut self.changed);
        let put = put.into_iter().filter_map(|sequence| Some(row(sequence, self.items.get(&sequence)?)));
        Some(Done { cursor, put: put.collect(), remove: std::mem::take(&mut self.removed) })
    }

    /// Sets apart what stands in the cursor's way for long.
    fn set_apart(&mut self, now: Timestamp) {
        let horizon = Timestamp(now.0 + PATIENCE_MS);
        let mut apart = Vec::new();
        for queue in self.queues.values() {
            let head = queue.front().and_then(|head| self.items.get(head));
            if head.is_some_and(|head| !head.flying && (head.parked || head.not_before > horizon)) {
                apart.extend(queue.iter().filter(|one| self.items.get(one).is_some_and(|item| !item.apart)));
            }
        }
        apart.sort_unstable();
        for sequence in apart {
            if self.is_stalled() {
                break;
            }
            if let Some(item) = self.items.get_mut(&sequence) {
                item.apart = true;
                self.apart += 1;
                self.changed.insert(sequence);
            }
        }
    }

    /// The cursor that was last written down.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }
}

fn row(sequence: u64, item: &Item) -> Delivery {
    Delivery {
        sequence,
        resource: item.lane,
        state: if item.parked { DeliveryState::Parked } else { DeliveryState::Waiting },
        attempts: item.attempts,
        not_before: item.not_before,
        error: item.error.clone(),
    }
}

/// The wait after so many attempts.
fn doubled(base: Duration, attempts: u32) -> Duration {
    base.saturating_mul(1 << attempts.saturating_sub(1).min(24))
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
