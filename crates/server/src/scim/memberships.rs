//! `/GroupMemberships`: the members of groups, one by one (draft-zollner-scim-group-members).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use rollcall_scim::list::ListRequest;
use rollcall_service::Body;

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Conditions, Listing, Place, Prefers, Seen, Sent, Shown, Who};

/// `source` and `id` of the path.
type At = Place<(String, String)>;

/// 200, 400, 401, 403.
pub(crate) async fn list(State(app): State<App>, Who(caller): Who, Listing(request): Listing) -> Answer {
    Ok(answer::representation(app.service.list_memberships(&caller, &request).await?, false))
}

/// 200, 400, 401, 403.
pub(crate) async fn search(State(app): State<App>, sent: Sent) -> Answer {
    let request = ListRequest::from_search(&sent.body)?;
    Ok(answer::representation(app.service.list_memberships(&sent.caller, &request).await?, false))
}

/// 201, 400, 401, 403, 409. Done before it is answered, whatever `Prefer` says.
pub(crate) async fn post(
    State(app): State<App>,
    Shown(shape): Shown,
    prefers: Prefers,
    sent: Sent,
) -> Answer {
    let shown = app.service.create_membership(&sent.caller, sent.body, &shape).await?;
    Ok(answer::written(shown, true, prefers.minimal))
}

/// 200, 304, 401, 403 or 404.
pub(crate) async fn get(
    State(app): State<App>,
    Place((_, id)): At,
    Who(caller): Who,
    Shown(shape): Shown,
    Seen(known): Seen,
) -> Answer {
    let shown = app.service.get_membership(&caller, &id, &shape, &known).await?;
    let unchanged = matches!(shown.body, Body::Empty);
    Ok(if unchanged { answer::not_modified(shown) } else { answer::representation(shown, false) })
}

/// 204, 401, 403, 404, 412.
pub(crate) async fn delete(
    State(app): State<App>,
    Place((_, id)): At,
    Who(caller): Who,
    Conditions(precondition): Conditions,
) -> Answer {
    app.service.delete_membership(&caller, &id, &precondition).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
