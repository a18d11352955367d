//! `rollcall c1z`, as a person sees it.

use expect_test::{Expect, expect};
use rollcall_testkit::peer::Roster;
use serde_json::json;

use crate::world::{Ended, World};

fn world() -> World {
    let users = vec![
        json!({"id": "ann", "userName": "ann", "name": {"givenName": "Ann", "familyName": "Lee"}, "active": true,
            "emails": [{"value": "ann@example.com", "primary": true}], "roles": [{"value": "adm", "display": "Admin"}]}),
        json!({"id": "bob", "userName": "bob", "active": false}),
    ];
    let groups = vec![
        json!({"id": "staff", "displayName": "Staff", "members": [{"value": "ann"}]}),
        json!({"id": "all", "displayName": "All", "members": [{"value": "staff"}]}),
    ];
    let world = World::new(Roster::of(users, groups));
    world.sync(&[]).ok();
    world
}

fn print(world: &World, arguments: &[&str]) -> Ended {
    world.bare(&["c1z"]).args(arguments).output().unwrap().into()
}

#[test]
fn tables_are_for_people() {
    let world = world();
    let check = |arguments: &[&str], expected: Expect| expected.assert_eq(&print(&world, arguments).ok());
    check(
        &["resource-types"],
        expect![[r#"
            ID     Display Name  Traits
            user   User          user
            group  Group         group
            role   Role          role
        "#]],
    );
    check(
        &["resources"],
        expect![[r#"
            ID     Display Name  Resource Type  Parent Resource
            ann    Ann Lee       User           -
            bob    bob           User           -
            staff  Staff         Group          -
            all    All           Group          -
            admin  Admin         Role           -
        "#]],
    );
    check(
        &["entitlements", "-t", "group"],
        expect![[r#"
            ID                  Display Name        Resource Type  Resource  Slug
            group:staff:member  Staff group member  Group          Staff     member
            group:all:member    All group member    Group          All       member
        "#]],
    );
    check(
        &["grants", "-t", "group", "-r", "staff"],
        expect![[r#"
            ID                           Resource Type  Resource  Entitlement         Principal
            group:staff:member:user:ann  Group          Staff     Staff group member  Ann Lee (user:ann)
        "#]],
    );
    check(
        &["principals", "-e", "group:all:member"],
        expect![[r#"
            ID     Display Name  Resource Type  Parent Resource
            staff  Staff         Group          -
        "#]],
    );
    check(
        &["access", "-r", "ann"],
        expect![[r#"
            Ann Lee (user:ann)

            Resource Type  Resource             Entitlement         Through
            Group          Staff (group:staff)  group:staff:member  -
            Role           Admin (role:admin)   role:admin:member   -
            Group          All (group:all)      group:all:member    group:staff:member
        "#]],
    );
    check(
        &["stats"],
        expect![[r#"
            entitlements    3
            grants          3
            group           2
            resource_types  3
            role            1
            user            2
        "#]],
    );
}

#[test]
fn json_has_the_shapes_of_the_reference() {
    let world = world();
    let resources = world.c1z(&["resources", "-t", "role"]);
    let expected = json!({"resources": [{
        "resource": {
            "id": {"resourceType": "role", "resource": "admin"},
            "displayName": "Admin",
            "annotations": [{
                "@type": "type.googleapis.com/c1.connector.v2.RoleTrait",
                "profile": {"role_id": "admin", "role_name": "Admin", "role_value": "adm"},
            }],
        },
        "resourceType": {"id": "role", "displayName": "Role", "traits": ["TRAIT_ROLE"]},
    }]});
    assert_eq!(resources, expected);
    let grants = world.c1z(&["grants", "-e", "group:all:member"]);
    let grant = &grants["grants"][0];
    assert_eq!(grant["grant"]["id"], "group:all:member:group:staff");
    assert_eq!(grant["principal"]["displayName"], "Staff");
    assert_eq!(grant["entitlement"]["slug"], "member");
    assert_eq!(grant["resource"]["id"]["resource"], "all");
    assert_eq!(grant["resourceType"]["id"], "group");
    let syncs = world.c1z(&["syncs"]);
    assert_eq!(syncs["syncs"][0]["type"], "full");
}

#[test]
fn mistakes_are_told() {
    let world = world();
    std::fs::write(world.path("text.c1z"), "text").unwrap();
    let check =
        |arguments: &[&str], expected: Expect| expected.assert_eq(&print(&world, arguments).refusal());
    check(
        &["stats", "-f", "none.c1z"],
        expect![[r#"
        error: none.c1z: No such file or directory (os error 2)
    "#]],
    );
    check(
        &["-f", "text.c1z", "stats"],
        expect![[r#"
        error: text.c1z is not a .c1z file
    "#]],
    );
    check(
        &["stats", "--sync-id", "x"],
        expect![[r#"
        error: sync.c1z has no sync x; `rollcall c1z syncs` shows those there are
    "#]],
    );
    check(
        &["access", "-r", "x"],
        expect![[r#"
        error: there is no user:x in the file; `rollcall c1z resources -t user` shows who is
    "#]],
    );
    let said = print(&world, &["diff"]).refusal();
    assert!(said.ends_with("; a second `rollcall sync` into the same file adds one\n"), "{said}");
}

#[test]
fn two_files_are_compared_as_two_syncs_are() {
    let world = World::new(Roster::numbered(20, 2, 3));
    world.sync(&["-f", "one.c1z"]).ok();
    world.sync(&["-f", "both.c1z"]).ok();
    world.peer.roster(|roster| {
        roster.users.remove(19);
        roster.users[0]["name"]["givenName"] = "Other".into();
        roster.groups[1]["members"].as_array_mut().unwrap().pop();
    });
    world.sync(&["-f", "two.c1z"]).ok();
    world.sync(&["-f", "both.c1z"]).ok();
    let diff = |words: &[&str]| {
        Ended::from(world.bare(&[&["c1z", "--file"], words].concat()).output().unwrap()).ok()
    };
    let apart = diff(&["two.c1z", "diff", "--since", "one.c1z"]);
    assert_eq!(apart, diff(&["both.c1z", "diff"]));
    assert!(apart.contains("user:u000019") && apart.lines().count() > 3, "{apart}");
    assert_eq!(
        diff(&["two.c1z", "diff", "--since", "two.c1z"]),
        diff(&["one.c1z", "diff", "--since", "one.c1z"])
    );
}

#[test]
fn exports_go_to_a_file_or_out() {
    let world = world();
    let csv = print(&world, &["export", "csv"]).ok();
    assert!(csv.contains(
        "user,Lee,Ann,ann,enabled,ann@example.com,Staff group member,group:staff:member,Group,Staff,"
    ));
    assert!(csv.contains("user,,,bob,disabled,,,,,,,\r\n"), "{csv}");
    print(&world, &["export", "json", "--out", "all.json"]).ok();
    let all: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("all.json")).unwrap()).unwrap();
    assert_eq!(all["resources"].as_array().unwrap().len(), 5);
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let world = World::new(Roster::numbered(3_000, 1, 1));
    world.sync(&[]).ok();
    let mut child = world.bare(&["c1z", "resources"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
