//! `/{endpoint}/{id}`: one resource (RFC 7644 §3.4.1, §3.5, §3.6).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use rollcall_service::Body;

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Conditions, Minimal, Place, Seen, Sent, Shown, Who};

/// `source`, `endpoint` and `id` of the path.
type At = Place<(String, String, String)>;

/// 200, 304, 401, 403 or 404.
pub(crate) async fn get(
    State(app): State<App>,
    Place((_, endpoint, id)): At,
    Who(caller): Who,
    Shown(shape): Shown,
    Seen(known): Seen,
) -> Answer {
    let shown = app.service.get(&caller, &endpoint, &id, &shape, &known).await?;
    let unchanged = matches!(shown.body, Body::Empty);
    Ok(if unchanged { answer::not_modified(shown) } else { answer::representation(shown, false) })
}

/// 200, 400, 401, 403, 404, 409, 412.
pub(crate) async fn put(
    State(app): State<App>,
    Place((_, endpoint, id)): At,
    Shown(shape): Shown,
    Conditions(precondition): Conditions,
    Minimal(minimal): Minimal,
    sent: Sent,
) -> Answer {
    let shown = app.service.replace(&sent.caller, (&endpoint, &id), sent.body, &shape, &precondition).await?;
    Ok(answer::written(shown, false, minimal))
}

/// 200 or 204, 400, 401, 403, 404, 409, 412.
pub(crate) async fn patch(
    State(app): State<App>,
    Place((_, endpoint, id)): At,
    Shown(shape): Shown,
    Conditions(precondition): Conditions,
    Minimal(minimal): Minimal,
    sent: Sent,
) -> Answer {
    let shown = app.service.patch(&sent.caller, (&endpoint, &id), sent.body, &shape, &precondition).await?;
    Ok(answer::written(shown, false, minimal))
}

/// 204, 401, 403, 404, 412.
pub(crate) async fn delete(
    State(app): State<App>,
    Place((_, endpoint, id)): At,
    Who(caller): Who,
    Conditions(precondition): Conditions,
) -> Answer {
    app.service.delete(&caller, (&endpoint, &id), &precondition).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
