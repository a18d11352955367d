//! Management of a running server with `--server`: the same commands and output as on its database; and the audit.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::path::Path;

use common::{Server, json, rollcall, rollcall_on_file};
use serde_json::Value;

/// An API token for the installation that may do everything.
fn api_token(folder: &Path, scopes: &str) -> String {
    let arguments = ["api-token", "issue", "--installation", "--scopes", scopes, "--output", "json"];
    json(&rollcall(folder).args(arguments).output().unwrap())["token"].as_str().unwrap().to_owned()
}

/// A folder without a database, whose commands go to the server.
struct Remote {
    folder: tempfile::TempDir,
    url: String,
    token: String,
}

impl Remote {
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = rollcall(self.folder.path());
        command.env("ROLLCALL_API_TOKEN", &self.token).args(["--server", &self.url]).args(arguments);
        outcome(&mut command)
    }
}

fn outcome(command: &mut std::process::Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn commands_print_the_same_there_as_here() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let server = Server::start(here, &[]);
    let url = format!("http://{}", server.address);
    let remote = Remote { folder: tempfile::tempdir().unwrap(), url, token: api_token(here, "all") };
    let made = remote.run(&["source", "create", "okta", "--dialect", "okta", "--output", "json"]);
    let made: Value = serde_json::from_str(&made.1).unwrap();
    assert_eq!(made["base_url"], format!("http://{}/scim/okta/v2", server.address));
    let token = made["token"].as_str().unwrap();
    assert_eq!(server.client("okta", token).send("GET", "/Users", None).unwrap().0, 200);
    remote.run(&["tenant", "create", "acme"]);
    let public = format!("http://{}", server.address);
    for arguments in [
        &["source", "list"][..],
        &["source", "show", "okta"],
        &["source", "update", "okta", "--burst", "9"],
        &["source", "status", "okta"],
        &["source", "validate", "okta", "--output", "json"],
        &["source", "list", "--tenant", "acme"],
        &["source", "show", "none"],
        &["source", "delete", "okta"],
        &["source", "update", "okta", "--requests-per-second", "5"],
        &["token", "list", "okta"],
        &["token", "revoke", "okta", "none"],
        &["tenant", "list", "--output", "json"],
        &["tenant", "create", "acme"],
        &["api-token", "list", "--installation"],
        &["audit", "list", "--subject", "sources"],
        &["audit", "verify"],
    ] {
        let there = remote.run(arguments);
        let direct = outcome(rollcall(here).args(["--public-url", &public]).args(arguments));
        // The use of the token is noted after a while.
        assert_eq!(there, direct, "{arguments:?}");
    }
    assert!(!remote.folder.path().join("rollcall.db").exists(), "a database was made");
}

#[test]
fn the_request_log_is_read_there_as_here() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let server = Server::start(here, &[]);
    let token = Server::source(here, "okta", &[]);
    let user = serde_json::json!({ "userName": "ann" });
    assert_eq!(server.client("okta", &token).send("POST", "/Users", Some(&user)).unwrap().0, 201);
    assert_eq!(server.client("okta", &token).send("POST", "/Users", Some(&user)).unwrap().0, 409);
    let url = format!("http://{}", server.address);
    let remote = Remote { folder: tempfile::tempdir().unwrap(), url, token: api_token(here, "read") };
    let json = &["source", "requests", "okta", "--output", "json"][..];
    let mut logged = Value::Null;
    // It is written a second later.
    for _ in 0..100 {
        logged = serde_json::from_str(&remote.run(json).1).unwrap();
        if logged.as_array().is_some_and(|logged| logged.len() == 2) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let id = logged[0]["id"].as_str().unwrap();
    for (arguments, part) in [
        (json, "uniqueness"),
        (&["source", "requests", "okta"], "409 uniqueness"),
        (&["source", "requests", "okta", "--status", "4xx", "--since", "1h"], "409"),
        (&["source", "requests", "okta", "--user", "ann", "--limit", "1"], "409"),
        (&["source", "requests", "okta", "--method", "DELETE"], "nothing found"),
        (&["source", "requests", "okta", id], "uniqueness"),
        (&["source", "requests", "okta", "none"], "none"),
        (&["source", "requests", "none"], "no source"),
    ] {
        let there = remote.run(arguments);
        assert_eq!(there, outcome(rollcall(here).args(arguments)), "{arguments:?}");
        assert!(there.1.contains(part) || there.2.contains(part), "{arguments:?}: {there:?}");
    }
}

#[test]
fn a_server_s_refusals_are_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let url = format!("http://{}", server.address);
    let nowhere = tempfile::tempdir().unwrap();
    let run = |token: Option<&str>, url: &str| {
        let mut command = rollcall(nowhere.path());
        if let Some(token) = token {
            command.env("ROLLCALL_API_TOKEN", token);
        }
        outcome(command.args(["source", "create", "a", "--server", url]))
    };
    let read_only = api_token(folder.path(), "read");
    let source = Server::source(folder.path(), "okta", &[]);
    for (token, url, part) in [
        (None, &*url, "--api-token-file"),
        (Some("nonsense"), &url, "rollcall api-token issue"),
        (Some(&*source), &url, "token of a source"),
        (Some(&*read_only), &url, "sources:write"),
        (Some(&*read_only), "127.0.0.1:1", "begins with https://"),
        (Some(&*read_only), "http://127.0.0.1:1", "was not sent"),
    ] {
        let (code, out, errors) = run(token, url);
        assert_eq!((code, &*out), (1, ""), "{errors}");
        assert!(errors.contains(part), "{errors}");
        for secret in [&source, &read_only] {
            assert!(!errors.contains(secret.as_str()), "a token is in the message");
        }
    }
    let log = std::fs::read_to_string(&server.log).unwrap();
    for secret in [&source, &read_only] {
        assert!(!log.contains(secret.as_str()), "a token is in the log");
    }
}

#[test]
fn a_changed_removed_or_reordered_entry_of_the_audit_is_found() {
    let folder = tempfile::tempdir().unwrap();
    // Whoever forges it holds the database: with SQLite, a file that can be copied and written again.
    let run = |arguments: &[&str]| outcome(rollcall_on_file(folder.path()).args(arguments));
    for slug in ["a", "b", "c"] {
        assert_eq!(run(&["source", "create", slug]).0, 0);
    }
    let (code, verified, _) = run(&["audit", "verify"]);
    assert_eq!(code, 0);
    assert!(verified.starts_with("6 entries, all as written"), "{verified}");
    let end = verified.rsplit(' ').next().unwrap().to_owned();
    run(&["source", "pause", "a"]);
    assert_eq!(run(&["audit", "verify", "--expect", &end]).0, 0, "an older end is still in the chain");
    let listed = run(&["audit", "list", "--subject", "sources/a"]).1;
    assert!(listed.contains("source.update") && listed.contains("cli"), "{listed}");
    let database = folder.path().join("rollcall.db");
    let untouched = folder.path().join("untouched.db");
    let open = || rusqlite::Connection::open(&database).unwrap();
    open().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    std::fs::copy(&database, &untouched).unwrap();
    // Not by a plain statement: entries are written once.
    assert!(open().execute("UPDATE audit SET actor = 'x' WHERE sequence = 2", []).is_err());
    assert!(open().execute("DELETE FROM audit WHERE sequence = 2", []).is_err());
    let unlock = "DROP TRIGGER audit_stays; DROP TRIGGER audit_remains;";
    for (what, change, part) in [
        ("changed", "UPDATE audit SET actor = 'x' WHERE sequence = 2", "entry 2 is not what was written"),
        ("value changed", "UPDATE audit SET after = '{}' WHERE sequence = 5", "entry 5 is not what was written"),
        ("removed", "DELETE FROM audit WHERE sequence = 3", "entry 3 is missing"),
        ("first removed", "DELETE FROM audit WHERE sequence = 1", "entry 1 is missing"),
        ("last removed", "DELETE FROM audit WHERE sequence = 7", "ends at entry 6, but entry 7"),
        (
            "reordered",
            "UPDATE audit SET sequence = 99 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 3;
             UPDATE audit SET sequence = 3 WHERE sequence = 99",
            "entry 2",
        ),
    ] {
        std::fs::copy(&untouched, &database).unwrap();
        open().execute_batch(&format!("{unlock} {change}")).unwrap();
        let (code, _, errors) = run(&["audit", "verify"]);
        assert_eq!(code, 1, "{what} is not found");
        assert!(errors.contains(part), "{what}: {errors}");
    }
    // Cut off with its end: only an end that was noted elsewhere tells.
    std::fs::copy(&untouched, &database).unwrap();
    let noted = run(&["audit", "verify"]).1.rsplit(' ').next().unwrap().to_owned();
    let cut = "DELETE FROM audit WHERE sequence = 7; UPDATE audit_head SET sequence = 6, hash =
        (SELECT hash FROM audit WHERE sequence = 6)";
    open().execute_batch(&format!("{unlock} {cut}")).unwrap();
    assert_eq!(run(&["audit", "verify"]).0, 0);
    assert_eq!(run(&["audit", "verify", "--expect", &noted]).0, 1);
}
