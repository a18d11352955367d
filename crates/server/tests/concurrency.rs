//! Many writers at once: nothing is lost, nothing happens twice, and the sequence of changes has no gap.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rollcall_domain::change::{Change, ChangeKind};
use rollcall_testkit::{Client, Reply, TestApp};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const TASKS: usize = 16;
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    (app, client)
}

/// Runs the work of all tasks, begun at once; what each returned.
async fn at_once<F, T>(work: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(TASKS));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (barrier, work) = (Arc::clone(&barrier), work(task));
        tasks.spawn(async move {
            barrier.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}

/// All changes, which count from 1 without a gap.
async fn changes(app: &TestApp) -> Vec<Change> {
    let changes = app.store.changes(app.record("a").await.tenant, 0, 10_000).await.unwrap();
    let numbers = changes.iter().map(|change| change.sequence);
    assert!(numbers.eq(1..=changes.len() as u64), "there is a gap in the sequence");
    let mut versions: HashMap<_, u64> = HashMap::new();
    for change in changes.iter().filter(|change| change.kind != ChangeKind::Deleted) {
        let last = versions.insert(change.resource, change.version).unwrap_or(0);
        assert_eq!(change.version, last + 1, "a version of {} is missing or told twice", change.resource);
    }
    changes
}

fn version(reply: &Reply) -> u64 {
    let tag = reply.body["meta"]["version"].as_str().unwrap();
    tag.trim_start_matches("W/\"").trim_end_matches('"').parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_added_and_removed_at_once_are_all_there_and_all_gone() {
    const EACH: usize = 6;
    let (app, client) = start().await;
    let place = format!("/Groups/{}", client.group("g", &[]).await);
    let mut users = Vec::new();
    for number in 0..TASKS * EACH {
        users.push(client.user(&format!("u{number}")).await);
    }
    let before = changes(&app).await.len();
    at_once(|task| {
        let (client, place) = (client.clone(), place.clone());
        let mine = users[task * EACH..(task + 1) * EACH].to_vec();
        async move {
            for (at, id) in mine.iter().enumerate() {
                let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
                assert_eq!(client.patch(&place, add.clone()).await.status / 100, 2);
                // The same again changes nothing.
                assert_eq!(client.patch(&place, add).await.status / 100, 2);
                if at % 2 == 1 {
                    let path = format!("members[value eq \"{id}\"]");
                    let remove = json!([{ "op": "remove", "path": path }]);
                    assert_eq!(client.patch(&place, remove).await.status / 100, 2);
                }
            }
        }
    })
    .await;
    let shown = client.get(&place).await.expect(200);
    let found: BTreeSet<&str> = shown.body["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["value"].as_str().unwrap())
        .collect();
    let expected: BTreeSet<&str> = users.iter().map(String::as_str).step_by(2).collect();
    assert_eq!(found, expected);
    let effective = TASKS * (EACH + EACH / 2);
    assert_eq!(version(&shown), 1 + effective as u64);
    assert_eq!(changes(&app).await.len() - before, effective);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn different_attributes_changed_at_once_all_arrive() {
    const ROUNDS: usize = 4;
    let (app, client) = start().await;
    let place = format!("/Users/{}", client.user("ann").await);
    at_once(|task| {
        let (client, place) = (client.clone(), place.clone());
        async move {
            for round in 0..ROUNDS {
                let operation = json!([{ "op": "replace", "path": format!("note{task}"), "value": round }]);
                client.patch(&place, operation).await.expect(200);
            }
        }
    })
    .await;
    let shown = client.get(&place).await.expect(200);
    for task in 0..TASKS {
        assert_eq!(shown.body[format!("note{task}")], ROUNDS - 1, "note{task}");
    }
    assert_eq!(version(&shown), 1 + (TASKS * ROUNDS) as u64);
    assert_eq!(changes(&app).await.len(), 1 + TASKS * ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bulk_requests_that_meet_at_one_user_all_arrive() {
    let (app, client) = start().await;
    let ann = client.user("ann").await;
    let statuses = at_once(|task| {
        let client = client.clone();
        let patch = |name: String| {
            let data = json!({ "Operations": [{ "op": "replace", "path": name, "value": task }] });
            json!({ "method": "PATCH", "path": format!("/Users/{ann}"), "data": data })
        };
        let operations = [patch(format!("note{task}")), patch(format!("more{task}"))];
        let body = json!({ "schemas": [BULK], "failOnErrors": 1, "Operations": operations });
        async move { client.post("/Bulk", body).await.expect(200).body["Operations"].take() }
    })
    .await;
    for operations in statuses {
        let statuses: Vec<&Value> = operations.as_array().unwrap().iter().map(|one| &one["status"]).collect();
        assert_eq!(statuses, ["200", "200"], "{operations}");
    }
    let shown = client.get(&format!("/Users/{ann}")).await.expect(200);
    for task in 0..TASKS {
        assert_eq!(shown.body[format!("note{task}")], task, "note{task}");
        assert_eq!(shown.body[format!("more{task}")], task, "more{task}");
    }
    assert_eq!(changes(&app).await.len(), 1 + 2 * TASKS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_ask_for_one_name_at_once_one_gets_it() {
    let (app, client) = start().await;
    for round in 0..10 {
        let outcomes = at_once(|task| {
            let client = client.clone();
            let name = format!("{}{round}", if task % 2 == 0 { "ann" } else { "ANN" });
            async move { client.post("/Users", json!({ "userName": name })).await.outcome() }
        })
        .await;
        let made = outcomes.iter().filter(|outcome| *outcome == "201 -").count();
        let refused = outcomes.iter().filter(|outcome| *outcome == "409 uniqueness").count();
        assert_eq!((made, refused), (1, TASKS - 1), "{outcomes:?}");
    }
    assert_eq!(client.get("/Users").await.body["totalResults"], 10);
    assert_eq!(changes(&app).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_goes_from_one_to_another_without_being_two_s() {
    let (app, client) = start().await;
    let mut users = Vec::new();
    for number in 0..TASKS {
        users.push(format!("/Users/{}", client.user(&format!("u{number}")).await));
    }
    let outcomes = at_once(|task| {
        let (client, place) = (client.clone(), users[task].clone());
        async move {
            let operations = json!([{ "op": "replace", "path": "userName", "value": "the-one" }]);
            client.patch(&place, operations).await.outcome()
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "200 -").count(), 1, "{outcomes:?}");
    assert_eq!(client.get("/Users?filter=userName eq \"the-one\"").await.body["totalResults"], 1);
    assert_eq!(changes(&app).await.len(), TASKS + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_effective_write_is_one_change_and_no_other_is() {
    let (app, client) = start().await;
    let group = client.group("g", &[]).await;
    at_once(|task| {
        let (client, group) = (client.clone(), group.clone());
        async move {
            for round in 0..4 {
                let id = client.user(&format!("u{task}-{round}")).await;
                let place = format!("/Users/{id}");
                client
                    .put(&place, json!({ "userName": format!("u{task}-{round}"), "title": "T" }))
                    .await
                    .expect(200);
                client
                    .put(&place, json!({ "userName": format!("u{task}-{round}"), "title": "T" }))
                    .await
                    .expect(200);
                let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
                assert_eq!(client.patch(&format!("/Groups/{group}"), add).await.status / 100, 2);
                client.post("/Users", json!({ "userName": format!("U{task}-{round}") })).await.expect(409);
                client.get("/Users").await.expect(200);
            }
        }
    })
    .await;
    let changes = changes(&app).await;
    let of = |kind, name: &str| {
        changes.iter().filter(|change| change.kind == kind && change.resource_type == name).count()
    };
    let all = TASKS * 4;
    assert_eq!(of(ChangeKind::Created, "User"), all);
    assert_eq!(of(ChangeKind::Updated, "User"), all);
    assert_eq!(of(ChangeKind::Updated, "Group"), all);
    assert_eq!(changes.len(), 1 + 3 * all);
    assert_eq!(client.members(&group).await.len(), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_hold_one_version_one_writes() {
    let (_app, client) = start().await;
    let place = format!("/Users/{}", client.user("ann").await);
    let outcomes = at_once(|task| {
        let (client, place) = (client.clone().header("if-match", "W/\"1\""), place.clone());
        async move {
            let operations = json!([{ "op": "replace", "path": "title", "value": format!("T{task}") }]);
            client.patch(&place, operations).await.status
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|status| **status == 200).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|status| **status == 412).count(), TASKS - 1, "{outcomes:?}");
}
