//! Around every request: its id, its log line, its metrics, and the body of its error.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use rollcall_domain::clock::Ids as _;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_scim::v1;
use rollcall_service::system::SystemIds;
use rollcall_service::{Notes, Protocol};

use crate::answer::{self, Failure, SCIM_JSON};
use crate::api::{PROBLEM_JSON, Problem, ProblemKind};
use crate::openapi::SCIM_BASE;
use crate::record::{self, Asked};
use crate::routes::SCIM_V1_BASE;
use crate::{App, extract};

/// The response header that names the request.
const REQUEST_ID: &str = "x-request-id";

/// Random for each process, so that ids of two runs or nodes do not meet.
static PROCESS: LazyLock<u64> = LazyLock::new(|| {
    let mut bytes = [0; 8];
    SystemIds.random(&mut bytes);
    u64::from_le_bytes(bytes)
});
static COUNTER: AtomicU64 = AtomicU64::new(0);

fn next_id() -> String {
    // The odd constant spreads consecutive numbers; multiplication by it loses none.
    let number = COUNTER.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("{:08x}{:016x}", *PROCESS >> 32, number ^ *PROCESS)
}

pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let notes = Arc::new(Notes::new(next_id()));
    request.extensions_mut().insert(Arc::clone(&notes));
    let asked = Asked {
        method: request.method().clone(),
        uri: request.uri().clone(),
        user_agent: request.headers().get(USER_AGENT).cloned(),
    };
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let protocol = extract::protocol(asked.uri.path());
    let error = write_error(&mut response, notes.id(), protocol);
    if protocol == Protocol::One {
        answer::name_json(&mut response);
    }
    if let Ok(id) = HeaderValue::from_str(notes.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let route = path.as_ref().map_or("-", |path| operation(path.as_str()));
    let source = notes.admitted_to().unwrap_or("-");
    let took = begun.elapsed();
    let kind = error.as_ref().map(|error| error.kind);
    app.metrics.observe(source, &asked.method, route, response.status(), took);
    log(notes.id(), source, &asked.method, route, response.status(), kind, took.as_micros());
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    app.service.tally(&notes, response.status().as_u16(), took_us);
    let Some(ticket) = app.service.keeps(&notes, response.status().as_u16(), asked.is_write()) else {
        return response;
    };
    let error = error.as_ref().and_then(|error| error.scim.as_ref());
    record::keep(&app, ticket, &notes, &asked, (response, error), took_us).await
}

/// An error that was written.
struct Written {
    /// What the log line says of it.
    kind: Kind,
    /// All of it, for the request log, which masks.
    scim: Option<ScimError>,
}

/// Writes the body of an error.
fn write_error(response: &mut Response, request_id: &str, protocol: Protocol) -> Option<Written> {
    let (written, body, media) = if let Some(Failure { error, .. }) = response.extensions_mut().remove() {
        let body = match protocol {
            Protocol::One => v1::error::encode(&error),
            Protocol::Two => error.body(),
        };
        (Written { kind: Kind::Scim(error.kind), scim: Some(error) }, body, SCIM_JSON)
    } else {
        let problem = response.extensions_mut().remove::<Problem>()?;
        let written = Written { kind: Kind::Problem(problem.kind), scim: None };
        (written, problem.body(request_id), PROBLEM_JSON)
    };
    *response.body_mut() = Body::from(body.to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    Some(written)
}

/// What the log says of an error.
#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "read by Debug")]
enum Kind {
    Scim(ErrorType),
    Problem(ProblemKind),
}

/// The route without its base: `/{endpoint}/{id}`, of SCIM 1.1 `/v1/{endpoint}/{id}`.
fn operation(path: &str) -> &str {
    if path.starts_with(SCIM_V1_BASE) {
        return path.get(SCIM_V1_BASE.len() - "/v1".len()..).unwrap_or(path);
    }
    let below = path.strip_prefix("/source").unwrap_or(path).strip_prefix(SCIM_BASE);
    below.map_or(path, |rest| if rest.is_empty() { "/" } else { rest })
}

/// One line a request: reads at debug, the rest at info, our own failures at error. Never a token, a
/// body, a query or an error's detail, which may quote what was sent.
fn log(
    id: &str,
    source: &str,
    method: &Method,
    route: &str,
    status: StatusCode,
    error: Option<Kind>,
    micros: u128,
) {
    let status = status.as_u16();
    if status >= 500 {
        tracing::error!(request_id = id, source, %method, route, status, ?error, micros, "request failed");
    } else if status >= 400 || *method != Method::GET {
        tracing::info!(request_id = id, source, %method, route, status, ?error, micros, "request");
    } else {
        tracing::debug!(request_id = id, source, %method, route, status, micros, "request");
    }
}
