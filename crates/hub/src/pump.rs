//! One endpoint's deliveries: read, send, judge, write down.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rollcall_domain::clock::{Clock, Ids, Timestamp};
use rollcall_domain::delivery::{Attempt, AttemptOutcome, Endpoint, EndpointStatus, Feed};
use rollcall_service::Service;
use rollcall_service::feed::{FedChange, FeedError};
use rollcall_store::delivery::Checkpoint;
use rollcall_store::lease::Fence;
use rollcall_store::{AnyStore, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::lanes::{Done, Lanes};
use crate::settings::HubSettings;
use crate::sink::Sink;
use crate::verdict::{Verdict, judge};

/// Changes read at once.
const PAGE: usize = 200;
/// Room that makes reading worth it.
const WORTH: usize = 50;
/// Wait after the store did not answer.
const STORE_WAIT: Duration = Duration::from_secs(1);

/// What a pump works with.
pub(crate) struct Pump {
    pub(crate) endpoint: Endpoint,
    /// The lease of the endpoint, and until when it lasts.
    pub(crate) fence: Fence,
    pub(crate) until: watch::Receiver<Instant>,
    pub(crate) sink: Arc<Sink>,
    pub(crate) service: Arc<Service>,
    pub(crate) store: AnyStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) settings: HubSettings,
}

/// Why a pump ends before it is told to.
enum End {
    /// The generation or the lease is over: the supervisor starts another.
    Void,
    /// The endpoint is to be disabled.
    Disable(String),
    /// The store did not answer: begin again from what is written.
    Store(StoreError),
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// An attempt that has ended.
struct Ended {
    sequence: u64,
    attempt: u32,
    at: Timestamp,
    millis: u32,
    status: Option<u16>,
    verdict: Verdict,
}

/// What one run holds.
struct Run<'a> {
    pump: &'a Pump,
    lanes: Lanes,
    /// Changes that are in memory.
    bodies: HashMap<u64, FedChange>,
    flying: JoinSet<Ended>,
    attempts: Vec<Attempt>,
    /// Whether there may be more to read.
    more: bool,
    /// Whether there may be something to write down.
    dirty: bool,
    disable: Option<String>,
    /// The epoch of the store at which the endpoint was known to be set as it is here.
    epoch: Option<u32>,
}

impl Pump {
    /// Runs until `stop`, or until the endpoint's generation is over.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let ended = self.follow(&mut stop).await;
            match ended {
                Ok(()) | Err(End::Void) => return,
                Err(End::Disable(reason)) => {
                    tracing::warn!(endpoint = %self.endpoint.id, reason, "an endpoint was disabled");
                    return;
                }
                Err(End::Store(error)) => {
                    tracing::warn!(endpoint = %self.endpoint.id, %error, "deliveries wait for the store");
                    tokio::select! {
                        () = tokio::time::sleep(STORE_WAIT) => {}
                        _ = stop.changed() => return,
                    }
                    // What was not answered may be written yet: the next pump has another fence.
                    if self.store.is_shared() {
                        return;
                    }
                }
            }
        }
    }

    async fn follow(&self, stop: &mut watch::Receiver<bool>) -> Result<(), End> {
        let mut commits = self.service.commits();
        let progress = match self.store.progress(self.endpoint.key, Feed::Changes).await {
            Err(StoreError::NotFound) => return Err(End::Void),
            progress => progress?,
        };
        let mut run = Run {
            pump: self,
            lanes: Lanes::new(self.settings.clone(), progress),
            bodies: HashMap::new(),
            flying: JoinSet::new(),
            attempts: Vec::new(),
            more: true,
            dirty: false,
            disable: None,
            epoch: None,
        };
        let mut write_at = Instant::now() + self.settings.checkpoint;
        loop {
            if run.disable.is_none() {
                run.read().await?;
                run.start().await?;
            }
            if Instant::now() >= write_at || run.disable.is_some() {
                run.write().await?;
                write_at = Instant::now() + self.settings.checkpoint;
            }
            let wake = run.wake(write_at);
            tokio::select! {
                Some(ended) = run.flying.join_next() => {
                    run.finish(ended.ok());
                    while let Some(ended) = run.flying.try_join_next() {
                        run.finish(ended.ok());
                    }
                }
                _ = commits.changed() => run.more = true,
                () = tokio::time::sleep_until(wake) => {}
                _ = stop.changed() => {
                    // What is under way is told again by whoever comes next.
                    run.flying.shutdown().await;
                    return run.write().await;
                }
            }
        }
    }
}

impl Run<'_> {
    /// Reads on while there is room.
    async fn read(&mut self) -> Result<(), End> {
        while self.more && self.lanes.room() >= WORTH.min(self.pump.settings.window) {
            let limit = u32::try_from(self.lanes.room().min(PAGE)).unwrap_or(1);
            let endpoint = &self.pump.endpoint;
            let page = self.pump.service.changes(endpoint.tenant, self.lanes.read(), limit).await;
            let page = match page {
                Ok(page) => page,
                Err(FeedError::Store(error)) => return Err(error.into()),
                Err(error) => return self.lost(&error).await,
            };
            self.more = page.len() == limit as usize;
            self.dirty |= !page.is_empty();
            for fed in page {
                let wanted = endpoint.hears(&fed.event(), fed.source.as_deref());
                let (sequence, resource) = (fed.change.sequence, fed.change.resource);
                self.lanes.offer(sequence, wanted.then_some(resource));
                if wanted {
                    self.bodies.insert(sequence, fed);
                }
            }
        }
        Ok(())
    }

    /// The endpoint cannot be told all: it stops, visibly, instead of leaving something out.
    async fn lost(&mut self, error: &FeedError) -> Result<(), End> {
        let at = self.lanes.read();
        self.disable = Some(format!("it was told up to change {at}, and then: {error}; replay from there"));
        self.write().await
    }

    /// Ends when the endpoint is set anew: a change that comes after that is not sent as it was set before. And when
    /// the lease may have run out: another node may be sending by now.
    async fn confirm(&mut self) -> Result<(), End> {
        if self.pump.store.is_shared() && Instant::now() >= *self.pump.until.borrow() {
            return Err(End::Void);
        }
        let epoch = self.pump.store.stamps().epoch();
        if self.epoch == Some(epoch) {
            return Ok(());
        }
        let endpoint = &self.pump.endpoint;
        let endpoints = self.pump.store.endpoints(Some(endpoint.tenant)).await?;
        let is_same = |other: &Endpoint| other.key == endpoint.key && other.generation == endpoint.generation;
        if !endpoints.iter().any(is_same) {
            return Err(End::Void);
        }
        self.epoch = Some(epoch);
        Ok(())
    }

    /// Sends what may be sent.
    async fn start(&mut self) -> Result<(), End> {
        self.confirm().await?;
        while let Some((sequence, before)) = self.lanes.start(self.pump.clock.now()) {
            let fed = match self.bodies.get(&sequence) {
                Some(fed) => Some(fed.clone()),
                None => self.one(sequence).await?,
            };
            let (sink, clock) = (Arc::clone(&self.pump.sink), Arc::clone(&self.pump.clock));
            let service = Arc::clone(&self.pump.service);
            self.flying.spawn(async move {
                let (at, begun) = (clock.now(), Instant::now());
                let (status, verdict) = match fed {
                    None => (None, Verdict::Park("the change is not kept any more: discard it".to_owned())),
                    Some(fed) => {
                        let answer = sink.tell(&service, &fed, at).await;
                        (answer.as_ref().ok().map(|answer| answer.status), judge(&answer))
                    }
                };
                let millis = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
                Ended { sequence, attempt: before + 1, at, millis, status, verdict }
            });
        }
        Ok(())
    }

    /// A change that is not in memory; `None` when it is not kept any more.
    async fn one(&self, sequence: u64) -> Result<Option<FedChange>, End> {
        match self.pump.service.changes(self.pump.endpoint.tenant, sequence - 1, 1).await {
            Ok(mut page) => Ok(page.pop()),
            Err(FeedError::Store(error)) => Err(error.into()),
            Err(FeedError::TooOld { .. } | FeedError::Ahead { .. }) => Ok(None),
        }
    }

    fn finish(&mut self, ended: Option<Ended>) {
        let Some(Ended { sequence, attempt, at, millis, status, verdict }) = ended else { return };
        self.dirty = true;
        let outcome = self.lanes.finish(sequence, &verdict, self.pump.clock.now(), self.jitter());
        if let (Verdict::Disable(reason), AttemptOutcome::Disabled) = (&verdict, outcome) {
            self.disable = Some(reason.clone());
        }
        if outcome == AttemptOutcome::Delivered {
            self.bodies.remove(&sequence);
        }
        let error = match verdict {
            Verdict::Delivered => String::new(),
            Verdict::Retry(_, error) | Verdict::Park(error) | Verdict::Disable(error) => error,
        };
        self.attempts.push(Attempt { key: 0, sequence, at, attempt, status, millis, outcome, error });
    }

    /// Evenly from 0 to 1.
    fn jitter(&self) -> f64 {
        let mut bytes = [0; 4];
        self.pump.ids.random(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }

    /// Writes progress down.
    async fn write(&mut self) -> Result<(), End> {
        self.dirty = false;
        let done = self.lanes.checkpoint(self.pump.clock.now());
        if done.is_none() && self.attempts.is_empty() && self.disable.is_none() {
            return Ok(());
        }
        let Done { cursor, put, remove } =
            done.unwrap_or_else(|| Done { cursor: self.lanes.written(), ..Done::default() });
        for delivery in &put {
            self.bodies.remove(&delivery.sequence);
        }
        let attempts = std::mem::take(&mut self.attempts);
        let log_rows = self.pump.settings.log_rows;
        let status = self.disable.clone().map(EndpointStatus::Disabled);
        let fence = Some(self.pump.fence.clone());
        let checkpoint = Checkpoint { cursor, put, remove, attempts, log_rows, fence, status };
        let Endpoint { key, generation, .. } = self.pump.endpoint;
        let current = self.pump.store.checkpoint(key, generation, Feed::Changes, &checkpoint).await?;
        match self.disable.take() {
            _ if !current => Err(End::Void),
            Some(reason) => Err(End::Disable(reason)),
            None => Ok(()),
        }
    }

    /// When to look again, if nothing happens before.
    fn wake(&self, write_at: Instant) -> Instant {
        let now = self.pump.clock.now();
        let wait = |at: Timestamp| Duration::from_millis(u64::try_from(at.0 - now.0).unwrap_or(0));
        let next = self.lanes.wake_at().map(|at| Instant::now() + wait(at));
        let idle = Instant::now() + Duration::from_secs(60);
        let busy = self.dirty || !self.flying.is_empty();
        let write_at = if busy { write_at } else { idle };
        next.unwrap_or(idle).min(write_at)
    }
}
