//! One keep-alive HTTP/1.1 connection, light enough to be the load and not the bottleneck.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long one request may take before it counts as failed.
const REQUEST_LIMIT: Duration = Duration::from_secs(120);

/// A server's address, and what every request to it carries.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// `host:port` of each node, in turn.
    authorities: Vec<String>,
    next: AtomicUsize,
    /// Path of the base URL, without a trailing `/`.
    base: String,
    headers: HeaderMap,
}

/// `host:port` of a plain HTTP URL.
fn authority(base_url: &str) -> Result<String> {
    let uri: Uri = base_url.parse().with_context(|| format!("{base_url:?} is not a URL"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            bail!("{base_url} is https: the load is plain HTTP, so measure the server before its TLS proxy")
        }
        _ => bail!("{base_url:?} does not start with http://"),
    }
    let host = uri.authority().with_context(|| format!("{base_url:?} has no host"))?;
    Ok(format!("{}:{}", host.host(), host.port_u16().unwrap_or(80)))
}

/// A request, ready to go.
pub(crate) type Outgoing = Request<Full<Bytes>>;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Endpoint {
    /// Reads a base URL such as `http://127.0.0.1:8080/scim/okta/v2`.
    ///
    /// # Errors
    ///
    /// When it is not a URL, not plain HTTP, or the token cannot be a header value.
    pub(crate) fn new(base_url: &str, token: Option<&str>) -> Result<Arc<Self>> {
        Self::among(base_url, &[], token)
    }

    /// The same with other nodes of the server: connections go to one after the other.
    pub(crate) fn among(base_url: &str, others: &[String], token: Option<&str>) -> Result<Arc<Self>> {
        let mut authorities = Vec::with_capacity(1 + others.len());
        for url in std::iter::once(base_url).chain(others.iter().map(String::as_str)) {
            authorities.push(authority(url)?);
        }
        let uri: Uri = base_url.parse()?;
        let mut headers = HeaderMap::new();
        let host = uri.authority().map_or("", |host| host.as_str());
        headers.insert(HOST, HeaderValue::from_str(host)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/scim+json"));
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .context("the token holds characters that no header may carry")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let base = uri.path().trim_end_matches('/').to_owned();
        Ok(Arc::new(Self { authorities, next: AtomicUsize::new(0), base, headers }))
    }

    /// Where the next connection goes.
    fn authority(&self) -> &str {
        let turn = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(self.authorities.len());
        turn.and_then(|turn| self.authorities.get(turn)).map_or("", String::as_str)
    }

    /// A request for `path` below the base URL, such as `/Users`; `path` needs no further escaping.
    pub(crate) fn request(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Outgoing> {
        let target = [self.base.as_str(), path].concat();
        let uri =
            Uri::from_maybe_shared(Bytes::from(target)).with_context(|| format!("{path:?} is not a path"))?;
        let has_body = body.is_some();
        let mut request = Request::new(Full::new(body.unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        if has_body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
        }
        Ok(request)
    }
}

/// One connection; opens itself again when the server has closed it between two requests.
pub(crate) struct Connection {
    endpoint: Arc<Endpoint>,
    open: Option<Open>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(endpoint: Arc<Endpoint>) -> Result<Self> {
        let open = Some(Open::connect(endpoint.authority()).await?);
        Ok(Self { endpoint, open })
    }

    /// Sends one request and reads the whole answer, whatever its status.
    pub(crate) async fn send(&mut self, request: Outgoing) -> Result<Answer> {
        tokio::time::timeout(REQUEST_LIMIT, self.exchange(request))
            .await
            .context("no answer within two minutes")?
    }

    async fn exchange(&mut self, request: Outgoing) -> Result<Answer> {
        let mut open = self.reuse().await?;
        let answer = open.exchange(request).await?;
        self.open = Some(open);
        Ok(answer)
    }

    /// The connection, or a new one when the server has closed it.
    async fn reuse(&mut self) -> Result<Open> {
        if let Some(mut open) = self.open.take()
            && open.is_ready().await
        {
            return Ok(open);
        }
        Open::connect(self.endpoint.authority()).await
    }
}

type Driver = Pin<Box<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>>;

/// An open connection, moved forward by the task that waits for its answer.
///
/// A task of its own for the connection, as is usual, would cost two switches between tasks a request.
struct Open {
    sender: http1::SendRequest<Full<Bytes>>,
    /// `None` once the connection has ended.
    driver: Option<Driver>,
}

impl Open {
    async fn connect(authority: &str) -> Result<Self> {
        let stream = TcpStream::connect(authority)
            .await
            .with_context(|| format!("could not connect to {authority}"))?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driver: Some(Box::pin(driver)) })
    }

    /// Whether the server still takes requests here.
    async fn is_ready(&mut self) -> bool {
        let Self { sender, driver } = self;
        drive(driver, sender.ready()).await.is_ok()
    }

    async fn exchange(&mut self, request: Outgoing) -> Result<Answer> {
        let Self { sender, driver } = self;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            Ok(Answer { status, body })
        };
        drive(driver, exchange).await
    }
}

/// Waits for `future`, moving the connection forward meanwhile.
async fn drive<F: Future>(driver: &mut Option<Driver>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        if driver.as_mut().is_some_and(|driver| driver.as_mut().poll(context).is_ready()) {
            // Ended, well or badly: `future` learns of it through its channel.
            *driver = None;
        }
        future.as_mut().poll(context)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn only_plain_http_is_taken() {
        let refused = |url: &str| Endpoint::new(url, None).unwrap_err().to_string();
        assert!(refused("https://scim.example.com/v2").contains("is https: the load is plain HTTP"));
        assert!(refused("ftp://example.com").contains("does not start with http://"));
        assert!(Endpoint::new("http://127.0.0.1:1", Some("a\nb")).is_err());
    }

    #[test]
    fn paths_are_below_the_base_url() {
        let endpoint = Endpoint::new("http://127.0.0.1:1/scim/okta/v2/", Some("secret")).unwrap();
        let request = endpoint.request(Method::POST, "/Users", Some(Bytes::from_static(b"{}"))).unwrap();
        assert_eq!(request.uri(), "/scim/okta/v2/Users");
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer secret");
        assert_eq!(request.headers()[CONTENT_TYPE], "application/scim+json");
        assert!(!format!("{endpoint:?}").contains("secret"));
    }

    #[tokio::test]
    async fn a_server_that_closes_after_each_answer_is_reopened() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            }
        });
        let endpoint = Endpoint::new(&url, None).unwrap();
        let mut connection = Connection::open(endpoint.clone()).await.unwrap();
        for _ in 0..2 {
            let answer = connection.send(endpoint.request(Method::GET, "/x", None).unwrap()).await.unwrap();
            assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"ok"[..]));
        }
        server.await.unwrap();
    }
}
