//! `/changes`: the change feed, by long poll or as Server-Sent Events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::{Stream, StreamExt as _, stream};
use rollcall_domain::api::ApiScope;
use rollcall_domain::tenant::TenantKey;
use rollcall_service::feed::{FedChange, FeedError, MAX_FEED_PAGE};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use super::body::shown;
use super::guard::{Asked, Within, bearer};
use super::parameter::{Kind, Parameter};
use super::problem::{Answer, Problem, ProblemKind};
use super::route::{ApiRoute, Needs, Shows};
use crate::App;

/// Seconds that a request may wait.
const MAX_WAIT_SECONDS: u64 = 60;
/// Changes read at once for a stream.
const STREAM_PAGE: u32 = 100;
/// Time after which a stream without changes says that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Time without a change after which a stream ends; its client comes again.
const MAX_STREAM: Duration = Duration::from_secs(3600);

const AFTER: Parameter = Parameter {
    name: "after",
    kind: Kind::Number(0, u64::MAX >> 1),
    about: "Number of the last change that the client has; 0, or without: from the beginning",
};
const LIMIT: Parameter = Parameter {
    name: "limit",
    kind: Kind::Number(1, MAX_FEED_PAGE as u64),
    about: "Changes in the answer at most; 100 unless said",
};
const WAIT: Parameter = Parameter {
    name: "wait",
    kind: Kind::Number(0, MAX_WAIT_SECONDS),
    about: "Seconds to wait for a change, when there is none yet",
};

pub(super) const ROUTES: &[ApiRoute] = &[ApiRoute {
    method: "GET",
    path: "/changes",
    needs: Needs::Tenant(ApiScope::ChangesRead),
    operation: "read_changes",
    summary: "Changes in the order of their commits; as a stream for `Accept: text/event-stream`",
    parameters: &[AFTER, LIMIT, WAIT],
    takes: None,
    answers: &[(200, Shows::One(SchemaGenerator::subschema_for::<ChangesView>))],
    handler: || get(list),
}];

/// A part of the change feed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Changes")]
struct ChangesView {
    /// In order. Each: `sequence`, `at`, `type`, `source`, `resource_type`, `resource`, `version`, `actor`,
    /// `request_id`, and `attributes` and `members` where these changed.
    items: Vec<Value>,
    /// `after` of the next request.
    next_after: u64,
}

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Self {
        let detail = error.to_string();
        match error {
            FeedError::TooOld { .. } => Self::new(
                ProblemKind::Gone,
                format!("{detail}; read all resources anew, and go on from the newest change"),
            ),
            FeedError::Ahead { .. } => Self::new(
                ProblemKind::Gone,
                format!("{detail}; the database was put back, or the cursor is another tenant's"),
            ),
            FeedError::Store(error) => rollcall_service::admin::AdminError::Store(error).into(),
        }
    }
}

/// `GET /changes`: 200, or 410 when what comes next is not kept any more.
async fn list(State(app): State<App>, Within(admin): Within, asked: Asked, headers: HeaderMap) -> Answer {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut after = asked.number("after").unwrap_or(0);
    let streamed = text(ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/event-stream"));
    if let Some(last) = text("last-event-id").filter(|_| streamed) {
        let wrong = |_| Problem::invalid("Last-Event-ID: give the id of an event of this stream");
        after = last.parse().map_err(wrong)?;
    }
    let mut reader = Reader {
        commits: app.service.commits(),
        closing: app.closing.subscribe(),
        token: bearer(&headers).map(str::to_owned),
        tenant: admin.tenant().key,
        after,
        app,
    };
    if streamed {
        return stream_from(reader).await;
    }
    let limit = u32::try_from(asked.number("limit").unwrap_or(100)).unwrap_or(100);
    let until = Instant::now() + Duration::from_secs(asked.number("wait").unwrap_or(0));
    let found = reader.next(limit, until).await?;
    let items = found.iter().map(FedChange::shown).collect();
    Ok(shown(&ChangesView { items, next_after: reader.after }))
}

/// Where a client is in the feed.
struct Reader {
    app: App,
    tenant: TenantKey,
    after: u64,
    commits: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    /// A token that was good; whether it still is, is asked before it is told more.
    token: Option<String>,
}

impl Reader {
    /// What comes next; nothing when the time is over, or the server ends.
    async fn next(&mut self, limit: u32, until: Instant) -> Result<Vec<FedChange>, Problem> {
        loop {
            if self.commits.has_changed().unwrap_or(false) {
                self.commits.mark_unchanged();
                self.check().await?;
            }
            let found = self.app.service.changes(self.tenant, self.after, limit).await?;
            if let Some(last) = found.last() {
                self.after = last.change.sequence;
                return Ok(found);
            }
            let committed = tokio::select! {
                changed = self.commits.changed() => changed.is_ok(),
                () = tokio::time::sleep_until(until) => false,
                _ = self.closing.wait_for(|closing| *closing) => false,
            };
            if !committed {
                return Ok(found);
            }
            self.check().await?;
        }
    }

    /// A token that was revoked meanwhile sees nothing more.
    async fn check(&self) -> Result<(), Problem> {
        let manager = self.app.service.authenticate_api(self.token.as_deref(), "").await?;
        Ok(manager.require(ApiScope::ChangesRead)?)
    }
}

/// A stream of events: `id` is the number, `data` the change. The first page is read before the answer begins, so that
/// a cursor that is too old is an answer of its own. What goes wrong later is an event `problem`, the last one.
async fn stream_from(mut reader: Reader) -> Answer {
    let first = reader.next(STREAM_PAGE, Instant::now()).await?;
    let events = stream::iter(first.iter().map(event).collect::<Vec<_>>()).chain(follow(reader));
    let events = Sse::new(events.map(Ok::<_, Infallible>));
    Ok(events.keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

fn follow(reader: Reader) -> impl Stream<Item = Event> {
    stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        let until = Instant::now() + MAX_STREAM;
        match reader.next(STREAM_PAGE, until).await {
            Ok(page) if page.is_empty() => None,
            Ok(page) => Some((stream::iter(page.iter().map(event).collect::<Vec<_>>()), Some(reader))),
            Err(problem) => {
                let told = Event::default().event("problem").data(problem.body("").to_string());
                Some((stream::iter(vec![told]), None))
            }
        }
    })
    .flatten()
}

fn event(fed: &FedChange) -> Event {
    Event::default().id(fed.change.sequence.to_string()).event("change").data(fed.shown().to_string())
}
