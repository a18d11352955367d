//! The worker: takes what has gathered, masks it, writes it together, and removes what is too old.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rollcall_domain::clock::Timestamp;
use rollcall_domain::request_log::mask::{Masker, Side};
use rollcall_domain::request_log::{
    Bodies, KeptBody, KeptDecision, KeptHeader, LoggedRequest, RequestDetail, RequestSummary, SubjectKey,
    TouchedResource,
};
use rollcall_domain::source::{Source, SourceKey};
use rollcall_store::StoreError;
use rollcall_store::request_log::Bounds;

use super::{Captured, Request, WAKING};
use crate::{Service, Touched};

/// How often what has gathered is written.
const EVERY: Duration = Duration::from_secs(1);
/// How long someone who reads waits for what has just gathered.
const READERS_WAIT: Duration = Duration::from_millis(25);
/// Every so many times, sources that are silent are looked at too.
const SWEEP_EVERY: u32 = 3_600;
/// Endpoints that describe the service. What they answer is known.
const DISCOVERY: &[&str] = &["ServiceProviderConfig", "ServiceProviderConfigs", "Schemas", "ResourceTypes"];

impl Service {
    /// Keeps the request log for ever: to be spawned once, by whoever serves.
    pub async fn work_on_request_log(&self) {
        let mut turn = 0_u32;
        self.log.flushes.is_worked_on.store(true, Ordering::Relaxed);
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.log.wake.notified() => {}
            }
            self.flush_request_log().await;
            turn = turn.wrapping_add(1);
            if turn % SWEEP_EVERY == 1
                && let Err(error) = self.note_sizes().await
            {
                tracing::warn!(%error, "how many users there are was not noted");
            }
            if turn.is_multiple_of(SWEEP_EVERY)
                && let Err(error) = self.sweep_request_log().await
            {
                tracing::warn!(%error, "old requests were not removed from the request log");
            }
        }
    }

    /// Writes what waits. What cannot be written is lost and counted; requests go on.
    pub async fn flush_request_log(&self) {
        let _turn = self.log.writing.lock().await;
        let number = self.log.flushes.begin();
        self.write_waiting().await;
        self.log.flushes.end(number);
    }

    async fn write_waiting(&self) {
        let mut waiting = std::mem::take(&mut *self.log.waiting.lock()).requests.into_iter();
        loop {
            let requests: Vec<Request> = waiting.by_ref().take(WAKING).collect();
            let count = requests.len() as u64;
            if count == 0 {
                return;
            }
            match self.write_requests(requests).await {
                Ok(()) => self.log.written.fetch_add(count, Ordering::Relaxed),
                Err(error) => {
                    tracing::warn!(%error, count, "requests were not written to the request log");
                    self.log.failed.fetch_add(count, Ordering::Relaxed)
                }
            };
        }
    }

    /// Has what waits written before it is looked for: whoever looks sees what has just been answered. While a worker is
    /// busy with very much of it, nobody waits for all.
    pub(super) async fn catch_up_request_log(&self) {
        let flushes = &self.log.flushes;
        if !flushes.is_worked_on.load(Ordering::Relaxed) {
            return self.flush_request_log().await;
        }
        // In this order: what is taken in between is awaited all the same.
        let waits = !self.log.waiting.lock().requests.is_empty();
        let awaited = flushes.awaited(waits);
        if waits {
            self.log.wake.notify_one();
        }
        let _ = tokio::time::timeout(READERS_WAIT, flushes.until(awaited)).await;
    }

    /// Removes what is too old, of silent sources too.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn sweep_request_log(&self) -> Result<(), StoreError> {
        let mut bounds = Vec::new();
        for tenant in self.store.tenants().await? {
            let sources = self.store.sources(tenant.key).await?;
            bounds.extend(sources.iter().map(|source| of_source(source, self.clock.now())));
        }
        self.store.log_requests(Vec::new(), bounds).await
    }

    async fn write_requests(&self, requests: Vec<Request>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let sources = requests.iter().map(|request| &request.runtime.source);
        let bounds: HashMap<SourceKey, Bounds> =
            sources.map(|source| (source.key, of_source(source, now))).collect();
        let key = self.subject_key().clone();
        // Masking is work for a processor: not for a thread that answers requests.
        let masked = move || requests.into_iter().map(|request| logged(request, &key)).collect::<Vec<_>>();
        let logged = tokio::task::spawn_blocking(masked).await;
        let logged = logged.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        self.store.log_requests(logged, bounds.into_values().collect()).await
    }
}

fn of_source(source: &Source, now: Timestamp) -> Bounds {
    let settings = &source.settings.request_log;
    Bounds { source: source.key, oldest: settings.oldest(now), most_bytes: settings.most_bytes() }
}

/// A request as the log keeps it.
fn logged(request: Request, key: &SubjectKey) -> LoggedRequest {
    let runtime = Arc::clone(&request.runtime);
    let bodies = runtime.source.settings.request_log.bodies;
    let mut masker = Masker::new(&runtime.registry, bodies == Bodies::Full);
    let endpoint = endpoint(&request.path).to_owned();
    let side = if request.path.ends_with("/.search") { Side::Searched } else { Side::Sent };
    // In the order in which what is masked is learnt: the error may quote what was sent.
    let sent = body(request.sent, &endpoint, side, &mut masker);
    let query = masker.query(&request.query);
    let path = masker.path(&request.path);
    let answer = body(request.answer, &endpoint, Side::Answered, &mut masker);
    let problem = request.detail.map(|detail| masker.text(&detail));
    let user_agent = request.user_agent.map(|name| masker.text(&name));
    let headers = request
        .headers
        .into_iter()
        .map(|header| KeptHeader { value: header.value.map(|value| masker.header(&value)), ..header });
    let headers = headers.collect();
    let Touched { resources, identities, traces } = request.touched;
    let decisions = traces.into_iter().map(|(resource, traced)| {
        let kind = resources.iter().find(|(_, id)| *id == resource).map(|(kind, _)| kind.as_str());
        KeptDecision { resource, trace: masker.trace(&traced.into_trace(), kind) }
    });
    let decisions = decisions.collect();
    let ids = resources.iter().map(|(_, id)| id).chain(&identities).map(|id| key.digest(&id.to_string()));
    let mut subjects: Vec<i64> = masker.subjects().map(|subject| key.digest(subject)).chain(ids).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let kept = |body| if bodies == Bodies::None { without(&body) } else { body };
    LoggedRequest {
        summary: RequestSummary {
            id: request.id,
            source: runtime.source.key,
            at: request.at,
            took_us: request.took_us,
            method: request.method,
            path,
            query,
            user_agent,
            status: request.status,
            scim_type: request.scim_type.map(str::to_owned),
            problem,
            credential: request.credential,
            resource: resources.first().cloned(),
            left_out: request.left_out,
        },
        detail: RequestDetail {
            resources: resources.into_iter().map(|(kind, id)| TouchedResource { kind, id }).collect(),
            identities,
            headers,
            request: kept(sent),
            response: kept(answer),
            decisions,
        },
        subjects,
    }
}

fn body(captured: Captured, endpoint: &str, side: Side, masker: &mut Masker<'_>) -> KeptBody {
    let bytes = match captured {
        Captured::Empty => return KeptBody::Empty,
        Captured::LeftOut(reason) => return KeptBody::LeftOut(reason),
        Captured::Whole(bytes) => bytes,
    };
    if side == Side::Answered && DISCOVERY.contains(&endpoint) {
        return KeptBody::LeftOut("it describes the service".to_owned());
    }
    match serde_json::from_slice(&bytes) {
        Ok(value) => KeptBody::Json(masker.body(endpoint, side, value)),
        // What cannot be read cannot be masked.
        Err(_) => KeptBody::LeftOut(format!("it is not JSON; it has {} bytes", bytes.len())),
    }
}

fn without(body: &KeptBody) -> KeptBody {
    match body {
        KeptBody::Empty => KeptBody::Empty,
        _ => KeptBody::LeftOut("this source keeps no bodies".to_owned()),
    }
}

/// What follows the version in a path: `Users`, `Bulk`.
fn endpoint(path: &str) -> &str {
    path.split('/').skip_while(|part| !matches!(*part, "v1" | "v2")).nth(1).unwrap_or_default()
}
