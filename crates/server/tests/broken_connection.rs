//! Over TCP: a client that goes away half-way through a body.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::net::SocketAddr;
use std::time::Duration;

use rollcall_server::listen;
use rollcall_testkit::TestApp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Sends this, and goes on to the end of the connection.
async fn send(address: SocketAddr, text: &str, leave: bool) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    if leave {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// Sends this and goes away.
async fn send_and_leave(address: SocketAddr, text: &str) {
    send(address, text, true).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let ann = client.post("/Users", json!({ "userName": "ann", "title": "T" })).await.expect(201).id();
    let group = client.group("Team", &[&ann]).await;
    let before = client.everything().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let ended = async {
        let _ = stopped.await;
    };
    let server = tokio::spawn(listen::serve(listener, app.router(), None, ended, Duration::from_secs(5)));
    let authorization = client.authorization().unwrap();
    // Each body would be whole JSON, and would change something, if it were taken as it is.
    let requests = [
        ("POST", "/Users".to_owned(), json!({ "userName": "bob" })),
        ("PUT", format!("/Users/{ann}"), json!({ "userName": "ann", "active": false })),
        ("PATCH", format!("/Users/{ann}"), json!({ "Operations": [{ "op": "remove", "path": "title" }] })),
        ("PUT", format!("/Groups/{group}"), json!({ "displayName": "Team", "members": [] })),
        (
            "POST",
            "/Bulk".to_owned(),
            json!({ "Operations": [{ "method": "DELETE", "path": format!("/Users/{ann}") }] }),
        ),
    ];
    for (method, path, body) in requests {
        let head = format!(
            "{method} /scim/a/v2{path} HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\ncontent-type: application/scim+json\r\n"
        );
        let body = body.to_string();
        let announced = format!("{head}content-length: {}\r\n\r\n{body}", body.len() + 10);
        send_and_leave(address, &announced).await;
        let half = body.split_at(body.len() / 2).0;
        send_and_leave(address, &format!("{head}content-length: {}\r\n\r\n{half}", body.len())).await;
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len());
        send_and_leave(address, &chunked).await;
        assert_eq!(client.everything().await, before, "{method} {path}");
    }
    // The same whole is taken.
    let body = json!({ "userName": "bob" }).to_string();
    let whole = format!(
        "POST /scim/a/v2/Users HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(send(address, &whole, false).await.starts_with("HTTP/1.1 201"));
    assert_ne!(client.everything().await, before);
    let _ = stop.send(());
    server.await.unwrap();
}
