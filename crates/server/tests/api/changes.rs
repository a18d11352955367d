//! The change feed: order, differences, long poll, Server-Sent Events, and cursors that are too old.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use rollcall_domain::api::ApiScope;
use rollcall_domain::credential::{Token, TokenKind};
use rollcall_service::admin::Manager;
use rollcall_service::feed::Retention;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn world() -> (TestApp, Client, Client) {
    let app = TestApp::start().await;
    let source = app.source("okta", "okta").await;
    let api = app.api(Some("default"), &[ApiScope::ChangesRead]).await;
    (app, source, api)
}

async fn users(source: &Client, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(source.post("/Users", json!({ "userName": name })).await.expect(201).id());
    }
    ids
}

/// An open stream.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(app: &TestApp, client: &Client, path: &str, last: Option<&str>) -> Self {
        let mut request = Request::builder()
            .uri(format!("/api/v1{path}"))
            .header("accept", "text/event-stream")
            .header("authorization", client.authorization().unwrap());
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = app.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event's `id`, `event` and `data`; nothing when the stream ends.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    line.unwrap_or_default().trim().to_owned()
                };
                let found = (field("id"), field("event"), field("data"));
                let rest = rest.to_owned();
                self.text = rest;
                if found.1.is_empty() {
                    continue;
                }
                return Some((found.0, found.1, serde_json::from_str(&found.2).unwrap()));
            }
            let frame = tokio::time::timeout(Duration::from_secs(10), self.body.frame()).await.unwrap();
            self.text.push_str(std::str::from_utf8(frame?.unwrap().data_ref().unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn each_change_tells_who_did_what_and_what_differs() {
    let (_app, source, api) = world().await;
    let ann = users(&source, &["ann"]).await.remove(0);
    let operations = json!([{ "op": "replace", "path": "title", "value": "Lead" }]);
    let patched = source.patch(&format!("/Users/{ann}"), operations).await.expect(200);
    let group = json!({ "displayName": "G", "members": [{ "value": ann }] });
    let group = source.post("/Groups", group).await.expect(201).id();
    source.put(&format!("/Users/{ann}"), json!({ "userName": "ann", "title": "Chief" })).await.expect(200);
    source.delete(&format!("/Users/{ann}")).await.expect(204);
    let feed = api.get("/changes").await.expect(200).body;
    let items = feed["items"].as_array().unwrap();
    let told: Vec<_> =
        items.iter().map(|item| (&item["sequence"], &item["type"], &item["resource"])).collect();
    let expected = [
        (json!(1), json!("user.created"), json!(ann)),
        (json!(2), json!("user.updated"), json!(ann)),
        (json!(3), json!("group.created"), json!(group)),
        (json!(4), json!("user.updated"), json!(ann)),
        (json!(5), json!("user.deleted"), json!(ann)),
    ];
    for (found, expected) in told.iter().zip(&expected) {
        assert_eq!((found.0, found.1, found.2), (&expected.0, &expected.1, &expected.2));
    }
    assert_eq!((items.len(), &feed["next_after"]), (5, &json!(5)));
    assert_eq!(items[0]["attributes"]["userName"], json!({ "after": "ann" }));
    assert_eq!(items[1]["attributes"], json!({ "title": { "after": "Lead" } }));
    assert_eq!(items[1]["request_id"], json!(patched.header("x-request-id").unwrap()));
    assert_eq!((&items[1]["source"], &items[1]["resource_type"]), (&json!("okta"), &json!("User")));
    assert!(items[1]["actor"].as_str().is_some_and(|actor| actor.len() == 36), "{}", items[1]);
    assert_eq!(items[2]["members"], json!({ "added": [ann] }));
    assert_eq!(items[3]["replaced"], json!(true));
    assert_eq!(items[3]["attributes"]["title"], json!({ "before": "Lead", "after": "Chief" }));
    assert_eq!(items[4]["attributes"]["title"], json!({ "before": "Chief" }));
}

/// Clerk, workos-authkit #73: a deleted group looked like every member leaving.
#[tokio::test]
async fn deleting_a_group_is_one_change() {
    let (_app, source, api) = world().await;
    let names: Vec<String> = (0..50).map(|number| format!("u{number}")).collect();
    let ids = users(&source, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
    let group = json!({ "displayName": "G", "members": members });
    let group = source.post("/Groups", group).await.expect(201).id();
    source.delete(&format!("/Groups/{group}")).await.expect(204);
    let feed = api.get("/changes?after=51").await.expect(200).body;
    let items = feed["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["type"]), (1, &json!("group.deleted")));
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let (_app, source, api) = world().await;
    users(&source, &["a", "b", "c", "d", "e"]).await;
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = api.get(&format!("/changes?after={after}&limit=2")).await.expect(200).body;
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            assert_eq!(page["next_after"], json!(after));
            break;
        }
        found.extend(items.iter().map(|item| item["sequence"].as_u64().unwrap()));
        after = page["next_after"].as_u64().unwrap();
    }
    assert_eq!(found, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_long_poll_answers_as_soon_as_there_is_a_change() {
    let (_app, source, api) = world().await;
    let waiting = tokio::spawn({
        let api = api.clone();
        async move { api.get("/changes?wait=60").await.expect(200).body }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished(), "it does not wait");
    users(&source, &["ann"]).await;
    let feed = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert_eq!(feed["next_after"], json!(1));
    let empty = api.get("/changes?after=1&wait=0").await.expect(200).body;
    assert_eq!(empty, json!({ "items": [], "next_after": 1 }));
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_event_that_arrived() {
    let (app, source, api) = world().await;
    users(&source, &["a", "b"]).await;
    let mut stream = Stream::open(&app, &api, "/changes?after=0", None).await;
    assert_eq!(stream.next().await.map(|(id, event, _)| (id, event)), Some(("1".into(), "change".into())));
    let (id, _, data) = stream.next().await.unwrap();
    assert_eq!((id.as_str(), &data["type"]), ("2", &json!("user.created")));
    users(&source, &["c"]).await;
    assert_eq!(stream.next().await.unwrap().0, "3");
    drop(stream);
    users(&source, &["d"]).await;
    // The header goes before the query, which a browser sends unchanged when it comes again.
    let mut stream = Stream::open(&app, &api, "/changes?after=0", Some("2")).await;
    assert_eq!(stream.next().await.unwrap().0, "3");
    assert_eq!(stream.next().await.unwrap().0, "4");
}

#[tokio::test]
async fn a_cursor_that_is_too_old_or_of_elsewhere_is_told() {
    let (app, source, api) = world().await;
    users(&source, &["a", "b", "c", "d"]).await;
    let admin = app.admin("default").await;
    let kept = Retention { age_ms: 0, count: 2 };
    while app.service.prune_changes(admin.tenant().key, kept).await.unwrap() > 0 {}
    for (after, status, text) in [
        (0, 410, "oldest is 3"),
        (1, 410, "oldest is 3"),
        (2, 200, ""),
        (4, 200, ""),
        (5, 410, "newest is 4"),
    ] {
        let reply = api.get(&format!("/changes?after={after}")).await.expect(status);
        let detail = reply.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(text), "{after}: {}", reply.body);
        assert_eq!(status == 410, reply.body["type"] == "urn:rollcall:problem:gone");
        let streamed = api.clone().header("accept", "text/event-stream");
        if status == 410 {
            streamed.get(&format!("/changes?after={after}")).await.expect(410);
        }
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let (app, source, api) = world().await;
    users(&source, &["a"]).await;
    let mut stream = Stream::open(&app, &api, "/changes", None).await;
    assert_eq!(stream.next().await.unwrap().0, "1");
    let operator = Manager::operator();
    let prefix = api.authorization().unwrap().trim_start_matches("Bearer ").to_owned();
    let prefix = Token::parse(TokenKind::Api, &prefix).unwrap().prefix().to_owned();
    app.service.revoke_api_token(&operator, &prefix).await.unwrap();
    users(&source, &["b"]).await;
    let mut told = Vec::new();
    while let Some((_, event, _)) = stream.next().await {
        told.push(event);
    }
    assert_eq!(told, ["problem"], "a revoked token is told more");
}

#[tokio::test]
async fn one_tenant_never_sees_another_s_changes() {
    let (app, source, _) = world().await;
    app.service.create_tenant(&Manager::operator(), "acme").await.unwrap();
    users(&source, &["a"]).await;
    let other = app.api(Some("acme"), &[ApiScope::ChangesRead]).await;
    assert_eq!(other.get("/changes").await.expect(200).body["items"], json!([]));
}
