//! `/.well-known/jwks.json`: the keys that Security Event Tokens are verified with.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use crate::App;
use crate::api::Problem;

/// 200, for everybody (RFC 7517 §8.5).
pub(crate) async fn jwks(State(app): State<App>) -> Result<Response, Problem> {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, app.service.jwks().await?.to_string()).into_response())
}
