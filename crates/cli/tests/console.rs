//! `rollcall console`: whoever holds the database lets people into the console of the server that runs on it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::path::Path;

use browser::Browser;
use common::{Server, json, rollcall};
use serde_json::Value;

const FIRST: &str = "correct horse battery";
const SECOND: &str = "another horse battery";

/// Signs in, in a new browser; the status.
fn sign_in(server: &Server, password: &str) -> u16 {
    let mut browser = Browser::new(&server.address);
    browser.get("/console/sign-in");
    browser.post("/console/sign-in", &[("email", "ann@example.com"), ("password", password)])
}

/// What a command of `rollcall console` prints.
fn console(folder: &Path, arguments: &[&str]) -> Value {
    json(&rollcall(folder).arg("console").args(arguments).args(["--output", "json"]).output().unwrap())
}

/// The path of a link.
fn path(link: &str) -> &str {
    let at = link.find("/console/link/rcl_").unwrap_or_else(|| panic!("no link: {link}"));
    link[at..].split_whitespace().next().unwrap()
}

#[test]
fn an_account_is_made_by_a_printed_link_listed_and_given_a_new_password() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start(folder, &[]);
    let printed = std::fs::read_to_string(&server.log).unwrap();
    assert!(printed.contains("Make your account in the console by this link"), "{printed}");
    assert_eq!(console(folder, &["accounts"]), serde_json::json!([]));

    // The next link takes the place of the one that the server printed, and is shown for people too.
    let link = console(folder, &["setup-link"])["url"].as_str().unwrap().to_owned();
    assert_eq!(Browser::new(&server.address).get(path(&printed)).0, 410);
    let shown = rollcall(folder)
        .args(["console", "setup-link", "--public-url", "https://rollcall.example.com"])
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.starts_with("https://rollcall.example.com/console/link/rcl_"), "{shown}");
    assert!(shown.contains("(good once, until 20"), "{shown}");
    assert_eq!(Browser::new(&server.address).get(path(&link)).0, 410);

    let mut ann = Browser::new(&server.address);
    assert_eq!(ann.get(path(&shown)), (303, "/console/welcome".to_owned()));
    assert_eq!(ann.get("/console/welcome").0, 200);
    let fields = [("name", "Ann"), ("email", "ann@example.com"), ("password", FIRST)];
    assert_eq!(ann.post("/console/welcome", &fields), 303);
    assert!(ann.get("/console/account").1.contains("ann@example.com"));
    assert_eq!(Browser::new(&server.address).get(path(&shown)).0, 410, "it is good once");
    let token = Server::source(folder, "okta", &[]);
    let bob = serde_json::json!({ "userName": "bob" });
    assert_eq!(server.client("okta", &token).send("POST", "/Users", Some(&bob)).unwrap().0, 201);
    assert!(ann.get("/console/users").1.contains("bob"), "what is pushed is seen");

    let accounts = console(folder, &["accounts"]);
    assert_eq!(accounts.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&accounts[0]["email"], &accounts[0]["roles"]),
        (&"ann@example.com".into(), &serde_json::json!(["owner everywhere"]))
    );
    let table = rollcall(folder).args(["console", "accounts"]).output().unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.starts_with("EMAIL") && table.contains("owner everywhere"), "{table}");

    let reset = console(folder, &["reset-password", "Ann@Example.com"]);
    let mut browser = Browser::new(&server.address);
    assert_eq!(browser.get(path(reset["url"].as_str().unwrap())), (303, "/console/password".to_owned()));
    browser.get("/console/password");
    assert_eq!(browser.post("/console/password", &[("password", SECOND)]), 303);
    assert_eq!(ann.get("/console/account").0, 303, "other browsers are signed out");
    assert_eq!(sign_in(&server, FIRST), 401);
    assert_eq!(sign_in(&server, SECOND), 303);

    let nobody = rollcall(folder).args(["console", "reset-password", "bob@example.com"]).output().unwrap();
    let errors = String::from_utf8(nobody.stderr).unwrap();
    assert_eq!((nobody.status.code(), nobody.stdout.len()), (Some(1), 0), "{errors}");
    assert!(
        errors.contains("no account has this address") && errors.contains("console accounts"),
        "{errors}"
    );

    let audit = rollcall(folder).args(["audit", "list", "--output", "json"]).output().unwrap();
    let audit = String::from_utf8(audit.stdout).unwrap();
    assert!(audit.contains("account.sign_in_failed") && audit.contains("127.0.0.1"), "{audit}");
    let log = std::fs::read_to_string(&server.log).unwrap();
    for text in [&audit, &log] {
        for secret in [FIRST, SECOND, "ann@example.com", path(&link), path(&shown)] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}
