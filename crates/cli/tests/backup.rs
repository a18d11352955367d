//! `rollcall backup`, `restore`, `migrate` and `doctor`: nothing is lost, nothing is overwritten, and what is wrong is told.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use common::{Server, json, rollcall};
use rusqlite::Connection;
use serde_json::{Value, json};

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    rollcall(folder).args(arguments).output().unwrap()
}

/// What a command that failed said, and with which status.
#[track_caller]
fn refused(output: &Output) -> (i32, String) {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Everything that a source shows, byte by byte: users, groups with all members, memberships, and the feed.
fn shown(folder: &Path, token: &str, database: &str) -> Vec<String> {
    let server = Server::start(folder, &["--database", database, "--public-url", "https://scim.example.com"]);
    let mut client = server.client("okta", token);
    let mut all = Vec::new();
    for path in [
        "/Users?count=1000",
        "/Groups?count=1000&attributes=displayName,members.value,members.display,meta",
        "/GroupMemberships?count=1000",
        "/Schemas?count=1000",
    ] {
        let mut start = 1;
        loop {
            let (status, page) = client.send("GET", &format!("{path}&startIndex={start}"), None).unwrap();
            assert_eq!(status, 200, "{page}");
            start += page["itemsPerPage"].as_u64().unwrap();
            let done = start > page["totalResults"].as_u64().unwrap();
            all.push(page.to_string());
            if done {
                break;
            }
        }
    }
    let api = fs::read_to_string(folder.join("api-token")).unwrap();
    for path in
        ["/changes?limit=1000", "/audit?limit=1000", "/sources/okta", "/sources/okta/requests?limit=100"]
    {
        let (status, mut body) = server.api(&api).send("GET", path, None).unwrap();
        assert_eq!(status, 200, "{path} {body}");
        // A cursor is sealed anew each time.
        if let Some(page) = body.as_object_mut() {
            page.remove("next_cursor");
        }
        all.push(body.to_string());
    }
    all
}

/// A database with users, groups, a deleted user, a webhook and requests; returns the token of its source.
fn fill(folder: &Path, users: usize) -> String {
    fill_with(folder, users, 3)
}

fn fill_with(folder: &Path, users: usize, groups: usize) -> String {
    let token = Server::source(folder, "okta", &["--dialect", "okta"]);
    let issue = ["api-token", "issue", "--scopes", "all", "--output", "json"];
    let api = json(&run(folder, &issue))["token"].as_str().unwrap().to_owned();
    fs::write(folder.join("api-token"), api).unwrap();
    let server = Server::start(folder, &[]);
    let mut client = server.client("okta", &token);
    let mut ids = Vec::new();
    for number in 0..users {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("user{number}"),
            "externalId": format!("X{number}"),
            "emails": [{ "value": format!("user{number}@example.com"), "type": "work" }],
        });
        let (status, made) = client.send("POST", "/Users", Some(&body)).unwrap();
        assert_eq!(status, 201, "{made}");
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    for number in 0..groups {
        let members: Vec<Value> =
            ids.iter().skip(number).take(1_000).rev().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [GROUP], "displayName": format!("group{number}"), "members": members });
        assert_eq!(client.send("POST", "/Groups", Some(&body)).unwrap().0, 201);
    }
    // One who waits, and one who left.
    let body =
        json!({ "schemas": [GROUP], "displayName": "waiting", "members": [{ "value": "not-there-yet" }] });
    client.send("POST", "/Groups", Some(&body)).unwrap();
    assert_eq!(client.send("DELETE", &format!("/Users/{}", ids[0]), None).unwrap().0, 204);
    token
}

#[test]
fn a_backup_of_a_serving_database_restores_to_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = fill(folder, 12);
    let before = shown(folder, &token, "rollcall.db");
    let serving = Server::start(folder, &[]);
    let made = json(&run(folder, &["--output", "json", "backup", "all.backup"]));
    drop(serving);
    assert!(made["rows"].as_u64().unwrap() > 50, "{made}");
    assert_eq!(fs::metadata(folder.join("all.backup")).unwrap().permissions().mode() & 0o777, 0o600);
    // Nothing is replaced unasked: neither a backup nor a database.
    let (status, said) = refused(&run(folder, &["backup", "all.backup"]));
    assert!(status == 1 && said.contains("--force"), "{said}");
    let (status, said) = refused(&run(folder, &["restore", "all.backup"]));
    assert!(status == 1 && said.contains("--force"), "{said}");
    assert_eq!(shown(folder, &token, "rollcall.db"), before);
    // Over what is there, and into what is not.
    let doctor = json(&run(folder, &["--output", "json", "doctor"]));
    assert_eq!(doctor["ok"], true, "{doctor}");
    let late = Server::start(folder, &[]);
    let made = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "late" });
    late.client("okta", &token).send("POST", "/Users", Some(&made)).unwrap();
    let (status, said) = refused(&run(folder, &["restore", "all.backup", "--force"]));
    assert!(status == 1 && said.contains("another `rollcall serve`"), "{said}");
    drop(late);
    json(&run(folder, &["--output", "json", "restore", "all.backup", "--force"]));
    assert_eq!(shown(folder, &token, "rollcall.db"), before);
    fs::copy(folder.join("rollcall.db.key"), folder.join("new.db.key")).unwrap();
    fs::set_permissions(folder.join("new.db.key"), fs::Permissions::from_mode(0o600)).unwrap();
    json(&run(folder, &["--output", "json", "--database", "new.db", "restore", "all.backup"]));
    assert_eq!(shown(folder, &token, "new.db"), before);
    let doctor = json(&run(folder, &["--output", "json", "--database", "new.db", "doctor"]));
    assert_eq!(doctor["ok"], true, "{doctor}");
    // And writing goes on: the next change has the next number, the next user another key.
    let server = Server::start(folder, &["--database", "new.db"]);
    assert_eq!(server.client("okta", &token).send("POST", "/Users", Some(&made)).unwrap().0, 201);
    drop(server);
    let doctor = json(&run(folder, &["--output", "json", "--database", "new.db", "doctor"]));
    assert_eq!(doctor["ok"], true, "{doctor}");
}

#[test]
fn a_backup_that_is_not_whole_or_of_another_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fill(folder, 4);
    json(&run(folder, &["--output", "json", "backup", "good"]));
    let good = fs::read_to_string(folder.join("good")).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let user = lines.iter().find(|line| line.contains("user2@")).unwrap();
    let cases = [
        ("empty", String::new(), "no backup"),
        ("cut off", lines[..lines.len() - 1].join("\n"), "cut off"),
        ("a row less", good.replacen(&format!("{user}\n"), "", 1), "add up"),
        ("another value", good.replacen("user2@", "user9@", 1), "add up"),
        ("a row twice", good.replacen(&format!("{user}\n"), &format!("{user}\n{user}\n"), 1), "add up"),
        ("no row", good.replacen(user, "[]", 1), "no row"),
        ("more behind the end", format!("{good}{user}\n"), "behind the end"),
        ("a later format", good.replacen("\"rollcall_backup\":1", "\"rollcall_backup\":2", 1), "format"),
        ("other columns", good.replacen("\"slug\",", "", 1), "tables are others"),
    ];
    fs::copy(folder.join("rollcall.db.key"), folder.join("new.db.key")).unwrap();
    for (what, text, reason) in cases {
        fs::write(folder.join("bad"), text).unwrap();
        let (status, said) = refused(&run(folder, &["--database", "new.db", "restore", "bad"]));
        assert!(status == 1 && said.contains(reason), "{what}: {said}");
        assert!(!folder.join("new.db").exists(), "{what}");
    }
    let (status, said) = refused(&run(folder, &["--database", "other.db", "restore", "good"]));
    assert!(status == 1 && said.contains("fingerprint"), "{said}");
}

#[test]
fn a_migration_keeps_everything_and_goes_on_where_it_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = fill(folder, 6);
    let before = shown(folder, &token, "rollcall.db");
    let migrate = ["migrate", "--from", "rollcall.db", "--to", "new.db", "--output", "json"];
    let serving = Server::start(folder, &[]);
    let (_, said) = refused(&run(folder, &migrate));
    assert!(said.contains("another `rollcall serve`"), "{said}");
    drop(serving);
    let done = json(&run(folder, &migrate));
    assert!(done["tables"]["resource"]["rows"].as_u64().unwrap() >= 9, "{done}");
    fs::copy(folder.join("rollcall.db.key"), folder.join("new.db.key")).unwrap();
    assert_eq!(shown(folder, &token, "new.db"), before);
    // What is not new, and not half filled from there, is left alone.
    let (status, said) = refused(&run(folder, &migrate));
    assert!(status == 1 && said.contains("neither new"), "{said}");
    // A database into which something is being imported is nobody's yet.
    let half = Connection::open(folder.join("half.db")).unwrap();
    drop(half);
    run(folder, &["--database", "half.db", "tenant", "list"]);
    let half = Connection::open(folder.join("half.db")).unwrap();
    let progress = json!({ "origin": "elsewhere", "table": "tenant", "last": null, "done": {} }).to_string();
    half.execute_batch("CREATE TABLE transfer (only INTEGER PRIMARY KEY, progress TEXT)").unwrap();
    half.execute("INSERT INTO transfer VALUES (1, ?1)", [progress]).unwrap();
    drop(half);
    let (status, said) = refused(&run(folder, &["--database", "half.db", "source", "list"]));
    assert!(status == 1 && said.contains("interrupted"), "{said}");
    let (_, said) = refused(&run(folder, &["migrate", "--from", "rollcall.db", "--to", "half.db"]));
    assert!(said.contains("neither new"), "{said}");
    let (_, said) = refused(&run(folder, &["migrate", "--from", "nothing.db", "--to", "half.db"]));
    assert!(said.contains("is not there") && !folder.join("nothing.db").exists(), "{said}");
}

/// The whole: `ROLLCALL_TEST_MIGRATED=100000`, with 100 groups.
#[tokio::test(flavor = "multi_thread")]
async fn from_sqlite_to_postgresql_and_back_every_resource_is_the_same_on_the_wire() {
    let given = std::env::var_os("ROLLCALL_TEST_MIGRATED");
    let users = given.and_then(|users| users.to_str()?.parse().ok()).unwrap_or(30);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = fill_with(folder, users, if users > 1_000 { 100 } else { 3 });
    let before = shown(folder, &token, "rollcall.db");
    let postgres = rollcall_testkit::postgres::TestPostgres::empty().await;
    for key in ["rollcall.key", "back.db.key"] {
        fs::copy(folder.join("rollcall.db.key"), folder.join(key)).unwrap();
        fs::set_permissions(folder.join(key), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let there =
        run(folder, &["migrate", "--from", "rollcall.db", "--to", postgres.url(), "--output", "json"]);
    assert!(
        !String::from_utf8_lossy(&[&*there.stdout, &*there.stderr].concat()).contains(postgres.password())
    );
    json(&there);
    assert_eq!(shown(folder, &token, postgres.url()), before);
    let doctor = json(&run(folder, &["--output", "json", "--database", postgres.url(), "doctor"]));
    assert_eq!(doctor["ok"], true, "{doctor}");
    // A backup of one backend is one of the other.
    json(&run(folder, &["--output", "json", "--database", postgres.url(), "backup", "postgres.backup"]));
    let (_, said) = refused(&run(folder, &["--database", postgres.url(), "restore", "postgres.backup"]));
    assert!(said.contains("not new"), "{said}");
    // And writing goes on there, and comes back.
    let server = Server::start(folder, &["--database", postgres.url()]);
    let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "late" });
    let (status, made) = server.client("okta", &token).send("POST", "/Users", Some(&user)).unwrap();
    assert_eq!(status, 201, "{made}");
    drop(server);
    let after = shown(folder, &token, postgres.url());
    assert_ne!(after, before);
    json(&run(folder, &["migrate", "--from", postgres.url(), "--to", "back.db", "--output", "json"]));
    assert_eq!(shown(folder, &token, "back.db"), after);
    json(&run(
        folder,
        &["--output", "json", "--database", "back.db", "restore", "postgres.backup", "--force"],
    ));
    assert_eq!(shown(folder, &token, "back.db"), before);
    let doctor = json(&run(folder, &["--output", "json", "--database", "back.db", "doctor"]));
    assert_eq!(doctor["ok"], true, "{doctor}");
}

/// Killed in the middle, it leaves what nobody takes for a database, and goes on with it when it is run again.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_to_postgresql_that_was_killed_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = fill(folder, 30);
    let before = shown(folder, &token, "rollcall.db");
    fs::copy(folder.join("rollcall.db.key"), folder.join("rollcall.key")).unwrap();
    let postgres = rollcall_testkit::TestPostgres::database().await;
    let migrate = ["migrate", "--from", "rollcall.db", "--to", postgres.url(), "--output", "json"];
    // Users and groups are there, their memberships are not.
    let lock = postgres.lock("membership").await;
    let mut killed = rollcall(folder).args(migrate).stderr(Stdio::null()).spawn().unwrap();
    lock.awaited().await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let (status, said) = refused(&run(folder, &["--database", postgres.url(), "source", "list"]));
    assert!(status == 1 && said.contains("interrupted"), "{said}");
    drop(lock);
    let done = json(&run(folder, &migrate));
    assert_eq!(done["tables"]["resource"]["rows"], 33, "{done}");
    assert_eq!(shown(folder, &token, postgres.url()), before);
    let doctor = json(&run(folder, &["--output", "json", "--database", postgres.url(), "doctor"]));
    assert_eq!(doctor["ok"], true, "{doctor}");
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fill(folder, 4);
    let doctor = || run(folder, &["--output", "json", "doctor"]);
    let names = |report: &Value| {
        let checks = report["checks"].as_array().unwrap().iter();
        let wrong = checks.filter(|check| check["ok"] == false);
        wrong.map(|check| check["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(json(&doctor())["ok"], true);
    let whole = fs::read(folder.join("rollcall.db")).unwrap();
    for (statement, check) in [
        ("DELETE FROM change WHERE key % 1099511627776 = 3", "sequence"),
        ("UPDATE counter SET value = value + 1 WHERE of = 1", "sequence"),
        ("UPDATE counter SET value = value + 1 WHERE of = 2", "integrity"),
        ("UPDATE counter SET value = 1 WHERE of = 3", "integrity"),
        ("DELETE FROM value WHERE value = 'user2'", "index"),
        ("UPDATE resource SET entries = '[]' WHERE display = 'user2'", "index"),
        (
            "UPDATE resource SET body = CAST(replace(CAST(body AS TEXT), 'user2', 'user3') AS BLOB) WHERE display = 'user2'",
            "index",
        ),
        ("UPDATE membership SET member_key = 999999 WHERE position = 1", "memberships"),
        ("INSERT INTO pending_member VALUES (999999, 1, 1, 'x', 'x')", "memberships"),
        ("UPDATE change SET at = at + 86400000 WHERE key = (SELECT max(key) FROM change)", "clock"),
        ("UPDATE credential SET expires = created + 86400000", "tokens"),
        (
            "CREATE TABLE transfer (only INTEGER PRIMARY KEY, progress TEXT); INSERT INTO transfer VALUES (1, '{}')",
            "import",
        ),
        ("PRAGMA user_version = 999", "database"),
    ] {
        let database = Connection::open(folder.join("rollcall.db")).unwrap();
        database.execute_batch(statement).unwrap();
        drop(database);
        let output = doctor();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (names(&report), output.status.code()),
            (vec![check.to_owned()], Some(1)),
            "{statement}: {report}"
        );
        for file in ["rollcall.db-wal", "rollcall.db-shm"] {
            let _ = fs::remove_file(folder.join(file));
        }
        fs::write(folder.join("rollcall.db"), &whole).unwrap();
    }
    let key = folder.join("rollcall.db.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let report: Value = serde_json::from_slice(&doctor().stdout).unwrap();
    assert_eq!(names(&report), ["key"]);
    fs::remove_file(&key).unwrap();
    let report: Value = serde_json::from_slice(&doctor().stdout).unwrap();
    assert_eq!(names(&report), ["key"]);
    assert!(!key.exists());
    let text = run(folder, &["--database", "none.db", "doctor"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("not ok") && !folder.join("none.db").exists());
}
