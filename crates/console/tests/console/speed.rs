//! Pages are made quickly, however many users there are.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rollcall_testkit::TestApp;
use rollcall_testkit::console::Visitor;
use serde_json::{Value, json};

use crate::sample::source;

/// Users of one Bulk request.
const PART: usize = 500;

/// How many users, and what a page may take: with optimisation 50 ms.
fn asked() -> (usize, Duration) {
    let users = std::env::var_os("ROLLCALL_TEST_USERS").and_then(|text| text.to_str()?.parse().ok());
    (users.unwrap_or(1_500), Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 50 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_made_quickly() {
    let (users, most) = asked();
    let app = TestApp::start().await;
    let okta = source(&app, "okta", Some(json!({}))).await;
    let mut ids: Vec<String> = Vec::new();
    for first in (0..users).step_by(PART) {
        let operation = |number: usize| {
            let data = json!({
                "userName": format!("u{number:07}@example.com"), "displayName": format!("User {number}"),
                "externalId": format!("x{number}"), "active": !number.is_multiple_of(10),
            });
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data })
        };
        let operations: Vec<Value> = (first..(first + PART).min(users)).map(operation).collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations,
        });
        let done = okta.post("/Bulk", body).await.expect(200).body;
        let locations = done["Operations"].as_array().unwrap().iter();
        ids.extend(
            locations.map(|one| one["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()),
        );
    }
    let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
    let group = json!({ "displayName": "Everyone", "members": members });
    let group = okta.post("/Groups", group).await.expect(201).id();
    let mut owner = Visitor::owner(&app).await;
    let mut slow = String::new();
    for path in [
        String::new(),
        "/users?source=okta".to_owned(),
        format!("/users?source=okta&filter=u{:07}", users - 1),
        "/users?source=okta&filter=active+eq+false".to_owned(),
        format!("/users/okta/{}", ids[users / 2]),
        "/groups?source=okta".to_owned(),
        format!("/groups/okta/{group}"),
        "/requests?source=okta".to_owned(),
        "/mapping/okta".to_owned(),
        "/changes".to_owned(),
        "/approvals".to_owned(),
    ] {
        owner.get(&path).await.expect(200);
        let mut took = Vec::new();
        for _ in 0..7 {
            let begun = Instant::now();
            owner.get(&path).await.expect(200);
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        println!("{users} users: {:6.1} ms  /console{path}", took[3].as_secs_f64() * 1_000.0);
        if took[3] > most {
            let _ = writeln!(slow, "/console{path} takes {:?}", took[3]);
        }
    }
    assert!(slow.is_empty(), "{slow}");
}
