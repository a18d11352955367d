//! Hostile expressions over HTTP: each is a clean error within a second, of a server that goes on and does not grow.
//!
//! `ROLLCALL_TEST_HOSTILE_SECONDS` makes it long; CONTRIBUTING has the command.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be, and tells what it measured"
)]

mod common;
#[path = "../../expr/tests/common/hostile.rs"]
mod programs;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Client, Server, json, rollcall};
use programs::hostile;
use serde_json::{Value, json};

/// Longer than a second only because a build for tests shares its machine with others.
const A_SECOND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 3_000 } else { 1_000 });
/// Ordinary evaluations a second that go on.
const GOES_ON: u128 = if cfg!(debug_assertions) { 100 } else { 1_000 };
/// Clients that push, and the users of each.
const CLIENTS: usize = 8;
const USERS: usize = 20;

fn user(name: &str) -> Value {
    json!({
        "userName": name, "name": { "givenName": "Ann", "familyName": "Bee" },
        "emails": [{ "value": format!("{name}@acme.example"), "primary": true }],
    })
}

fn mapping(expression: &str) -> Value {
    json!({ "expressions": { "users": [{ "name": "one", "expression": expression }] } })
}

/// Status, body and how long it took, which is at most a second.
fn ask(client: &mut Client, method: &str, path: &str, body: &Value, what: &str) -> (u16, Value) {
    let begun = Instant::now();
    let (status, answer) = client.send(method, path, Some(body)).unwrap();
    let took = begun.elapsed();
    assert!(took < A_SECOND, "{what}: {method} took {took:?}");
    (status, answer)
}

/// Tries the program, sets it, and pushes a user through it. Whether it could be set.
fn attack(api: &mut Client, pushing: &mut Client, name: &str, program: &str) -> bool {
    let sample = json!({ "mapping": mapping(program), "payload": user("mallory") });
    let (status, tried) = ask(api, "POST", "/sources/hostile/mapping/test", &sample, name);
    let told = if status == 200 { tried["stopped"].to_string() } else { tried["detail"].to_string() };
    assert!((status == 200 || status == 400) && told.contains("one"), "{name}: {status} {tried}");
    let (set, answer) = ask(api, "PUT", "/sources/hostile/mapping", &mapping(program), name);
    assert_eq!(set, status, "{name}: what can be tried can be set, and nothing else: {answer}");
    if set != 200 {
        return false;
    }
    for _ in 0..2 {
        let (status, answer) = ask(pushing, "POST", "/Users", &user("mallory"), name);
        assert_eq!(status, 500, "{name}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains("expression one"), "{name}: {answer}");
    }
    true
}

/// Pushes changes of its own users until told to stop; each is an evaluation.
fn push(mut client: Client, thread: usize, is_over: &AtomicBool, done: &AtomicU64) {
    let mut names: Vec<(String, String)> = Vec::new();
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let at = number % USERS;
        if names.len() <= at {
            let name = format!("u{thread}-{at}");
            let (status, made) = client.send("POST", "/Users", Some(&user(&name))).unwrap();
            assert_eq!(status, 201, "{made}");
            names.push((name, made["id"].as_str().unwrap().to_owned()));
        }
        let (name, id) = &names[at];
        let mut body = user(name);
        body["title"] = json!(number.to_string());
        let (status, answer) = client.send("PUT", &format!("/Users/{id}"), Some(&body)).unwrap();
        assert_eq!((status, &answer["title"]), (200, &body["title"]), "{answer}");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

fn api_token(folder: &std::path::Path) -> String {
    let mut command = rollcall(folder);
    let scopes = "sources:read,sources:write,mappings:read,mappings:write,identities:read";
    command.args(["api-token", "issue", "--output", "json", "--scopes", scopes]);
    json(&command.output().unwrap())["token"].as_str().unwrap().to_owned()
}

#[test]
fn each_is_a_clean_error_within_a_second_of_a_server_that_goes_on() {
    let given = std::env::var_os("ROLLCALL_TEST_HOSTILE_SECONDS");
    let seconds: u64 = given.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(0);
    let folder = tempfile::tempdir().unwrap();
    let token = Server::source(folder.path(), "normal", &[]);
    let hostile_token = Server::source(folder.path(), "hostile", &[]);
    let api_token = api_token(folder.path());
    let server = Server::start(folder.path(), &[]);
    let normal = mapping(
        "mail = [one['value'] for one in emails if one.get('primary')][0]\n\
         return {'email': mail.lower(), 'name': name['givenName'] + ' ' + name['familyName']}",
    );
    let mut api = server.api(&api_token);
    ask(&mut api, "PUT", "/sources/normal/mapping", &normal, "an ordinary mapping");
    let mut pushing = server.client("hostile", &hostile_token);
    let (is_over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|thread| {
                let (client, is_over, done) = (server.client("normal", &token), &is_over, &done);
                scope.spawn(move || push(client, thread, is_over, done))
            })
            .collect();
        // Each is stopped once before it is known; memory and speed are measured when all are.
        let set: Vec<bool> =
            hostile().iter().map(|(name, program)| attack(&mut api, &mut pushing, name, program)).collect();
        assert!(set.contains(&true) && set.contains(&false), "{set:?}");
        let (memory_before, done_before) = (memory(server.child.id()), done.load(Ordering::Relaxed));
        let (begun, mut rounds) = (Instant::now(), 0);
        while rounds == 0 || begun.elapsed() < Duration::from_secs(seconds) {
            for (name, program) in hostile() {
                attack(&mut api, &mut pushing, name, &program);
            }
            rounds += 1;
        }
        let pushes = u128::from(done.load(Ordering::Relaxed) - done_before);
        let rate = pushes * 1_000 / begun.elapsed().as_millis();
        let grown = memory(server.child.id()).saturating_sub(memory_before);
        is_over.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
        println!(
            "{rate} ordinary pushes a second beside {rounds} rounds of {} hostile expressions, {grown} KiB more",
            set.len()
        );
        assert!(rate >= GOES_ON, "{rate} ordinary pushes a second");
        assert!(grown < 16 * 1024, "the server grew by {grown} KiB");
    });
    // Nothing of all that was written.
    let (_, left) = pushing.send("GET", "/Users", None).unwrap();
    assert_eq!(left["totalResults"], json!(0));
}

/// Resident memory of a process, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or_default()
}
