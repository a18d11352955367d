//! `Prefer: respond-async`: taken at once, done later, and told by Security Event Tokens (RFC 9967 §2.5.1).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rollcall_domain::api::ApiScope;
use rollcall_domain::credential::Scope;
use rollcall_service::admin::NewCredential;
use rollcall_testkit::{Client, Reply, TestApp};
use serde_json::{Value, json};

const ASYNC: &str = "urn:ietf:params:scim:event:misc:asyncresp";
const NOBODY: &str = "/Users/00000000-0000-7000-8000-000000000000";

/// A source of a tenant with a stream.
struct World {
    app: TestApp,
    now: Client,
    later: Client,
    api: Client,
    stream: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let now = app.source("a", "generic").await;
        let api = app.api(Some("default"), &[ApiScope::StreamsWrite, ApiScope::StreamsPoll]).await;
        let made = api.post("/streams", json!({ "kind": "set_poll" })).await.expect(201);
        let stream = made.body["endpoint"]["id"].as_str().unwrap().to_owned();
        Self { later: now.clone().header("prefer", "respond-async"), now, app, api, stream }
    }

    /// What the stream tells of the ends of requests, each `txn` with `sub_id.uri` and the event.
    async fn ends(&self) -> Vec<(String, String, Value)> {
        assert!(self.app.service.finish_accepted().await.unwrap());
        let poll = json!({ "returnImmediately": true, "maxEvents": 1000 });
        let polled = self.api.post(&format!("/streams/{}/poll", self.stream), poll).await.expect(200);
        let mut claims: Vec<Value> = polled.body["sets"].as_object().unwrap().values().map(claims).collect();
        // The number of the change is at the end of `jti`.
        claims.sort_by_key(|claims| {
            let jti = claims["jti"].as_str().unwrap();
            jti.rsplit('-').next().unwrap().parse::<u64>().unwrap()
        });
        claims.retain(|claims| claims["events"].get(ASYNC).is_some());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let end = |claims: &Value| {
            assert_eq!(claims["events"].as_object().unwrap().len(), 1, "{claims}");
            (text(&claims["txn"]), text(&claims["sub_id"]["uri"]), claims["events"][ASYNC].clone())
        };
        claims.iter().map(end).collect()
    }
}

fn claims(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// `Set-Txn` of an answer that has to be a 202.
#[track_caller]
fn taken(reply: &Reply) -> String {
    assert_eq!(reply.status, 202, "{}", reply.body);
    assert!(reply.bytes.is_empty());
    assert_eq!(reply.header("preference-applied"), Some("respond-async"));
    assert_eq!(reply.header("set-txn"), reply.header("x-request-id"));
    reply.header("set-txn").unwrap().to_owned()
}

/// The path of `Location` below the base URL.
fn place(reply: &Reply) -> String {
    reply.header("location").unwrap().split_once("/v2").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_request_is_taken_then_done_then_told() {
    let world = World::new().await;
    let made = world.later.post("/Users", json!({ "userName": "ann" })).await;
    let txn = taken(&made);
    let at = place(&made);
    assert_eq!(world.now.get(&at).await.status, 404, "done before it was answered");
    let created = json!({ "method": "POST", "version": "W/\"1\"", "status": "201" });
    assert_eq!(world.ends().await, [(txn.clone(), at.clone(), created.clone())]);
    assert_eq!(world.now.get(&at).await.expect(200).body["userName"], "ann");

    let put = taken(&world.later.put(&at, json!({ "userName": "anna" })).await);
    let title = json!([{ "op": "add", "path": "title", "value": "Dr" }]);
    let patch = taken(&world.later.patch(&at, title).await);
    let delete = world.later.delete(&at).await;
    assert_eq!(place(&delete), at);
    let delete = taken(&delete);
    assert_eq!(
        world.ends().await,
        [
            (txn, at.clone(), created),
            (put, at.clone(), json!({ "method": "PUT", "version": "W/\"2\"", "status": "200" })),
            (patch, at.clone(), json!({ "method": "PATCH", "version": "W/\"3\"", "status": "200" })),
            (delete, at.clone(), json!({ "method": "DELETE", "status": "204" })),
        ]
    );
    let _ = world.now.get(&at).await.expect(404);
}

#[tokio::test]
async fn what_fails_later_is_told_with_its_error() {
    let world = World::new().await;
    let ann = format!("/Users/{}", world.now.user("ann").await);
    let stale = world.later.clone().header("if-match", "W/\"9\"");
    for (reply, uri, status, kind) in [
        (
            world.later.post("/Users", json!({ "userName": "ANN" })).await,
            "/Users",
            "409",
            json!("uniqueness"),
        ),
        (world.later.post("/Users", json!({})).await, "/Users", "400", json!("invalidValue")),
        (world.later.put(NOBODY, json!({ "userName": "x" })).await, NOBODY, "404", Value::Null),
        (world.later.patch(&ann, json!([{ "op": "up" }])).await, &ann, "400", json!("invalidSyntax")),
        (stale.put(&ann, json!({ "userName": "x" })).await, &ann, "412", Value::Null),
        (world.later.delete(NOBODY).await, NOBODY, "404", Value::Null),
        (world.later.delete("/Users/nonsense").await, "/Users", "404", Value::Null),
    ] {
        let txn = taken(&reply);
        let end = world.ends().await.into_iter().find(|end| end.0 == txn).unwrap();
        assert_eq!(end.1, uri);
        assert_eq!((&end.2["status"], &end.2["response"]["scimType"]), (&json!(status), &kind), "{}", end.2);
        assert_eq!(end.2["response"]["status"], status);
        assert!(end.2["response"]["detail"].is_string());
    }
    assert_eq!(world.now.get(&ann).await.body["meta"]["version"], "W/\"1\"");
}

#[tokio::test]
async fn each_operation_of_a_bulk_has_an_end_of_its_own() {
    let world = World::new().await;
    let operations = json!([
        { "method": "POST", "path": "/Users", "bulkId": "u", "data": { "userName": "ann" } },
        { "method": "POST", "path": "/Groups", "bulkId": "g",
          "data": { "displayName": "G", "members": [{ "value": "bulkId:u" }] } },
        { "method": "DELETE", "path": NOBODY },
        { "method": "DELETE", "path": NOBODY },
    ]);
    let bulk = world.later.post("/Bulk", json!({ "failOnErrors": 1, "Operations": operations })).await;
    let txn = taken(&bulk);
    assert_eq!(bulk.header("location"), None);
    let ends = world.ends().await;
    let told: Vec<_> =
        ends.iter().map(|(txn, _, end)| (txn.as_str(), end["status"].as_str().unwrap())).collect();
    let names: Vec<String> = (0..4).map(|at| format!("{txn}:{at}")).collect();
    assert_eq!(told, [(&*names[0], "201"), (&names[1], "201"), (&names[2], "404"), (&names[3], "412")]);
    assert_eq!(ends[0].2["bulkId"], "u");
    assert!(ends[0].1.starts_with("/Users/") && ends[1].1.starts_with("/Groups/"), "{ends:?}");
    let user = world.now.get(&ends[0].1).await.expect(200).body;
    assert_eq!(user["groups"][0]["display"], "G");
    assert!(ends.iter().all(|(_, _, end)| end.get("location").is_none()));
}

#[tokio::test]
async fn what_can_be_told_at_once_is() {
    let world = World::new().await;
    let read = NewCredential { scopes: vec![Scope::Read], ..NewCredential::default() };
    let reader = world.app.credential("a", read).await.header("prefer", "respond-async");
    let user = || json!({ "userName": "ann" });
    for (reply, status) in [
        (world.later.clone().authorized(None).post("/Users", user()).await, 401),
        (reader.post("/Users", user()).await, 403),
        (world.later.post("/Nothing", user()).await, 404),
        (world.later.send_bytes("POST", "/Users", Some(b"{".to_vec())).await, 400),
        (world.later.post("/Bulk", json!({ "Operations": [] })).await, 400),
        (world.later.get("/Users").await, 200),
    ] {
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    assert_eq!(world.ends().await, []);
}

#[tokio::test]
async fn who_can_be_told_nothing_or_waits_is_answered_when_it_is_done() {
    let world = World::new().await;
    for (name, prefer) in
        [("a", "respond-async, wait=10"), ("b", "return=minimal"), ("c", "respond-asynchronously")]
    {
        let client = world.now.clone().header("prefer", prefer);
        assert_eq!(client.post("/Users", json!({ "userName": name })).await.status, 201, "{prefer}");
    }
    let old = world.later.clone().at("/scim/a/v1");
    assert_eq!(old.post("/Users", json!({ "userName": "d" })).await.status, 201, "1.1 has no tokens");
    let config = world.now.get("/ServiceProviderConfig").await.expect(200).body;
    assert_eq!(config["securityEvents"]["asyncRequest"], "request");
    assert!(config["securityEvents"]["eventUris"].as_array().unwrap().contains(&json!(ASYNC)));
    let _ = world.api.delete(&format!("/streams/{}", world.stream)).await.expect(200);
    let made = world.later.post("/Users", json!({ "userName": "e" })).await.expect(201);
    assert_eq!(made.header("preference-applied"), None);
}

/// As after a crash between the commit of what was asked and the record of its end.
#[tokio::test]
async fn what_was_done_before_a_crash_is_not_done_again() {
    let world = World::new().await;
    let at = place(&world.later.post("/Users", json!({ "userName": "ann" })).await);
    let _ = world.later.delete(&format!("/Users/{}", world.now.user("bob").await)).await;
    let accepted = world.app.store.accepted(0, 10).await.unwrap();
    assert_eq!(accepted.len(), 2);
    let before = world.ends().await;
    for accepted in &accepted {
        let _ = world.app.store.accept(accepted).await.unwrap();
    }
    let mut ends = world.ends().await;
    assert_eq!(ends.split_off(2), before, "a repetition is another end");
    assert_eq!(world.now.get("/Users").await.expect(200).body["totalResults"], 1);
    assert_eq!(world.now.get(&at).await.expect(200).body["meta"]["version"], "W/\"1\"");
}

#[tokio::test]
async fn what_waits_is_not_readable_in_the_database() {
    let world = World::new().await;
    taken(&world.later.post("/Users", json!({ "userName": "ann", "password": "s3cret" })).await);
    let accepted = world.app.store.accepted(0, 10).await.unwrap();
    assert!(!accepted[0].sealed.contains("ann") && !accepted[0].sealed.contains("s3cret"));
    assert!(!format!("{accepted:?}").contains(&accepted[0].sealed));
}
