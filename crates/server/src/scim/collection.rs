//! `/{endpoint}`: listing and creating (RFC 7644 §3.3, §3.4.2).

use axum::extract::State;
use rollcall_service::Precondition;
use rollcall_service::later::{Deferred, Method};

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Listing, Place, Prefers, Sent, Shown, Who};
use crate::scim::later;

/// 200, 400, 401, 403, 404.
pub(crate) async fn get(
    State(app): State<App>,
    Place((_, endpoint)): Place<(String, String)>,
    Who(caller): Who,
    Listing(request): Listing,
) -> Answer {
    Ok(answer::representation(app.service.list(&caller, Some(&endpoint), &request).await?, false))
}

/// 201 or 202, 400, 401, 403, 404, 409.
pub(crate) async fn post(
    State(app): State<App>,
    Place((_, endpoint)): Place<(String, String)>,
    Shown(shape): Shown,
    prefers: Prefers,
    sent: Sent,
) -> Answer {
    if prefers.later && app.service.defers(&sent.caller).await? {
        let asked = Deferred {
            method: Method::Post,
            endpoint: &endpoint,
            id: None,
            precondition: Precondition::None,
            body: Some(sent.body),
        };
        return later::accept(&app, &sent.caller, asked).await;
    }
    let shown = app.service.create(&sent.caller, &endpoint, sent.body, &shape).await?;
    Ok(answer::written(shown, true, prefers.minimal))
}
