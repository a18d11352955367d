//! `kill -9` while requests are taken that are to be done later: each that was answered is done, once, and told.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use common::{Client, Server, json, rollcall};
use serde_json::{Value, json};

const ROUNDS: u32 = 3;

/// Takes users on until the server is gone; the names that it answered.
fn send(mut client: Client, round: u32) -> Vec<String> {
    let mut taken = Vec::new();
    for number in 0.. {
        let name = format!("u{round}-{number}");
        match client.send("POST", "/Users", Some(&json!({ "userName": name }))) {
            Some((202, _)) => taken.push(name),
            Some(other) => panic!("{other:?}"),
            None => break,
        }
    }
    taken
}

/// All changes, in order.
fn changes(api: &mut Client) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last["sequence"].as_u64().unwrap());
        let (status, page) = api.send("GET", &format!("/changes?after={after}&limit=1000"), None).unwrap();
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            return all;
        }
        all.extend(items.iter().cloned());
    }
}

#[test]
fn what_was_answered_is_done_once_though_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let token = Server::source(path, "okta", &[]);
    let issue = ["api-token", "issue", "--installation", "--scopes", "all", "--output", "json"];
    let api_token = json(&rollcall(path).args(issue).output().unwrap())["token"].as_str().unwrap().to_owned();
    let mut answered = Vec::new();
    for round in 0..ROUNDS {
        let mut server = Server::start(path, &[]);
        if round == 0 {
            let made = server.api(&api_token).send("POST", "/streams", Some(&json!({ "kind": "set_poll" })));
            assert_eq!(made.unwrap().0, 201);
        }
        let client = server.client("okta", &token).prefer("respond-async");
        let sender = thread::spawn(move || send(client, round));
        thread::sleep(Duration::from_millis(150 + 70 * u64::from(round)));
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        answered.extend(sender.join().unwrap());
    }
    assert!(answered.len() > 20, "only {} were taken", answered.len());
    let server = Server::start(path, &[]);
    let begun = Instant::now();
    let told = loop {
        let told = changes(&mut server.api(&api_token));
        let of = |kind: &str| told.iter().filter(|change| change["type"] == kind).collect::<Vec<_>>();
        let (made, ends) = (of("user.created"), of("user.completed").len());
        let is_made = |name: &String| {
            made.iter().any(|change| change["attributes"]["userName"]["after"] == name.as_str())
        };
        // Some were taken that could not be answered any more: they end too, and are not those that are waited for.
        if ends >= made.len() && answered.iter().all(is_made) {
            break told;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{ends} ends, and {} were answered",
            answered.len()
        );
        thread::sleep(Duration::from_millis(50));
    };
    let mut created: BTreeMap<&str, u32> = BTreeMap::new();
    for (at, change) in told.iter().enumerate() {
        assert_eq!(change["sequence"], at as u64 + 1, "the sequence has a gap");
        match change["type"].as_str().unwrap() {
            "user.created" => {
                let name = change["attributes"]["userName"]["after"].as_str().unwrap();
                *created.entry(name).or_default() += 1;
            }
            _ => assert_eq!(change["operation"]["status"], "201", "{change}"),
        }
    }
    for name in &answered {
        assert_eq!(created.get(name.as_str()), Some(&1), "{name}");
    }
    // One may have been written down that could not be answered any more.
    assert!(created.len() <= answered.len() + ROUNDS as usize);
    let (_, list) = server.client("okta", &token).send("GET", "/Users?count=0", None).unwrap();
    assert_eq!(list["totalResults"], created.len());
    println!("{} requests were taken, in {ROUNDS} lives of the server", answered.len());
}
