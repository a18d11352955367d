//! Requests to one application: signed in, bounded, retried, typed.
//!
//! [`Transport::send`] is all that the rest needs. An `Ok` is a success (2xx); everything else is a [`PeerError`]
//! that says what can be done. Secrets are in no error, log line or [`Shown`].

mod address;
mod connect;
mod error;
mod post;
mod request;
mod retry;
mod setup;
mod tls;
mod wire;

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Uri};
use rollcall_domain::clock::Clock;
use serde_json::Value;
use tokio::time::Instant;

pub use address::Addresses;
pub use error::{Again, PeerError, Said};
pub use post::{PostError, Posted, Poster};
pub use request::{Request, Shown};
pub use setup::{Options, SetupError};

pub(crate) use request::{form, with_query};
pub(crate) use wire::{Answer, Exchange, Wire};

use crate::auth::{Authenticator, Presented};
use crate::json::{Node, ParseError};
use crate::secret::{REDACTED, Secret};

/// A connection to one application. Clones share it.
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
}

struct Inner {
    /// Base URL without a trailing slash.
    base: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    content_type: HeaderValue,
    query: Vec<(String, String)>,
    wire: Arc<Wire>,
    auth: Authenticator,
    pacer: retry::Pacer,
    clock: Arc<dyn Clock>,
    secrets: Vec<Secret>,
    concurrency: usize,
}

/// A success.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status, 200 to 299.
    pub status: u16,
    /// The JSON body, if one came.
    pub body: Option<Value>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    request: String,
}

impl Reply {
    /// The body where one is needed.
    ///
    /// # Errors
    ///
    /// [`PeerError::NotJson`]: nothing came.
    pub fn json(&self) -> Result<&Value, PeerError> {
        self.body.as_ref().ok_or_else(|| nothing(self.request.clone()))
    }
}

impl Transport {
    /// Sends a request, again where that helps (`http.retry`), with a fresh token after one 401.
    ///
    /// # Errors
    ///
    /// [`PeerError`]; the last one, when all tries failed.
    pub async fn send(&self, request: &Request) -> Result<Reply, PeerError> {
        self.tried(request, &|name, answer| reply(name, &answer, &request.method)).await
    }

    /// Sends a request as [`Transport::send`] does, and reads the body where it lies.
    ///
    /// # Errors
    ///
    /// [`PeerError`]; [`PeerError::NotJson`] also when nothing came.
    pub async fn read<T>(
        &self,
        request: &Request,
        read: &(impl Fn(&Node<'_>) -> T + Send + Sync + ?Sized),
    ) -> Result<T, PeerError> {
        self.tried(request, &|name, answer| match Node::parse(&answer.body) {
            Ok(body) => Ok(read(&body)),
            Err(_) if is_blank(&answer.body) => Err(nothing(name)),
            Err(error) => Err(not_json(name, &answer, error == ParseError::TooShort)),
        })
        .await
    }

    async fn tried<T>(
        &self,
        request: &Request,
        take: &(impl Fn(String, Answer) -> Result<T, PeerError> + Sync),
    ) -> Result<T, PeerError> {
        let (started, mut tries, mut renewed) = (Instant::now(), 1, false);
        loop {
            self.inner.pacer.wait().await;
            let presented = self.inner.auth.present(&self.inner.wire).await?;
            let sent = self.once(request, &presented).await;
            let error = match sent.and_then(|(name, answer)| take(name, answer)) {
                Ok(taken) => {
                    self.inner.pacer.success();
                    return Ok(taken);
                }
                Err(error) => error,
            };
            if matches!(error, PeerError::Unauthorized(_))
                && !renewed
                && self.inner.auth.renew(&presented).await
            {
                renewed = true;
                continue;
            }
            let Some(wait) = self.inner.pacer.next(&error, request.idempotent, tries, started) else {
                return Err(error);
            };
            tracing::debug!(%error, ?wait, tries, "sending again");
            tokio::time::sleep(wait).await;
            tries += 1;
        }
    }

    /// The request as it would be sent, without secrets.
    pub fn shown(&self, request: &Request) -> Shown {
        let inner = &self.inner;
        let hidden: Vec<(&str, &str)> =
            inner.query.iter().map(|(name, _)| (name.as_str(), REDACTED)).collect();
        let key = inner.auth.query_name().map(|name| (name, REDACTED));
        let mut headers = Vec::new();
        let (common, redacted) =
            (self.headers(request), inner.auth.header_name().map(|name| (name, REDACTED)));
        for (name, value) in &common {
            let value = if value.is_sensitive() { REDACTED } else { value.to_str().unwrap_or(REDACTED) };
            headers.push((name.as_str().to_owned(), value.to_owned()));
        }
        headers.extend(redacted.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let target = request.target(hidden.into_iter().chain(key));
        let target = target.replace(&form(REDACTED), REDACTED);
        Shown {
            method: request.method.to_string(),
            url: format!("{}/{target}", inner.base),
            headers,
            body: request.body.as_ref().map(|body| self.redacted(body)),
        }
    }

    /// How many requests may be under way at the same time.
    pub fn concurrency(&self) -> usize {
        self.inner.concurrency
    }

    /// Base URL without a trailing slash.
    pub fn base(&self) -> &str {
        &self.inner.base
    }

    /// A success, with the request's name.
    async fn once(&self, request: &Request, presented: &Presented) -> Result<(String, Answer), PeerError> {
        let exchange = self.exchange(request, presented)?;
        let name = exchange.name();
        let answer = self.inner.wire.exchange(exchange).await?;
        let inner = &self.inner;
        if !(200..300).contains(&answer.status) {
            let secrets = inner.secrets.iter().cloned().chain(presented.secret()).collect::<Vec<_>>();
            let said = error::said(&name, answer.status, &answer.body, &secrets);
            return Err(PeerError::of(said, retry::after(&answer.headers, inner.clock.now().0)));
        }
        Ok((name, answer))
    }

    fn headers(&self, request: &Request) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.inner.headers {
            headers.insert(name.clone(), value.clone());
        }
        for (name, value) in &request.headers {
            let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
            if let (Ok(name), Ok(value)) = parsed {
                headers.insert(name, value);
            }
        }
        if request.body.is_some() {
            headers.entry(CONTENT_TYPE).or_insert_with(|| self.inner.content_type.clone());
        }
        headers
    }

    fn exchange(&self, request: &Request, presented: &Presented) -> Result<Exchange, PeerError> {
        let inner = &self.inner;
        let fixed = inner.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let target = request.target(fixed.chain(presented.query()));
        let url: Result<Uri, _> = format!("{}/{target}", inner.base).parse();
        let url = url.map_err(|error| PeerError::Unsendable {
            request: format!("{} {}", request.method, request.path),
            reason: error.to_string(),
        })?;
        let mut headers = self.headers(request);
        presented.put(&mut headers);
        let body = request.body.as_ref().map(|body| Bytes::from(body.to_string()));
        Ok(Exchange { method: request.method.clone(), url, headers, body })
    }

    /// A body without passwords and without any secret of ours.
    fn redacted(&self, body: &Value) -> Value {
        match body {
            Value::Object(members) => {
                let each = members.iter().map(|(name, value)| {
                    let hidden = name.eq_ignore_ascii_case("password") && !value.is_null();
                    (name.clone(), if hidden { REDACTED.into() } else { self.redacted(value) })
                });
                Value::Object(each.collect())
            }
            Value::Array(items) => items.iter().map(|item| self.redacted(item)).collect(),
            Value::String(text) => error::redact(text, &self.inner.secrets).into(),
            other => other.clone(),
        }
    }
}

fn reply(name: String, answer: &Answer, method: &Method) -> Result<Reply, PeerError> {
    let body = match serde_json::from_slice(&answer.body) {
        Ok(body) => Some(body),
        Err(_) if is_blank(&answer.body) => None,
        // What was done is done, whatever is said about it.
        Err(_) if method != Method::GET => None,
        Err(error) => return Err(not_json(name, answer, error.is_eof())),
    };
    let text = |header| answer.header(header).map(str::to_owned);
    Ok(Reply { status: answer.status, body, etag: text(&ETAG), location: text(&LOCATION), request: name })
}

fn is_blank(body: &[u8]) -> bool {
    body.iter().all(u8::is_ascii_whitespace)
}

fn nothing(request: String) -> PeerError {
    PeerError::NotJson { request, content_type: "nothing".to_owned(), excerpt: String::new() }
}

/// JSON that breaks off is a broken connection; anything else, such as a sign-in page, will not get better.
fn not_json(request: String, answer: &Answer, breaks_off: bool) -> PeerError {
    if breaks_off && answer.body.first().is_some_and(|first| matches!(first, b'{' | b'[')) {
        return PeerError::Broken { request, reason: "the JSON ends too early".to_owned() };
    }
    PeerError::NotJson {
        request,
        content_type: answer.content_type().to_owned(),
        excerpt: error::excerpt(&answer.body),
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transport({})", self.inner.base)
    }
}
