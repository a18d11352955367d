//! Connections: address policy, proxies, TLS.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::rt::ReadBufCursor;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

use super::address::{Addresses, is_private};
use super::tls::Trust;
use crate::secret::Secret;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The policy forbids it.
    #[error("{host} is at {address}, which is not a public address")]
    Refused { host: String, address: IpAddr },
    #[error("{host} cannot be reached: {reason}")]
    Unreachable { host: String, reason: String },
}

type Boxed = Box<dyn std::error::Error + Send + Sync>;
type Future_<T> = Pin<Box<dyn Future<Output = Result<T, Boxed>> + Send>>;

/// Where proxied connections go through.
#[derive(Debug, Clone)]
pub(super) enum Via {
    Http { proxy: Uri, authorization: Option<HeaderValue> },
    Socks { proxy: Uri, user: Option<(String, Secret)>, remote_names: bool },
}

/// Makes connections for the pool.
#[derive(Clone)]
pub(super) struct Connector {
    dial: Dial,
    via: Option<Via>,
    trust: Arc<Trust>,
}

impl Connector {
    pub(super) fn new(dial: Dial, via: Option<Via>, trust: Trust) -> Self {
        Self { dial, via, trust: Arc::new(trust) }
    }

    async fn connect(self, uri: Uri) -> Result<Stream, Boxed> {
        let limit = self.dial.limit;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let connecting = self.connect_without_limit(uri, host.clone());
        tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| {
            let reason = format!("no connection within {} s", limit.as_secs());
            Err(ConnectError::Unreachable { host, reason }.into())
        })
    }

    async fn connect_without_limit(mut self, uri: Uri, host: String) -> Result<Stream, Boxed> {
        let secure = uri.scheme_str() == Some("https");
        let plain_proxy = matches!(self.via, Some(Via::Http { .. })) && !secure;
        let tcp = match &self.via {
            None => self.dial.call(uri).await?,
            Some(via) => {
                let target = self.dial.check_literal(&uri, &host)?;
                match via {
                    // To a plain target, the proxy is asked with the whole URL instead.
                    Via::Http { proxy, .. } if !secure => self.dial.through().call(proxy.clone()).await?,
                    Via::Http { proxy, authorization } => {
                        let mut tunnel = Tunnel::new(proxy.clone(), self.dial.through());
                        if let Some(authorization) = authorization {
                            tunnel = tunnel.with_auth(authorization.clone());
                        }
                        tunnel.call(target).await?
                    }
                    Via::Socks { proxy, user, remote_names } => {
                        let target =
                            if *remote_names { target } else { self.dial.looked_up(&target, &host).await? };
                        let mut socks = SocksV5::new(proxy.clone(), self.dial.through()).local_dns(false);
                        if let Some((name, password)) = user {
                            socks = socks.with_auth(name.clone(), password.reveal().to_owned());
                        }
                        socks.call(target).await?
                    }
                }
            }
        };
        let io: Box<dyn Io> = if secure {
            let name = ServerName::try_from(host.clone()).map_err(|_| ConnectError::Unreachable {
                host: host.clone(),
                reason: "no name for TLS".to_owned(),
            })?;
            let tls = self.trust.config().map_err(|error| ConnectError::Unreachable {
                host: host.clone(),
                reason: error.to_string(),
            })?;
            let shaken = TlsConnector::from(tls).connect(name, tcp.into_inner()).await;
            Box::new(shaken.map_err(|error| ConnectError::Unreachable { host, reason: error.to_string() })?)
        } else {
            Box::new(tcp.into_inner())
        };
        Ok(Stream { io: TokioIo::new(io), plain_proxy })
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Boxed;
    type Future = Future_<Stream>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Boxed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// Makes TCP connections, to addresses that the policy allows.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    pub(super) addresses: Addresses,
    /// Hosts that the profile names, in lower case.
    pub(super) named: Arc<Vec<String>>,
    pub(super) limit: Duration,
}

impl Dial {
    /// The same for a proxy, which the operator named.
    fn through(&self) -> Self {
        Self { addresses: Addresses::Allow, ..self.clone() }
    }

    fn allows(&self, host: &str, address: IpAddr) -> bool {
        match self.addresses {
            Addresses::Allow => true,
            Addresses::Named if self.named.iter().any(|named| named.eq_ignore_ascii_case(host)) => true,
            Addresses::Named | Addresses::Refuse => !is_private(address),
        }
    }

    /// A target that a proxy looks up can only be checked when it is an address.
    fn check_literal(&self, uri: &Uri, host: &str) -> Result<Uri, ConnectError> {
        match host.parse::<IpAddr>() {
            Ok(address) if !self.allows(host, address) => {
                Err(ConnectError::Refused { host: host.to_owned(), address })
            }
            _ => Ok(uri.clone()),
        }
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| ConnectError::Unreachable { host: host.to_owned(), reason: error.to_string() })?
            .collect();
        let allowed: Vec<SocketAddr> =
            found.iter().copied().filter(|address| self.allows(host, address.ip())).collect();
        match (allowed.is_empty(), found.first()) {
            (true, Some(first)) => Err(ConnectError::Refused { host: host.to_owned(), address: first.ip() }),
            (true, None) => {
                Err(ConnectError::Unreachable { host: host.to_owned(), reason: "no address".to_owned() })
            }
            (false, _) => Ok(allowed),
        }
    }

    /// The target with an address for its name.
    async fn looked_up(&self, uri: &Uri, host: &str) -> Result<Uri, Boxed> {
        let port = port(uri);
        let addresses = self.resolve(host, port).await?;
        let address = addresses.first().copied().ok_or_else(|| io::Error::other("no address"))?;
        let scheme = uri.scheme_str().unwrap_or("https");
        Ok(format!("{scheme}://{address}{}", uri.path()).parse::<Uri>()?)
    }

    async fn dial(self, uri: Uri) -> Result<TokioIo<TcpStream>, Boxed> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let addresses = self.resolve(&host, port(&uri)).await?;
        let stream = TcpStream::connect(addresses.as_slice())
            .await
            .map_err(|error| ConnectError::Unreachable { host, reason: error.to_string() })?;
        stream.set_nodelay(true)?;
        Ok(TokioIo::new(stream))
    }
}

fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(match uri.scheme_str() {
        Some("https") => 443,
        Some("socks5" | "socks5h") => 1080,
        _ => 80,
    })
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = Boxed;
    type Future = Future_<TokioIo<TcpStream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Boxed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().dial(uri))
    }
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection, plain or TLS.
pub(super) struct Stream {
    io: TokioIo<Box<dyn Io>>,
    plain_proxy: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.plain_proxy)
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
