//! From what a use case returns to an HTTP response.

use axum::body::Body as HttpBody;
use axum::http::header::{CONTENT_LOCATION, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_service::{Body, Refused, Representation};
use serde_json::Value;

use crate::api::{API_BASE, Problem, ProblemKind};

/// The media type of SCIM (RFC 7644 §8.1), without parameters.
pub(crate) const SCIM_JSON: &str = "application/scim+json";
/// Seconds after which a client may come back when we cannot serve now.
const RETRY_AFTER_SECONDS: u64 = 2;
/// The same for a source that an operator paused.
const PAUSED_RETRY_AFTER_SECONDS: u64 = 60;

/// An error on its way out; [`crate::observe`] writes the body, which names the request.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub error: ScimError,
    retry_after: Option<u64>,
}

/// What a handler returns.
pub(crate) type Answer = Result<Response, Failure>;

impl From<ScimError> for Failure {
    fn from(error: ScimError) -> Self {
        let retry_after = (error.kind == ErrorType::Unavailable).then_some(RETRY_AFTER_SECONDS);
        Self { error, retry_after }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Error(error) => error.into(),
            Refused::TooFast(wait) => Self {
                error: ScimError::new(
                    ErrorType::TooManyRequests,
                    format!("this source takes no more requests for now; try again in {} s", wait.0),
                ),
                retry_after: Some(wait.0),
            },
            Refused::Paused => Self {
                error: ScimError::new(
                    ErrorType::Unavailable,
                    "this source is paused by its operator; try again later",
                ),
                retry_after: Some(PAUSED_RETRY_AFTER_SECONDS),
            },
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if self.error.kind == ErrorType::Unauthorized {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"scim\""));
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"scim\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// 404 for a path that is no route: a problem in the admin API, else SCIM JSON.
pub(crate) async fn no_route(uri: Uri) -> Response {
    let detail = "there is nothing at this path";
    if in_api(&uri) {
        return Problem::not_found(format!("{detail}; {API_BASE}/openapi.json has those there are"))
            .into_response();
    }
    Failure::from(ScimError::not_found(detail)).into_response()
}

/// 405 for a route without this method.
pub(crate) async fn wrong_method(uri: Uri) -> Response {
    let detail = "this path does not take this method";
    if in_api(&uri) {
        return Problem::new(ProblemKind::MethodNotAllowed, detail).into_response();
    }
    Failure::from(ScimError::new(ErrorType::MethodNotAllowed, detail)).into_response()
}

fn in_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/")
}

/// Calls the body plain JSON: SCIM 1.1 has no media type of its own.
pub(crate) fn name_json(response: &mut Response) {
    if response.headers().get(CONTENT_TYPE).is_some_and(|media| media == SCIM_JSON) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
}

/// A document made here.
pub(crate) fn json(value: &Value) -> Response {
    ([(CONTENT_TYPE, SCIM_JSON)], value.to_string()).into_response()
}

/// A resource or listing: 200 (or 201 with `Location`), 204 when there is no body.
pub(crate) fn representation(shown: Representation, created: bool) -> Response {
    let (status, body) = match shown.body {
        Body::Empty => (StatusCode::NO_CONTENT, HttpBody::empty()),
        Body::Whole(bytes) => (StatusCode::OK, HttpBody::from(bytes)),
        Body::Streamed(parts) => (StatusCode::OK, HttpBody::from_stream(parts.inspect_err(cut_short))),
    };
    let mut response = Response::new(body);
    *response.status_mut() = if created { StatusCode::CREATED } else { status };
    if status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SCIM_JSON));
    }
    if let Some(version) = shown.version {
        insert(&mut response, ETAG, &format!("W/\"{version}\""));
    }
    if let Some(location) = &shown.location {
        insert(&mut response, if created { LOCATION } else { CONTENT_LOCATION }, location);
        if created {
            insert(&mut response, CONTENT_LOCATION, location);
        }
    }
    response
}

/// What was written, in as many words as the client prefers (RFC 7240 §4.2): all, or 201 or 204 without a body.
pub(crate) fn written(shown: Representation, created: bool, minimal: bool) -> Response {
    if !minimal {
        return representation(shown, created);
    }
    let mut response = representation(Representation { body: Body::Empty, ..shown }, created);
    response.headers_mut().insert("preference-applied", HeaderValue::from_static("return=minimal"));
    response
}

/// 304 for a resource that the client has already.
pub(crate) fn not_modified(shown: Representation) -> Response {
    let mut response = representation(Representation { body: Body::Empty, ..shown }, false);
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn cut_short(error: &ScimError) {
    tracing::error!(detail = error.detail, "a response was cut short; the connection is closed");
}
