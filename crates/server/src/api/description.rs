//! `/openapi.json`: the description of this API.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::openapi::api_openapi;
use super::route::{ApiRoute, Needs, Shows, object};

pub(super) const ROUTES: &[ApiRoute] = &[ApiRoute {
    method: "GET",
    path: "/openapi.json",
    needs: Needs::Nothing,
    operation: "describe",
    summary: "This description (OpenAPI 3.1)",
    parameters: &[],
    takes: None,
    answers: &[(200, Shows::One(object))],
    handler: || get(show),
}];

static TEXT: LazyLock<String> = LazyLock::new(|| api_openapi().to_string());

/// `GET /openapi.json`: 200.
async fn show() -> Response {
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
