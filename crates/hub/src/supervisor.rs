//! Which pumps run: one for each active endpoint, as the operator last set it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rollcall_connector::transport::Poster;
use rollcall_domain::clock::{Clock, Ids};
use rollcall_domain::delivery::{Endpoint, EndpointKey, EndpointKind, EndpointStatus};
use rollcall_service::Service;
use rollcall_store::lease::Fence;
use rollcall_store::{AnyStore, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::pump::Pump;
use crate::retention;
use crate::settings::HubSettings;
use crate::sink::Sink;

/// How often endpoints are looked at, whatever is told.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long a node has the work on an endpoint where others share the database, and how often it asks again.
const LASTING: Duration = Duration::from_secs(9);
const ASK_EVERY: Duration = Duration::from_secs(2);
/// Endpoints that a node takes on at once: so those of a node that is gone are shared among the rest.
const MORE: usize = 2;

/// The workers of one server.
pub struct Hub {
    /// The use cases.
    pub service: Arc<Service>,
    /// Where progress is kept.
    pub store: AnyStore,
    /// Sends.
    pub poster: Poster,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes randomness.
    pub ids: Arc<dyn Ids>,
    /// Bounds and times.
    pub settings: HubSettings,
}

/// A pump that runs.
struct Running {
    generation: u64,
    fence: Fence,
    /// Until when the lease lasts.
    until: watch::Sender<Instant>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// Lets it write its progress down.
    async fn end(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

impl Hub {
    /// Works until `stop` is ready, then writes progress down.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        match self.service.reseal_secrets().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "secrets of endpoints were sealed with the newest key"),
            Err(error) => tracing::warn!(%error, "secrets could not be sealed with the newest key"),
        }
        let mut commits = self.service.commits();
        let mut pumps: HashMap<EndpointKey, Running> = HashMap::new();
        let prune = tokio::spawn(retention::run(
            Arc::clone(&self.service),
            self.settings.retention,
            self.settings.prune_every,
        ));
        let mut stop = std::pin::pin!(stop);
        let mut seen = None;
        // Work that is shared has to be asked for again and again.
        let every = if self.store.is_shared() { ASK_EVERY } else { LOOK_EVERY };
        let mut look_at = Instant::now();
        loop {
            let epoch = self.store.stamps().epoch();
            let is_due = Instant::now() >= look_at || seen != Some(epoch);
            if is_due || pumps.values().any(|pump| pump.task.is_finished()) {
                look_at = Instant::now() + every;
                match self.look(&mut pumps).await {
                    Ok(()) => seen = Some(epoch),
                    Err(error) => tracing::warn!(%error, "endpoints cannot be read"),
                }
            }
            tokio::select! {
                _ = commits.changed() => {}
                () = tokio::time::sleep_until(look_at) => {}
                () = &mut stop => break,
            }
        }
        prune.abort();
        for running in pumps.values() {
            let _ = running.stop.send(true);
        }
        let work: Vec<String> = pumps.values().map(|running| running.fence.work.clone()).collect();
        for (_, running) in pumps {
            running.end().await;
        }
        if let Err(error) = self.store.give_back(self.service.node(), &work).await {
            tracing::warn!(%error, "other nodes wait until the work of this one has run out");
        }
    }

    /// Starts and stops pumps, so that they are those of the active endpoints.
    async fn look(&self, pumps: &mut HashMap<EndpointKey, Running>) -> Result<(), StoreError> {
        let endpoints = self.store.endpoints(None).await?;
        let wanted = |endpoint: &&Endpoint| {
            matches!(endpoint.kind, EndpointKind::Webhook | EndpointKind::SetPush)
                && endpoint.status == EndpointStatus::Active
        };
        let wanted: HashMap<EndpointKey, &Endpoint> =
            endpoints.iter().filter(wanted).map(|endpoint| (endpoint.key, endpoint)).collect();
        let until = Instant::now() + LASTING;
        let work: Vec<String> = wanted.keys().map(|key| work_on(*key)).collect();
        // A pump that begins does so under a new fence: what one before it may still be writing, whose answer was lost,
        // is not written once progress has been read.
        let works = |key: &EndpointKey| pumps.get(key).is_some_and(|pump| !pump.task.is_finished());
        let beginning: Vec<String> =
            wanted.keys().filter(|key| !works(key)).map(|key| work_on(*key)).collect();
        if !beginning.is_empty() {
            self.store.begin_anew(self.service.node(), &beginning).await?;
        }
        let mine = self.store.lease(self.service.node(), &work, MORE, LASTING).await?;
        let fence_of = |key: &EndpointKey| mine.iter().find(|fence| fence.work == work_on(*key));
        let over = |key: &EndpointKey, running: &Running| {
            running.task.is_finished()
                || fence_of(key) != Some(&running.fence)
                || wanted.get(key).is_none_or(|endpoint| endpoint.generation != running.generation)
        };
        let over: Vec<EndpointKey> =
            pumps.iter().filter(|(key, running)| over(key, running)).map(|(key, _)| *key).collect();
        for key in over {
            // The next one begins when this one has ended: a resource's order is kept.
            if let Some(running) = pumps.remove(&key) {
                running.end().await;
            }
        }
        for (key, endpoint) in wanted {
            if let Some(running) = pumps.get(&key) {
                running.until.send_replace(until);
            } else if let Some(fence) = fence_of(&key)
                && let Some(running) = self.start(endpoint, fence, until)
            {
                pumps.insert(key, running);
            }
        }
        Ok(())
    }

    fn start(&self, endpoint: &Endpoint, fence: &Fence, until: Instant) -> Option<Running> {
        let sink = Sink::new(endpoint, self.service.vault(), self.poster.clone(), self.settings.timeout);
        let sink = sink
            .inspect_err(
                |error| tracing::error!(endpoint = %endpoint.id, %error, "an endpoint cannot be told"),
            )
            .ok()?;
        let (until, lasting) = watch::channel(until);
        let pump = Pump {
            endpoint: endpoint.clone(),
            fence: fence.clone(),
            until: lasting,
            sink: Arc::new(sink),
            service: Arc::clone(&self.service),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            settings: self.settings.clone(),
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(pump.run(stopped));
        Some(Running { generation: endpoint.generation, fence: fence.clone(), until, stop, task })
    }
}

/// The name of the work on an endpoint.
fn work_on(EndpointKey(endpoint): EndpointKey) -> String {
    format!("endpoint:{endpoint}")
}
