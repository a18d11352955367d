//! The answer to a request that is done later (RFC 9967 §2.5.1.1).

use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use rollcall_service::Caller;
use rollcall_service::later::Deferred;

use crate::App;
use crate::answer::Answer;

/// Names the request in the token that tells its end (RFC 9967 §3).
const SET_TXN: HeaderName = HeaderName::from_static("set-txn");

/// 202 without a body, once the request is written down.
pub(crate) async fn accept(app: &App, caller: &Caller, asked: Deferred<'_>) -> Answer {
    let location = app.service.accept(caller, asked).await?;
    let mut response: Response = StatusCode::ACCEPTED.into_response();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(caller.request_id()) {
        headers.insert(SET_TXN, id);
    }
    headers.insert("preference-applied", HeaderValue::from_static("respond-async"));
    if let Some(location) = location.and_then(|url| HeaderValue::from_str(&url).ok()) {
        headers.insert(LOCATION, location);
    }
    Ok(response)
}
