//! Files that are not what they say: each is an error that says so, soon, and in little memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use common::{group, run, user};
use rollcall_access::c1z::{C1zError, File, GrantFilter, Limits};
use rusqlite::Connection;

const MAGIC: &[u8] = b"C1ZF\0";

/// A file with these bytes in its container.
fn packed(folder: &Path, name: &str, database: &[u8]) -> PathBuf {
    let path = folder.join(name);
    common::packed(&path, database);
    path
}

/// The database of a good file, changed.
fn changed(folder: &Path, name: &str, change: &str) -> PathBuf {
    common::file(folder, run(name, 0), None, &[user("u", "Ann"), group("g", "G")], &[("group:g", "user:u")]);
    let database = folder.join(format!("{name}.db"));
    Connection::open(&database).unwrap().execute_batch(change).unwrap();
    packed(folder, &format!("{name}.c1z"), &fs::read(database).unwrap())
}

fn refusal(path: &Path, limits: Limits) -> String {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let error = File::open(path, None, limits).map(drop).unwrap_err();
    error.to_string().replace(&path.display().to_string(), &name)
}

#[test]
fn what_is_no_c1z_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let refusal = refusal(&path, Limits::default());
        assert!(refusal.contains(expected), "{name}: {refusal}");
    };
    check("empty", b"", "empty is empty");
    check("text", b"hello, world", "text is not a .c1z file");
    check("short", b"C1Z", "short is not a .c1z file");
    check("third", b"C1Z3\0\0\0\0\x01", "third is a .c1z of version 3");
    check("alone", MAGIC, "alone is damaged");
    check("noise", &[MAGIC, &[0xAA; 100]].concat(), "noise is damaged");
    let none = folder.path().join("none.c1z");
    assert!(refusal(&none, Limits::default()).contains("No such file"));
}

#[test]
fn a_truncated_file_is_an_error_wherever_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let whole = common::file(folder.path(), run("whole", 0), None, &[user("u", "Ann")], &[]);
    let bytes = fs::read(whole).unwrap();
    let cut = folder.path().join("cut.c1z");
    for end in (0..bytes.len()).step_by(37) {
        fs::write(&cut, &bytes[..end]).unwrap();
        assert!(File::open(&cut, None, Limits::default()).is_err(), "at {end} of {}", bytes.len());
    }
    let more = [bytes.as_slice(), b"more"].concat();
    fs::write(&cut, more).unwrap();
    assert!(refusal(&cut, Limits::default()).contains("damaged"));
}

#[test]
fn a_changed_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let whole = common::file(folder.path(), run("whole", 0), None, &[user("u", "Ann")], &[]);
    let bytes = fs::read(whole).unwrap();
    let path = folder.path().join("changed.c1z");
    for place in (5..bytes.len()).step_by(41) {
        let mut bytes = bytes.clone();
        bytes[place] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        // Some bits of a zstd frame mean nothing: then the content is what it was.
        if let Ok(file) = File::open(&path, None, Limits::default()) {
            let stats = file.view(None).unwrap().stats().unwrap();
            assert_eq!(stats.resources["user"], 1, "at {place}");
        }
    }
}

#[test]
fn a_bomb_does_not_go_off() {
    let folder = tempfile::tempdir().unwrap();
    // 64 MiB of nothing in a few KiB: refused at its first bytes.
    let zeros = packed(folder.path(), "zeros.c1z", &vec![0; 64 << 20]);
    assert!(fs::metadata(&zeros).unwrap().len() < 10_000);
    assert!(refusal(&zeros, Limits::default()).contains("no SQLite database"));
    // One that begins like a database: refused at the limit.
    let mut database = vec![0; 64 << 20];
    database[..16].copy_from_slice(b"SQLite format 3\0");
    let database = packed(folder.path(), "database.c1z", &database);
    let limits = Limits { decoded_mib: 8, ..Limits::default() };
    let refusal_text = refusal(&database, limits);
    assert!(refusal_text.contains("unpacks to more than 8 MiB"), "{refusal_text}");
    // Frames without end that come to nothing: they end with the file.
    let path = folder.path().join("frames.c1z");
    let mut bytes = MAGIC.to_vec();
    let frame = zstd::stream::encode_all(&[][..], 1).unwrap();
    (0..100_000).for_each(|_| bytes.extend(&frame));
    fs::write(&path, bytes).unwrap();
    assert!(refusal(&path, Limits::default()).contains("no SQLite database"));
}

#[test]
fn a_window_larger_than_the_limit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("window.c1z");
    let mut encoder = zstd::stream::write::Encoder::new(MAGIC.to_vec(), 1).unwrap();
    encoder.window_log(26).unwrap();
    // So much that the frame says how large its window is.
    encoder.write_all(&vec![7; 80 << 20]).unwrap();
    fs::write(&path, encoder.finish().unwrap()).unwrap();
    let text = refusal(&path, Limits { window_mib: 8, ..Limits::default() });
    assert!(text.contains("too much memory"), "{text}");
}

#[test]
fn tables_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, change: &str, expected: &str| {
        let refusal = refusal(&changed(folder.path(), name, change), Limits::default());
        assert!(refusal.contains(expected), "{name}: {refusal}");
    };
    check("gone", "drop table v1_grants", "it has no table v1_grants");
    // A view that has rows without end.
    check(
        "view",
        "drop table v1_grants; create view v1_grants as with recursive n (data, sync_id, id) as \
         (select x'00', 'view', 1 union all select data, sync_id, id + 1 from n) select * from n",
        "v1_grants is not a table",
    );
    check(
        "virtual",
        "pragma writable_schema = on; update sqlite_schema set sql = 'create virtual table v1_grants using x' \
         where name = 'v1_grants'",
        "damaged",
    );
}

#[test]
fn pages_that_lead_in_circles_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let users: Vec<_> = (0..2_000).map(|n| user(&format!("u{n}"), "Ann")).collect();
    common::file(folder.path(), run("circle", 0), None, &users, &[]);
    let database = folder.path().join("circle.db");
    let root: usize = {
        let connection = Connection::open(&database).unwrap();
        let root: i64 = connection
            .query_row("select rootpage from sqlite_schema where name = 'v1_resources'", [], |row| row.get(0))
            .unwrap();
        root.try_into().unwrap()
    };
    let mut bytes = fs::read(&database).unwrap();
    // The first cell of an interior page begins with the number of its child: the page itself, now.
    let page = (root - 1) * 4096;
    assert_eq!(bytes[page], 5, "the root is an interior page");
    let cell = usize::from(u16::from_be_bytes([bytes[page + 12], bytes[page + 13]]));
    bytes[page + cell..page + cell + 4].copy_from_slice(&u32::try_from(root).unwrap().to_be_bytes());
    let path = packed(folder.path(), "circle.c1z", &bytes);
    assert!(refusal(&path, Limits::default()).contains("damaged"));
}

#[test]
fn messages_that_are_none_are_errors_where_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, data) in [
        ("noise", "x'ffffffff'"),
        ("text", "'text'"),
        ("number", "7"),
        // A field that says it is longer than everything.
        ("long", "x'0affffffff7f'"),
        ("huge", "zeroblob(40000000)"),
    ] {
        let path = changed(folder.path(), name, &format!("update v1_grants set data = {data}"));
        let error = match File::open(&path, None, Limits::default()) {
            Ok(file) => {
                let view = file.view(None).unwrap();
                assert_eq!(view.stats().unwrap().grants, 1, "what is not looked into can be counted");
                let read: Result<(), C1zError> = view.grants(GrantFilter::All, |_| Ok(()));
                read.unwrap_err()
            }
            Err(error) => error,
        };
        assert!(matches!(error, C1zError::Damaged { .. }), "{name}: {error}");
    }
}
