//! Another mapping of groups to roles, for many, while the provider goes on pushing.
//!
//! `ROLLCALL_TEST_IDENTITIES` says how many; CONTRIBUTING has the command for a million.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be, and tells what it measured"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rollcall_domain::api::ApiScope;
use rollcall_domain::source::SourceSettings;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

/// How long a push may wait for a part of a recomputation.
const MOST: Duration = Duration::from_millis(250);
const BULK: usize = 1_000;

#[expect(clippy::disallowed_methods, reason = "a test takes its size from the environment")]
fn people() -> usize {
    std::env::var("ROLLCALL_TEST_IDENTITIES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

fn policy(mapping: &Value) -> Value {
    json!({ "provisioning": { "groups": { "mode": "sync", "mapping": mapping } } })
}

/// Loads users by Bulk; their ids.
async fn load(client: &Client, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for first in (0..count).step_by(BULK) {
        let operations: Vec<Value> = (first..(first + BULK).min(count))
            .map(|number| {
                let data = json!({
                    "userName": format!("u{number}@acme.example"), "externalId": format!("x{number}"),
                    "displayName": format!("User {number}"),
                });
                json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data })
            })
            .collect();
        let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
        let body = json!({ "schemas": [schema], "Operations": operations });
        let answer = client.post("/Bulk", body).await.expect(200).body;
        ids.extend(answer["Operations"].as_array().unwrap().iter().map(|operation| {
            assert_eq!(operation["status"], "201", "{operation}");
            operation["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
        }));
    }
    ids
}

/// Pushes until told to stop, or so often; how long the slowest took.
async fn push(client: &Client, name: &str, is_over: &AtomicBool, times: usize) -> (usize, Duration) {
    let (mut number, mut slowest) = (0, Duration::ZERO);
    while number < times && !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let body = json!({ "userName": format!("{name}{number}"), "displayName": "Pushed" });
        client.post("/Users", body).await.expect(201);
        slowest = slowest.max(begun.elapsed());
        number += 1;
    }
    (number, slowest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pushes_hardly_wait_while_everyone_is_decided_about_anew() {
    let count = people();
    let app = TestApp::start().await;
    let settings = SourceSettings {
        requests_per_second: 0,
        policy: Some(policy(&json!({ "g1": ["member"] }))),
        ..SourceSettings::default()
    };
    let client = app.source_with("okta", "okta", settings).await;
    let begun = Instant::now();
    let ids = load(&client, count).await;
    let members = count / 10;
    let group = json!({ "displayName": "G", "externalId": "g1" });
    let group = client.post("/Groups", group).await.expect(201).id();
    for some in ids[..members].chunks(BULK) {
        let values: Vec<Value> = some.iter().map(|id| json!({ "value": id })).collect();
        let add = json!([{ "op": "add", "path": "members", "value": values }]);
        assert!(client.patch(&format!("/Groups/{group}"), add).await.status < 300);
    }
    println!("loaded {count} identities, {members} of them in the group, in {:.1?}", begun.elapsed());
    let never = AtomicBool::new(false);
    let (_, usual) = push(&client, "before", &never, 100).await;

    let api = app.api(None, &ApiScope::all().collect::<Vec<_>>()).await;
    let other = policy(&json!({ "g1": ["admin"] }));
    api.put("/sources/okta/policy", other).await.expect(200);
    let begun = Instant::now();
    let is_over = Arc::new(AtomicBool::new(false));
    let service = Arc::clone(&app.service);
    let done = Arc::clone(&is_over);
    let recomputing = tokio::spawn(async move {
        while service.recompute().await.unwrap() {}
        done.store(true, Ordering::Relaxed);
    });
    let (pushed, slowest) = push(&client, "while", &is_over, usize::MAX).await;
    recomputing.await.unwrap();
    println!(
        "decided anew in {:.1?}; {pushed} pushes meanwhile, the slowest {slowest:.1?} (before: {usual:.1?})",
        begun.elapsed()
    );
    assert!(pushed > 0);
    // What the machine makes wait anyway does not count.
    assert!(slowest <= MOST + usual, "a push waited {slowest:?}");
    let state = api.get("/sources/okta/recomputation").await.expect(200).body["recomputation"].clone();
    assert!(state["finished"].is_string(), "{state}");
    assert_eq!(state["changed"], json!(members));
    let first = api.get("/identities?name=u0@acme.example").await.expect(200).body["items"][0].clone();
    assert_eq!(first["roles"][0]["role"], json!("admin"));
    assert_eq!(first["roles"].as_array().unwrap().len(), 1, "the old role is gone");
}
