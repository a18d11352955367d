//! JSON bodies, and the names in a path.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::App;
use crate::extract::{check_content_type, check_depth, read};

/// Bytes of a request body of the admin API.
pub(crate) const MAX_BODY_BYTES: u64 = 4 * 1024 * 1024;

/// A JSON body of this form.
pub(crate) struct Sent<T>(pub(crate) T);

/// The names in the path; one that does not decode to text is 404.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_content_type(&parts.headers, "application/json")?;
        let bytes = read(&parts.headers, body, MAX_BODY_BYTES, app.settings.body_timeout).await?;
        check_depth(&bytes)?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Problem::invalid(format!("the body does not fit: {error}")))
    }
}

impl<T: DeserializeOwned + Send, S: Sync + Send> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(path)| Self(path)).map_err(|_| Problem::not_found("there is nothing at this path"))
    }
}

/// 200 with a document.
pub(crate) fn shown(document: &impl Serialize) -> Response {
    json(StatusCode::OK, document)
}

/// 201 with a document.
pub(crate) fn created(document: &impl Serialize) -> Response {
    json(StatusCode::CREATED, document)
}

fn json(status: StatusCode, document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => Problem::internal(&error.to_string()).into_response(),
    }
}

/// 204.
pub(crate) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
