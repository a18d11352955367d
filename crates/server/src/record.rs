//! Handing a finished request to the request log, where its source keeps it.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use rollcall_domain::request_log::KeptHeader;
use rollcall_scim::error::ScimError;
use rollcall_service::Notes;
use rollcall_service::request_log::{Captured, Exchange, MOST_BODY_BYTES, Ticket};

use crate::{App, query};

/// What is left of a request when it is answered.
pub(crate) struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub user_agent: Option<HeaderValue>,
}

impl Asked {
    /// Whether the request changes something: a search by POST does not.
    pub(crate) fn is_write(&self) -> bool {
        is_write(&self.method, self.uri.path())
    }
}

/// Whether a request of this method to this path changes something.
pub(crate) fn is_write(method: &Method, path: &str) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && !path.ends_with("/.search")
}

/// The headers of a request as the log keeps them.
pub(crate) fn headers(headers: &HeaderMap) -> Vec<KeptHeader> {
    KeptHeader::list(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}

/// Keeps a request. The answer is passed on as it was.
pub(crate) async fn keep(
    app: &App,
    ticket: Ticket,
    notes: &Notes,
    asked: &Asked,
    (response, error): (Response, Option<&ScimError>),
    took_us: u64,
) -> Response {
    let (response, answer) = capture(response).await;
    let pairs = query::pairs(asked.uri.query().unwrap_or_default());
    let pairs = pairs.map(|pairs| pairs.into_iter().map(|(a, b)| (a.into_owned(), b.into_owned())).collect());
    app.service.keep(Exchange {
        ticket,
        notes,
        method: asked.method.as_str(),
        path: percent_decode_str(asked.uri.path()).decode_utf8_lossy().into_owned(),
        query: pairs.unwrap_or_else(|_| vec![("(not UTF-8)".to_owned(), String::new())]),
        user_agent: asked
            .user_agent
            .as_ref()
            .map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned()),
        status: response.status().as_u16(),
        scim_type: error.and_then(|error| error.kind.parts().1),
        detail: error.map(|error| error.detail.as_str()),
        took_us,
        answer,
    });
    response
}

/// The body of an answer that is in memory; one that is streamed goes by.
async fn capture(response: Response) -> (Response, Captured) {
    let Some(length) = response.body().size_hint().exact() else {
        return (response, Captured::LeftOut("it was streamed".to_owned()));
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length == 0 {
        return (response, Captured::Empty);
    }
    if length > MOST_BODY_BYTES {
        return (response, Captured::too_long(length));
    }
    let (parts, body) = response.into_parts();
    match to_bytes(body, length).await {
        Ok(bytes) => {
            let answer = Captured::copy(&bytes);
            (Response::from_parts(parts, Body::from(bytes)), answer)
        }
        Err(error) => {
            tracing::error!(%error, "an answer in memory could not be read");
            (Response::from_parts(parts, Body::empty()), Captured::Empty)
        }
    }
}
