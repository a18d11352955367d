//! What a sync makes of what it reads.

use expect_test::{Expect, expect};
use rollcall_access::c1z::{C1zError, GrantFilter, Limits};
use rollcall_access::sync::{Finishing, Workplace, collect};
use rollcall_connector::read::{GroupLink, GroupRecord, Skipped, UserRecord};

use crate::app::{App, Shared, Watcher, begun, group, leak, place, run, user};
use crate::common::{self, NOW};

/// What a sync of this application finds: resources, entitlements and grants, then what was left out.
fn found(app: App) -> String {
    of(leak(app))
}

fn of(app: &'static App) -> String {
    let (_folder, output) = place();
    let workplace = Workplace::open(&output, None, Limits::default()).unwrap();
    let mut opened = workplace.begin(begun("a", 0), 2).unwrap();
    let reader = Shared(app);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(collect(&reader, &mut opened.progress, &mut Watcher::default())).unwrap();
    let mut lines = Vec::new();
    let problems = opened.progress.problems().unwrap();
    let finishing = Finishing { now: NOW, keep: 1, formats: Vec::new() };
    let summary = workplace.finish(opened.progress, &finishing).unwrap();
    assert_eq!(summary.problems, problems.len() as u64);
    let file = common::open(&output);
    let view = file.view(None).unwrap();
    view.resources(None, |resource| -> Result<(), C1zError> {
        lines.push(format!("{} {}", resource.id, resource.display_name));
        Ok(())
    })
    .unwrap();
    view.grants(GrantFilter::All, |grant| -> Result<(), C1zError> {
        lines.push(format!("  {}{}", grant.id, if grant.expandable().is_some() { " *" } else { "" }));
        Ok(())
    })
    .unwrap();
    lines.extend(problems.iter().map(|p| format!("! {} {} {}", p.what, p.id, p.reason)));
    lines.join("\n")
}

#[track_caller]
fn check(app: App, expected: &Expect) {
    expected.assert_eq(&found(app));
}

#[test]
fn users_groups_and_roles_become_resources_and_grants() {
    let app = App {
        users: vec![user("ann", &[("adm", "Admin")]), user("bob", &[("adm", "Admin"), ("viewer", "")])],
        groups: vec![group("g1", &["user:ann", "bob"]), group("g2", &[])],
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            user:bob BOB Lee
            group:g1 Group g1
            group:g2 Group g2
            role:admin Admin
            role:viewer viewer
              group:g1:member:user:ann
              group:g1:member:user:bob
              role:admin:member:user:ann
              role:admin:member:user:bob
              role:viewer:member:user:bob"#]],
    );
}

#[test]
fn a_user_has_its_addresses_its_state_and_the_reference_s_profile() {
    let (_folder, output) = place();
    let left = UserRecord { active: false, ..user("ann", &[]) };
    let app = leak(App { users: vec![left], ..App::default() });
    run(app, &output, begun("a", 0)).unwrap().unwrap();
    let file = common::open(&output);
    let id = rollcall_access::model::ResourceId::new("user", "ann");
    let ann = file.view(None).unwrap().resource(&id).unwrap().unwrap();
    expect![[r#"
        {"emails":[{"address":"ann@example.com","isPrimary":true},{"address":"ann@example.org"}],"status":{"status":"STATUS_DISABLED"},"profile":{"first_name":"ANN","last_name":"Lee","login":"ann@example.com","user_id":"ann","username":"ann.name"},"accountType":"ACCOUNT_TYPE_HUMAN","login":"ann.name"}"#]]
    .assert_eq(&serde_json::to_string(ann.user().unwrap()).unwrap());
}

#[test]
fn who_comes_again_is_written_anew() {
    let app = |page| App {
        users: vec![user("ann", &[("a", ""), ("b", "")]), user("bob", &[]), user("ann", &[("b", "Bee")])],
        groups: vec![group("g", &["ann", "bob"]), group("g", &["bob"])],
        page,
        ..App::default()
    };
    for page in [1, 9] {
        check(
            app(page),
            &expect![[r#"
                user:ann ANN Lee
                user:bob BOB Lee
                group:g Group g
                role:a a
                role:bee Bee
                  group:g:member:user:bob
                  role:bee:member:user:ann"#]],
        );
    }
}

#[test]
fn defect_6_a_record_that_cannot_be_read_is_reported_and_the_rest_is_kept() {
    let nameless = Skipped { id: Some("u7".to_owned()), reason: "user.active: is a list".to_owned() };
    let without_id = Skipped { id: None, reason: "user.id: is missing".to_owned() };
    let long = user(&"x".repeat(2_000), &[]);
    let app = App {
        users: vec![user("ann", &[]), UserRecord { first_name: Some("Long".to_owned()), ..long }],
        skipped: vec![nameless, without_id],
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            ! user  user.id: is missing
            ! user Long Lee its id has 2000 bytes; 1024 are the most
            ! user u7 user.active: is a list"#]],
    );
}

/// facts §1.12: readers take ids of 1 to 1,024 bytes; the reference ends where one is longer.
#[test]
fn defect_18_a_member_whose_id_is_longer_than_a_file_takes_is_reported_and_not_asked_for() {
    let [fits, long] = [1_024, 1_025].map(|bytes| "m".repeat(bytes));
    let app = leak(App {
        users: vec![user("ann", &[])],
        groups: vec![group("g1", &["user:ann", &fits, &long, &format!("group:{long}"), ""])],
        hidden_users: vec![user(&fits, &[]), user(&long, &[])],
        page: 9,
        ..App::default()
    });
    let found = of(app).replace(&fits, "1024m");
    expect![[r#"
        user:ann ANN Lee
        user:1024m 1024M
        group:g1 Group g1
          group:g1:member:user:ann
          group:g1:member:user:1024m
        ! member  of g1: its id is empty
        ! member 1024mm of g1: its id has 1025 bytes; 1024 are the most"#]]
    .assert_eq(&found.replace(&fits.to_uppercase(), "1024M"));
    assert_eq!(app.asked(), 3, "users, groups, and the one that is in no list");
}

#[test]
fn a_role_has_an_id_and_a_name_that_a_file_takes_however_long_its_own_is() {
    let [one, other] = ["x", "y"].map(|last| format!("{}{last}", "é".repeat(600)));
    let found = found(App { users: vec![user("ann", &[(&one, ""), (&other, "")])], ..App::default() });
    let roles: Vec<&str> = found.lines().filter_map(|line| line.strip_prefix("role:")).collect();
    assert_eq!(roles.len(), 2, "{found}");
    assert_ne!(roles[0], roles[1]);
    for role in roles {
        let (id, name) = role.split_once(' ').unwrap();
        assert!((1..=1_024).contains(&id.len()) && name == "é".repeat(512), "{role}");
    }
}

#[test]
fn defect_16_groups_in_groups_are_groups_and_not_users() {
    // Said to be one or not, listed before or after, and even when said to be a user.
    let app = App {
        users: vec![user("ann", &[])],
        groups: vec![
            group("first", &["group:later", "later2", "user:later3"]),
            group("later", &["ann"]),
            group("later2", &["group:first"]),
            group("later3", &["group:ann"]),
        ],
        page: 1,
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            group:first Group first
            group:later Group later
            group:later2 Group later2
            group:later3 Group later3
              group:first:member:group:later *
              group:first:member:group:later2 *
              group:first:member:group:later3 *
              group:later:member:user:ann
              group:later2:member:group:first *
              group:later3:member:user:ann"#]],
    );
}

#[test]
fn defect_17_roles_whose_names_come_out_the_same_stay_two() {
    let roles = |roles: [(&str, &str); 2]| App {
        users: vec![user("ann", &roles[..1]), user("bob", &roles[1..])],
        ..App::default()
    };
    // Whoever comes first: ids go by the values.
    for app in [
        roles([("A", "Super Admin"), ("B", "super-admin")]),
        roles([("B", "super-admin"), ("A", "Super Admin")]),
    ] {
        let found = found(app);
        assert!(found.contains("role:super_admin Super Admin"), "{found}");
        assert!(found.contains("role:super_admin_df7e70e5 super-admin"), "{found}");
    }
}

#[test]
fn members_that_are_in_no_list_are_asked_for_and_nobody_is_made_up() {
    let hidden = GroupRecord { members: group("", &["user:ann", "ghost"]).members, ..group("deep", &[]) };
    let app = App {
        users: vec![user("ann", &[])],
        groups: vec![group("g1", &["left", "group:deep", "ghost", "user:nobody"])],
        hidden_users: vec![user("left", &[("adm", "")])],
        hidden_groups: vec![hidden],
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            user:left LEFT Lee
            group:g1 Group g1
            group:deep Group deep
            role:adm adm
              group:g1:member:user:left
              group:g1:member:group:deep *
              group:deep:member:user:ann
              role:adm:member:user:left
            ! member ghost of g1: is neither a user nor a group
            ! member nobody of g1: is neither a user nor a group"#]],
    );
}

#[test]
fn defect_22_a_group_that_a_user_names_and_that_is_not_there_is_a_problem_not_the_end() {
    let naming = |groups: &[(Option<&str>, &str)]| UserRecord {
        groups: groups
            .iter()
            .map(|(id, name)| GroupLink { id: id.map(str::to_owned), name: (*name).to_owned() })
            .collect(),
        ..user("ann", &[])
    };
    let app = App {
        users: vec![naming(&[
            (Some("g1"), "whatever"),
            (None, "Group g2"),
            (None, "Group deep"),
            (None, "Say \"x\""),
            (None, "Group twin"),
            (Some("gone"), "Gone"),
        ])],
        groups: vec![
            group("g1", &[]),
            group("g2", &["user:ann"]),
            GroupRecord { id: "twin2".to_owned(), ..group("twin", &[]) },
            group("twin", &[]),
        ],
        hidden_groups: vec![group("deep", &[])],
        ..App::default()
    };
    check(
        app,
        &expect![[r#"
            user:ann ANN Lee
            group:g1 Group g1
            group:g2 Group g2
            group:twin2 Group twin
            group:twin Group twin
            group:deep Group deep
              group:g2:member:user:ann
              group:g1:member:user:ann
              group:deep:member:user:ann
            ! member ann names group "Group twin": several groups have this name
            ! member ann names group "Say \"x\"": there is no such group
            ! member gone of ann: is neither a user nor a group"#]],
    );
}
