//! Webhooks, hooks and streams: what can be set, what is shown, and what the audit tells.

use rollcall_domain::api::ApiScope;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

async fn world() -> (TestApp, Client) {
    let app = TestApp::start().await;
    app.source("okta", "okta").await;
    let client = app.api(None, &ApiScope::all().collect::<Vec<_>>()).await;
    (app, client)
}

#[tokio::test]
async fn a_webhook_is_made_changed_paused_and_deleted() {
    let (_app, client) = world().await;
    let new = json!({
        "description": "HR", "url": "https://a.example/hook", "events": ["user.*"], "sources": ["okta"],
        "timeout_ms": 5_000,
    });
    let made = client.post("/webhooks", new).await.expect(201).body;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() > 40, "{secret}");
    let path = format!("/webhooks/{}", made["endpoint"]["id"].as_str().unwrap());
    let shown = client.get(&path).await.expect(200);
    assert!(!String::from_utf8(shown.bytes).unwrap().contains(&secret[6..]), "the secret is shown again");
    assert_eq!((&shown.body["status"], &shown.body["timeout_ms"]), (&json!("active"), &json!(5_000)));
    let change = json!({ "status": "paused", "events": ["user.deleted"] });
    let changed = client.send("PATCH", &path, Some(change)).await.expect(200).body;
    assert_eq!((&changed["status"], &changed["events"]), (&json!("paused"), &json!(["user.deleted"])));
    assert_eq!(changed["url"], "https://a.example/hook");
    assert_eq!(client.get("/webhooks").await.expect(200).body["items"].as_array().unwrap().len(), 1);
    let rotated =
        client.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 60 })).await.expect(200).body;
    assert_ne!(rotated["secret"], json!(secret));
    assert_eq!(rotated["endpoint"]["secrets"].as_array().unwrap().len(), 2);
    client.delete(&path).await.expect(200);
    client.get(&path).await.expect(404);
    let audit = client.get("/audit?subject=endpoints").await.expect(200);
    let actions: Vec<&str> =
        audit.body["items"].as_array().unwrap().iter().map(|item| item["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["webhook.delete", "webhook.rotate", "webhook.update", "webhook.create"]);
    assert!(!String::from_utf8(audit.bytes).unwrap().contains(&secret[6..]), "the audit has the secret");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_can() {
    let (_app, client) = world().await;
    let url = "https://a.example/";
    for (path, body, text) in [
        ("/webhooks", json!({}), "url"),
        ("/webhooks", json!({ "url": "ftp://a.example/" }), "https://"),
        ("/webhooks", json!({ "url": "https://me:secret@a.example/" }), "without user name"),
        ("/webhooks", json!({ "url": url, "events": ["user.create"] }), "user.created"),
        ("/webhooks", json!({ "url": url, "sources": ["nope"] }), "no source"),
        ("/webhooks", json!({ "url": url, "timeout_ms": 60_001 }), "at most 60000"),
        ("/webhooks", json!({ "url": url, "after": 9 }), "give 0 to 0"),
        ("/webhooks", json!({ "url": url, "kind": "set_poll" }), "give webhook"),
        ("/webhooks", json!({ "url": url, "status": "paused" }), "leave it out"),
        ("/webhooks", json!({ "url": url, "secret": "mine" }), "unknown field"),
        ("/hooks", json!({ "url": url }), "before_provision or after_provision"),
        ("/hooks", json!({ "kind": "before_provision", "url": url, "timeout_ms": 10_001 }), "at most 10000"),
        (
            "/hooks",
            json!({ "kind": "before_provision", "url": url, "when_down": "wait" }),
            "proceed or refuse",
        ),
        ("/streams", json!({ "kind": "set_poll", "url": url }), "has none"),
        ("/streams", json!({ "kind": "set_push" }), "url"),
    ] {
        let reply = client.post(path, body.clone()).await.expect(400);
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains(text), "{body}: {detail}");
    }
}

#[tokio::test]
async fn families_do_not_see_each_other() {
    let (_app, client) = world().await;
    let url = "https://a.example/";
    let bodies = [
        ("/webhooks", json!({ "url": url })),
        ("/hooks", json!({ "kind": "after_provision", "url": url })),
        ("/streams", json!({ "kind": "set_poll" })),
    ];
    for (family, body) in &bodies {
        let made = client.post(family, body.clone()).await.expect(201).body;
        let id = made["endpoint"]["id"].as_str().unwrap();
        assert_eq!(made["secret"] == Value::Null, *family == "/streams");
        for (other, _) in &bodies {
            let expected = if other == family { 200 } else { 404 };
            client.get(&format!("{other}/{id}")).await.expect(expected);
        }
    }
}
