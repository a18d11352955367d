//! `/{endpoint}`: listing and creating (RFC 7644 §3.3, §3.4.2).

use axum::extract::{Path, State};

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Listing, Sent, Shown, Who};

/// 200, 400, 401, 403, 404.
pub(crate) async fn get(
    State(app): State<App>,
    Path((_, endpoint)): Path<(String, String)>,
    Who(caller): Who,
    Listing(request): Listing,
) -> Answer {
    Ok(answer::representation(app.service.list(&caller, Some(&endpoint), &request).await?, false))
}

/// 201, 400, 401, 403, 404, 409.
pub(crate) async fn post(
    State(app): State<App>,
    Path((_, endpoint)): Path<(String, String)>,
    Shown(shape): Shown,
    sent: Sent,
) -> Answer {
    let shown = app.service.create(&sent.caller, &endpoint, sent.body, &shape).await?;
    Ok(answer::representation(shown, true))
}
