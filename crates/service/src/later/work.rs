//! The worker: does what was accepted, in order, and records how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use rollcall_domain::accepted::{Accepted, Completion};
use rollcall_domain::change::{Change, ChangeKind};
use rollcall_domain::source::SourceKey;
use rollcall_scim::Document;
use rollcall_scim::bulk::{BulkOperation, BulkRequest};
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_store::StoreError;
use rollcall_store::lease::Fence;
use rollcall_store::plan::parse_id;
use serde_json::Value;
use uuid::Uuid;

use super::{Asked, Method, PLACE};
use crate::resource::{Precondition, Shape};
use crate::{Caller, Notes, Service, error, render};

/// Requests read at once.
const PAGE: u32 = 100;
/// Sources that are worked for at once.
const SOURCES: usize = 8;
/// How often it is looked whether something waits, whoever has accepted it.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long a node has the work on a source's requests; it asks again for each page of them.
const LASTING: Duration = Duration::from_secs(60);
/// Wait after the store did not answer, and while another node works.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A request that cannot be done for so long ends with that error: others of its source wait behind it.
const GIVE_UP_AFTER_MS: i64 = 10 * 60 * 1000;

/// How an operation on one resource ended: its version, if it has one, or why there is none.
type End = Result<(&'static str, Option<u64>), ScimError>;

impl Service {
    /// Does for ever what was accepted: to be spawned once, by whoever serves.
    pub async fn work_on_accepted(&self) {
        loop {
            let pause = match self.finish_accepted().await {
                Ok(true) => LOOK_EVERY,
                Ok(false) => RETRY_AFTER,
                Err(error) => {
                    tracing::warn!(%error, "accepted requests wait for the store");
                    RETRY_AFTER
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.later.wake.notified() => {}
            }
        }
    }

    /// Does all that waits. `false` when some of it has to be tried again.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn finish_accepted(&self) -> Result<bool, StoreError> {
        let mut held = BTreeSet::new();
        let finished = self.finish_pages(&mut held).await;
        let held: Vec<String> = held.into_iter().collect();
        if !held.is_empty() {
            self.store.give_back(self.node, &held).await?;
        }
        finished
    }

    /// The same, page by page; `held` is the work that was taken.
    async fn finish_pages(&self, held: &mut BTreeSet<String>) -> Result<bool, StoreError> {
        let (mut after, mut all) = (0, true);
        loop {
            let mut page = self.store.accepted(after, PAGE).await?;
            let Some(last) = page.last().map(|last| last.key) else {
                // Those of sources that were deleted wait no more.
                self.later.fresh.lock().retain(|key| *key > after);
                return Ok(all);
            };
            let names: BTreeSet<String> = page.iter().map(|accepted| work_of(accepted.source)).collect();
            let mine = self.lease(&names.into_iter().collect::<Vec<_>>(), LASTING).await?;
            held.extend(mine.iter().map(|fence| fence.work.clone()));
            if self.store.is_shared() {
                // Another node may have done some before the work was ours.
                page = self.store.accepted(after, PAGE).await?;
            }
            after = last;
            let mut sources: BTreeMap<String, Vec<Accepted>> = BTreeMap::new();
            for accepted in page.into_iter().filter(|accepted| accepted.key <= last) {
                sources.entry(work_of(accepted.source)).or_default().push(accepted);
            }
            let mut each = Vec::with_capacity(mine.len());
            for fence in mine {
                if let Some(requests) = sources.remove(&fence.work) {
                    each.push(self.finish_in_order(requests, fence));
                }
            }
            let done: Vec<bool> = stream::iter(each).buffer_unordered(SOURCES).collect().await;
            all &= sources.is_empty();
            if done.contains(&false) {
                // What stands behind waits too: a source's requests keep their order.
                return Ok(false);
            }
        }
    }

    /// One source's requests, until one cannot be done now.
    async fn finish_in_order(&self, requests: Vec<Accepted>, fence: Fence) -> bool {
        for accepted in requests {
            let Some(completions) = self.finish(&accepted, &fence).await else { return false };
            match self.store.complete(&accepted, self.clock.now(), &completions, Some(&fence)).await {
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, request_id = accepted.request_id, "the end of a request is not recorded");
                    return false;
                }
            }
        }
        true
    }

    /// Does one request. `None`: it has to be tried again.
    async fn finish(&self, accepted: &Accepted, fence: &Fence) -> Option<Vec<Completion>> {
        // Where nodes share the work, another may have begun what was accepted here.
        let fresh = self.later.fresh.lock().remove(&accepted.key) && !self.store.is_shared();
        let asked = match self.opened(accepted) {
            Ok(asked) => asked,
            Err(reason) => {
                tracing::error!(
                    request_id = accepted.request_id,
                    reason,
                    "an accepted request cannot be read"
                );
                return Some(Vec::new());
            }
        };
        let runtime = match self.runtime(&asked.slug).await {
            Ok(Some(runtime)) if runtime.source.key == accepted.source => runtime,
            // The source is gone, and with it what it accepted.
            Ok(_) => return Some(Vec::new()),
            Err(_) => return None,
        };
        let notes = Arc::new(Notes::new(accepted.request_id.clone()));
        let caller = Caller::deferred(runtime, asked.credential, &asked.base_url, notes, fence.clone());
        if asked.method == Method::Bulk {
            return self.finish_bulk(&caller, accepted, asked).await;
        }
        let before = if fresh { None } else { self.done_before(accepted, &asked).await.ok()? };
        let end = match before {
            Some(end) => Ok(end),
            None => self.one(&caller, &asked).await,
        };
        if end.as_ref().is_err_and(|error| error.kind == ErrorType::Unavailable) && !self.is_late(accepted) {
            return None;
        }
        Some(vec![completion(&caller, &accepted.request_id, &asked, end)])
    }

    /// Whether it has been tried for so long that its end is that it could not be done.
    fn is_late(&self, accepted: &Accepted) -> bool {
        self.clock.now().0 - accepted.at.0 > GIVE_UP_AFTER_MS
    }

    fn opened(&self, accepted: &Accepted) -> Result<Asked, String> {
        let text = self.vault.open(&accepted.sealed, PLACE).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    async fn one(&self, caller: &Caller, asked: &Asked) -> End {
        let (endpoint, id) = (asked.endpoint.as_str(), asked.id.as_deref().unwrap_or_default());
        let body = || asked.body.clone().unwrap_or_default();
        let precondition = asked.versions.clone().map_or(Precondition::None, Precondition::Versions);
        let shape = Shape::default();
        match asked.method {
            Method::Post | Method::Bulk => {
                let id = parse_id(id).ok_or_else(|| error::internal("an id that is none"))?;
                let shown = self.create_as(caller, endpoint, body(), &shape, id).await?;
                Ok(("201", shown.version))
            }
            Method::Put => {
                let shown = self.replace(caller, (endpoint, id), body(), &shape, &precondition).await?;
                Ok(("200", shown.version))
            }
            Method::Patch => {
                let shown = self.patch(caller, (endpoint, id), body(), &shape, &precondition).await?;
                Ok(("200", shown.version))
            }
            Method::Delete => {
                self.delete(caller, (endpoint, id), &precondition).await?;
                Ok(("204", None))
            }
        }
    }

    /// Whether the request was done and only its end not recorded: its change is there.
    async fn done_before(
        &self,
        accepted: &Accepted,
        asked: &Asked,
    ) -> Result<Option<(&'static str, Option<u64>)>, StoreError> {
        let id = asked.id.as_deref().and_then(parse_id);
        let is_its = |change: &&Change| {
            change.request_id == accepted.request_id
                && Some(change.resource) == id
                && change.kind != ChangeKind::Completed
        };
        let mut after = accepted.after;
        loop {
            let page = self.store.changes(accepted.tenant, after, PAGE).await?;
            if let Some(change) = page.iter().find(is_its) {
                let version = Some(change.version);
                return Ok(Some(match asked.method {
                    Method::Delete => ("204", None),
                    Method::Post => ("201", version),
                    _ => ("200", version),
                }));
            }
            let Some(last) = page.last() else { return Ok(None) };
            after = last.sequence;
        }
    }

    /// A Bulk request, with an end for each of its operations. One that a crash interrupted is run again from its start:
    /// what was done before answers as a repetition does.
    async fn finish_bulk(
        &self,
        caller: &Caller,
        accepted: &Accepted,
        asked: Asked,
    ) -> Option<Vec<Completion>> {
        let body = asked.body.unwrap_or_default();
        // It was parsed when it was accepted.
        let operations = BulkRequest::parse(body.clone(), usize::MAX).map(|request| request.operations);
        let answers = match self.bulk_answers(caller, body).await {
            Err(error) if error.kind == ErrorType::Unavailable && !self.is_late(accepted) => return None,
            answers => answers,
        };
        let (operations, answers) = (operations.unwrap_or_default(), answers.unwrap_or_default());
        let mut completions = Vec::with_capacity(operations.len());
        for (at, operation) in operations.iter().enumerate() {
            let answer = answers.get(at).cloned().flatten();
            let request_id = format!("{}:{at}", accepted.request_id);
            completions.push(completion_of(caller, request_id, operation, answer));
        }
        Some(completions)
    }
}

/// The name of the work on what a source accepted.
fn work_of(SourceKey(source): SourceKey) -> String {
    format!("accepted:{source}")
}

fn completion(caller: &Caller, request_id: &str, asked: &Asked, end: End) -> Completion {
    let id = asked.id.as_deref().and_then(parse_id);
    let is_there = end.is_ok() || asked.method != Method::Post;
    let uri = match id.filter(|_| is_there) {
        Some(id) => format!("/{}/{id}", asked.endpoint),
        None => format!("/{}", asked.endpoint),
    };
    let method = match asked.method {
        Method::Post | Method::Bulk => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let mut operation = Document::new();
    operation.insert("method".to_owned(), method.into());
    let version = end.as_ref().ok().and_then(|(_, version)| *version);
    if let Some(version) = version {
        operation.insert("version".to_owned(), render::etag(version).into());
    }
    match end {
        Ok((status, _)) => operation.insert("status".to_owned(), status.into()),
        Err(error) => {
            operation.insert("status".to_owned(), error.status().to_string().into());
            operation.insert("response".to_owned(), error.body())
        }
    };
    Completion {
        request_id: request_id.to_owned(),
        resource_type: kind_at(caller, &asked.endpoint),
        resource: id.unwrap_or_default(),
        version: version.unwrap_or_default(),
        uri,
        operation: Value::Object(operation),
    }
}

fn completion_of(
    caller: &Caller,
    request_id: String,
    operation: &BulkOperation,
    answer: Option<Value>,
) -> Completion {
    let mut answer = match answer {
        Some(Value::Object(answer)) => answer,
        _ => not_tried(operation),
    };
    let location = answer.shift_remove("location");
    let location = location.as_ref().and_then(Value::as_str).unwrap_or_default();
    let uri = location.strip_prefix(caller.base_url()).filter(|uri| !uri.is_empty());
    let id = location.rsplit('/').next().and_then(parse_id);
    let tag = answer.get("version").and_then(Value::as_str).unwrap_or_default();
    let version = tag.trim_start_matches("W/").trim_matches('"').parse().unwrap_or_default();
    Completion {
        request_id,
        resource_type: kind_at(caller, &operation.endpoint),
        resource: id.unwrap_or(Uuid::nil()),
        version,
        uri: uri.map_or_else(|| format!("/{}", operation.endpoint), str::to_owned),
        operation: Value::Object(answer),
    }
}

/// The answer to an operation that stands after the last error that was allowed.
fn not_tried(operation: &BulkOperation) -> Document {
    let error = ScimError::new(
        ErrorType::PreconditionFailed,
        "not tried: before it there were as many errors as failOnErrors allows",
    );
    let mut answer = crate::bulk::answer(operation);
    answer.insert("status".to_owned(), error.status().to_string().into());
    answer.insert("response".to_owned(), error.body());
    answer
}

fn kind_at(caller: &Caller, endpoint: &str) -> String {
    let kind = caller.runtime.registry.type_at(endpoint);
    kind.map_or_else(|| "Resource".to_owned(), |kind| kind.name().to_owned())
}
