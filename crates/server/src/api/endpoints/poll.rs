//! `POST /streams/{stream}/poll`: Security Event Tokens for a receiver that fetches them (RFC 8936).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use rollcall_service::admin::AdminError;
use rollcall_service::sets::{PollRequest, SetError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Polled;
use super::manage::found;
use crate::App;
use crate::api::body::{At, Sent, shown};
use crate::api::guard::{By, Within};
use crate::api::problem::{Answer, Problem};

/// Time that a poll waits for something to tell.
const WAIT: Duration = Duration::from_secs(30);

/// What the receiver has, and wants (RFC 8936 §2.2).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Poll")]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PollBody {
    /// Tokens at most; 0: it only acknowledges. 100 unless said, 1,000 at most.
    max_events: Option<usize>,
    /// Whether to answer at once when there are none.
    return_immediately: bool,
    /// `jti` of tokens that it has.
    ack: Vec<String>,
    /// `jti` of tokens that it cannot use, and why.
    set_errs: BTreeMap<String, SetErr>,
}

/// Why a token cannot be used (RFC 8935 §2.4).
#[derive(Debug, Deserialize, JsonSchema)]
struct SetErr {
    /// A code.
    err: String,
    /// For people.
    #[serde(default)]
    description: String,
}

/// Tokens (RFC 8936 §2.3).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Polled")]
#[serde(rename_all = "camelCase")]
pub(super) struct PolledView {
    /// By `jti`.
    sets: Map<String, Value>,
    /// Whether there are more.
    more_available: bool,
}

/// 200, 400, 404, or 409 when the stream is paused.
pub(super) async fn poll(
    State(app): State<App>,
    within: Within,
    At(id): At<String>,
    Sent(body): Sent<PollBody>,
) -> Answer {
    let errors = body.set_errs.into_iter();
    let errors = errors.map(|(jti, SetErr { err, description })| (jti, format!("{err} {description}")));
    let mut request = PollRequest { max_events: body.max_events, ack: body.ack, errors: errors.collect() };
    let (mut commits, mut closing) = (app.service.commits(), app.closing.subscribe());
    let until = Instant::now() + WAIT;
    let waits = !body.return_immediately && body.max_events != Some(0);
    loop {
        // Read anew each time: what is done to the stream meanwhile counts.
        let stream = found::<Polled>(&app, &within, &id).await?;
        let polled = app.service.poll(&within.0, &stream, &request).await?;
        request = PollRequest { max_events: request.max_events, ..PollRequest::default() };
        if !waits || !polled.sets.is_empty() || Instant::now() >= until || *closing.borrow() {
            return Ok(shown(&PolledView { sets: polled.sets, more_available: polled.more }));
        }
        tokio::select! {
            _ = commits.changed() => {}
            () = tokio::time::sleep_until(until) => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
    }
}

/// 200 with the published keys: signs with a new one from now on.
pub(super) async fn rotate_key(State(app): State<App>, By(manager): By) -> Answer {
    app.service.rotate_signing_key(&manager).await?;
    Ok(shown(&app.service.jwks().await?))
}

impl From<SetError> for Problem {
    fn from(error: SetError) -> Self {
        match error {
            SetError::Key(reason) => Self::internal(&reason),
            SetError::Store(error) => AdminError::Store(error).into(),
        }
    }
}
