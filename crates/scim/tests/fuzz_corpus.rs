//! Every file of `fuzz/corpus` through the function that its fuzz target runs.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../../fuzz/checks.rs"]
mod checks;

use std::fs;
use std::path::Path;

#[track_caller]
fn run(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let file = entry.expect("the folder can be read").path();
        let input = fs::read(&file).expect("the file can be read");
        let passed = std::panic::catch_unwind(|| check(&input)).is_ok();
        assert!(passed, "{} fails", file.display());
        count += 1;
    }
    assert!(count >= 10, "{} has {count} inputs", folder.display());
}

#[test]
fn filters() {
    run("filter", checks::filter);
}

#[test]
fn paths() {
    run("path", checks::path);
}

#[test]
fn patches() {
    run("patch", checks::patch);
}

#[test]
fn resources() {
    run("resource", checks::resource);
}
