//! `kill -9` under write load, with a webhook that fails a third of the time: it is told every change, in order for
//! each resource, and the feed has no gap.
//!
//! `ROLLCALL_TEST_DELIVERIES=10000 cargo test -p rollcall-cli --test deliveries` writes more.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{Client, Server, json, rollcall};
use serde_json::{Value, json};

const WRITERS: usize = 8;
/// Writes of one user: made, changed twice, and one in three deleted.
const TITLES: usize = 2;

/// What arrived and was taken: resource and number, in the order of arrival.
type Taken = Arc<Mutex<Vec<(String, u64)>>>;

/// Writes of each user that were answered.
type Answered = Mutex<BTreeMap<String, usize>>;

/// A receiver that takes two of three.
fn receiver(taken: Taken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let count = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (taken, count) = (Arc::clone(&taken), Arc::clone(&count));
            // It ends when the server closes the connection.
            thread::spawn(move || while answer(&stream, &taken, &count).is_some() {});
        }
    });
    url
}

fn answer(stream: &TcpStream, taken: &Taken, count: &AtomicU64) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    // Spread by an odd factor, so that failures come in no pattern.
    let number = count.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    let fails = number.is_multiple_of(3);
    if !fails {
        let data: Value = serde_json::from_slice(&body).ok()?;
        let resource = data["data"]["resource"].as_str()?.to_owned();
        taken.lock().unwrap().push((resource, data["data"]["sequence"].as_u64()?));
    }
    let status = if fails { "503 Service Unavailable" } else { "204 No Content" };
    let mut stream = stream;
    stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).ok()
}

/// Writes users until so many writes were begun by all, or the server is gone. Each one that was answered is counted
/// for its user.
fn write(mut client: Client, writer: &str, left: &AtomicU64, answered: &Answered) -> Option<()> {
    let count = |id: &str| *answered.lock().unwrap().entry(id.to_owned()).or_default() += 1;
    let take = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
    for number in 0.. {
        if !take() {
            break;
        }
        let user = json!({ "userName": format!("{writer}-{number}") });
        let id = client.send("POST", "/Users", Some(&user))?.1["id"].as_str()?.to_owned();
        count(&id);
        let path = format!("/Users/{id}");
        for title in 0..TITLES {
            let operation = json!({ "op": "replace", "path": "title", "value": format!("title {title}") });
            let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
            let body = json!({ "schemas": schemas, "Operations": [operation] });
            if take() {
                client.send("PATCH", &path, Some(&body))?;
                count(&id);
            }
        }
        if number % 3 == 0 && take() {
            client.send("DELETE", &path, None)?;
            count(&id);
        }
    }
    Some(())
}

/// The admin API, with one request a connection.
fn api(server: &Server, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let mut client = server.client("", token).at("/api/v1");
    let (status, body) = client.send(method, path, Some(body)).unwrap();
    assert!(status < 300, "{status} {body}");
    body
}

fn api_token(folder: &Path) -> String {
    let mut command = rollcall(folder);
    let scopes = "webhooks:write,webhooks:read,changes:read";
    command.args(["api-token", "issue", "--output", "json", "--scopes", scopes]);
    json(&command.output().unwrap())["token"].as_str().unwrap().to_owned()
}

/// Reads the feed from the beginning: the numbers have no gap. Returns those of each resource.
fn check_feed(server: &Server, token: &str) -> BTreeMap<String, Vec<u64>> {
    let (mut last, mut feed) = (0, BTreeMap::<String, Vec<u64>>::new());
    loop {
        let page = api(server, token, "GET", &format!("/changes?after={last}&limit=1000"), &Value::Null);
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            return feed;
        }
        for item in items {
            last += 1;
            assert_eq!(item["sequence"], json!(last), "a gap");
            feed.entry(item["resource"].as_str().unwrap().to_owned()).or_default().push(last);
        }
    }
}

fn wait_for(taken: &Taken, last: u64) {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let seen: BTreeSet<u64> = taken.lock().unwrap().iter().map(|(_, sequence)| *sequence).collect();
        let missing: Vec<u64> = (1..=last).filter(|sequence| !seen.contains(sequence)).take(5).collect();
        if missing.is_empty() {
            return;
        }
        assert!(Instant::now() < until, "{} of {last} arrived; {missing:?} did not", seen.len());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_webhook_is_told_everything_in_order_whatever_dies() {
    let given = std::env::var_os("ROLLCALL_TEST_DELIVERIES");
    let writes: u64 = given.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(600);
    let folder = tempfile::tempdir().unwrap();
    let settings =
        "private_addresses = true\ndelivery_attempts = 1000\ndelivery_backoff_ms = 5\nlog = \"error\"\n";
    std::fs::write(folder.path().join("rollcall.toml"), settings).unwrap();
    let taken = Taken::default();
    let url = receiver(Arc::clone(&taken));
    let mut server = Server::start(folder.path(), &[]);
    let source = Server::source(folder.path(), "crash", &[]);
    let bearer = api_token(folder.path());
    api(&server, &bearer, "POST", "/webhooks", &json!({ "url": url }));
    let left = Arc::new(AtomicU64::new(writes));
    let answered = Arc::new(Answered::default());
    let mut crashes = 0_u64;
    while left.load(Ordering::Relaxed) > 0 {
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (client, left) = (server.client("crash", &source), Arc::clone(&left));
                let answered = Arc::clone(&answered);
                let name = format!("r{crashes}-w{writer}");
                thread::spawn(move || write(client, &name, &left, &answered))
            })
            .collect();
        // Another time in the cycle of commits and checkpoints each round.
        thread::sleep(Duration::from_millis(120 + crashes * 73 % 310));
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        for thread in threads {
            thread.join().unwrap();
        }
        crashes += 1;
        server = Server::start(folder.path(), &[]);
    }
    let feed = check_feed(&server, &bearer);
    let last = feed.values().flatten().copied().max().unwrap_or(0);
    for (resource, count) in answered.lock().unwrap().iter() {
        let told = feed.get(resource).map_or(0, Vec::len);
        // What a crash cut off before its answer may have been written.
        assert!(told >= *count, "{resource}: {count} writes were answered, {told} changes are there");
    }
    wait_for(&taken, last);
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (resource, sequence) in taken.lock().unwrap().iter() {
        if seen.insert(*sequence) {
            told.entry(resource.clone()).or_default().push(*sequence);
        }
    }
    assert_eq!(told, feed, "every change, in order for each resource");
    let again = taken.lock().unwrap().len() - seen.len();
    let most_cut_off = crashes * u64::try_from(WRITERS).unwrap();
    assert!(crashes > 0 && last + most_cut_off >= writes, "too little happened: {crashes} {last}");
    println!("{crashes} crashes, {last} changes of {} users, {again} told again", told.len());
}
