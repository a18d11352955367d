//! Three nodes on one PostgreSQL, which die, sleep and lose their way to the database: what was answered is there, and
//! nothing else.
//!
//! `ROLLCALL_TEST_CLUSTER_SECONDS=60 cargo test -p rollcall-cli --test cluster` goes on for longer, and
//! `ROLLCALL_TEST_WALK=20252` walks over more users.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

#[path = "../common/mod.rs"]
mod common;
mod link;
mod nodes;
mod receiver;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::Client;
use nodes::{Cluster, NODES};
use receiver::Received;
use serde_json::{Value, json};

const GROUPS: usize = 10;
/// Users of each client; nobody else adds or removes them.
const OWN: usize = 3;
/// How long a request may go unanswered by all nodes, faults and all.
const PATIENCE: Duration = Duration::from_secs(30);

fn given(variable: &str, usual: u64) -> u64 {
    let given = std::env::var_os(variable);
    given.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(usual)
}

/// One that adds its users to groups and takes them out again.
struct Member<'a> {
    cluster: &'a Cluster,
    token: &'a str,
    groups: &'a [String],
    users: Vec<String>,
    /// Counts up; decides what is next.
    turn: u64,
    node: usize,
    client: Option<Client>,
    /// What was answered: which of its users are in which group.
    holds: BTreeSet<(usize, String)>,
    longest: Duration,
}

impl Member<'_> {
    /// Until it is told to stop. Each change is sent again, to another node, until one has answered.
    fn run(mut self, stop: &AtomicBool, answered: &AtomicU64) -> (BTreeSet<(usize, String)>, Duration) {
        while !stop.load(Ordering::Relaxed) {
            self.turn =
                self.turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = usize::try_from(self.turn >> 33).unwrap();
            let (group, user) = (number % GROUPS, self.users[number / GROUPS % OWN].clone());
            let place = (group, user.clone());
            let is_in = self.holds.contains(&place);
            self.change(&self.groups[group].clone(), &user, is_in);
            answered.fetch_add(1, Ordering::Relaxed);
            if is_in {
                self.holds.remove(&place);
            } else {
                self.holds.insert(place);
            }
        }
        (self.holds, self.longest)
    }

    fn change(&mut self, group: &str, user: &str, removes: bool) {
        let operation = if removes {
            json!({ "op": "remove", "path": format!("members[value eq \"{user}\"]") })
        } else {
            json!({ "op": "add", "path": "members", "value": [{ "value": user }] })
        };
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        let body = json!({ "schemas": schemas, "Operations": [operation] });
        let begun = Instant::now();
        loop {
            match self.send(&format!("/Groups/{group}?excludedAttributes=members"), &body) {
                Some((200 | 204, _)) => break,
                // A node that cannot reach the database, or has too much to do.
                Some((503, _)) | None => {}
                Some((status, body)) => panic!("{status} {body}"),
            }
            assert!(begun.elapsed() < PATIENCE, "no node has answered for {:?}", begun.elapsed());
            (self.client, self.node) = (None, self.node + 1);
            thread::sleep(Duration::from_millis(20));
        }
        self.longest = self.longest.max(begun.elapsed());
    }

    fn send(&mut self, path: &str, body: &Value) -> Option<(u16, Value)> {
        if self.client.is_none() {
            self.client = self.cluster.client(self.node, "many", self.token);
        }
        self.client.as_mut()?.send("PATCH", path, Some(body))
    }
}

/// Once each time a node dies, and then another one sleeps or is cut off; the others go on.
fn trouble(cluster: &Cluster, seconds: u64, every: Duration) -> usize {
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut rounds, lasting) = (0, every / 4);
    while Instant::now() < until {
        let (dies, other) = (rounds % NODES, (rounds + 1) % NODES);
        thread::sleep(lasting);
        cluster.kill(dies);
        thread::sleep(lasting);
        cluster.revive(dies);
        thread::sleep(lasting);
        match rounds % 3 {
            0 => {
                cluster.signal(other, "-STOP");
                thread::sleep(lasting);
                cluster.signal(other, "-CONT");
            }
            1 => {
                cluster.link(other).cut();
                thread::sleep(lasting);
                cluster.link(other).heal();
            }
            _ => {
                cluster.link(other).cut();
                thread::sleep(lasting);
                cluster.link(other).reset();
            }
        }
        rounds += 1;
    }
    rounds
}

/// Changes of all that was written, read through any node: without a gap.
fn feed(cluster: &Cluster, token: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let mut client = cluster.api(all.len(), token);
        let path = format!("/changes?after={}&limit=1000", all.len());
        let (status, page) = client.send("GET", &path, None).unwrap();
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            return all;
        }
        for item in items {
            assert_eq!(item["sequence"], json!(all.len() + 1), "a gap");
            all.push(item.clone());
        }
    }
}

/// Who is in which group by the feed alone.
fn replayed(feed: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for change in feed.iter().filter(|change| change["resource_type"] == "Group") {
        let members = groups.entry(change["resource"].as_str().unwrap().to_owned()).or_default();
        let detail = &change["members"];
        let of = |name: &str| detail[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        for removed in of("removed") {
            assert!(members.remove(removed), "the feed removes who was not there: {change}");
        }
        for added in of("added") {
            assert!(members.insert(added.to_owned()), "the feed adds who was there: {change}");
        }
    }
    groups
}

fn created(client: &mut Client, path: &str, body: &Value) -> String {
    let (status, body) = client.send("POST", path, Some(body)).unwrap();
    assert_eq!(status, 201, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_three_nodes_answered_is_there_whatever_becomes_of_them() {
    let seconds = given("ROLLCALL_TEST_CLUSTER_SECONDS", 8);
    let clients = usize::try_from(given("ROLLCALL_TEST_CLUSTER_CLIENTS", 16)).unwrap();
    let every = Duration::from_secs(if seconds >= 60 { 10 } else { 3 });
    let settings =
        "private_addresses = true\ndelivery_attempts = 1000\ndelivery_backoff_ms = 5\nlog = \"error\"\n";
    let cluster = Cluster::start(settings);
    let (token, bearer) = (cluster.source("many"), cluster.api_token("webhooks:write,changes:read"));
    let received = Received::default();
    let hook = json!({ "url": received.listen() });
    let (status, body) = cluster.api(0, &bearer).send("POST", "/webhooks", Some(&hook)).unwrap();
    assert_eq!(status, 201, "{body}");

    let mut client = cluster.client(0, "many", &token).unwrap();
    let named = |number| json!({ "displayName": format!("group {number}") });
    let groups: Vec<String> =
        (0..GROUPS).map(|number| created(&mut client, "/Groups", &named(number))).collect();
    let mut users = (0..clients * OWN)
        .map(|number| created(&mut client, "/Users", &json!({ "userName": format!("user {number}") })));
    let owned: Vec<Vec<String>> = (0..clients).map(|_| users.by_ref().take(OWN).collect()).collect();

    let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let expected: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::default();
    let longest: Mutex<Duration> = Mutex::default();
    let mut faults = 0;
    thread::scope(|scope| {
        for (number, users) in owned.into_iter().enumerate() {
            let member = Member {
                cluster: &cluster,
                token: &token,
                groups: &groups,
                users,
                turn: number as u64,
                node: number,
                client: None,
                holds: BTreeSet::new(),
                longest: Duration::ZERO,
            };
            let (stop, answered, expected, longest) = (&stop, &answered, &expected, &longest);
            let groups = &groups;
            scope.spawn(move || {
                let (holds, waited) = member.run(stop, answered);
                let mut expected = expected.lock().unwrap();
                for (group, user) in holds {
                    expected.entry(groups[group].clone()).or_default().insert(user);
                }
                let mut longest = longest.lock().unwrap();
                *longest = waited.max(*longest);
            });
        }
        faults = trouble(&cluster, seconds, every);
        stop.store(true, Ordering::Relaxed);
    });

    let expected = expected.into_inner().unwrap();
    for (number, group) in groups.iter().enumerate() {
        let mut client = cluster.client(number, "many", &token).unwrap();
        let (status, body) = client.send("GET", &format!("/Groups/{group}"), None).unwrap();
        assert_eq!(status, 200, "{body}");
        let listed = body["members"].as_array().into_iter().flatten();
        let listed: Vec<String> = listed.map(|member| member["value"].as_str().unwrap().to_owned()).collect();
        let members: BTreeSet<String> = listed.iter().cloned().collect();
        assert_eq!(members.len(), listed.len(), "a member is listed twice");
        assert_eq!(Some(&members), expected.get(group).or(Some(&BTreeSet::new())), "group {number}");
    }
    let feed = feed(&cluster, &bearer);
    let replayed = replayed(&feed);
    for group in &groups {
        assert_eq!(replayed.get(group).filter(|members| !members.is_empty()), expected.get(group));
    }
    received.wait_for_all(&feed);
    let (answered, longest) = (answered.into_inner(), longest.into_inner().unwrap());
    println!(
        "{clients} clients, {faults} times a kill and another fault: {answered} changes answered, {} changes told, the longest wait {longest:?}",
        feed.len()
    );
    assert!(answered > 20 * seconds, "too little happened: {answered}");
}
