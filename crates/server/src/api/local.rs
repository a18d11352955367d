//! The admin API without a network, for whoever holds the database: what the command line calls.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request};
use axum::middleware::from_fn_with_state;
use rollcall_service::admin::Manager;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{App, answer, observe};

/// The API with everything allowed. Its requests are in the audit as the command line's.
pub struct LocalApi {
    router: Router,
}

/// Says that a request comes from whoever holds the database. No header makes one.
#[derive(Clone)]
pub(super) struct Local(pub(super) Manager);

impl LocalApi {
    /// The API of this application.
    pub fn new(app: &App) -> Self {
        let router = super::routes(app)
            .fallback(answer::no_route)
            .method_not_allowed_fallback(answer::wrong_method)
            .layer(from_fn_with_state(app.clone(), observe::observe))
            .with_state(app.clone());
        Self { router }
    }

    /// Sends a request; `target` is path and query, encoded, below [`super::API_BASE`]. Returns status and body.
    pub async fn call(&self, method: &Method, target: &str, body: Option<&Value>) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", super::API_BASE))
            .header(CONTENT_TYPE, "application/json")
            .extension(Local(Manager::operator()))
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())));
        let Ok(request) = request else { return (400, Value::Null) };
        // A router never fails: it answers.
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}
