//! Pages, redirects and errors.

use askama::Template;
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use rollcall_scim::error::ScimError;
use rollcall_service::admin::{AdminError, Told};

use crate::frame::Frame;
use crate::text::{self, filters};

/// What a handler returns.
pub(crate) type Answer = Result<Response, Failure>;

/// An error on its way out; the guard makes a page of it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// Key of its title.
    pub(crate) title: &'static str,
    /// What a person can do about it.
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into() }
    }

    /// 404.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "error.not_found", text::t("error.not_found_detail"))
    }

    /// 403 for want of a role.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "error.forbidden", text::t("error.forbidden_detail"))
    }

    /// 403 for a form that is not ours, or too old.
    pub(crate) fn foreign_form() -> Self {
        Self::new(StatusCode::FORBIDDEN, "error.form", text::t("error.form_detail"))
    }

    /// 500, with the reason in the log only.
    pub(crate) fn internal(reason: &str) -> Self {
        tracing::error!(reason, "a page could not be made");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "error.internal", text::t("error.internal_detail"))
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let (told, detail) = error.told();
        let (status, title) = match told {
            Told::Invalid => (StatusCode::BAD_REQUEST, "error.invalid"),
            Told::NotFound => (StatusCode::NOT_FOUND, "error.not_found"),
            Told::Conflict | Told::Outdated => (StatusCode::CONFLICT, "error.conflict"),
            Told::Unauthorized | Told::Forbidden => (StatusCode::FORBIDDEN, "error.forbidden"),
            Told::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "error.unavailable"),
            Told::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "error.internal"),
        };
        Self::new(status, title, detail)
    }
}

impl From<ScimError> for Failure {
    fn from(error: ScimError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let title = match status.as_u16() {
            404 => "error.not_found",
            503 => "error.unavailable",
            500.. => "error.internal",
            _ => "error.invalid",
        };
        Self::new(status, title, error.detail)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// 200 with a page.
pub(crate) fn show(page: &impl Template) -> Answer {
    show_with(StatusCode::OK, page)
}

/// A page with another status: 400 or 409 for a form that comes back with what is wrong.
pub(crate) fn show_with(status: StatusCode, page: &impl Template) -> Answer {
    let html = page.render().map_err(|error| Failure::internal(&error.to_string()))?;
    Ok((status, Html(html)).into_response())
}

/// 303 to a path of the console.
pub(crate) fn see(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static(crate::CONSOLE_BASE));
    response.headers_mut().insert(LOCATION, location);
    response
}

/// Whether a response is a page.
pub(crate) fn is_page(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/html"))
}

/// The page of an error.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) frame: Frame,
    pub(crate) detail: &'a str,
    pub(crate) request_id: &'a str,
}
