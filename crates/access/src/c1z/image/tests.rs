//! SQLite itself says whether what was written is a database, and what is in it.

use proptest::prelude::*;
use rusqlite::Connection;

use super::*;

const TABLES: &[Table] = &[
    Table { name: "empty", columns: "id integer primary key, a text", indexes: &[] },
    Table {
        name: "thing",
        columns: "id integer primary key, a text not null, b text, data blob not null",
        indexes: &[
            Index { name: "thing_a", unique: true, columns: &[("a", 0)] },
            Index { name: "thing_b_a", unique: false, columns: &[("b", 1), ("a", 0)] },
            Index { name: "thing_b", unique: false, columns: &[("b", 1)] },
        ],
    },
    Table {
        name: "other",
        columns: "id integer primary key, a text",
        indexes: &[Index { name: "other_a", unique: false, columns: &[("a", 0)] }],
    },
];

type Row = (String, Option<String>, Vec<u8>);

impl Sink for Vec<u8> {
    fn take(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        assert_eq!(bytes.len() % PAGE_BYTES, 0);
        self.extend(bytes);
        Ok(Vec::new())
    }
}

fn written(rows: &[Row]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut image = Image::new(TABLES, folder.path(), Vec::new());
    for (a, b, data) in rows {
        let b = b.as_deref().map_or(Cell::Null, Cell::Text);
        image.row(1, &[Cell::Text(a), b, Cell::Blob(data)]).unwrap();
        image.row(2, &[b]).unwrap();
    }
    let (rest, mut first) = image.finish().unwrap();
    first.extend(rest);
    first
}

/// Writes the rows, and lets SQLite find them in every way there is.
fn check(rows: &[Row]) {
    let bytes = written(rows);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let database = Connection::open(file.path()).unwrap();
    let said: String = database.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok");
    let pages: i64 = database.query_row("pragma page_count", [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(pages).unwrap() * PAGE_BYTES, bytes.len());
    let all = |text: &str| -> Vec<Row> {
        let mut statement = database.prepare(text).unwrap();
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        found.collect::<Result<_, _>>().unwrap()
    };
    assert!(all("select a, b, data from thing order by id") == rows);
    let mut sorted = rows.to_vec();
    sorted.sort_by(|one, other| (&one.1, &one.0).cmp(&(&other.1, &other.0)));
    assert!(all("select a, b, data from thing indexed by thing_b_a order by b, a") == sorted);
    for (a, b, _) in rows.iter().step_by(rows.len() / 50 + 1) {
        let found: (i64, Option<String>) = database
            .query_row("select id, b from thing indexed by thing_a where a = ?", [a], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(rows.get(usize::try_from(found.0).unwrap() - 1).map(|row| &row.0), Some(a));
        assert_eq!(&found.1, b);
    }
}

fn numbered(count: u64, data: impl Fn(u64) -> usize) -> Vec<Row> {
    let scattered = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..count)
        .map(|at| {
            let b = (at % 3 > 0).then(|| format!("b{}", scattered(at) % 97));
            (format!("{:016x}-{at}", scattered(at)), b, vec![u8::try_from(at % 256).unwrap(); data(at)])
        })
        .collect()
}

#[test]
fn sqlite_takes_databases_of_every_size() {
    for count in [0, 1, 2, 30, 1_000, 60_000] {
        check(&numbered(count, |at| usize::try_from(at % 300).unwrap()));
    }
}

#[test]
fn long_values_have_pages_of_their_own() {
    check(&numbered(300, |at| usize::try_from(at * 97).unwrap()));
    // Around what fits into a page, byte by byte.
    check(&numbered(700, |at| usize::try_from(3_600 + at).unwrap()));
    let long = |at: usize| (format!("{at}{}", "x".repeat(900 + at)), Some("y".repeat(at * 41)), Vec::new());
    check(&(0..200).map(long).collect::<Vec<_>>());
}

/// Beyond 1 GiB there is a page that nobody may use.
#[test]
fn no_page_is_where_sqlite_locks() {
    let mut pages = Pages { sink: Vec::new(), chunk: Vec::new(), next: LOCK_PAGE - 1 };
    assert_eq!((pages.upcoming(), pages.after_next()), (LOCK_PAGE - 1, LOCK_PAGE + 1));
    let add = |pages: &mut Pages<Vec<u8>>| pages.add(|out| out.resize(out.len() + PAGE_BYTES, 1)).unwrap();
    assert_eq!(
        [add(&mut pages), add(&mut pages), add(&mut pages)],
        [LOCK_PAGE - 1, LOCK_PAGE + 1, LOCK_PAGE + 2]
    );
    assert_eq!(pages.chunk.len(), 4 * PAGE_BYTES);
}

#[test]
fn varints_are_those_of_sqlite() {
    for (number, expected) in [
        (0, vec![0]),
        (0x7f, vec![0x7f]),
        (0x80, vec![0x81, 0]),
        (0x3fff, vec![0xff, 0x7f]),
        (0x4000, vec![0x81, 0x80, 0]),
        (u64::MAX >> 8, vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        ((u64::MAX >> 8) + 1, vec![0x80, 0xc0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]),
        (u64::MAX, vec![0xff; 9]),
    ] {
        let mut out = Vec::new();
        record::varint(number, &mut out);
        assert_eq!(out, expected, "{number:x}");
        assert_eq!(record::varint_bytes(number), expected.len(), "{number:x}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_in_them_rows_are_found_again(
        rows in prop::collection::hash_map("[\\x00-\\x02a-c]{0,6}", (prop::option::of("[\\x00\\x01ab]{0,3}"), prop::collection::vec(any::<u8>(), 0..40)), 0..60)
    ) {
        let rows: Vec<Row> = rows.into_iter().map(|(a, (b, data))| (a, b, data)).collect();
        let bytes = written(&rows);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let database = Connection::open(file.path()).unwrap();
        let said: String = database.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        prop_assert_eq!(said, "ok");
        for (a, b, data) in &rows {
            let found: (Option<String>, Vec<u8>) = database
                .query_row("select b, data from thing where a = ?", [a], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            prop_assert_eq!(&found, &(b.clone(), data.clone()));
        }
    }
}
