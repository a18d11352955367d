//! One request: what goes out, what is tried again, what is an error, what is shown.

use std::time::{Duration, Instant};

use rollcall_connector::profile::{Profile, Redirects};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Addresses, Options, PeerError, Request, Transport};
use rollcall_testkit::peer::{Failure, Peer, RetryAfter, Roster};
use serde_json::json;

use crate::setup::{credentials, options, profile, transport};

async fn peer() -> Peer {
    Peer::start(Roster::numbered(3, 1, 1)).await
}

fn get() -> Request {
    Request::get(["Users", "u000001"])
}

async fn error_of(peer: &Peer, set: impl FnOnce(&mut Profile)) -> PeerError {
    let mut profile = profile(peer);
    set(&mut profile);
    transport(&profile).send(&get()).await.unwrap_err()
}

/// baton-scim, defect 8: every GET carried the body `null`.
#[tokio::test]
async fn a_get_has_no_body_and_every_request_has_its_headers() {
    let peer = peer().await;
    peer.set(|faults| {
        faults.no_get_body = true;
        faults.wants_user_agent = true;
    });
    let mut profile = profile(&peer);
    profile.request_defaults.headers.insert("X-Tenant".to_owned(), "t1".to_owned());
    profile.request_defaults.query_params.insert("v".to_owned(), "1&2".to_owned());
    let transport = transport(&profile);
    transport.send(&get().query("attributes", "userName")).await.unwrap();
    let patch = json!({"schemas": [], "Operations": [{"op": "add", "path": "title", "value": "x"}]});
    transport.send(&Request::patch(["Users", "u000001"], patch)).await.unwrap();
    let seen = peer.requests();
    assert_eq!(seen[0].line(), "GET /Users/u000001?attributes=userName&v=1&2");
    assert_eq!((seen[0].text.as_str(), seen[0].header("content-type")), ("", None));
    assert_eq!(seen[0].header("accept"), Some("application/scim+json"));
    assert!(seen[0].header("user-agent").unwrap().starts_with("rollcall/"));
    assert_eq!(seen[1].header("content-type"), Some("application/scim+json"));
    for one in &seen {
        assert_eq!((one.header("x-tenant"), one.parameter("v")), (Some("t1"), Some("1&2")));
    }
    profile.has_scim_header = false;
    self::transport(&profile).send(&get()).await.unwrap();
    assert_eq!(peer.requests()[2].header("accept"), Some("application/json"));
}

/// baton-scim, defect 11: nothing of the answer was shown, and all errors were alike.
#[tokio::test]
async fn each_status_is_an_error_of_its_own_with_what_was_said() {
    for (failure, expected, text) in [
        (Failure::Scim(400, "invalidFilter"), "Invalid", "400 invalidFilter (as planned)"),
        (Failure::Status(401), "Unauthorized", "check token"),
        (Failure::Status(403), "Forbidden", "as planned"),
        (Failure::Status(404), "Gone", "not there"),
        (Failure::Html(404), "NotFound", "nothing is taken as deleted"),
        (Failure::Status(409), "Conflict", "conflicts"),
        (Failure::Status(412), "PreconditionFailed", "changed meanwhile"),
        (Failure::Status(429), "RateLimited", "http.concurrency"),
        (Failure::Status(500), "Unavailable", "500"),
        (Failure::Html(200), "NotJson", "text/html"),
        (Failure::Huge(2 << 20), "TooLarge", "maxResponseMib"),
        (Failure::Cut, "Broken", "broke off"),
        (Failure::HalfJson, "Broken", "ends too early"),
        (Failure::Drop, "Broken", "broke off"),
        (Failure::Slow(Duration::from_secs(20)), "TimedOut", "no answer within 1 s"),
    ] {
        let peer = peer().await;
        peer.fail(1, "GET", "/Users", &failure);
        let error = error_of(&peer, |profile| {
            profile.http.retry.attempts = 1;
            profile.http.max_response_mib = 1;
            profile.http.timeout_seconds = 1;
        });
        let error = error.await;
        let (kind, said) = (format!("{error:?}"), error.to_string());
        assert!(kind.starts_with(expected), "{failure:?}: {kind}");
        assert!(said.contains(text) && said.contains("/Users/u000001"), "{failure:?}: {said}");
    }
}

#[tokio::test]
async fn an_application_that_is_not_there_was_not_sent_anything() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let peer = peer().await;
    let error = error_of(&peer, |profile| {
        profile.api_endpoint = format!("http://{address}/scim");
        profile.http.retry.attempts = 2;
    });
    let error = error.await;
    assert!(matches!(error, PeerError::Unreachable { .. }), "{error:?}");
}

/// baton-scim, defect 11: retried for ever, or never; `Retry-After` ignored.
#[tokio::test]
async fn what_helps_is_tried_again_and_what_does_not_is_not() {
    for (failure, times, requests, succeeds) in [
        (Failure::Status(500), 3, 4, true),
        (Failure::Status(429), 3, 4, true),
        (Failure::Wait(503, RetryAfter::Seconds(0)), 2, 3, true),
        (Failure::Drop, 2, 3, true),
        (Failure::Status(500), 9, 4, false),
        (Failure::Status(401), 9, 1, false),
        (Failure::Status(404), 9, 1, false),
        (Failure::Html(404), 9, 1, false),
        (Failure::Status(409), 9, 1, false),
        (Failure::Status(501), 9, 1, false),
        (Failure::Html(200), 9, 1, false),
        (Failure::Wait(429, RetryAfter::Seconds(100_000)), 9, 1, false),
    ] {
        let peer = peer().await;
        peer.fail(times, "GET", "/Users", &failure);
        let mut profile = profile(&peer);
        profile.http.retry.attempts = 4;
        let answer = transport(&profile).send(&get()).await;
        assert_eq!((peer.count(), answer.is_ok()), (requests, succeeds), "{failure:?}: {answer:?}");
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_in_both_forms_and_holds_up_everyone() {
    for after in [RetryAfter::Seconds(1), RetryAfter::Date(1)] {
        let peer = peer().await;
        peer.fail(1, "GET", "/Users", &Failure::Wait(429, after.clone()));
        let transport = transport(&profile(&peer));
        let started = Instant::now();
        transport.send(&get()).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(1), "{after:?}");
    }
    let peer = peer().await;
    peer.fail(1, "GET", "/Users", &Failure::Wait(429, RetryAfter::Seconds(1)));
    let transport = transport(&profile(&peer));
    let started = Instant::now();
    let first = tokio::spawn({
        let transport = transport.clone();
        async move { transport.send(&get()).await }
    });
    while peer.count() == 0 {
        tokio::task::yield_now().await;
    }
    while started.elapsed() < Duration::from_millis(50) {
        tokio::task::yield_now().await;
    }
    transport.send(&Request::get(["Groups"])).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    first.await.unwrap().unwrap();
}

/// DESIGN decision 13: nobody knows whether a POST without an answer was carried out.
#[tokio::test]
async fn a_post_is_only_sent_again_when_it_was_not_carried_out() {
    for (failure, requests, succeeds) in [
        (Failure::DoAndDrop, 1, false),
        (Failure::Status(500), 1, false),
        (Failure::Status(429), 2, true),
        (Failure::Wait(503, RetryAfter::Seconds(0)), 2, true),
    ] {
        let peer = peer().await;
        peer.fail(1, "POST", "/Users", &failure);
        let answer =
            transport(&profile(&peer)).send(&Request::post(["Users"], json!({"userName": "n"}))).await;
        assert_eq!((peer.count(), answer.is_ok()), (requests, succeeds), "{failure:?}: {answer:?}");
    }
}

#[tokio::test]
async fn what_was_done_is_a_success_whatever_is_said_about_it() {
    let peer = peer().await;
    peer.fail(1, "DELETE", "/Users", &Failure::HalfJson);
    transport(&profile(&peer)).send(&Request::delete(["Users", "u000001"])).await.unwrap();
    peer.fail(1, "POST", "/Users", &Failure::Html(201));
    let reply =
        transport(&profile(&peer)).send(&Request::post(["Users"], json!({"userName": "n"}))).await.unwrap();
    assert_eq!((reply.status, reply.body.clone()), (201, None));
    assert!(reply.json().is_err());
}

#[tokio::test]
async fn a_redirect_is_followed_as_far_as_the_profile_allows_and_without_credentials_elsewhere() {
    let (here, there) = (peer().await, peer().await);
    let elsewhere = format!("{}/Users/u000002", there.url());
    let (near, far) = ("/scim/v2/Users/u000002".to_owned(), elsewhere);
    for (setting, location, succeeds) in [
        (Redirects::SameOrigin, &near, true),
        (Redirects::SameOrigin, &far, false),
        (Redirects::None, &near, false),
        (Redirects::Any, &far, true),
    ] {
        here.fail(1, "GET", "/Users/u000001", &Failure::Redirect(302, location.clone()));
        let mut profile = profile(&here);
        profile.http.redirects = setting;
        let answer = transport(&profile).send(&get()).await;
        assert_eq!(answer.is_ok(), succeeds, "{setting:?} {location}: {answer:?}");
    }
    assert_eq!(there.requests()[0].header("authorization"), None);
    // A change is never sent anywhere else.
    here.fail(1, "DELETE", "/Users", &Failure::Redirect(307, near));
    let error = transport(&profile(&here)).send(&Request::delete(["Users", "u000001"])).await.unwrap_err();
    assert!(matches!(error, PeerError::Redirected { .. }), "{error:?}");
    // In circles.
    here.fail(9, "GET", "/Users", &Failure::Redirect(302, "/scim/v2/Users/u000001".to_owned()));
    let error = transport(&profile(&here)).send(&get()).await.unwrap_err();
    assert!(matches!(error, PeerError::Redirected { .. }), "{error:?}");
}

/// DESIGN decision 14.
#[tokio::test]
async fn a_private_address_is_connected_to_only_when_it_was_named() {
    let (here, there) = (peer().await, peer().await);
    let of = |profile: &Profile, addresses| {
        Transport::new(profile, credentials(), Options { addresses, ..options() }).unwrap()
    };
    let mut profile = profile(&here);
    for (addresses, succeeds) in
        [(Addresses::Refuse, false), (Addresses::Named, true), (Addresses::Allow, true)]
    {
        let answer = of(&profile, addresses).send(&get()).await;
        assert_eq!(answer.is_ok(), succeeds, "{addresses:?}: {answer:?}");
    }
    // By a redirect to another name of this machine.
    profile.http.redirects = Redirects::Any;
    let elsewhere = format!("{}/Users/u000002", there.url_by_name());
    here.fail(1, "GET", "/Users", &Failure::Redirect(302, elsewhere.clone()));
    let error = of(&profile, Addresses::Named).send(&get()).await.unwrap_err();
    assert!(matches!(error, PeerError::AddressRefused { .. }), "{error:?}");
    assert_eq!(there.count(), 0);
    here.fail(1, "GET", "/Users", &Failure::Redirect(302, elsewhere));
    profile.http.allow_private_addresses = true;
    of(&profile, Addresses::Named).send(&get()).await.unwrap();
}

#[tokio::test]
async fn what_is_shown_is_what_is_sent_but_for_secrets() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.request_defaults.headers.insert("X-Api".to_owned(), "hunter2hunter2".to_owned());
    profile.request_defaults.query_params.insert("k".to_owned(), "hunter3hunter3".to_owned());
    let transport = transport(&profile);
    let body = json!({"userName": "ann", "password": "hunter4", "note": "sesame-sesame"});
    let request = Request::post(["Users"], body).query("attributes", "id").header("If-Match", "W/\"1\"");
    let shown = transport.shown(&request).to_string();
    let base = peer.url();
    let agent = concat!("rollcall/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        shown,
        format!(
            "POST {base}/Users?attributes=id&k=•••\naccept: application/scim+json\nuser-agent: {agent}\n\
             x-api: •••\nif-match: W/\"1\"\ncontent-type: application/scim+json\nauthorization: •••\n\n\
             {{\"userName\":\"ann\",\"password\":\"•••\",\"note\":\"•••\"}}\n"
        )
    );
    assert_eq!(peer.count(), 0);
    let debug = format!("{transport:?}");
    assert!(!debug.contains("hunter") && !debug.contains("sesame"), "{debug}");
}

#[tokio::test]
async fn a_token_in_an_error_of_the_application_is_not_shown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let body = r#"{"detail":"the token sesame-sesame is unknown"}"#;
        let answer = format!("HTTP/1.1 401 No\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let mut buffer = [0; 4096];
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await.unwrap();
    });
    let peer = peer().await;
    let error = error_of(&peer, |profile| profile.api_endpoint = format!("http://{address}")).await;
    assert!(error.to_string().contains("the token ••• is unknown"), "{error}");
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_said_at_once() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.request_defaults.headers.insert("X-A".to_owned(), "a\nb".to_owned());
    let error = Transport::new(&profile, credentials(), options()).unwrap_err().to_string();
    assert!(error.contains("requestDefaults.headers.X-A"), "{error}");
    let bad = Credentials { token: Some(Secret::new("a\nb")), ..Credentials::default() };
    let error =
        Transport::new(&self::profile(&peer), bad, options()).unwrap().send(&get()).await.unwrap_err();
    assert!(matches!(error, PeerError::Token(_)), "{error:?}");
}
