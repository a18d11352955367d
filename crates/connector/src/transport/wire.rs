//! One exchange: a request out, an answer in, within limits of time and size. Redirects included.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::{Method, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::{ConnectError, Connector, Via};
use super::error::PeerError;
use crate::profile::Redirects;

/// Redirects followed for one request.
const MAX_REDIRECTS: usize = 5;
/// Seconds that a connection waits for its next request.
const IDLE: Duration = Duration::from_secs(30);

/// What goes out.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) method: Method,
    pub(crate) url: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The pool of connections, and what bounds an exchange.
pub(crate) struct Wire {
    client: Client<Connector, Full<Bytes>>,
    limits: Limits,
    /// For a plain HTTP proxy, which sees the whole request.
    proxy_authorization: Option<HeaderValue>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) time: Duration,
    pub(super) bytes: usize,
    pub(super) redirects: Redirects,
}

impl Exchange {
    /// Method and URL without query, for messages.
    pub(crate) fn name(&self) -> String {
        named(&self.method, &self.url)
    }
}

/// Method and URL without query, for messages.
pub(crate) fn named(method: &Method, url: &Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    // A password in the authority is nobody's business.
    let authority = authority.rsplit('@').next().unwrap_or_default();
    format!("{method} {}://{authority}{}", url.scheme_str().unwrap_or("http"), url.path())
}

impl Wire {
    pub(super) fn new(connector: Connector, limits: Limits, via: Option<&Via>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        let proxy_authorization = match via {
            Some(Via::Http { authorization, .. }) => authorization.clone(),
            _ => None,
        };
        Self { client, limits, proxy_authorization }
    }

    /// Sends, follows redirects of a GET, and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// All of [`PeerError`] that are not about a status.
    pub(crate) async fn exchange(&self, exchange: Exchange) -> Result<Answer, PeerError> {
        let (name, after) = (exchange.name(), self.limits.time);
        let followed = self.follow(exchange);
        match tokio::time::timeout(after, followed).await {
            Ok(answer) => answer,
            Err(_) => Err(PeerError::TimedOut { request: name, after }),
        }
    }

    async fn follow(&self, mut exchange: Exchange) -> Result<Answer, PeerError> {
        for _ in 0..MAX_REDIRECTS {
            let answer = self.once(&exchange).await?;
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            let location =
                answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let refused = || PeerError::Redirected {
                request: exchange.name(),
                location: without_query(location).to_owned(),
            };
            let next = join(&exchange.url, location).ok_or_else(refused)?;
            let same = origin(&next) == origin(&exchange.url);
            let downgrade = exchange.url.scheme_str() == Some("https") && next.scheme_str() != Some("https");
            let allowed = match self.limits.redirects {
                Redirects::None => false,
                Redirects::SameOrigin => same,
                Redirects::Any => !downgrade,
            };
            if !allowed || exchange.method != Method::GET {
                return Err(refused());
            }
            if !same {
                strip(&mut exchange.headers);
            }
            exchange.url = next;
        }
        Err(PeerError::Redirected {
            request: exchange.name(),
            location: "one place after the other".to_owned(),
        })
    }

    async fn once(&self, exchange: &Exchange) -> Result<Answer, PeerError> {
        let mut request = hyper::Request::new(Full::new(exchange.body.clone().unwrap_or_default()));
        *request.method_mut() = exchange.method.clone();
        *request.uri_mut() = exchange.url.clone();
        *request.headers_mut() = exchange.headers.clone();
        if let Some(authorization) = &self.proxy_authorization
            && exchange.url.scheme_str() == Some("http")
        {
            request.headers_mut().insert(hyper::header::PROXY_AUTHORIZATION, authorization.clone());
        }
        let response = self.client.request(request).await.map_err(|error| broken(exchange, &error))?;
        let (head, body) = response.into_parts();
        let limited = Limited::new(body, self.limits.bytes);
        let body = limited.collect().await.map_err(|error| {
            let request = exchange.name();
            if error.is::<LengthLimitError>() {
                PeerError::TooLarge { request, limit: self.limits.bytes }
            } else {
                PeerError::Broken { request, reason: chain(&*error) }
            }
        })?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    }
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn content_type(&self) -> &str {
        self.header(&CONTENT_TYPE).unwrap_or("without Content-Type")
    }
}

fn broken(exchange: &Exchange, error: &hyper_util::client::legacy::Error) -> PeerError {
    let request = exchange.name();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(one) = cause {
        if let Some(refused) = one.downcast_ref::<ConnectError>() {
            let reason = refused.to_string();
            return match refused {
                ConnectError::Refused { .. } => PeerError::AddressRefused { request, reason },
                ConnectError::Unreachable { .. } => PeerError::Unreachable { request, reason },
            };
        }
        cause = one.source();
    }
    if error.is_connect() {
        PeerError::Unreachable { request, reason: chain(error) }
    } else {
        PeerError::Broken { request, reason: chain(error) }
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(one) = cause {
        text.push_str(": ");
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}

/// Takes away what another origin must not see.
fn strip(headers: &mut HeaderMap) {
    let keep = [hyper::header::ACCEPT, hyper::header::USER_AGENT];
    let names: Vec<HeaderName> = headers.keys().filter(|name| !keep.contains(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn origin(url: &Uri) -> (Option<&str>, Option<String>, u16) {
    let default = if url.scheme_str() == Some("https") { 443 } else { 80 };
    (url.scheme_str(), url.host().map(str::to_ascii_lowercase), url.port_u16().unwrap_or(default))
}

/// Resolves a `Location` (RFC 3986 §5.2, without `..`).
fn join(base: &Uri, location: &str) -> Option<Uri> {
    let scheme = base.scheme_str()?;
    let whole = if location.contains("://") {
        location.to_owned()
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if location.starts_with('/') {
        format!("{scheme}://{}{location}", base.authority()?)
    } else if location.is_empty() {
        return None;
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{}{folder}/{location}", base.authority()?)
    };
    let found: Uri = whole.parse().ok()?;
    matches!(found.scheme_str(), Some("http" | "https")).then_some(found)
}

fn without_query(location: &str) -> &str {
    location.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_resolved_against_the_request() {
        let base: Uri = "https://a.example:8443/scim/v2/Users".parse().unwrap();
        for (location, expected) in [
            ("https://b.example/x", Some("https://b.example/x")),
            ("//b.example/x", Some("https://b.example/x")),
            ("/y?z=1", Some("https://a.example:8443/y?z=1")),
            ("People", Some("https://a.example:8443/scim/v2/People")),
            ("ftp://b.example/", None),
            ("", None),
        ] {
            let found = join(&base, location).map(|found| found.to_string());
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }
}
