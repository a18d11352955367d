//! `POST /Bulk` (RFC 7644 §3.7).

use axum::extract::State;
use rollcall_service::Precondition;
use rollcall_service::later::{Deferred, Method};

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Prefers, Sent};
use crate::scim::later;

/// 200 or 202, 400, 401, 403, 413.
pub(crate) async fn post(State(app): State<App>, prefers: Prefers, sent: Sent) -> Answer {
    if prefers.later && app.service.defers(&sent.caller).await? {
        let (precondition, body) = (Precondition::None, Some(sent.body));
        let asked = Deferred { method: Method::Bulk, endpoint: "Bulk", id: None, precondition, body };
        return later::accept(&app, &sent.caller, asked).await;
    }
    Ok(answer::json(&app.service.bulk(&sent.caller, sent.body).await?.0))
}
