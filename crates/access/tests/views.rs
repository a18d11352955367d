//! What is asked of a file: syncs, access through groups, differences, exports.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_raw_string_hashes,
    reason = "a test stops where something is not as it should be; expect-test writes raw strings"
)]

mod common;

use common::{group, role, run, user};
use expect_test::{Expect, expect};
use rollcall_access::c1z::{C1zError, Change, File, GrantFilter, Kind, Row, View};
use rollcall_access::model::ResourceId;
use rollcall_access::sync::Format;
use rusqlite::Connection;

/// ann is in staff and in a circle of two groups, staff is in all; bob has a role; nobody is nowhere.
fn sample(folder: &std::path::Path) -> std::path::PathBuf {
    let resources = [
        user("ann", "Ann"),
        user("bob", "Bob"),
        user("nobody", "No, \"body\""),
        group("staff", "Staff"),
        group("all", "All"),
        group("one", "One"),
        group("two", "Two"),
        role("admin", "Admin"),
    ];
    let grants = [
        ("group:staff", "user:ann"),
        ("group:all", "group:staff"),
        ("group:one", "user:ann"),
        ("group:one", "group:two"),
        ("group:two", "group:one"),
        ("role:admin", "user:bob"),
    ];
    common::file(folder, run("first", 0), None, &resources, &grants)
}

fn access(view: &View<'_>, id: &str) -> String {
    let (kind, id) = id.split_once(':').unwrap();
    let held = view.access(&ResourceId::new(kind, id)).unwrap();
    let line = |held: &rollcall_access::c1z::Held| {
        format!("{} {}", held.entitlement.id, held.through.join(" ")).trim().to_owned()
    };
    held.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn access_goes_through_groups_however_they_are_nested() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::open(&sample(folder.path()));
    let view = file.view(None).unwrap();
    let check = |id: &str, expected: Expect| expected.assert_eq(&access(&view, id));
    check(
        "user:ann",
        expect![[r#"
            group:staff:member
            group:one:member
            group:all:member group:staff:member
            group:two:member group:one:member"#]],
    );
    check("user:bob", expect!["role:admin:member"]);
    check("user:nobody", expect![""]);
    // What a group holds, its users get, not the groups in it.
    check("group:staff", expect!["group:all:member"]);
}

#[test]
fn grants_and_principals_are_found_by_what_they_are_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::open(&sample(folder.path()));
    let view = file.view(None).unwrap();
    let one = ResourceId::new("group", "one");
    let ann = ResourceId::new("user", "ann");
    let check = |filter: GrantFilter<'_>, ids: &[&str], principals: &[&str]| {
        let mut found = Vec::new();
        view.grants(filter, |grant| -> Result<(), C1zError> {
            found.push(grant.id);
            Ok(())
        })
        .unwrap();
        assert_eq!(found, ids, "{filter:?}");
        let mut holders = Vec::new();
        view.principals(filter, |id| -> Result<(), C1zError> {
            holders.push(id.to_string());
            Ok(())
        })
        .unwrap();
        assert_eq!(holders, principals, "{filter:?}");
    };
    let of_one = ["group:one:member:user:ann", "group:one:member:group:two"];
    check(GrantFilter::Resource(&one), &of_one, &["user:ann", "group:two"]);
    check(GrantFilter::Entitlement("group:one:member"), &of_one, &["user:ann", "group:two"]);
    check(
        GrantFilter::Principal(&ann),
        &["group:staff:member:user:ann", "group:one:member:user:ann"],
        &["user:ann"],
    );
    check(GrantFilter::Entitlement("nothing"), &[], &[]);
}

#[test]
fn the_sync_that_is_shown_is_the_last_full_one_that_ended() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |change: &str, sync: Option<&str>| {
        sample(folder.path());
        let database = folder.path().join("first.db");
        Connection::open(&database).unwrap().execute_batch(change).unwrap();
        let path = folder.path().join("changed.c1z");
        common::packed(&path, &std::fs::read(&database).unwrap());
        for name in ["first.db", "first.c1z"] {
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
        let file = common::open(&path);
        file.view(sync)
            .map(|view| view.sync().id.clone())
            .map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
    };
    let add = |id: &str, ended: &str| {
        format!(
            "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token) values ('{id}', '2027-01-01 00:00:00', {ended}, '')"
        )
    };
    let ok = |id: &str| Ok(id.to_owned());
    assert_eq!(shown("", None), ok("first"));
    assert_eq!(shown(&add("newer", "'2027-01-01 00:00:01'"), None), ok("newer"));
    assert_eq!(shown(&add("newer", "'2027-01-01 00:00:01'"), Some("first")), ok("first"));
    assert_eq!(shown(&add("unfinished", "null"), None), ok("first"));
    let unfinished = format!("delete from v1_sync_runs; {}", add("unfinished", "null"));
    assert_eq!(shown(&unfinished, None), ok("unfinished"));
    let partial = format!(
        "alter table v1_sync_runs add column sync_type text not null default 'full'; {}; \
         update v1_sync_runs set sync_type = 'partial' where sync_id = 'part'",
        add("part", "'2027-01-01 00:00:01'")
    );
    assert_eq!(shown(&partial, None), ok("first"));
    let none = "FILE has no sync; `rollcall c1z syncs` shows those there are";
    assert_eq!(shown("delete from v1_sync_runs", None), Err(none.to_owned()));
    let other = "FILE has no sync x; `rollcall c1z syncs` shows those there are";
    assert_eq!(shown("", Some("x")), Err(other.to_owned()));
}

#[test]
fn two_syncs_of_a_file_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = common::open(&sample(folder.path()));
    let resources = [user("ann", "Anne"), user("carl", "Carl"), group("staff", "Staff")];
    let grants = [("group:staff", "user:carl"), ("group:staff", "user:ann")];
    let path = common::file(folder.path(), run("second", 60), Some(&earlier), &resources, &grants);
    let file = common::open(&path);
    let syncs = file.finished().unwrap();
    assert_eq!(syncs.iter().map(|sync| sync.id.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    let (older, newer) = (file.view(Some("first")).unwrap(), file.view(None).unwrap());
    let found = |kind: Kind, change: Change| {
        let mut found = Vec::new();
        newer
            .changes(&older, kind, change, |row| -> Result<(), C1zError> {
                found.push(match row {
                    Row::Resource(resource) => resource.display_name,
                    Row::Entitlement(entitlement) => entitlement.id,
                    Row::Grant(grant) => grant.id,
                });
                Ok(())
            })
            .unwrap();
        found.join(", ")
    };
    let check = |kind, change, expected: Expect| expected.assert_eq(&found(kind, change));
    check(Kind::Resource, Change::Created, expect!["Carl Lee"]);
    check(Kind::Resource, Change::Deleted, expect!["Bob Lee, No, \"body\" Lee, All, One, Two, Admin"]);
    check(Kind::Resource, Change::Modified, expect!["Anne Lee"]);
    check(Kind::Entitlement, Change::Modified, expect![""]);
    check(Kind::Grant, Change::Created, expect!["group:staff:member:user:carl"]);
    // A third forgets the first.
    let third = common::file(folder.path(), run("third", 120), Some(&file), &resources, &grants);
    let syncs = common::open(&third).syncs().unwrap();
    assert_eq!(syncs.iter().map(|sync| sync.id.as_str()).collect::<Vec<_>>(), ["second", "third"]);
    let third = common::open(&third);
    let stats = |sync: &str, file: &File| file.view(Some(sync)).unwrap().stats().unwrap();
    assert_eq!(stats("second", &third), stats("second", &file));
}

#[test]
fn equal_content_makes_equal_files() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = folders.each_ref().map(|folder| std::fs::read(sample(folder.path())).unwrap());
    assert_eq!(one, other);
}

fn exported(format: Format) -> String {
    let folder = tempfile::tempdir().unwrap();
    let grants = [("group:staff", "user:ann"), ("group:all", "group:staff")];
    let resources =
        [user("ann", "Ann"), user("nobody", "No, \"body\""), group("staff", "Staff"), group("all", "All")];
    let file = common::open(&common::file(folder.path(), run("s", 0), None, &resources, &grants));
    let mut out = Vec::new();
    rollcall_access::export::write(format, &file.view(None).unwrap(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn csv_has_the_reference_s_columns_and_everybody() {
    expect![[r#"
        Type,Last Name,First Name,User ID,User Status,Email Address,Entitlement Display Name,Entitlement,Resource Type,Resource Name,Entitlement Description,Entitlement Slug
        user,Lee,Ann,ann,enabled,ann@example.com,Staff group member,group:staff:member,Group,Staff,Member of Staff group,member
        user,Lee,"No, ""body""",nobody,enabled,nobody@example.com,,,,,,
        group,Staff,,staff,,,All group member,group:all:member,Group,All,Member of All group,member
    "#]]
    .assert_eq(&exported(Format::Csv).replace("\r\n", "\n"));
}

#[test]
fn json_is_a_document_and_jsonl_a_line_each() {
    let document: serde_json::Value = serde_json::from_str(&exported(Format::Json)).unwrap();
    let count = |name: &str| document[name].as_array().unwrap().len();
    assert_eq!(["resourceTypes", "resources", "entitlements", "grants"].map(count), [3, 4, 2, 2]);
    assert_eq!(document["sync"]["endedAt"], "2026-11-22T01:30:22.250Z");
    assert_eq!(document["grants"][0]["id"], "group:staff:member:user:ann");
    let lines = exported(Format::Jsonl);
    let kinds = lines.lines().map(|line| {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        line.keys().next().unwrap().clone()
    });
    let kinds: Vec<_> = kinds.collect();
    assert_eq!(kinds.len(), 12);
    assert_eq!((kinds[0].as_str(), kinds[1].as_str(), kinds[11].as_str()), ("sync", "resourceType", "grant"));
}
