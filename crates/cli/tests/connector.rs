//! `rollcall connector` against a running server of this build.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

#[allow(dead_code, reason = "other tests use the rest")]
mod common;

use std::path::Path;
use std::process::Output;

use common::{Server, json, rollcall};
use serde_json::{Value, json};

/// A running server with a source, and the properties that open it.
struct Application {
    _server: Server,
    folder: tempfile::TempDir,
}

impl Application {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path(), &[]);
        let token = Server::source(folder.path(), "peer", &[]);
        let properties = format!(
            "# The source of this test\nbaseAddress = http://{}/scim/peer/v2/\nbearerToken = {token}\n",
            server.address
        );
        std::fs::write(folder.path().join("peer.properties"), properties).unwrap();
        Self { _server: server, folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        connector(self.folder.path())
            .args(["--properties", "peer.properties"])
            .args(arguments)
            .output()
            .unwrap()
    }

    /// What it printed, as JSON.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        json(&self.run(&[arguments, &["--output", "json"]].concat()))
    }
}

fn connector(folder: &Path) -> std::process::Command {
    let mut command = rollcall(folder);
    command.arg("connector");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_user_is_made_found_changed_and_deleted() {
    let peer = Application::start();
    let report = peer.json(&["test"]);
    assert_eq!((&report["scimVersion"], &report["users"]), (&json!("2.0"), &json!(0)));
    let made = peer.json(&[
        "create",
        "User",
        "--view",
        "connid",
        "--set",
        "__NAME__=ann",
        "--set",
        "emails.work.value=a@x",
    ]);
    let id = made["__UID__"].as_str().unwrap();
    let group = peer.json(&["create", "Group", r#"{"displayName": "G"}"#]);
    let group = group["id"].as_str().unwrap();

    let updated = peer.json(&[
        "update",
        "User",
        id,
        "--set",
        "title=Dr",
        "--set",
        "name.givenName=Ann",
        "--add",
        "groups=[]",
    ]);
    assert_eq!(updated["requests"], 1);
    let groups = format!("groups={group}");
    peer.json(&[
        "update",
        "User",
        id,
        "--view",
        "connid",
        "--add",
        &groups,
        "--add",
        "emails.work.value=b@x",
        "--clear",
        "title",
    ]);
    let read = peer.json(&["get", "User", id, "--view", "connid"]);
    assert_eq!((&read["groups"], &read["emails.work.value"]), (&json!([group]), &json!(["a@x", "b@x"])));
    assert_eq!((read.get("title"), &read["name.givenName"]), (None, &json!("Ann")));
    assert_eq!(
        peer.json(&["update", "User", id, "--set", "userName=ann", "--set", "active=null"])["requests"],
        1
    );

    let found = peer.json(&["search", "User", "--filter", "userName eq \"ANN\"", "--attributes", "userName"]);
    assert_eq!(found["id"], id);
    let page = peer.json(&["search", "Group", "--page-size", "5", "--sort-by", "displayName"]);
    assert_eq!((page["objects"].as_array().unwrap().len(), &page["incomplete"]), (1, &Value::Null));
    assert_eq!(peer.json(&["delete", "User", id])["deleted"], true);
    let gone = peer.run(&["get", "User", id, "--view", "connid"]);
    assert_eq!(gone.status.code(), Some(1));
    assert_eq!(text(&gone.stderr).trim(), format!("error: UnknownUidException: there is no User {id}"));
}

#[test]
fn a_dry_run_prints_the_exact_requests_without_secrets_and_changes_nothing() {
    let peer = Application::start();
    let data = r#"{"userName": "ann", "password": "hunter2", "groups": ["g1"]}"#;
    let planned = peer.json(&["create", "User", data, "--dry-run"]);
    let requests = planned["requests"].as_array().unwrap();
    assert_eq!(requests[0]["body"]["password"], "•••");
    assert_eq!(requests[1]["body"]["Operations"][0]["value"], json!([{"value": "{id}"}]));
    let shown = text(&peer.run(&["create", "User", data, "--dry-run"]).stdout);
    assert!(shown.starts_with("POST http://") && shown.contains("authorization: •••"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("rc_"), "{shown}");
    assert_eq!(peer.json(&["test"])["users"], 0);
    let made = peer.json(&["create", "User", r#"{"userName": "ann"}"#]);
    let id = made["id"].as_str().unwrap();
    let same =
        peer.run(&["update", "User", id, "--view", "connid", "--set", "emails.work.value=[]", "--dry-run"]);
    assert_eq!(text(&same.stdout).trim(), "nothing to send: it is so already");
    assert_eq!(peer.json(&["delete", "User", id, "--dry-run"])["requests"][0]["method"], "DELETE");
    assert!(peer.run(&["get", "User", id]).status.success());
}

#[test]
fn what_cannot_work_is_said_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.properties"), "baseAddress=https://x\nupdateGroupMethod=BOGUS\n")
        .unwrap();
    for (arguments, said) in [
        (vec!["test"], "name the application"),
        (vec!["--properties", "none.properties", "test"], "none.properties: No such file"),
        (vec!["--properties", "bad.properties", "test"], "bad.properties:2: updateGroupMethod is \"BOGUS\""),
        (
            vec!["--base-url", "http://127.0.0.1:9", "--token", "t", "get", "Car", "1"],
            "Car is neither User nor Group",
        ),
        (
            vec![
                "--base-url",
                "http://127.0.0.1:9",
                "--token",
                "t",
                "search",
                "User",
                "--filter",
                "userName eq",
            ],
            "expected a value at byte 11",
        ),
        (vec!["--base-url", "http://127.0.0.1:9", "--token", "t", "create", "User"], "give the attributes"),
        (
            vec![
                "--base-url",
                "http://127.0.0.1:9",
                "--token",
                "t",
                "update",
                "User",
                "1",
                "{\"groups\": 1, \"id\": 2}",
                "--delta",
            ],
            "none of replace, add and remove",
        ),
        (
            vec!["--profile", "nonesuch", "--base-url", "http://127.0.0.1:9", "test"],
            "there is no built-in profile \"nonesuch\"",
        ),
    ] {
        let output = connector(folder.path()).args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
}
