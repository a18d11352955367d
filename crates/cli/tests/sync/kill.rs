//! The process ends when it should not: nothing is lost, nothing is half, nothing is left behind.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rollcall_testkit::peer::Roster;

use crate::world::{Ended, World};

fn start(world: &World) -> Child {
    world.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends a signal by its number, as `kill` does.
fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until the application was asked so often.
fn until(world: &World, requests: u64) {
    let begun = Instant::now();
    while world.peer.count() < requests {
        assert!(begun.elapsed() < Duration::from_secs(20), "only {} requests came", world.peer.count());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// All rows, without the name of the sync and its times.
fn rows(file: &Path) -> Vec<String> {
    let packed = std::fs::read(file).unwrap();
    let mut database = tempfile::NamedTempFile::new().unwrap();
    database.write_all(&zstd::stream::decode_all(&packed[5..]).unwrap()).unwrap();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let mut rows = Vec::new();
    for (table, columns) in [
        ("v1_resource_types", "id, external_id, hex(data)"),
        ("v1_resources", "id, resource_type_id || external_id, hex(data)"),
        ("v1_entitlements", "id, resource_type_id || resource_id || external_id, hex(data)"),
        (
            "v1_grants",
            "id, entitlement_id || principal_resource_type_id || principal_resource_id || external_id, hex(data)",
        ),
        ("v1_sync_runs", "id, sync_token, ended_at is null"),
    ] {
        let mut statement =
            connection.prepare(&format!("select {columns} from {table} order by id")).unwrap();
        let found = statement.query_map([], |row| {
            Ok(format!("{:?} {:?} {:?}", row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?))
        });
        rows.extend(found.unwrap().map(|row| format!("{table} {}", row.unwrap())));
    }
    rows
}

fn roster() -> Roster {
    Roster::numbered(1_500, 60, 20)
}

#[test]
fn defect_20_killed_at_ten_moments_and_run_again_the_file_is_the_same() {
    let world = World::with(roster(), |faults| faults.latency = Duration::from_millis(15));
    let begun = Instant::now();
    world.sync(&["-f", "undisturbed.c1z"]).ok();
    let took = begun.elapsed();
    let expected = rows(&world.path("undisturbed.c1z"));
    assert_eq!(expected.len(), 3 + 1_563 + 63 + 1_200 + 1_500 + 1);
    let mut killed = 0;
    for moment in 0..10_u32 {
        let name = format!("{moment}.c1z");
        let mut child = world.command(&["-f", &name]).stderr(Stdio::null()).spawn().unwrap();
        // Not the same twice: the moments lie anywhere in its life, also where the file is made.
        std::thread::sleep(
            took * moment / 10 + Duration::from_micros(u64::from(begun.elapsed().subsec_nanos() % 9_000)),
        );
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let file = world.path(&name);
        assert!(!file.exists() || rows(&file) == expected, "{moment}: there is half a file");
        if !file.exists() {
            world.sync(&["-f", &name]).ok();
        }
        assert!(rows(&file) == expected, "{moment}: the file is another");
        world.sync(&["-f", &name]).ok();
        assert!(!world.path(&format!("{name}.partial")).exists(), "{moment}: something is left behind");
    }
    assert!(killed >= 5, "{killed}");
}

#[test]
fn defect_20_what_was_read_before_a_signal_is_not_read_again() {
    for name in ["-INT", "-TERM"] {
        let world = World::with(roster(), |faults| faults.latency = Duration::from_millis(60));
        let child = start(&world);
        until(&world, 12);
        signal(&child, name);
        let ended = Ended::from(child.wait_with_output().unwrap());
        let said = ended.refusal();
        assert!(said.contains("interrupted; sync.c1z is as it was"), "{said}");
        assert!(!world.path("sync.c1z").exists());
        world.peer.reset();
        world.peer.set(|faults| faults.latency = Duration::ZERO);
        let done = world.sync(&[]);
        assert!(done.err.contains("going on with the sync that began at "), "{}", done.err);
        done.ok();
        assert!(world.peer.count() < 17, "{:?}", world.peer.lines());
        assert_eq!(world.c1z(&["stats"])["user"], 1_500);
        // Begun anew, everything is read.
        world.peer.reset();
        world.sync(&["--restart"]).ok();
        assert!(world.peer.count() >= 16);
    }
}

#[test]
fn two_at_a_time_do_not_write_one_file() {
    let world = World::with(roster(), |faults| faults.latency = Duration::from_millis(100));
    let mut child = start(&world);
    until(&world, 3);
    let said = world.sync(&[]).refusal();
    assert!(said.contains("another sync into sync.c1z is running"), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();
}
