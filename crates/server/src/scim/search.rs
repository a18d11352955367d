//! `POST .search` of one endpoint and of all (RFC 7644 §3.4.3), and `GET` of the base URL.

use axum::extract::State;
use rollcall_scim::list::ListRequest;

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Listing, Place, Sent, Who};

/// 200, 400, 401, 403, 404.
pub(crate) async fn one(
    State(app): State<App>,
    Place((_, endpoint)): Place<(String, String)>,
    sent: Sent,
) -> Answer {
    let request = ListRequest::from_search(&sent.body)?;
    Ok(answer::representation(app.service.list(&sent.caller, Some(&endpoint), &request).await?, false))
}

/// The same over all types.
pub(crate) async fn all(State(app): State<App>, sent: Sent) -> Answer {
    let request = ListRequest::from_search(&sent.body)?;
    Ok(answer::representation(app.service.list(&sent.caller, None, &request).await?, false))
}

/// A listing of all types (RFC 7644 §3.4.2.1).
pub(crate) async fn root(State(app): State<App>, Who(caller): Who, Listing(request): Listing) -> Answer {
    Ok(answer::representation(app.service.list(&caller, None, &request).await?, false))
}
