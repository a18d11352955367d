//! Grants, revocations, accounts: the requests that are sent, and what is said.

use expect_test::{Expect, expect};
use rollcall_testkit::peer::Roster;
use serde_json::json;

use crate::world::World;

fn synced() -> World {
    let world = World::new(Roster::numbered(6, 2, 3));
    world.sync(&[]).ok();
    world.peer.reset();
    world
}

/// What is said, and the requests that changed something.
#[track_caller]
fn check(world: &World, arguments: &[&str], expected: &Expect) {
    world.peer.reset();
    let done = world.sync(arguments);
    let said = format!("{} {}{}", done.code, done.out, done.err);
    let said = said.replace(&world.peer.url(), "BASE");
    let lines: Vec<_> = std::iter::once(said.trim().to_owned()).chain(world.changes()).collect();
    expected.assert_eq(&lines.join("\n"));
}

const GRANT: [&str; 4] = ["--grant-entitlement", "group:g00000:member", "--grant-principal", "u000005"];

#[test]
fn a_member_is_added_alone() {
    let world = synced();
    check(
        &world,
        &GRANT,
        &expect![[r#"
            0 granted group:g00000:member:user:u000005
            PATCH /Groups/g00000 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"u000005"}]}]}"#]],
    );
    let members = world.peer.roster(|roster| roster.members("g00000"));
    assert_eq!(members, ["u000000", "u000001", "u000002", "u000005"]);
}

#[test]
fn defect_14_the_grant_that_is_returned_is_of_the_group_and_to_the_user() {
    let world = synced();
    let said = world.sync(&[&GRANT[..], &["--output", "json"]].concat()).json();
    assert_eq!(said, json!({"outcome": "granted", "grant": "group:g00000:member:user:u000005"}));
}

#[test]
fn defect_12_one_member_is_removed_and_the_others_are_neither_read_nor_written() {
    let world = synced();
    // Somebody else joins after the sync: a list of members from the file would throw him out.
    world.peer.roster(|roster| {
        let members = roster.groups[0]["members"].as_array_mut().unwrap();
        members.push(json!({"value": "late", "$ref": "Users/late", "type": "User"}));
    });
    check(
        &world,
        &["--revoke-grant", "group:g00000:member:user:u000001"],
        &expect![[r#"
            0 revoked group:g00000:member:user:u000001
            PATCH /Groups/g00000 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"remove","path":"members[value eq \"u000001\"]"}]}"#]],
    );
    assert_eq!(world.peer.roster(|roster| roster.members("g00000")), ["u000000", "u000002", "late"]);
    for member in ["u000000", "u000002"] {
        world.sync(&["--revoke-grant", &format!("group:g00000:member:user:{member}")]).ok();
    }
    assert_eq!(world.peer.roster(|roster| roster.members("g00000")), ["late"]);
}

#[test]
fn defect_13_one_role_is_granted_by_its_value_and_revoked_alone() {
    let world = synced();
    let super_admin = ["--grant-entitlement", "role:super_admin:member", "--grant-principal", "u000000"];
    check(
        &world,
        &super_admin,
        &expect![[r#"
            0 granted role:super_admin:member:user:u000000
            PATCH /Users/u000000 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"roles","value":[{"value":"super_admin"}]}]}"#]],
    );
    assert_eq!(world.peer.roster(|roster| roster.roles("u000000")), ["admin", "super_admin"]);
    check(
        &world,
        &["--revoke-grant", "role:admin:member:user:u000000"],
        &expect![[r#"
            0 revoked role:admin:member:user:u000000
            PATCH /Users/u000000 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"remove","path":"roles[value eq \"admin\"]"}]}"#]],
    );
    assert_eq!(world.peer.roster(|roster| roster.roles("u000000")), ["super_admin"]);
}

#[test]
fn what_is_so_already_is_a_success_and_said() {
    let world = synced();
    world.sync(&GRANT).ok();
    assert!(world.sync(&GRANT).ok().contains("was held already"));
    let revoke = ["--revoke-grant", "group:g00000:member:user:u000001"];
    world.sync(&revoke).ok();
    assert!(world.sync(&revoke).ok().contains("was gone already"));
    let delete = ["--delete-resource", "u000004", "--delete-resource-type", "user"];
    assert_eq!(world.sync(&delete).ok(), "deleted user:u000004\n");
    assert_eq!(world.sync(&delete).ok(), "user:u000004 was gone already\n");
    let create = ["--create-account-login", "user1"];
    assert_eq!(world.sync(&create).ok(), "user:u000001 was there already, and is as it was\n");
}

#[test]
fn defect_15_without_a_provisioning_block_nothing_is_sent() {
    let world = synced();
    world.profile(|sample| sample.split("provisioning:").next().unwrap().to_owned());
    check(
        &world,
        &GRANT,
        &expect!["1 error: the profile has no provisioning.addUserToGroup, so this cannot be changed"],
    );
    assert_eq!(world.peer.count(), 0);
}

#[test]
fn defect_19_accounts_are_created_and_deleted() {
    let world = synced();
    let create = ["--create-account-login", "ann", "--create-account-email", "ann@example.com"];
    let profile = ["--create-account-profile", r#"{"first_name": "Ann", "title": "Chief"}"#];
    let said = world.sync(&[&create[..], &profile].concat()).ok();
    let id = said.trim().strip_prefix("created user:").unwrap().to_owned();
    let ann = world.peer.roster(|roster| roster.find("Users", &id)).unwrap();
    assert_eq!(ann["userName"], "ann");
    assert_eq!(ann["name"]["givenName"], "Ann");
    assert_eq!(ann["title"], "Chief");
    assert_eq!(ann["emails"][0]["value"], "ann@example.com");
    world.sync(&["--delete-resource", &id, "--delete-resource-type", "user"]).ok();
    assert!(world.peer.roster(|roster| roster.find("Users", &id)).is_none());
    let group = ["--delete-resource", "g00001", "--delete-resource-type", "group"];
    assert_eq!(world.sync(&group).ok(), "deleted group:g00001\n");
}

#[test]
fn a_dry_run_prints_the_request_without_secrets_and_sends_nothing() {
    let world = synced();
    for arguments in [
        &GRANT[..],
        &["--revoke-grant", "group:g00000:member:user:u000001"],
        &["--create-account-login", "ann"],
        &["--delete-resource", "u000001", "--delete-resource-type", "user"],
        &["--revoke-grant", "role:admin:member:user:u000000"],
    ] {
        let said = world.sync(&[arguments, &["--dry-run"]].concat()).ok();
        assert!(said.contains("/scim/v2/") && !said.contains(crate::world::TOKEN), "{said}");
        let shown = world.sync(&[arguments, &["--dry-run", "--output", "json"]].concat()).json();
        assert!(shown["requests"][0]["method"].is_string(), "{shown}");
    }
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[test]
fn what_the_file_does_not_know_is_not_tried() {
    let world = synced();
    let check = |arguments: &[&str], expected: &str| {
        let said = world.sync(arguments).refusal();
        assert!(said.contains(expected), "{said}");
    };
    check(&["--revoke-grant", "group:g00000:member:user:x"], "no grant group:g00000:member:user:x");
    check(
        &["--grant-entitlement", "group:x:member", "--grant-principal", "u000001"],
        "the file has no entitlement group:x:member; `rollcall c1z entitlements` shows",
    );
    check(
        &["--grant-entitlement", "group:g00000:member", "--grant-principal", "x"],
        "the file has no resource user:x",
    );
    let role = ["--grant-entitlement", "role:admin:member", "--grant-principal", "g00000"];
    check(&[&role[..], &["--grant-principal-type", "group"]].concat(), "cannot be held by group:g00000");
    assert_eq!(world.peer.count(), 0);
}
