//! `rollcall sync` beside one request after the other for each user, against the same application.
//!
//! One after the other is measured twice: by a client that does what a sync has to do with an answer, as it would read
//! users who are in no list, and by bare sockets that look at nothing, the least that it could cost.
//!
//! `cargo bench -p rollcall-cli --bench sync` prints a table, and fails when a bound is missed. `-- --million` adds a
//! sync of 1,000,000 users, which takes half a minute. Give the machine to it: the application runs on it, too.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark stops where something is not as it should be, and prints a table"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall_bench::table::{Align, Table, thousands};
use rollcall_connector::profile::Profile;
use rollcall_connector::read::{Read as _, ReadOptions, Reader};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Options, Transport};
use rollcall_service::system::SystemClock;
use rollcall_testkit::peer::{Peer, Roster};
use tokio::runtime::Runtime;

/// Of each measurement; medians count: a machine that does something else for a moment decides nothing.
const ROUNDS: usize = 5;
const USERS: u64 = 10_000;
/// What the application takes to answer where it is not on the same machine, and hardly anything.
const NEAR: Duration = Duration::from_millis(1);
const FAR: Duration = Duration::from_millis(100);
const PROFILE: &str = "standard";

/// One measurement.
struct Row {
    name: String,
    users: u64,
    seconds: f64,
    requests: u64,
    peak_mib: Option<f64>,
    /// Seconds of setting up, reading, writing; the rest is the process's start and end.
    parts: Option<[f64; 3]>,
}

/// Something that must hold.
struct Bound(String, bool);

/// A pace at which the application answers, and how much faster the sync must be than users read one by one.
struct Pace {
    name: &'static str,
    latency: Duration,
    /// Answers to lists are there before they are asked for: what is measured is the client. Else the application,
    /// which is on the same two processors, takes most of the time.
    prepared: bool,
    least: f64,
}

/// Without latency a single GET costs 40 to 110 µs, as the system puts the two sides on one processor or on two; the
/// bounds are for the cheapest.
const PACES: [Pace; 3] = [
    Pace { name: "no latency, lists prepared", latency: Duration::ZERO, prepared: true, least: 6.0 },
    Pace { name: "no latency", latency: Duration::ZERO, prepared: false, least: 2.0 },
    Pace { name: "1 ms", latency: NEAR, prepared: false, least: 20.0 },
];

fn main() {
    let runtime = Runtime::new().unwrap();
    let million = std::env::args().any(|argument| argument == "--million");
    let mut rows = Vec::new();
    let mut bounds = Vec::new();
    let roster = || Roster::numbered(USERS, 100, 200);
    for Pace { name, latency, prepared, least } in PACES {
        let peer = runtime.block_on(Peer::with(roster(), |faults| faults.latency = latency));
        if prepared {
            peer.keep_lists();
            sync(&peer, name, USERS);
        }
        // By turns, so that all of them see the machine as it is.
        let [mut bare, mut read, mut syncs] = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            bare.push(one_by_one(&peer, name));
            read.push(read_one_by_one(&runtime, &peer, name));
            syncs.push(sync(&peer, name, USERS));
        }
        let [bare, read, sync] = [bare, read, syncs].map(median);
        let (ratio, of_bare) = (rate(&sync) / rate(&read), rate(&sync) / rate(&bare));
        let text =
            format!("{name}: {ratio:.1} times the users a second read one by one, at least {least:.0}");
        bounds.push(Bound(format!("{text} ({of_bare:.1} times those of bare sockets)"), ratio >= least));
        bounds.push(Bound(format!("{name}: {} requests, at most 250", sync.requests), sync.requests <= 250));
        let peak = sync.peak_mib.unwrap_or_default();
        bounds.push(Bound(format!("{name}: {peak:.0} MiB, less than 100"), peak < 100.0));
        rows.extend([bare, read, sync]);
    }
    let peer = runtime.block_on(Peer::with(roster(), |faults| faults.latency = FAR));
    let far = sync(&peer, "100 ms", USERS);
    bounds.push(Bound(format!("100 ms: {:.1} s, less than 15", far.seconds), far.seconds < 15.0));
    rows.push(far);
    if million {
        let peer = runtime.block_on(Peer::start(Roster::numbered(1_000_000, 100, 200)));
        let large = sync(&peer, "no latency", 1_000_000);
        let peak = large.peak_mib.unwrap_or_default();
        bounds.push(Bound(format!("1,000,000 users: {peak:.0} MiB, less than 150"), peak < 150.0));
        rows.push(large);
    }
    print(&rows, &bounds);
    if bounds.iter().any(|Bound(_, holds)| !holds) {
        std::process::exit(1);
    }
}

fn rate(row: &Row) -> f64 {
    row.users as f64 / row.seconds
}

fn median(mut rows: Vec<Row>) -> Row {
    rows.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    rows.swap_remove(rows.len() / 2)
}

/// `GET /Users/{id}`, one after the other over one connection, answers read and not looked into.
fn one_by_one(peer: &Peer, name: &str) -> Row {
    let stream = TcpStream::connect(peer.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    one_after_the_other(peer, format!("bare GET of each user, {name}"), |user| {
        let request = format!("GET /scim/v2/Users/{user} HTTP/1.1\r\nhost: peer\r\n\r\n");
        reader.get_mut().write_all(request.as_bytes()).unwrap();
        answer(&mut reader);
    })
}

/// The same by the connector's client, which makes of each answer what a sync keeps.
fn read_one_by_one(runtime: &Runtime, peer: &Peer, name: &str) -> Row {
    let profile = Arc::new(Profile::builtin(PROFILE, &|_| Some(peer.url())).unwrap());
    let credentials = Credentials { token: Some(Secret::new("x")), ..Credentials::default() };
    let transport = Transport::new(&profile, credentials, Options::new(Arc::new(SystemClock))).unwrap();
    let reader = Reader::new(transport, profile, ReadOptions::default());
    one_after_the_other(peer, format!("GET of each user, {name}"), |user| {
        assert_eq!(runtime.block_on(reader.user(user)).unwrap().unwrap().id, user);
    })
}

fn one_after_the_other(peer: &Peer, name: String, mut get: impl FnMut(&str)) -> Row {
    let users = USERS / 5;
    peer.reset();
    let begun = Instant::now();
    for user in 0..users {
        get(&format!("u{user:06}"));
    }
    let seconds = begun.elapsed().as_secs_f64();
    Row { name, users, seconds, requests: peer.count(), peak_mib: None, parts: None }
}

fn answer(reader: &mut BufReader<TcpStream>) {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            assert!(line.contains(" 200 "), "{line}");
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
}

/// The whole command, from its start to its end.
fn sync(peer: &Peer, name: &str, users: u64) -> Row {
    peer.reset();
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args([
            "sync",
            "--service-provider",
            PROFILE,
            "--token",
            "x",
            "--log-level",
            "error",
            "--output",
            "json",
        ])
        .current_dir(folder.path())
        .env_clear()
        .env("SCIM_BASE_URL", peer.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = None;
    let status = loop {
        // The last figure before the end counts: the highest so far only grows.
        peak = peak_mib(child.id()).or(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let seconds = begun.elapsed().as_secs_f64();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let counted = (&said["users"], &said["groups"], &said["roles"], &said["grants"]);
    let expected = (users, 100, 3, users + 20_000);
    assert!(
        status.success() && counted == (&expected.0.into(), &100.into(), &3.into(), &expected.3.into()),
        "{said}"
    );
    assert!(folder.path().join("sync.c1z").exists());
    let parts = ["setup", "read", "write"].map(|part| said["seconds"][part].as_f64().unwrap());
    Row {
        name: format!("rollcall sync, {name}"),
        users,
        seconds,
        requests: peer.count(),
        peak_mib: peak,
        parts: Some(parts),
    }
}

fn peak_mib(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

fn print(rows: &[Row], bounds: &[Bound]) {
    let heads = ["users", "s", "users/s", "requests", "peak MiB", "set up ms", "read ms", "write ms"];
    let heads = heads.map(|head| (head, Align::Right));
    let mut table = Table::new(&[&[("", Align::Left)], &heads[..]].concat());
    for row in rows {
        let peak = row.peak_mib.map(|peak| format!("{peak:.0}")).unwrap_or_default();
        let parts = row.parts.map(|parts| parts.map(|part| format!("{:.1}", part * 1_000.0)));
        let [setup, read, write] = parts.unwrap_or_default();
        let [users, requests] = [row.users, row.requests].map(thousands);
        let (seconds, rate) = (format!("{:.3}", row.seconds), format!("{:.0}", rate(row)));
        table.add(vec![row.name.clone(), users, seconds, rate, requests, peak, setup, read, write]);
    }
    println!("{table}");
    for Bound(text, holds) in bounds {
        println!("{}  {text}", if *holds { "holds " } else { "MISSED" });
    }
}
