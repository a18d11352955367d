//! What became of deliveries, and going back.

use axum::extract::State;
use rollcall_domain::delivery::{Attempt, Delivery, DeliveryState, OfParked};
use rollcall_service::admin::EndpointProgress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Family;
use super::manage::found;
use crate::App;
use crate::api::body::{At, Sent, shown};
use crate::api::guard::{Asked, Within};
use crate::api::page::page;
use crate::api::parameter::{Kind, Parameter};
use crate::api::problem::Answer;

/// Which deliveries.
pub(super) const STATE: Parameter = Parameter {
    name: "state",
    kind: Kind::Choice(&["parked", "waiting"]),
    about: "In this state; parked unless said",
};

/// Where to go on.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Replay")]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayBody {
    /// The number of the change after which everything is told again.
    after: u64,
}

/// Which parked deliveries.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Sequences")]
#[serde(deny_unknown_fields)]
pub(super) struct SequencesBody {
    /// Numbers of their changes; without: all.
    sequences: Option<Vec<u64>>,
}

/// How far an endpoint has come.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EndpointProgress")]
pub(super) struct ProgressView {
    /// All up to and with this change is told, but for what is waiting or parked.
    cursor: u64,
    /// The tenant's last change.
    last: u64,
    /// Deliveries that are tried again, or stand behind such a one.
    waiting: u64,
    /// Deliveries that Rollcall has given up.
    parked: u64,
}

/// How many it were.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Count")]
pub(super) struct CountView {
    /// How many.
    count: u64,
}

/// A delivery that is not done.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub(super) struct DeliveryView {
    /// The number of the change.
    sequence: u64,
    /// The resource that it is about.
    resource: String,
    /// `parked` or `waiting`.
    state: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// It is not tried before (RFC 3339).
    not_before: String,
    /// What went wrong last; empty when it stands behind another.
    error: String,
}

/// An attempt.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub(super) struct AttemptView {
    /// The number of the change.
    sequence: u64,
    /// When it was sent (RFC 3339).
    at: String,
    /// The how-manieth it was, from 1.
    attempt: u32,
    /// The status of the answer, if one came.
    status: Option<u16>,
    /// Milliseconds that it took.
    millis: u32,
    /// `delivered`, `retry`, `parked` or `disabled`.
    outcome: &'static str,
    /// What went wrong.
    error: String,
}

impl From<EndpointProgress> for ProgressView {
    fn from(progress: EndpointProgress) -> Self {
        let EndpointProgress { cursor, last, waiting, parked } = progress;
        Self { cursor, last, waiting, parked }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            sequence: delivery.sequence,
            resource: delivery.resource.to_string(),
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            not_before: delivery.not_before.to_string(),
            error: delivery.error,
        }
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            sequence: attempt.sequence,
            at: attempt.at.to_string(),
            attempt: attempt.attempt,
            status: attempt.status,
            millis: attempt.millis,
            outcome: attempt.outcome.as_str(),
            error: attempt.error,
        }
    }
}

/// 200 or 404.
pub(super) async fn status<F: Family>(State(app): State<App>, within: Within, At(id): At<String>) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    Ok(shown(&ProgressView::from(app.service.endpoint_progress(&within.0, &endpoint).await?)))
}

/// 200, 400 or 404.
pub(super) async fn replay<F: Family>(
    State(app): State<App>,
    within: Within,
    At(id): At<String>,
    Sent(body): Sent<ReplayBody>,
) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    app.service.replay(&within.0, &endpoint, body.after).await?;
    Ok(shown(&ProgressView::from(app.service.endpoint_progress(&within.0, &endpoint).await?)))
}

/// 200 or 404.
pub(super) async fn list<F: Family>(
    State(app): State<App>,
    within: Within,
    asked: Asked,
    At(id): At<String>,
) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    let state = asked.text("state").and_then(DeliveryState::parse).unwrap_or(DeliveryState::Parked);
    let deliveries = app.service.deliveries(&within.0, &endpoint, state, &asked.paging()).await?;
    page(&app, &asked, deliveries, DeliveryView::from)
}

/// 200 or 404.
pub(super) async fn release<F: Family>(
    state: State<App>,
    within: Within,
    id: At<String>,
    body: Sent<SequencesBody>,
) -> Answer {
    settle::<F>(state, within, id, body, OfParked::Release).await
}

/// 200 or 404.
pub(super) async fn discard<F: Family>(
    state: State<App>,
    within: Within,
    id: At<String>,
    body: Sent<SequencesBody>,
) -> Answer {
    settle::<F>(state, within, id, body, OfParked::Discard).await
}

async fn settle<F: Family>(
    State(app): State<App>,
    within: Within,
    At(id): At<String>,
    Sent(body): Sent<SequencesBody>,
    answer: OfParked,
) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    let count = app.service.settle_parked(&within.0, &endpoint, answer, body.sequences.as_deref()).await?;
    Ok(shown(&CountView { count }))
}

/// 200 or 404.
pub(super) async fn attempts<F: Family>(
    State(app): State<App>,
    within: Within,
    asked: Asked,
    At(id): At<String>,
) -> Answer {
    let endpoint = found::<F>(&app, &within, &id).await?;
    let attempts = app.service.attempts(&within.0, &endpoint, &asked.paging()).await?;
    page(&app, &asked, attempts, AttemptView::from)
}
