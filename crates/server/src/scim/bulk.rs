//! `POST /Bulk` (RFC 7644 §3.7).

use axum::extract::State;

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::Sent;

/// 200, 400, 401, 403, 413.
pub(crate) async fn post(State(app): State<App>, sent: Sent) -> Answer {
    Ok(answer::json(&app.service.bulk(&sent.caller, sent.body).await?.0))
}
