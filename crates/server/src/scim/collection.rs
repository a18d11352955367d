//! `/{endpoint}`: listing and creating (RFC 7644 §3.3, §3.4.2).

use axum::extract::State;

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Listing, Minimal, Place, Sent, Shown, Who};

/// 200, 400, 401, 403, 404.
pub(crate) async fn get(
    State(app): State<App>,
    Place((_, endpoint)): Place<(String, String)>,
    Who(caller): Who,
    Listing(request): Listing,
) -> Answer {
    Ok(answer::representation(app.service.list(&caller, Some(&endpoint), &request).await?, false))
}

/// 201, 400, 401, 403, 404, 409.
pub(crate) async fn post(
    State(app): State<App>,
    Place((_, endpoint)): Place<(String, String)>,
    Shown(shape): Shown,
    Minimal(minimal): Minimal,
    sent: Sent,
) -> Answer {
    let shown = app.service.create(&sent.caller, &endpoint, sent.body, &shape).await?;
    Ok(answer::written(shown, true, minimal))
}
