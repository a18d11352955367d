//! Pages are made quickly and stay small, however many users there are.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper for tests may stop a test")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rollcall_console::{Needs, console_routes};
use rollcall_testkit::console::Visitor;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

use crate::pages::{MOST_BYTES, assets};
use crate::sample::source;

/// Users of one Bulk request.
const PART: usize = 500;
/// Members of one request.
const MEMBERS: usize = 50_000;
/// Looks at a page, of which the middle one counts.
const LOOKS: usize = 7;

/// How many users, and what a page may take: with optimisation 50 ms.
fn asked() -> (usize, Duration) {
    let users = std::env::var_os("ROLLCALL_TEST_USERS").and_then(|text| text.to_str()?.parse().ok());
    (users.unwrap_or(1_500), Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 50 }))
}

/// Pushes so many users, and returns their ids.
async fn push(client: &Client, users: usize) -> Vec<String> {
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
        let done = client.post("/Bulk", body).await.expect(200).body;
        let locations = done["Operations"].as_array().unwrap().iter();
        ids.extend(
            locations.map(|one| one["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()),
        );
    }
    ids
}

/// A group of all of them.
async fn everyone(client: &Client, ids: &[String]) -> String {
    let group = client.group("Everyone", &[]).await;
    for part in ids.chunks(MEMBERS) {
        let members: Vec<Value> = part.iter().map(|id| json!({ "value": id })).collect();
        let add = json!([{ "op": "add", "path": "members", "value": members }]);
        let done = client.patch(&format!("/Groups/{group}"), add).await;
        assert!([200, 204].contains(&done.status), "{}", done.status);
    }
    group
}

/// Every page of the table that needs a role, of these users and this group; and searches.
fn paths(user: &str, group: &str, last: usize) -> Vec<String> {
    let routes =
        console_routes().filter(|route| route.method == "GET" && matches!(route.needs, Needs::Role(_)));
    let mut paths: Vec<String> = Vec::new();
    for route in routes {
        let id = match route.path.split('/').nth(1) {
            Some("users") => user,
            Some("groups") => group,
            // Nothing of them grows with users.
            Some("requests" | "webhooks") if route.path.contains("{id}") => continue,
            _ => "",
        };
        paths.push(route.path.replace("{source}", "okta").replace("{id}", id));
    }
    paths.extend([
        format!("/users?source=okta&filter=u{last:07}"),
        "/users?source=okta&filter=u".to_owned(),
        "/users?source=okta&filter=active+eq+false".to_owned(),
        format!("/users?source=okta&filter=externalId+eq+%22x{last}%22"),
        "/users?source=okta&filter=nobody".to_owned(),
        format!("/requests?source=okta&user={user}"),
        format!("/users/okta/{user}?before=9"),
    ]);
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_made_quickly_and_stay_small() {
    let (users, most) = asked();
    let app = TestApp::start().await;
    let okta = source(&app, "okta", Some(json!({}))).await;
    let service = std::sync::Arc::clone(&app.service);
    let worker = tokio::spawn(async move { service.work_on_request_log().await });
    let ids = push(&okta, users).await;
    let group = everyone(&okta, &ids).await;
    app.service.note_sizes().await.unwrap();
    let mut owner = Visitor::owner(&app).await;
    let assets = assets(&owner.get("").await.expect(200).html, &mut owner.clone()).await;
    let mut wrong = String::new();
    let mut paths = paths(&ids[users / 2], &group, users - 1);
    // Pages far behind the first: of users, and of members.
    for path in ["/users?source=okta".to_owned(), format!("/groups/okta/{group}")] {
        let shown = owner.get(&path).await.expect(200);
        let cursor = rollcall_testkit::console::between(&shown.html, "cursor=", "\"").unwrap();
        let mark = if path.contains('?') { '&' } else { '?' };
        paths.push(format!("{path}{mark}cursor={cursor}"));
    }
    for path in paths {
        let begun = Instant::now();
        let mut shown = owner.get(&path).await;
        let first = begun.elapsed();
        if shown.status == 303 {
            shown = owner.follow(&shown).await;
        }
        let bytes = shown.expect(200).html.len() + assets;
        let mut took = Vec::new();
        for _ in 0..LOOKS {
            let begun = Instant::now();
            owner.get(&path).await;
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        let (middle, place) = (took[LOOKS / 2], format!("/console{path}"));
        let ms = |took: Duration| took.as_secs_f64() * 1_000.0;
        let size = bytes.div_ceil(1024);
        println!("{users} users: {:6.1} ms, first {:6.1} ms, {size:3} KiB  {place}", ms(middle), ms(first));
        if middle > most {
            let _ = writeln!(wrong, "{place} takes {middle:?}");
        }
        if bytes > MOST_BYTES {
            let _ = writeln!(wrong, "{place} is {bytes} bytes");
        }
    }
    worker.abort();
    assert!(wrong.is_empty(), "{wrong}");
}
