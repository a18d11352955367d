//! Single requests to URLs that others named: no sign-in, no redirects, no second try.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Uri};
use rollcall_domain::clock::Clock;

use super::connect::{Connector, Dial};
use super::wire::{Exchange, Limits, Wire};
use super::{Addresses, PeerError, retry, tls};
use crate::profile::{Redirects, Tls};

/// Seconds until there must be a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 1 << 20;

/// Sends to URLs that tenants name. Clones share its connections.
#[derive(Clone)]
pub struct Poster {
    wire: Arc<Wire>,
    clock: Arc<dyn Clock>,
    private: bool,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Posted {
    /// HTTP status.
    pub status: u16,
    /// When to come again, if the answer says so.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The policy forbids it (DESIGN decision 14).
    #[error("{0}; the operator's setting private_addresses allows it")]
    Refused(String),
    /// No answer in time. It may have arrived.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// No connection: nothing was sent.
    #[error("not sent: {0}")]
    Unreachable(String),
    /// The connection broke, or the answer was of no use. It may have arrived.
    #[error("broken off: {0}")]
    Broken(String),
    /// A redirect: it may lead to anywhere, and is not followed.
    #[error("redirected to {0}; redirects are not followed: give the URL itself")]
    Redirected(String),
}

impl Poster {
    /// Nothing is sent yet. `private`: also to addresses that are not public, and without TLS.
    pub fn new(clock: Arc<dyn Clock>, private: bool) -> Self {
        let addresses = if private { Addresses::Allow } else { Addresses::Refuse };
        Self { wire: Arc::new(wire(addresses, Vec::new())), clock, private }
    }

    /// The same for a service that the operator named: this host may be at any address.
    pub fn named(clock: Arc<dyn Clock>, host: &str, private: bool) -> Self {
        let addresses = if private { Addresses::Allow } else { Addresses::Named };
        Self { wire: Arc::new(wire(addresses, vec![host.to_ascii_lowercase()])), clock, private }
    }

    /// Sends once and reads the answer. Addresses are checked when the connection is made.
    ///
    /// # Errors
    ///
    /// [`PostError`].
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Bytes,
        within: Duration,
    ) -> Result<Posted, PostError> {
        self.send(Method::POST, url, headers, Some(body), within).await
    }

    /// The same without a body.
    ///
    /// # Errors
    ///
    /// [`PostError`].
    pub async fn get(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        within: Duration,
    ) -> Result<Posted, PostError> {
        self.send(Method::GET, url, headers, None, within).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&'static str, String)],
        body: Option<Bytes>,
        within: Duration,
    ) -> Result<Posted, PostError> {
        let url: Uri = url.parse().map_err(|_| PostError::Refused("the URL is none".to_owned()))?;
        if url.scheme_str() != Some("https") && !self.private {
            return Err(PostError::Refused("the URL does not begin with https://".to_owned()));
        }
        let headers =
            parsed(headers).ok_or_else(|| PostError::Broken("a header cannot be sent".to_owned()))?;
        let exchange = Exchange { method, url, headers, body };
        let answer = tokio::time::timeout(within, self.wire.exchange(exchange)).await;
        let answer =
            answer.map_err(|_| PostError::TimedOut(within))?.map_err(|error| failed(error, within))?;
        let retry_after = retry::after(&answer.headers, self.clock.now().0);
        Ok(Posted { status: answer.status, retry_after, body: answer.body })
    }
}

fn wire(addresses: Addresses, named: Vec<String>) -> Wire {
    let dial = Dial { addresses, named: Arc::new(named), limit: CONNECT };
    // Each request brings a shorter time.
    let limits = Limits { time: Duration::from_secs(600), bytes: MAX_ANSWER, redirects: Redirects::None };
    let trust = tls::Trust::new(Tls::default());
    Wire::new(Connector::new(dial, None, trust), limits, None)
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Poster")
    }
}

fn parsed(given: &[(&'static str, String)]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("rollcall/", env!("CARGO_PKG_VERSION"))));
    for (name, value) in given {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(*name == "authorization");
        headers.insert(HeaderName::from_static(name), value);
    }
    Some(headers)
}

fn failed(error: PeerError, within: Duration) -> PostError {
    match error {
        PeerError::AddressRefused { reason, .. } => PostError::Refused(reason),
        PeerError::TimedOut { .. } => PostError::TimedOut(within),
        PeerError::Unreachable { reason, .. } => PostError::Unreachable(reason),
        PeerError::Redirected { location, .. } => PostError::Redirected(location),
        PeerError::Broken { reason, .. } => PostError::Broken(reason),
        PeerError::TooLarge { limit, .. } => {
            PostError::Broken(format!("the answer is larger than {limit} bytes"))
        }
        other => PostError::Broken(other.to_string()),
    }
}
