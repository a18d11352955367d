//! `/{endpoint}/{id}`: one resource (RFC 7644 §3.4.1, §3.5, §3.6).

use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_service::Body;
use rollcall_service::later::{Deferred, Method};

use crate::App;
use crate::answer::{self, Answer};
use crate::extract::{Conditions, Place, Prefers, Seen, Sent, Shown, Who};
use crate::scim::later;

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

/// 200 or 202, 400, 401, 403, 404, 409, 412.
pub(crate) async fn put(
    State(app): State<App>,
    Place((_, endpoint, id)): At,
    Shown(shape): Shown,
    Conditions(precondition): Conditions,
    prefers: Prefers,
    sent: Sent,
) -> Answer {
    if prefers.later && app.service.defers(&sent.caller).await? {
        let (endpoint, id, body) = (endpoint.as_str(), Some(id.as_str()), Some(sent.body));
        let asked = Deferred { method: Method::Put, endpoint, id, precondition, body };
        return later::accept(&app, &sent.caller, asked).await;
    }
    let shown = app.service.replace(&sent.caller, (&endpoint, &id), sent.body, &shape, &precondition).await?;
    Ok(answer::written(shown, false, prefers.minimal))
}

/// 200, 202 or 204, 400, 401, 403, 404, 409, 412.
pub(crate) async fn patch(
    State(app): State<App>,
    Place((_, endpoint, id)): At,
    Shown(shape): Shown,
    Conditions(precondition): Conditions,
    prefers: Prefers,
    sent: Sent,
) -> Answer {
    if prefers.later && app.service.defers(&sent.caller).await? {
        let (endpoint, id, body) = (endpoint.as_str(), Some(id.as_str()), Some(sent.body));
        let asked = Deferred { method: Method::Patch, endpoint, id, precondition, body };
        return later::accept(&app, &sent.caller, asked).await;
    }
    let shown = app.service.patch(&sent.caller, (&endpoint, &id), sent.body, &shape, &precondition).await?;
    Ok(answer::written(shown, false, prefers.minimal))
}

/// 202 or 204, 401, 403, 404, 412.
pub(crate) async fn delete(
    State(app): State<App>,
    Place((_, endpoint, id)): At,
    Who(caller): Who,
    Conditions(precondition): Conditions,
    prefers: Prefers,
) -> Answer {
    if prefers.later && app.service.defers(&caller).await? {
        let (endpoint, id) = (endpoint.as_str(), Some(id.as_str()));
        let asked = Deferred { method: Method::Delete, endpoint, id, precondition, body: None };
        return later::accept(&app, &caller, asked).await;
    }
    app.service.delete(&caller, (&endpoint, &id), &precondition).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A POST that stands for another method, as `X-HTTP-Method-Override` says: SCIM 1.1 allows it to clients whose
/// way lets no PUT, PATCH or DELETE through. As that method; 405 without the header.
pub(crate) async fn overridden(
    State(app): State<App>,
    at: At,
    shown: Shown,
    conditions: Conditions,
    prefers: Prefers,
    request: Request,
) -> Answer {
    let method = request.headers().get("x-http-method-override").and_then(|method| method.to_str().ok());
    let method = method.unwrap_or_default().trim().to_ascii_uppercase();
    let state = State(app.clone());
    match method.as_str() {
        "PUT" => put(state, at, shown, conditions, prefers, Sent::from_request(request, &app).await?).await,
        "PATCH" => {
            patch(state, at, shown, conditions, prefers, Sent::from_request(request, &app).await?).await
        }
        _ => {
            let (mut parts, _) = request.into_parts();
            let who = Who::from_request_parts(&mut parts, &app).await?;
            if method == "DELETE" {
                return delete(state, at, who, conditions, prefers).await;
            }
            let detail =
                "a POST to a resource says in X-HTTP-Method-Override that it is a PUT, PATCH or DELETE";
            Err(ScimError::new(ErrorType::MethodNotAllowed, detail).into())
        }
    }
}
