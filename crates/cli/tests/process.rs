//! The binary from outside: what it prints, how it ends, TLS, and commands beside a running server.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::time::{Duration, Instant};

use common::{Server, json, rollcall, rollcall_on_file};
use expect_test::expect;
use serde_json::json as value;

/// Status, standard output and the first line of standard error of a command.
fn outcome(folder: &std::path::Path, arguments: &[&str]) -> String {
    let output = rollcall(folder).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    format!(
        "{} | {} | {}",
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stdout).trim(),
        errors.lines().next().unwrap_or_default()
    )
}

/// Waits until something holds; commands beside a server are to be seen within a second.
#[track_caller]
fn within_a_second(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        // Twice the second, for machines that do other things as well.
        assert!(begun.elapsed() < Duration::from_secs(2), "not seen in time");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn mistakes_are_told_with_what_to_do_and_exit_1() {
    let folder = tempfile::tempdir().unwrap();
    rollcall(folder.path()).args(["source", "create", "okta"]).output().unwrap();
    let check = |arguments: &[&str], expected: expect_test::Expect| {
        expected.assert_eq(&outcome(folder.path(), arguments));
    };
    check(
        &["source", "create", "okta"],
        expect![[r#"1 |  | error: source "okta" exists already; choose another name"#]],
    );
    check(
        &["source", "create", "Okta"],
        expect![[
            r#"1 |  | error: "Okta" is not a slug: use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit"#
        ]],
    );
    check(
        &["source", "create", "b", "--dialect", "octa"],
        expect![[
            r#"1 |  | error: there is no dialect "octa"; there are entra, generic, google, jumpcloud, okta, onelogin, ping, strict"#
        ]],
    );
    check(
        &["source", "show", "none"],
        expect![[
            r#"1 |  | error: tenant default has no source "none"; `rollcall source list` shows those there are"#
        ]],
    );
    check(
        &["source", "show", "okta", "--tenant", "acme"],
        expect![[r#"1 |  | error: there is no tenant "acme"; create it with `rollcall tenant create acme`"#]],
    );
    check(
        &["source", "update", "okta", "--requests-per-second", "5"],
        expect!["1 |  | error: requests_per_second: 5 is below 25; 0 is no limit"],
    );
    check(
        &["source", "delete", "okta"],
        expect![
            "1 |  | error: this deletes source okta with all its users, groups and tokens, for good; say --yes if you mean it, or `rollcall source pause okta` to stop it for a while"
        ],
    );
    check(
        &["source", "schema", "add", "okta"],
        expect!["1 |  | error: name a file with --schemas, --resource-types or both"],
    );
    check(
        &["token", "revoke", "okta", "x"],
        expect![[r#"1 |  | error: source okta has no token "x"; `rollcall token list okta` shows them"#]],
    );
    check(
        &["source", "list", "--database", "postgres://ann:s3cret@127.0.0.1:1/x"],
        expect![
            "1 |  | error: database postgres://ann:***@127.0.0.1:1/x: the database does not answer: error connecting to server: Connection refused (os error 111); is PostgreSQL there, and does it listen on this host and port?"
        ],
    );
    check(
        &["serve", "--listen", "nonsense"],
        expect!["1 |  | error: cannot listen on nonsense: invalid socket address"],
    );
    check(&["source", "delete", "okta", "--yes"], expect!["0 | source okta deleted | "]);
}

#[test]
fn commands_beside_a_running_server_are_seen_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start(folder, &[]);
    let token = Server::source(folder, "okta", &["--dialect", "okta"]);
    let status = |token: &str| server.client("okta", token).send("GET", "/Users", None).unwrap().0;
    within_a_second(|| status(&token) == 200);
    let run = |arguments: &[&str]| {
        json(&rollcall(folder).args(arguments).args(["--output", "json"]).output().unwrap())
    };
    let second = run(&["token", "rotate", "okta", &token[3..15], "--overlap", "1h"])["token"]
        .as_str()
        .unwrap()
        .to_owned();
    within_a_second(|| status(&second) == 200);
    assert_eq!(status(&token), 200, "both are taken while they overlap");
    run(&["token", "revoke", "okta", &token[3..15]]);
    within_a_second(|| status(&token) == 401);
    run(&["source", "pause", "okta"]);
    within_a_second(|| status(&second) == 503);
    run(&["source", "resume", "okta"]);
    within_a_second(|| status(&second) == 200);
    let read_only = run(&["token", "issue", "okta", "--scopes", "read", "--expires-in", "1d"]);
    assert_eq!(read_only["scopes"], value!(["read"]));
    let read_only = read_only["token"].as_str().unwrap();
    within_a_second(|| status(read_only) == 200);
    let user = value!({ "userName": "ann@example.com" });
    assert_eq!(server.client("okta", read_only).send("POST", "/Users", Some(&user)).unwrap().0, 403);
    assert_eq!(server.client("okta", &second).send("POST", "/Users", Some(&user)).unwrap().0, 201);
    let log = std::fs::read_to_string(&server.log).unwrap();
    assert!(log.contains("request_id"), "writes are logged");
    for secret in [&token, &second, read_only, "ann@example.com"] {
        assert!(!log.contains(secret), "the log holds a secret or an address");
    }
}

#[test]
fn a_server_stops_when_it_is_told_to_and_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), &[]);
    let token = Server::source(folder.path(), "a", &[]);
    let made =
        server.client("a", &token).send("POST", "/Users", Some(&value!({ "userName": "ann" }))).unwrap();
    assert_eq!(made.0, 201);
    drop(server.child.stdin.take());
    assert!(server.child.wait().unwrap().success());
    let server = Server::start(folder.path(), &[]);
    let found = server.client("a", &token).send("GET", "/Users?filter=userName eq \"ann\"", None).unwrap();
    assert_eq!(found.1["totalResults"], 1);
}

#[test]
fn the_first_words_of_serve_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let words = std::fs::read_to_string(&server.log).unwrap();
    assert!(words.contains("rollcall source create okta --dialect okta"), "{words}");
}

/// A SQLite file; PostgreSQL has as many as there are.
#[test]
fn a_file_has_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = ["--database", "rollcall.db"];
    let first = Server::start(folder.path(), &file);
    let second = outcome(folder.path(), &["serve", "--listen", "127.0.0.1:0", file[0], file[1]]);
    expect![
        "1 |  | error: another `rollcall serve` serves rollcall.db; stop it, or give this one a database of its own with --database"
    ]
    .assert_eq(&second);
    // Commands beside it are no servers.
    let beside = rollcall_on_file(folder.path()).args(["source", "create", "okta"]).output().unwrap();
    assert!(beside.status.success());
    drop(first);
    let _third = Server::start(folder.path(), &file);
}
