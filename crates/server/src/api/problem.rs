//! Errors outside `/scim`: problem details (RFC 9457). One table of kinds.

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_service::admin::{AdminError, Told};
use serde_json::{Value, json};

/// The media type of problem details.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Seconds after which a client may come back when we cannot serve now.
const RETRY_AFTER_SECONDS: u64 = 2;

/// What is wrong, by what the client can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    Invalid,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    TimedOut,
    Conflict,
    Gone,
    PreconditionFailed,
    TooLarge,
    UnsupportedMediaType,
    TooManyRequests,
    Internal,
    Unavailable,
}

impl ProblemKind {
    /// Status, last part of `type`, and `title`. No wildcard.
    pub(crate) const fn parts(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Invalid => (400, "invalid", "The request cannot be"),
            Self::Unauthorized => (401, "unauthorized", "No valid API token"),
            Self::Forbidden => (403, "forbidden", "The token may not do this"),
            Self::NotFound => (404, "not-found", "Not found"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "This path does not take this method"),
            Self::TimedOut => (408, "timed-out", "The request took too long to arrive"),
            Self::Conflict => (409, "conflict", "It is there already, or not in a state for this"),
            Self::Gone => (410, "gone", "It is not kept any more"),
            Self::PreconditionFailed => (412, "precondition-failed", "It has changed meanwhile"),
            Self::TooLarge => (413, "too-large", "The request is too large"),
            Self::UnsupportedMediaType => (415, "unsupported-media-type", "The body is of another type"),
            Self::TooManyRequests => (429, "too-many-requests", "Too many requests"),
            Self::Internal => (500, "internal", "Internal error"),
            Self::Unavailable => (503, "unavailable", "It cannot be served now"),
        }
    }
}

/// An error on its way out; [`crate::observe`] writes the body, which names the request.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    /// What a person can do about it.
    pub(crate) detail: String,
}

/// What a handler returns.
pub(crate) type Answer = Result<Response, Problem>;

impl Problem {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// 400.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, detail)
    }

    /// 404.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::NotFound, detail)
    }

    /// 500, with the reason in the log only.
    pub(crate) fn internal(reason: &str) -> Self {
        tracing::error!(reason, "a step that cannot fail has failed");
        Self::new(ProblemKind::Internal, "internal error; the server's log has the request id")
    }

    /// The body.
    pub(crate) fn body(&self, request_id: &str) -> Value {
        let (status, name, title) = self.kind.parts();
        json!({
            "type": format!("urn:rollcall:problem:{name}"),
            "title": title,
            "status": status,
            "detail": self.detail,
            "request_id": request_id,
        })
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let (told, detail) = error.told();
        let kind = match told {
            Told::Invalid => ProblemKind::Invalid,
            Told::NotFound => ProblemKind::NotFound,
            Told::Conflict => ProblemKind::Conflict,
            Told::Unauthorized => ProblemKind::Unauthorized,
            Told::Forbidden => ProblemKind::Forbidden,
            Told::Outdated => ProblemKind::PreconditionFailed,
            Told::Unavailable => ProblemKind::Unavailable,
            Told::Internal => ProblemKind::Internal,
        };
        Self::new(kind, detail)
    }
}

/// What reading a body or query may fail with.
impl From<ScimError> for Problem {
    fn from(error: ScimError) -> Self {
        let kind = match error.kind {
            ErrorType::UnsupportedMediaType => ProblemKind::UnsupportedMediaType,
            ErrorType::Timeout => ProblemKind::TimedOut,
            ErrorType::NotFound => ProblemKind::NotFound,
            ErrorType::Unavailable => ProblemKind::Unavailable,
            ErrorType::TooManyRequests => ProblemKind::TooManyRequests,
            ErrorType::Internal => ProblemKind::Internal,
            _ if error.status() == 413 => ProblemKind::TooLarge,
            _ => ProblemKind::Invalid,
        };
        Self::new(kind, error.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind.parts().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if self.kind == ProblemKind::Unauthorized {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"admin\""));
        }
        if matches!(self.kind, ProblemKind::Unavailable | ProblemKind::TooManyRequests) {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
