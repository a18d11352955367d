//! `/healthz`, `/readyz`, `/metrics`.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::App;
use crate::answer::Failure;

/// The process runs.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The store answers: 200, or 503.
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Failure> {
    app.service.ready().await?;
    Ok("ready\n")
}

/// Prometheus text.
pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        app.metrics.text(app.service.request_log_counts()),
    )
}
