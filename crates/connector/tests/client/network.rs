//! Ways to the application: TLS with certificates of both sides, HTTP and SOCKS proxies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rcgen::{CertificateParams, KeyPair};
use rollcall_connector::profile::{Profile, Proxy};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Addresses, Options, PeerError, Request, Transport};
use rollcall_testkit::peer::{Peer, Roster};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::setup::{credentials, options, profile, transport};

async fn peer() -> Peer {
    Peer::start(Roster::numbered(2, 0, 0)).await
}

fn get() -> Request {
    Request::get(["Users", "u000001"])
}

/// What came in, line by line.
type Log = Arc<Mutex<Vec<String>>>;

/// A certificate and its key, as files too.
struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
    certificate_file: PathBuf,
    key_file: PathBuf,
}

fn identity(folder: &Path, name: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (certificate_file, key_file) =
        (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&certificate_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    Identity { certificate, key, certificate_file, key_file }
}

/// An application behind TLS that wants a certificate of the client, where one is given.
async fn tls_application(server: &Identity, client: Option<&Identity>) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = match client {
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(client.certificate.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.unwrap().with_client_cert_verifier(verifier.unwrap())
        }
        None => builder.unwrap().with_no_client_auth(),
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server.key.serialize_der()));
    let config = builder.with_single_cert(vec![server.certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                while !head(&mut stream).await.is_empty() {
                    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"id\":\"tls\"}";
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    format!("https://localhost:{port}/scim/v2")
}

/// A request's head, to its empty line; nothing when the connection ends.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => text.push(byte[0]),
            _ => return String::new(),
        }
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn an_application_is_trusted_by_its_authority_only() {
    let folder = tempfile::tempdir().unwrap();
    let server = identity(folder.path(), "server");
    let url = tls_application(&server, None).await;
    let peer = peer().await;
    let mut profile = Profile { api_endpoint: url, ..profile(&peer) };
    profile.http.retry.attempts = 1;
    let error = transport(&profile).send(&get()).await.unwrap_err();
    assert!(matches!(error, PeerError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");
    profile.http.tls.ca_file = Some(server.certificate_file.display().to_string());
    let transport = transport(&profile);
    for _ in 0..2 {
        assert_eq!(transport.send(&get()).await.unwrap().json().unwrap()["id"], "tls");
    }
}

#[tokio::test]
async fn our_certificate_is_shown_to_an_application_that_wants_one() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = (identity(folder.path(), "server"), identity(folder.path(), "client"));
    let url = tls_application(&server, Some(&client)).await;
    let peer = peer().await;
    let mut profile = Profile { api_endpoint: url, ..profile(&peer) };
    profile.http.retry.attempts = 1;
    profile.http.tls.ca_file = Some(server.certificate_file.display().to_string());
    assert!(transport(&profile).send(&get()).await.is_err(), "without a certificate");
    profile.http.tls.certificate_file = Some(client.certificate_file.display().to_string());
    profile.http.tls.key_file = Some(client.key_file.display().to_string());
    assert_eq!(transport(&profile).send(&get()).await.unwrap().json().unwrap()["id"], "tls");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_named() {
    let peer = peer().await;
    for file in ["/nonexistent/ca.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let mut profile = profile(&peer);
        profile.http.tls.ca_file = Some(file.to_owned());
        let error = Transport::new(&profile, credentials(), options()).unwrap_err().to_string();
        assert!(error.starts_with(file), "{error}");
    }
}

/// A proxy that tunnels, and passes plain requests on.
async fn http_proxy() -> (String, Log) {
    let log = Log::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let kept = Arc::clone(&log);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(proxied(stream, Arc::clone(&kept)));
        }
    });
    (url, log)
}

async fn proxied(mut stream: TcpStream, log: Log) {
    let head = head(&mut stream).await;
    let first = head.lines().next().unwrap_or_default().to_owned();
    let authorization =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("proxy-authorization"));
    log.lock().extend([first.clone(), authorization.unwrap_or_default().to_owned()]);
    let target = first.split(' ').nth(1).unwrap_or_default();
    if first.starts_with("CONNECT") {
        let mut upstream = TcpStream::connect(target).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut upstream).await;
    } else {
        let rest = target.strip_prefix("http://").unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or_default();
        let mut upstream = TcpStream::connect(authority).await.unwrap();
        let passed = head.replacen(target, &format!("/{path}"), 1);
        upstream.write_all(passed.as_bytes()).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut upstream).await;
    }
}

fn with_proxy(mut profile: Profile, url: &str) -> Transport {
    profile.http.proxy = Some(Proxy { url: url.to_owned() });
    let user = Credentials {
        proxy_username: Some("pat".to_owned()),
        proxy_password: Some(Secret::new("pass")),
        ..credentials()
    };
    Transport::new(&profile, user, options()).unwrap()
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_plain_requests_and_tunnels_the_others() {
    let (proxy, log) = http_proxy().await;
    let peer = peer().await;
    with_proxy(profile(&peer), &proxy).send(&get()).await.unwrap();
    let asked = format!("GET {}/Users/u000001 HTTP/1.1", peer.url());
    assert_eq!(log.lock()[0], asked);
    // `pat:pass`
    assert!(log.lock()[1].ends_with("Basic cGF0OnBhc3M="), "{:?}", log.lock());
    assert_eq!(peer.requests()[0].header("proxy-authorization"), Some("Basic cGF0OnBhc3M="), "as passed on");

    let (proxy, log) = http_proxy().await;
    let folder = tempfile::tempdir().unwrap();
    let server = identity(folder.path(), "server");
    let url = tls_application(&server, None).await;
    let mut secure = Profile { api_endpoint: url.clone(), ..profile(&peer) };
    secure.http.tls.ca_file = Some(server.certificate_file.display().to_string());
    assert_eq!(with_proxy(secure, &proxy).send(&get()).await.unwrap().json().unwrap()["id"], "tls");
    let authority = url.trim_start_matches("https://").trim_end_matches("/scim/v2");
    assert_eq!(log.lock()[0], format!("CONNECT {authority} HTTP/1.1"));
    assert!(log.lock()[1].ends_with("Basic cGF0OnBhc3M="), "{:?}", log.lock());
}

/// A SOCKS 5 proxy (RFC 1928, RFC 1929): records user and target.
async fn socks_proxy() -> (String, Log) {
    let log = Log::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let kept = Arc::clone(&log);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(socks(stream, Arc::clone(&kept)));
        }
    });
    (address, log)
}

async fn take(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn socks(mut stream: TcpStream, log: Log) {
    let greeting = take(&mut stream, 2).await;
    take(&mut stream, greeting[1].into()).await;
    stream.write_all(&[5, 2]).await.unwrap();
    let mut user = Vec::new();
    take(&mut stream, 1).await;
    for _ in 0..2 {
        let length = take(&mut stream, 1).await[0];
        user.push(String::from_utf8(take(&mut stream, length.into()).await).unwrap());
    }
    stream.write_all(&[1, 0]).await.unwrap();
    let kind = take(&mut stream, 4).await[3];
    let host = match kind {
        1 => take(&mut stream, 4).await.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        3 => {
            let length = take(&mut stream, 1).await[0];
            String::from_utf8(take(&mut stream, length.into()).await).unwrap()
        }
        _ => {
            take(&mut stream, 16).await;
            "::1".to_owned()
        }
    };
    let port = take(&mut stream, 2).await;
    let port = u16::from_be_bytes([port[0], port[1]]);
    log.lock().extend([user.join(":"), format!("{kind} {host}")]);
    let mut upstream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut upstream).await;
}

#[tokio::test]
async fn a_socks_proxy_gets_an_address_or_a_name() {
    let peer = peer().await;
    let (proxy, log) = socks_proxy().await;
    with_proxy(profile(&peer), &format!("socks5://{proxy}")).send(&get()).await.unwrap();
    assert_eq!(*log.lock(), ["pat:pass", "1 127.0.0.1"]);
    let by_name = Profile { api_endpoint: peer.url_by_name(), ..profile(&peer) };
    let (proxy, log) = socks_proxy().await;
    with_proxy(by_name, &format!("socks5h://{proxy}")).send(&get()).await.unwrap();
    assert_eq!(*log.lock(), ["pat:pass", "3 localhost"]);
}

/// A proxy is no way around the addresses that are refused (DESIGN decision 14).
#[tokio::test]
async fn a_private_target_is_refused_through_a_proxy_too() {
    let (proxy, log) = http_proxy().await;
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.http.proxy = Some(Proxy { url: proxy });
    let refusing = Options { addresses: Addresses::Refuse, ..options() };
    let error = Transport::new(&profile, credentials(), refusing).unwrap().send(&get()).await.unwrap_err();
    assert!(matches!(error, PeerError::AddressRefused { .. }), "{error:?}");
    assert!(log.lock().is_empty());
}

#[tokio::test]
async fn a_proxy_of_another_kind_is_said_at_once() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.http.proxy = Some(Proxy { url: "ftp://127.0.0.1:1".to_owned() });
    let error = Transport::new(&profile, credentials(), options()).unwrap_err().to_string();
    assert!(error.contains("http.proxy.url"), "{error}");
}
