//! What a sync reads, with how many requests, and what it does when the application does it wrong.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rollcall_testkit::peer::{Count, Failure, Faults, RetryAfter, Roster};
use serde_json::{Value, json};

use crate::world::World;

fn user(world: &World, id: &str) -> Value {
    let found = world.c1z(&["resources", "-t", "user"]);
    let found = found["resources"].as_array().unwrap().iter().map(|found| found["resource"].clone());
    found.into_iter().find(|user| user["id"]["resource"] == id).unwrap()
}

fn stats(world: &World) -> Value {
    world.c1z(&["stats"])
}

#[test]
fn users_groups_and_roles_are_in_the_file() {
    let world = World::new(Roster::numbered(1_000, 100, 50));
    world.sync(&[]).ok();
    let expected = json!({
        "resource_types": 3, "entitlements": 103, "grants": 6_000, "group": 100, "role": 3, "user": 1_000,
    });
    assert_eq!(stats(&world), expected);
    let ann = user(&world, "u000009");
    assert_eq!(ann["displayName"], "Given9 Family9");
    assert_eq!(ann["annotations"][0]["status"]["status"], "STATUS_DISABLED");
}

#[test]
fn defects_4_and_5_the_primary_address_is_the_primary_one() {
    let world = World::new(Roster::numbered(3, 0, 0));
    for (primary, address) in [
        ("emails[?(@.primary==true)].value", "user1@example.com"),
        ("$.emails[?(@.primary == true)].value", "user1@example.com"),
        ("emails[?(@.type=='home' && @.primary != true)].value", "alt1@example.com"),
        // A text, where a list was wanted before.
        ("userName", "user1"),
    ] {
        let quoted = primary.replace('\'', "''");
        world
            .profile(|sample| sample.replace("\"emails[?(@.primary==true)].value\"", &format!("'{quoted}'")));
        world.sync(&[]).ok();
        let emails = user(&world, "u000001")["annotations"][0]["emails"].clone();
        let first = emails.as_array().unwrap().iter().find(|email| email["isPrimary"] == true).unwrap();
        assert_eq!(first["address"], address, "{primary}");
    }
}

#[test]
fn defect_6_what_cannot_be_read_is_left_out_and_said() {
    let users = vec![
        json!({"id": "ann", "userName": "ann", "active": true}),
        json!({"userName": "nobody"}),
        json!({"id": "odd", "userName": "odd", "active": ["yes"]}),
        json!({"id": "bob", "userName": "bob", "name": null, "emails": [], "active": true}),
    ];
    let world = World::new(Roster::of(users, Vec::new()));
    let done = world.sync(&[]);
    assert!(done.err.contains("left out: user"), "{}", done.err);
    let left_out = done.err.lines().filter(|line| line.starts_with("left out: ")).count();
    assert!(done.ok().ends_with(&format!("; {left_out} left out\n")));
    assert_eq!(stats(&world)["user"], 4 - left_out);
    assert_eq!(user(&world, "bob")["displayName"], "bob");
    let before = std::fs::read(world.path("sync.c1z")).unwrap();
    let strict = world.sync(&["--strict"]).refusal();
    assert!(strict.contains("cannot be mapped"), "{strict}");
    assert_eq!(std::fs::read(world.path("sync.c1z")).unwrap(), before);
}

/// Switches faults.
type Set = fn(&mut Faults);

#[test]
fn defect_9_nobody_is_lost_whatever_the_counts_say() {
    let cases: [(&str, Set); 6] = [
        ("capped", |faults| faults.page_cap = Some(50)),
        ("capped, and silent about it", |faults| {
            (faults.page_cap, faults.items_per_page) = (Some(50), Count::Fixed(100));
        }),
        ("itemsPerPage 0", |faults| faults.items_per_page = Count::Fixed(0)),
        ("texts", |faults| (faults.total, faults.items_per_page) = (Count::Text, Count::Text)),
        ("no counts", |faults| (faults.total, faults.items_per_page) = (Count::Missing, Count::Missing)),
        ("cursor", |faults| faults.cursor = true),
    ];
    for (name, set) in cases {
        let world = World::with(Roster::numbered(250, 3, 10), set);
        let said = world.sync(&[]).ok();
        assert!(said.contains("250 users, 3 groups"), "{name}: {said}");
    }
}

#[test]
fn an_incomplete_list_leaves_the_file_as_it_was() {
    let world = World::new(Roster::numbered(250, 3, 10));
    world.sync(&[]).ok();
    let before = std::fs::read(world.path("sync.c1z")).unwrap();
    world.peer.set(|faults| faults.total = Count::Fixed(400));
    let said = world.sync(&[]).refusal();
    assert!(said.contains("the list of users is not complete"), "{said}");
    assert!(said.contains("sync.c1z is as it was"), "{said}");
    assert_eq!(std::fs::read(world.path("sync.c1z")).unwrap(), before);
    assert!(!world.path("sync.c1z.partial").exists(), "it begins anew");
    world.peer.set(|faults| faults.total = Count::Right);
    world.sync(&[]).ok();
}

#[test]
fn defect_10_a_page_of_users_is_one_request_and_a_group_none() {
    let world = World::new(Roster::numbered(2_000, 40, 50));
    world.sync(&[]).ok();
    // 20 pages of users and one of groups, each list with a look at what follows; and no user by itself.
    let lists = world.peer.lines().iter().filter(|line| line.contains("/Users")).count();
    assert!((20..=21).contains(&lists), "{:?}", world.peer.lines());
    assert!(world.peer.count() <= 25, "{:?}", world.peer.lines());
    assert_eq!(stats(&world)["grants"], 40 * 50 + 2_000);
}

#[test]
fn members_that_lists_do_not_have_are_read_from_each_group() {
    let world = World::with(Roster::numbered(100, 7, 10), |faults| faults.members_in_list = false);
    let said = world.sync(&[]).ok();
    assert!(said.contains("170 grants"), "{said}");
}

#[test]
fn waiting_is_done_together() {
    // One after the other, 40 pages would take 4 s.
    let world =
        World::with(Roster::numbered(4_000, 10, 10), |faults| faults.latency = Duration::from_millis(100));
    let begun = Instant::now();
    world.sync(&[]).ok();
    assert!(begun.elapsed() < Duration::from_millis(3_500), "{:?}", begun.elapsed());
}

#[test]
fn defect_11_an_application_that_asks_to_wait_is_waited_for_and_its_words_are_shown() {
    let world = World::new(Roster::numbered(150, 1, 10));
    world.peer.fail(2, "GET", "/Users", &Failure::Wait(429, RetryAfter::Seconds(0)));
    world.peer.fail(1, "GET", "/Groups", &Failure::Status(503));
    world.sync(&[]).ok();
    world.peer.fail(1, "GET", "/Users", &Failure::Status(403));
    let said = world.sync(&[]).refusal();
    assert!(said.contains("/scim/v2/Users was answered 403 ("), "{said}");
}

#[test]
fn defect_16_a_group_in_a_group_is_a_group() {
    let users = vec![json!({"id": "ann", "userName": "ann"})];
    let groups = vec![
        json!({"id": "all", "displayName": "All", "members": [{"value": "staff"}]}),
        json!({"id": "staff", "displayName": "Staff", "members": [{"value": "ann", "type": "User"}]}),
    ];
    let world = World::new(Roster::of(users, groups));
    world.sync(&[]).ok();
    assert_eq!(world.grants(), ["group:all:member:group:staff", "group:staff:member:user:ann"]);
    let access = world.c1z(&["access", "-r", "ann"]);
    let held: Vec<_> = access["access"]
        .as_array()
        .unwrap()
        .iter()
        .map(|held| held["entitlements"][0]["id"].clone())
        .collect();
    assert_eq!(held, ["group:staff:member", "group:all:member"]);
    assert_eq!(access["access"][1]["through"], json!(["group:staff:member"]));
}

#[test]
fn defect_17_roles_that_read_alike_stay_two() {
    let with = |id: &str, value: &str| json!({"id": id, "userName": id, "roles": [{"value": value}]});
    let world = World::new(Roster::of(vec![with("a", "Super Admin"), with("b", "super-admin")], Vec::new()));
    world.sync(&[]).ok();
    let grants = world.grants();
    assert_eq!(grants[0], "role:super_admin:member:user:a");
    assert!(
        grants[1].starts_with("role:super_admin_") && grants[1].ends_with(":member:user:b"),
        "{grants:?}"
    );
}

#[test]
fn defect_18_numbers_are_ids_and_texts_are_truth_values() {
    let users = vec![
        json!({"id": 7, "userName": "seven", "active": "true"}),
        json!({"id": "8", "userName": "eight", "active": "False"}),
        json!({"id": "9", "userName": "nine"}),
    ];
    let groups = vec![json!({"id": 1, "displayName": "One", "members": [{"value": 7}]})];
    let world = World::new(Roster::of(users, groups));
    world.sync(&[]).ok();
    let status = |id: &str| user(&world, id)["annotations"][0]["status"]["status"].clone();
    assert_eq!(["7", "8", "9"].map(status), ["STATUS_ENABLED", "STATUS_DISABLED", "STATUS_ENABLED"]);
    assert_eq!(world.grants(), ["group:1:member:user:7"]);
}

#[test]
fn defect_21_every_sync_sees_what_is_there_now() {
    let world = World::new(Roster::numbered(3, 1, 2));
    world.sync(&[]).ok();
    world.peer.roster(|roster| roster.groups[0]["members"] = json!([{"value": "u000002"}]));
    world.sync(&[]).ok();
    assert!(world.grants().contains(&"group:g00000:member:user:u000002".to_owned()));
    let diff = world.c1z(&["diff"]);
    let ids = |change: &str| -> Vec<Value> {
        diff["grants"][change].as_array().unwrap().iter().map(|grant| grant["id"].clone()).collect()
    };
    assert_eq!(ids("created"), ["group:g00000:member:user:u000002"]);
    assert_eq!(ids("deleted"), ["group:g00000:member:user:u000000", "group:g00000:member:user:u000001"]);
    assert_eq!(diff["resources"], json!({"created": [], "deleted": [], "modified": []}));
}

#[test]
fn defect_22_names_in_filters_are_escaped_and_a_group_that_is_gone_is_said() {
    let named = |name: &str| json!({"id": "ann", "userName": "ann", "groups": [{"display": name}]});
    let group = json!({"id": "g", "displayName": "Say \"x\" or displayName eq \"y", "members": []});
    for (name, grants) in [("Say \"x\" or displayName eq \"y", 1), ("None \" such", 0)] {
        let world = World::new(Roster::of(vec![named(name)], vec![group.clone()]));
        world.peer.set(|faults| faults.groups_of_user = false);
        world.profile(|sample| {
            let sample = sample.replace("hasGroupsOnUser: false", "hasGroupsOnUser: true");
            sample.replace("    name: \"display\"\n    id: \"value\"\n", "    name: \"display\"\n")
        });
        let done = world.sync(&[]);
        assert_eq!(done.err.contains("left out: member ann: names group"), grants == 0, "{}", done.err);
        done.ok();
        assert_eq!(world.grants().len(), grants);
        // Who is in the list of groups need not be looked for.
        let asked = world.peer.lines().into_iter().find(|line| line.contains("filter="));
        let escaped = r#"filter=displayName eq "None \" such""#;
        assert_eq!(asked.is_some_and(|line| line.contains(escaped)), grants == 0);
    }
}

#[test]
fn memory_does_not_grow_with_the_directory() {
    let peak = |users| {
        let world = World::new(Roster::numbered(users, 20, 50));
        let mut command = world.command(&[]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            // The highest so far only grows; the last figure counts.
            peak = peak_mib(child.id()).unwrap_or(peak);
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(stats(&world)["user"], users);
        peak
    };
    let (few, many) = (peak(1_000), peak(8_000));
    assert!(many < 100, "{many} MiB");
    assert!(many < few + 40, "{few} MiB, then {many}");
}

fn peak_mib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}
