//! How a sync goes on where it was interrupted, and what it never writes.

use std::fmt::Write as _;

use rollcall_access::c1z::Limits;
use rollcall_access::sync::{Finishing, Format, Stage, SyncError, Workplace, collect};

use crate::app::{App, Shared, Watcher, begun, large, leak, place, run};
use crate::common::{self, NOW};

#[test]
fn defect_20_killed_after_any_answer_and_run_again_the_file_is_the_same() {
    let (_folder, output) = place();
    let whole = leak(large());
    run(whole, &output, begun("a", 0)).unwrap().unwrap();
    let expected = std::fs::read(&output).unwrap();
    let answers = whole.asked();
    assert!(answers > 20, "{answers}");
    for lives in 0..answers {
        let (_folder, output) = place();
        let dying = leak(App { lives: Some(lives), ..large() });
        assert!(run(dying, &output, begun("a", 0)).is_none());
        assert!(!output.exists());
        let living = leak(large());
        // The second run has another name and time; the sync keeps those it began with.
        run(living, &output, begun("a", 5)).unwrap().unwrap();
        // A member may be asked for as a user, and the process die before it is asked for as a group.
        let again = living.asked() - (answers - lives);
        assert!(again <= 1, "what was read is not asked for again: {again} after {lives}");
        let resumed = std::fs::read(&output).unwrap();
        assert!(rows(&resumed) == rows(&expected), "killed after {lives} answers");
        assert!(!output.with_extension("c1z.partial").exists());
    }
}

/// All rows of a file, but not when it ended, which is later the second time.
fn rows(file: &[u8]) -> String {
    use std::io::Write as _;
    let mut database = tempfile::NamedTempFile::new().unwrap();
    database.write_all(&zstd::stream::decode_all(&file[5..]).unwrap()).unwrap();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let mut dump = String::new();
    for (table, columns) in [
        ("v1_resource_types", "*"),
        ("v1_resources", "*"),
        ("v1_entitlements", "*"),
        ("v1_grants", "*"),
        ("v1_assets", "*"),
        ("v1_sync_runs", "id, sync_id, started_at, sync_token"),
    ] {
        let mut statement =
            connection.prepare(&format!("select {columns} from {table} order by id")).unwrap();
        let count = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..count {
                write!(dump, "{:?} ", row.get_ref(column).unwrap()).unwrap();
            }
            dump.push('\n');
        }
    }
    dump
}

#[test]
fn an_error_keeps_what_was_read_and_the_file_that_was_there() {
    let (_folder, output) = place();
    run(leak(large()), &output, begun("a", 0)).unwrap().unwrap();
    let before = std::fs::read(&output).unwrap();
    let failing = leak(App { works: Some(7), ..large() });
    let error = run(failing, &output, begun("a", 60)).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "GET /Users broke off: reset");
    assert_eq!(std::fs::read(&output).unwrap(), before);
    let again = leak(large());
    run(again, &output, begun("a", 120)).unwrap().unwrap();
    assert_eq!(failing.asked() - 1 + again.asked(), undisturbed());
    let file = common::open(&output);
    assert_eq!(file.finished().unwrap().len(), 2, "the one before is kept, to compare with");
    let started: Vec<_> = file.syncs().unwrap().into_iter().map(|sync| sync.started_at).collect();
    assert_eq!(started, ["2026-11-22T01:30:21.250Z", "2026-11-22T01:31:21.250Z"]);
}

/// How many answers an undisturbed sync takes.
fn undisturbed() -> usize {
    let (_folder, output) = place();
    let app = leak(large());
    run(app, &output, begun("a", 0)).unwrap().unwrap();
    app.asked()
}

#[test]
fn defect_9_a_list_that_lost_somebody_never_becomes_a_file() {
    for stage in [Stage::Users, Stage::Groups] {
        let (_folder, output) = place();
        run(leak(large()), &output, begun("a", 0)).unwrap().unwrap();
        let before = std::fs::read(&output).unwrap();
        let lying = leak(App { incomplete: Some(stage), ..large() });
        let error = run(lying, &output, begun("a", 60)).unwrap().unwrap_err();
        assert!(matches!(&error, SyncError::Incomplete { stage: at, .. } if *at == stage));
        assert!(error.to_string().ends_with("were announced; the next page was empty"), "{error}");
        assert_eq!(std::fs::read(&output).unwrap(), before, "what is there stays");
    }
}

#[test]
fn what_is_old_or_of_another_application_is_not_gone_on_with() {
    let day = 24 * 60 * 60;
    for (origin, seconds, goes_on) in
        [("a", 60, true), ("b", 60, false), ("a", day, true), ("a", day + 1, false), ("a", -1, false)]
    {
        let (_folder, output) = place();
        assert!(run(leak(App { lives: Some(7), ..large() }), &output, begun("a", 0)).is_none());
        let app = leak(large());
        run(app, &output, begun(origin, seconds)).unwrap().unwrap();
        assert_eq!(app.asked() < undisturbed(), goes_on, "{origin} {seconds}");
    }
}

#[test]
fn what_cannot_be_read_is_begun_anew() {
    let (_folder, output) = place();
    assert!(run(leak(App { lives: Some(7), ..large() }), &output, begun("a", 0)).is_none());
    let progress = output.with_extension("c1z.partial").join("progress.log");
    std::fs::write(&progress, "noise").unwrap();
    let workplace = Workplace::open(&output, None, Limits::default()).unwrap();
    let opened = workplace.begin(begun("a", 1), 2).unwrap();
    assert_eq!((opened.resumed, opened.discarded), (None, Some("it cannot be read")));
}

#[test]
fn a_sync_that_ended_is_not_gone_on_with() {
    // The process ended between putting the file in its place and removing the folder.
    let (_folder, output) = place();
    let partial = output.with_extension("c1z.partial");
    assert!(run(leak(App { lives: Some(7), ..large() }), &output, begun("a", 0)).is_none());
    let progress = std::fs::read(partial.join("progress.log")).unwrap();
    run(leak(large()), &output, begun("a", 1)).unwrap().unwrap();
    std::fs::create_dir(&partial).unwrap();
    std::fs::write(partial.join("progress.log"), progress).unwrap();
    let app = leak(large());
    run(app, &output, begun("a", 2)).unwrap().unwrap();
    assert_eq!(app.asked(), undisturbed());
    assert_eq!(common::open(&output).finished().unwrap().len(), 2);
}

#[test]
fn one_sync_at_a_time_goes_into_a_file() {
    let (_folder, output) = place();
    let first = Workplace::open(&output, None, Limits::default()).unwrap();
    let second = Workplace::open(&output, None, Limits::default()).map(drop).unwrap_err();
    assert!(matches!(second, SyncError::Busy(_)), "{second}");
    drop(first);
    Workplace::open(&output, None, Limits::default()).unwrap().discard().unwrap();
    assert!(!output.with_extension("c1z.partial").exists());
}

#[test]
fn a_file_that_is_no_c1z_is_not_overwritten_and_an_empty_one_is() {
    let (_folder, output) = place();
    std::fs::write(&output, "my notes").unwrap();
    let error = run(leak(large()), &output, begun("a", 0)).unwrap().unwrap_err();
    assert!(error.to_string().ends_with("is not a .c1z file"), "{error}");
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "my notes");
    std::fs::write(&output, "").unwrap();
    run(leak(large()), &output, begun("a", 0)).unwrap().unwrap();
}

#[test]
fn other_formats_are_written_beside_the_file() {
    let (_folder, output) = place();
    let temporary = tempfile::tempdir().unwrap();
    let workplace = Workplace::open(&output, Some(temporary.path()), Limits::default()).unwrap();
    let mut opened = workplace.begin(begun("a", 0), 2).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reader = Shared(leak(large()));
    let mut watcher = Watcher::default();
    runtime.block_on(collect(&reader, &mut opened.progress, &mut watcher)).unwrap();
    assert_eq!(watcher.read[0], (Stage::Users, 3, Some(40)));
    assert_eq!(watcher.problems.len(), 3, "u40, u42 and u43 are nobody");
    let formats = vec![Format::Csv, Format::Json, Format::Jsonl];
    let summary = workplace.finish(opened.progress, &Finishing { now: NOW, keep: 2, formats }).unwrap();
    let names: Vec<_> =
        summary.files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["sync.c1z", "sync.csv", "sync.json", "sync.jsonl"]);
    assert!(summary.files.iter().all(|file| std::fs::metadata(file).unwrap().len() > 1_000));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "nothing is left behind");
    assert_eq!(std::fs::read_dir(output.parent().unwrap()).unwrap().count(), 4);
}
