//! `kill -9` under write load: what was answered is there, nothing is half-done, no change is missing.
//!
//! `ROLLCALL_TEST_CRASHES=50 cargo test -p rollcall-cli --test crash` does it more often.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::{Client, Server};
use rollcall_domain::change::ChangeKind;
use serde_json::{Value, json};

const WRITERS: usize = 8;

/// What a writer was told about one user.
#[derive(Debug, Clone)]
struct Told {
    name: String,
    id: String,
    /// The last title that was answered, and the one that was asked for after it without an answer.
    title: Option<String>,
    asked: Option<String>,
    /// Whether it was added to the group; `None` when it was asked and not answered.
    member: Option<bool>,
    /// Whether it was deleted; `None` when it was asked and not answered.
    deleted: Option<bool>,
}

fn patch(operation: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] })
}

/// Writes until the server is gone; every answer is noted.
fn write(mut client: Client, writer: &str, group: &str) -> Vec<Told> {
    let mut told = Vec::new();
    for number in 0.. {
        let name = format!("{writer}-{number}");
        let user = json!({ "userName": name, "externalId": name, "emails": [{ "value": format!("{name}@example.com") }] });
        let Some((status, user)) = client.send("POST", "/Users", Some(&user)) else { break };
        assert_eq!(status, 201, "{user}");
        let id = user["id"].as_str().unwrap().to_owned();
        let path = format!("/Users/{id}");
        told.push(Told { name, id, title: None, asked: None, member: Some(false), deleted: Some(false) });
        let now = told.last_mut().unwrap();
        for step in 0..2 {
            let title = format!("title {step}");
            now.asked = Some(title.clone());
            let body = patch(&json!({ "op": "replace", "path": "title", "value": title }));
            let Some((status, _)) = client.send("PATCH", &path, Some(&body)) else { return told };
            assert_eq!(status, 200);
            (now.title, now.asked) = (now.asked.take(), None);
        }
        now.member = None;
        let body = patch(&json!({ "op": "add", "path": "members", "value": [{ "value": now.id }] }));
        let Some((status, _)) = client.send("PATCH", &format!("/Groups/{group}"), Some(&body)) else { break };
        assert!(status == 200 || status == 204);
        now.member = Some(true);
        if number % 3 == 0 {
            now.deleted = None;
            let Some((status, _)) = client.send("DELETE", &path, None) else { break };
            assert_eq!(status, 204);
            now.deleted = Some(true);
        }
    }
    told
}

/// Compares what was told with what is there.
fn check(client: &mut Client, group: &str, told: &[Told]) {
    let (_, group) = client.send("GET", &format!("/Groups/{group}"), None).unwrap();
    let members: HashSet<&str> = group["members"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|member| member["value"].as_str())
        .collect();
    for user in told {
        let (status, shown) = client.send("GET", &format!("/Users/{}", user.id), None).unwrap();
        let (_, found) =
            client.send("GET", &format!("/Users?filter=userName eq \"{}\"", user.name), None).unwrap();
        let there = status == 200;
        assert_eq!(found["totalResults"], i32::from(there), "the index and {user:?} disagree");
        assert!(user.deleted.is_none_or(|deleted| deleted != there), "{user:?} has status {status}");
        assert!(!members.contains(user.id.as_str()) || there, "a member that does not exist: {user:?}");
        if there {
            let title = shown["title"].as_str().map(str::to_owned);
            assert!(
                title == user.title || user.asked.is_some() && title == user.asked,
                "{user:?} has title {title:?}"
            );
            let member = members.contains(user.id.as_str());
            assert!(user.member.is_none_or(|told| told == member), "{user:?}: member {member}");
            let shown = shown["groups"].as_array().is_some_and(|groups| groups.len() == 1);
            assert_eq!(shown, member, "groups and members disagree about {user:?}");
        }
    }
    let (_, all) = client.send("GET", "/Users?count=0", None).unwrap();
    let (_, walked) = client.send("GET", "/Users?count=1000&cursor=&attributes=id", None).unwrap();
    if walked["nextCursor"].is_null() {
        let walked = walked["Resources"].as_array().unwrap().len();
        assert_eq!(all["totalResults"], walked, "the count and the walk disagree");
    }
}

/// Reads the change sequence from the store, while no server has it.
fn check_changes(folder: &Path, told: &[Told]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = common::store(folder).await;
        let tenant = store.tenant("default").await.unwrap().unwrap();
        let (mut last, mut created) = (0, HashSet::new());
        loop {
            let changes = store.changes(tenant.key, last, 1_000).await.unwrap();
            if changes.is_empty() {
                break;
            }
            for change in changes {
                assert_eq!(change.sequence, last + 1, "a gap or a duplicate");
                last = change.sequence;
                if change.kind == ChangeKind::Created {
                    assert!(created.insert(change.resource.to_string()), "created twice: {change:?}");
                }
            }
        }
        for user in told {
            assert!(created.contains(&user.id), "no change record of {user:?}");
        }
    });
}

#[test]
fn what_was_answered_survives_kill_9() {
    let rounds =
        std::env::var_os("ROLLCALL_TEST_CRASHES").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), &["--log", "error"]);
    let token = Server::source(folder.path(), "crash", &[]);
    let written = Arc::new(AtomicUsize::new(0));
    for round in 0..rounds {
        let mut client = server.client("crash", &token);
        let group = json!({ "displayName": format!("round {round}") });
        let group =
            client.send("POST", "/Groups", Some(&group)).unwrap().1["id"].as_str().unwrap().to_owned();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (client, group) = (server.client("crash", &token), group.clone());
                thread::spawn(move || write(client, &format!("r{round}-w{writer}"), &group))
            })
            .collect();
        // Long enough for some writes, another time in the cycle of commits each round.
        thread::sleep(Duration::from_millis(150 + (round as u64 * 37) % 250));
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        let told: Vec<Told> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        written.fetch_add(told.len(), Ordering::Relaxed);
        check_changes(folder.path(), &told);
        server = Server::start(folder.path(), &["--log", "error"]);
        check(&mut server.client("crash", &token), &group, &told);
    }
    let log = std::fs::read_to_string(&server.log).unwrap();
    assert!(!log.contains("ERROR"), "{log}");
    let written = written.load(Ordering::Relaxed);
    assert!(written > rounds * WRITERS, "too few writes to mean anything: {written}");
    println!("{rounds} crashes, {written} users written and checked");
}
