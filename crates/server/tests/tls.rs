//! Over TCP: TLS 1.3 and 1.2, a certificate that changes, compression, and an end that lets requests finish.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall_server::{Tls, listen};
use rollcall_testkit::TestApp;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

/// Writes a new certificate for `localhost` with its key, and returns it.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    made.cert.der().clone()
}

/// Asks for `/healthz` over TLS: the protocol version and the first line of the answer.
async fn ask(
    address: &str,
    trusted: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<(ProtocolVersion, String)> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let version = stream.get_ref().1.protocol_version().unwrap();
    let first = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    Ok((version, first))
}

#[tokio::test]
async fn both_protocol_versions_are_served_and_a_new_certificate_is_taken_up() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = certify(folder.path());
    let tls = Tls::load(&folder.path().join("cert.pem"), &folder.path().join("key.pem")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server =
        listen::serve(listener, app.router(), Some(Arc::new(tls)), std::future::pending(), Duration::ZERO);
    let server = tokio::spawn(server);
    let ok = || "HTTP/1.1 200 OK".to_owned();
    let new = ask(&address, &first, &rustls::version::TLS13).await.unwrap();
    assert_eq!(new, (ProtocolVersion::TLSv1_3, ok()));
    let old = ask(&address, &first, &rustls::version::TLS12).await.unwrap();
    assert_eq!(old, (ProtocolVersion::TLSv1_2, ok()));
    let second = certify(folder.path());
    let begun = Instant::now();
    while ask(&address, &second, &rustls::version::TLS13).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the new certificate is not used");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        ask(&address, &first, &rustls::version::TLS13).await.is_err(),
        "the old certificate is still used"
    );
    server.abort();
}

#[tokio::test]
async fn half_a_pair_or_no_pem_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let error = Tls::load(&certificate, &folder.path().join("none.pem")).err().unwrap().to_string();
    assert!(error.contains("none.pem"), "{error}");
    std::fs::write(&key, "no pem").unwrap();
    let error = Tls::load(&certificate, &key).err().unwrap().to_string();
    assert!(error.contains("key.pem"), "{error}");
}

#[tokio::test]
async fn a_client_that_takes_gzip_gets_it() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let plain = client.get("/Schemas").await.expect(200);
    let packed = client.header("accept-encoding", "gzip").get("/Schemas").await.expect(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.bytes.len() * 4 < plain.bytes.len());
    assert_eq!(packed.header("content-type"), Some("application/scim+json"));
}

#[tokio::test]
async fn a_request_under_way_finishes_when_the_server_stops() {
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async move { drop(stopped.await) };
    let server = tokio::spawn(listen::serve(listener, app.router(), None, stopped, Duration::from_secs(10)));
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server has read the head, and waits for the body.
    let client = app.source("a", "generic").await;
    let head = format!(
        "POST /scim/a/v2/Users HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-length: 18\r\nexpect: 100-continue\r\n\r\n",
        client.authorization().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 4096];
    let read = stream.read(&mut buffer).await.unwrap();
    assert!(buffer[..read].starts_with(b"HTTP/1.1 100"), "the body is asked for");
    stop.send(()).unwrap();
    stream.write_all(b"{\"userName\":\"ann\"}").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    server.await.unwrap();
}
