//! Requests that are answered before they are done (`Prefer: respond-async`, RFC 9967 §2.5.1, ADR 29).
//!
//! [`Service::accept`] writes the request down and the client is told that it was taken; [`Service::work_on_accepted`]
//! does it, in the order of each source, and records how it ended, where streams of Security Event Tokens read it. What was accepted is
//! done also after a crash.

mod work;

use std::collections::HashSet;

use parking_lot::Mutex;
use rollcall_domain::accepted::Accepted;
use rollcall_domain::credential::Scope;
use rollcall_domain::delivery::{Endpoint, EndpointKind, EndpointStatus};
use rollcall_scim::bulk::BulkRequest;
use rollcall_scim::error::{ErrorType, ScimError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::resource::Precondition;
use crate::{Caller, Service, error, render};

/// Requests that wait at most; past that they are refused.
const MOST_WAITING: usize = 10_000;
/// What a request is sealed for.
const PLACE: &[u8] = b"accepted request";

/// What is asked of one resource.
pub struct Deferred<'a> {
    /// What it is.
    pub method: Method,
    /// The endpoint: `Users`.
    pub endpoint: &'a str,
    /// The resource's id; of a creation none.
    pub id: Option<&'a str>,
    /// `If-Match`.
    pub precondition: Precondition,
    /// The body, where there is one.
    pub body: Option<Value>,
}

/// What may be deferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Create.
    Post,
    /// Replace.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
    /// Many at once: a POST to `/Bulk`.
    Bulk,
}

/// A request as it is sealed.
#[derive(Serialize, Deserialize)]
struct Asked {
    method: Method,
    endpoint: String,
    /// Of a creation the id that the resource is to have.
    id: Option<String>,
    versions: Option<Vec<u64>>,
    body: Option<Value>,
    slug: String,
    base_url: String,
    credential: Uuid,
}

/// What the queue's worker needs.
#[derive(Default)]
pub(crate) struct Later {
    wake: Notify,
    /// Requests accepted by this process that nobody has begun: those that cannot have been done before.
    fresh: Mutex<HashSet<i64>>,
}

impl Service {
    /// Whether this caller's requests may be answered before they are done: there is someone to be told the end.
    ///
    /// # Errors
    ///
    /// 503 when the store does not answer.
    pub async fn defers(&self, caller: &Caller) -> Result<bool, ScimError> {
        if caller.speaks_v1() {
            return Ok(false);
        }
        let source = &caller.runtime.source;
        let endpoints = self.store.endpoints(Some(source.tenant)).await.map_err(error::from_store)?;
        let hears = |endpoint: &Endpoint| {
            matches!(endpoint.kind, EndpointKind::SetPush | EndpointKind::SetPoll)
                && endpoint.status == EndpointStatus::Active
        };
        Ok(endpoints.iter().any(hears))
    }

    /// Takes a request to be done later. Returns the URL of the resource, where there is one; `txn` is the request's id.
    ///
    /// # Errors
    ///
    /// 403 without the write scope, 404 without the endpoint; 400 and 413 for a Bulk request that is none; 503 when too
    /// many wait.
    pub async fn accept(&self, caller: &Caller, asked: Deferred<'_>) -> Result<Option<String>, ScimError> {
        caller.require(Scope::Write)?;
        let Deferred { method, endpoint, id, precondition, body } = asked;
        let now = self.clock.now();
        let (id, location) = if method == Method::Bulk {
            let most = caller.runtime.source.settings.max_bulk_operations as usize;
            BulkRequest::parse(body.clone().unwrap_or_default(), most)?;
            (None, None)
        } else {
            let (kind, _) = caller.runtime.type_at(endpoint).ok_or_else(error::not_found)?;
            let id = id.map_or_else(|| self.ids.uuid(now).to_string(), str::to_owned);
            let endpoint = &kind.resource_type.endpoint;
            let location = Uuid::try_parse(&id).ok();
            (Some(id), location.map(|id| render::location(&caller.base_url, endpoint, id)))
        };
        if self.later.fresh.lock().len() >= MOST_WAITING {
            let detail = "too many requests wait to be done; send this one without Prefer: respond-async";
            return Err(ScimError::new(ErrorType::Unavailable, detail));
        }
        let asked = Asked {
            method,
            endpoint: endpoint.to_owned(),
            id,
            versions: precondition.versions(),
            body,
            slug: caller.runtime.source.slug.clone(),
            base_url: caller.base_url.to_string(),
            credential: caller.credential,
        };
        self.enqueue(caller, &asked).await?;
        Ok(location)
    }

    async fn enqueue(&self, caller: &Caller, asked: &Asked) -> Result<(), ScimError> {
        let source = &caller.runtime.source;
        let text =
            serde_json::to_string(asked).map_err(|_| error::internal("a request cannot be written"))?;
        let sealed = self.vault.seal(&text, PLACE, self.ids.as_ref());
        let accepted = Accepted {
            key: 0,
            tenant: source.tenant,
            source: source.key,
            actor: caller.credential.to_string(),
            request_id: caller.request_id().to_owned(),
            at: self.clock.now(),
            after: self.store.kept_changes(source.tenant).await.map_err(error::from_store)?.last,
            sealed: sealed.map_err(|error| error::internal(&error.to_string()))?,
        };
        let key = self.store.accept(&accepted).await.map_err(error::from_store)?;
        self.later.fresh.lock().insert(key);
        self.later.wake.notify_one();
        Ok(())
    }
}
