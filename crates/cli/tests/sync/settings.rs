//! Flags, variables and files, and what is said when they do not do.

use std::process::Command;

use expect_test::{Expect, expect};
use rollcall_testkit::peer::Roster;
use serde_json::json;

use crate::world::{Ended, TOKEN, World, bare};

fn ended(command: &mut Command) -> Ended {
    command.output().unwrap().into()
}

#[test]
fn defects_1_and_2_the_documented_flags_and_the_documented_profile_work() {
    let world = World::new(Roster::numbered(5, 1, 2));
    let yaml = std::fs::read_to_string(world.path("app.yaml")).unwrap();
    for (flags, variables) in [
        (&["--token", TOKEN, "--scim-config", "app.yaml"][..], &[][..]),
        (&["--token", TOKEN, "--scim-config-file", "./app.yaml"], &[]),
        (&["--token", TOKEN, "--scim-config-value", &yaml], &[]),
        (&[], &[("BATON_TOKEN", TOKEN), ("BATON_SCIM_CONFIG", "app.yaml")]),
        (&["--scim-config=app.yaml"], &[("BATON_TOKEN", "wrong"), ("BATON_API_KEY", "")]),
    ] {
        let mut command = world.bare(&["sync"]);
        command.args(flags).envs(variables.iter().copied());
        let ended = ended(&mut command);
        if variables.iter().any(|(_, value)| *value == "wrong") {
            assert!(ended.refusal().contains("401"));
            continue;
        }
        assert_eq!(
            ended.ok(),
            "wrote sync.c1z: 5 users, 1 groups, 3 roles, 7 grants\n",
            "{flags:?} {variables:?}"
        );
    }
}

#[test]
fn settings_are_taken_from_a_file_beneath_all() {
    let world = World::new(Roster::numbered(5, 1, 2));
    let file =
        format!("token: {TOKEN}\nscim-config: app.yaml\nfile: from-file.c1z\nlog-level: warn\nworkers: 3\n");
    std::fs::write(world.path(".baton.yaml"), file).unwrap();
    let mut command = world.bare(&["sync"]);
    let done = ended(&mut command);
    assert!(done.err.contains("note: workers in .baton.yaml means nothing here"), "{}", done.err);
    assert!(done.ok().starts_with("wrote from-file.c1z"));
    let done = ended(world.bare(&["sync", "-f", "from-flag.c1z"]).env("BATON_FILE", "from-variable.c1z"));
    assert!(done.ok().starts_with("wrote from-flag.c1z"));
}

#[test]
fn under_the_name_of_the_reference_it_is_the_reference() {
    let world = World::new(Roster::numbered(5, 1, 2));
    let link = world.path("baton-scim");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rollcall"), &link).unwrap();
    let mut command = Command::new(link);
    command.current_dir(world.folder.path()).env_clear().env("BATON_TOKEN", TOKEN);
    command.args(["--scim-config=app.yaml", "-f", "out.c1z", "--log-format", "json", "-p"]);
    assert!(ended(&mut command).ok().starts_with("wrote out.c1z: 5 users"));
}

#[test]
fn what_it_can_do_and_its_words_are_printed_as_the_reference_prints_them() {
    let world = World::new(Roster::numbered(1, 1, 1));
    let link = world.path("baton-scim");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rollcall"), &link).unwrap();
    let said = |words: &[&str]| {
        let mut command = Command::new(&link);
        ended(command.current_dir(world.folder.path()).env_clear().args(words)).ok()
    };
    let can: serde_json::Value = serde_json::from_str(&said(&["capabilities"])).unwrap();
    assert_eq!(can["@type"], "type.googleapis.com/c1.connector.v2.ConnectorCapabilities");
    let types = can["resourceTypeCapabilities"].as_array().unwrap();
    let can =
        |kind: usize, what: &str| types[kind]["capabilities"].as_array().unwrap().contains(&what.into());
    assert_eq!(types[1]["resourceType"]["id"], "group");
    assert!(can(1, "CAPABILITY_PROVISION") && can(0, "CAPABILITY_SYNC") && !can(0, "CAPABILITY_PROVISION"));
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&["completion", shell]);
        assert!(script.contains("baton-scim") && script.contains("scim-config"), "{shell}: {script}");
    }
    let whole = ended(&mut world.bare(&["completion", "bash"])).ok();
    assert!(whole.contains("connector") && whole.contains("capabilities"), "{whole}");
}

#[test]
fn defect_3_basic_authentication_works() {
    let world = World::with(Roster::numbered(5, 1, 2), |faults| {
        // ann:secret
        faults.authorization = Some("Basic YW5uOnNlY3JldA==".to_owned());
    });
    world.profile(|sample| sample.replace("\"oauth2\"", "\"basic\""));
    let command = ["sync", "--scim-config", "app.yaml", "--username", "ann", "--password", "secret"];
    ended(&mut world.bare(&command)).ok();
}

#[test]
fn a_secret_comes_from_a_file_as_well() {
    let world = World::new(Roster::numbered(5, 1, 2));
    std::fs::write(world.path("token"), format!("{TOKEN}\n")).unwrap();
    ended(&mut world.bare(&["sync", "--scim-config", "app.yaml", "--token-file", "token"])).ok();
}

#[test]
fn mistakes_are_told_with_what_to_do_before_anything_is_sent() {
    let world = World::new(Roster::numbered(5, 1, 2));
    let check = |arguments: &[&str], expected: Expect| {
        let first = world.sync(arguments).refusal();
        let names = world.folder.path().display().to_string();
        expected.assert_eq(&first.replace(&names, "FOLDER"));
    };
    std::fs::write(world.path("bad.yaml"), "apiEndpoint: 7\nauth:\n  authType: oauth3\n").unwrap();
    std::fs::write(world.path("notes.txt"), "my notes").unwrap();
    check(
        &["--client-id", "a@b/c", "--client-secret", "x"],
        expect![[r#"
            error: the continuous service mode is not there yet; leave out --client-id and --client-secret (BATON_CLIENT_ID, BATON_CLIENT_SECRET) to write a file
        "#]],
    );
    check(
        &["--rotate-credentials", "u1", "--rotate-credentials-type", "user"],
        expect![[r#"
            error: --rotate-credentials: SCIM has no such thing
        "#]],
    );
    check(
        &["--storage-engine", "pebble"],
        expect![[r#"
            error: --storage-engine pebble: only sqlite is written, which every Baton tool reads
        "#]],
    );
    check(
        &["--format", "xlsx"],
        expect![[r#"
            error: --format xlsx: there are csv, json and jsonl
        "#]],
    );
    check(
        &["-f", "notes.txt"],
        expect![[r#"
            error: notes.txt is not a .c1z file
        "#]],
    );
    check(
        &["--grant-entitlement", "group:g:member"],
        expect![[r#"
            error: --grant-entitlement needs --grant-principal
        "#]],
    );
    check(
        &["--delete-resource", "u1"],
        expect![[r#"
            error: --delete-resource needs --delete-resource-type user, or group
        "#]],
    );
    check(
        &["--create-account-login", "ann", "--create-account-profile", "[]"],
        expect![[r#"
            error: --create-account-profile: a JSON object is wanted
        "#]],
    );
    check(
        &["--revoke-grant", "group:g:member:user:u"],
        expect![[r#"
            error: sync.c1z: No such file or directory (os error 2)
        "#]],
    );
    let none = ended(&mut world.bare(&["sync", "--token", "x"])).refusal();
    assert!(none.contains("--service-provider NAME (one of standard"), "{none}");
    let unknown = ended(&mut world.bare(&["sync", "--service-provider", "foo"])).refusal();
    assert!(unknown.contains("there is no built-in profile \"foo\""), "{unknown}");
    let without = ended(&mut world.bare(&["sync", "--scim-config", "app.yaml"])).refusal();
    assert!(without.contains("--token"), "{without}");
    let bad = ended(&mut world.bare(&["sync", "--scim-config", "bad.yaml", "--token", "x"])).refusal();
    assert!(bad.contains("bad.yaml:1: apiEndpoint") && bad.contains("bad.yaml:3: auth.authType"), "{bad}");
    assert_eq!(world.peer.count(), 0);
    assert_eq!(std::fs::read_to_string(world.path("notes.txt")).unwrap(), "my notes");
}

#[test]
fn secrets_are_in_no_output_however_much_is_logged() {
    let world = World::new(Roster::numbered(5, 1, 2));
    let done = world.sync(&["--log-level", "trace"]);
    assert!(!done.out.contains(TOKEN) && !done.err.contains(TOKEN));
    done.ok();
    let refused = world.sync(&["--token", "wr0ng-s3cr3t", "--log-level", "trace"]);
    assert!(!refused.err.contains("wr0ng-s3cr3t"), "{}", refused.err);
    assert!(refused.refusal().contains("does not accept the credentials"));
}

#[test]
fn help_has_every_flag_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let help = ended(&mut bare(folder.path(), &["sync", "--help"])).ok();
    for (flag, variable) in [
        ("--token <TEXT>", "[env: BATON_TOKEN]"),
        ("-f, --file <FILE>", "[env: BATON_FILE]"),
        ("-p, --provisioning", "[env: BATON_PROVISIONING]"),
    ] {
        assert!(help.contains(flag) && help.contains(variable), "{help}");
    }
}

#[test]
fn json_output_says_what_was_written() {
    let world = World::new(Roster::numbered(5, 1, 2));
    let mut said = world.sync(&["--output", "json", "--format", "csv,jsonl"]).json();
    let sync = said["sync"].take();
    assert_eq!(sync.as_str().unwrap().len(), 27);
    let seconds = said["seconds"].take();
    assert!(["setup", "read", "write"].iter().all(|part| seconds[part].as_f64().unwrap() > 0.0), "{seconds}");
    let expected = json!({
        "sync": null, "users": 5, "groups": 1, "roles": 3, "grants": 7, "left_out": 0,
        "files": ["sync.c1z", "sync.csv", "sync.jsonl"], "seconds": null,
    });
    assert_eq!(said, expected);
    let csv = std::fs::read_to_string(world.path("sync.csv")).unwrap();
    assert_eq!(csv.lines().count(), 8);
    assert!(csv.contains("user,Family0,Given0,u000000,enabled,user0@example.com,"), "{csv}");
    assert_eq!(std::fs::read_to_string(world.path("sync.jsonl")).unwrap().lines().count(), 1 + 3 + 9 + 4 + 7);
}
