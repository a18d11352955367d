//! Reading any `.c1z`, whoever made it.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::container::{Limits, unpack};
use super::error::C1zError;

/// The longest value that is read: far more than any message, and nothing to memory.
const MAX_VALUE_BYTES: i32 = 32 << 20;
const CACHE_KIB: i64 = 16 * 1024;
/// The tables that are read.
const TABLES: [&str; 5] =
    ["v1_resource_types", "v1_resources", "v1_entitlements", "v1_grants", "v1_sync_runs"];

/// An open `.c1z`: unpacked into a temporary file, which is gone when this is dropped.
pub struct File {
    path: PathBuf,
    _database: NamedTempFile,
    pub(super) connection: Connection,
}

/// One sync in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sync {
    /// A KSUID.
    pub id: String,
    /// When it began, in RFC 3339 where the file has a time.
    pub started_at: String,
    /// When it ended, if it did.
    #[serde(rename = "endedAt", skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// `full`, or a word for something less.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is, while it has not ended.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token: String,
}

/// What one sync found.
pub struct View<'a> {
    pub(super) file: &'a File,
    pub(super) sync: Sync,
}

impl File {
    /// Opens a file; `temporary` is the folder that it is unpacked into.
    ///
    /// The database is looked through once: damage is found here, not when half of a list is printed.
    ///
    /// # Errors
    ///
    /// [`C1zError`]: no file, not a `.c1z`, damaged, or larger than `limits` allow.
    pub fn open(path: &Path, temporary: Option<&Path>, limits: Limits) -> Result<Self, C1zError> {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("rollcall-").suffix(".db");
        let mut database = match temporary {
            Some(folder) => builder.tempfile_in(folder),
            None => builder.tempfile(),
        }
        .map_err(|error| C1zError::io(temporary.unwrap_or(&std::env::temp_dir()), error))?;
        unpack(path, database.as_file_mut(), limits)?;
        let connection = connect(database.path()).map_err(|error| C1zError::damaged(path, error))?;
        let file = Self { path: path.to_owned(), _database: database, connection };
        file.check()?;
        Ok(file)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All syncs, oldest first.
    ///
    /// # Errors
    ///
    /// [`C1zError::Damaged`], as of every method.
    pub fn syncs(&self) -> Result<Vec<Sync>, C1zError> {
        let typed = self.has_column("v1_sync_runs", "sync_type")?;
        let kind = if typed { "sync_type" } else { "'full'" };
        let statement = format!(
            "select sync_id, started_at, nullif(ended_at, ''), sync_token, {kind} from v1_sync_runs order by id"
        );
        self.read(|connection| {
            let mut statement = connection.prepare(&statement)?;
            let rows = statement.query_map([], |row| {
                Ok(Sync {
                    id: row.get(0)?,
                    started_at: rfc_3339(row.get(1)?),
                    ended: row.get::<_, Option<String>>(2)?.map(rfc_3339),
                    token: row.get(3)?,
                    kind: row.get(4)?,
                })
            })?;
            rows.collect()
        })
    }

    /// What a sync found: the one named; else the last full one that ended; else the last that began.
    ///
    /// # Errors
    ///
    /// [`C1zError::NoSync`].
    pub fn view(&self, sync: Option<&str>) -> Result<View<'_>, C1zError> {
        let syncs = self.syncs()?;
        let none = |what: String| C1zError::NoSync { path: self.path.clone(), what };
        let found = if let Some(id) = sync {
            syncs.into_iter().find(|sync| sync.id == id).ok_or_else(|| none(format!("no sync {id}")))?
        } else {
            let ended = finished(&syncs).pop();
            let newest = || syncs.iter().max_by(|one, other| one.started_at.cmp(&other.started_at));
            ended.or_else(newest).cloned().ok_or_else(|| none("no sync".to_owned()))?
        };
        Ok(View { file: self, sync: found })
    }

    /// The finished full syncs, the last to end last.
    ///
    /// # Errors
    ///
    /// [`C1zError::Damaged`].
    pub fn finished(&self) -> Result<Vec<Sync>, C1zError> {
        Ok(finished(&self.syncs()?).into_iter().cloned().collect())
    }

    /// The rows of a sync that a statement names; `each` may end it.
    pub(super) fn rows(
        &self,
        statement: &str,
        sync: &str,
        mut each: impl FnMut(&Row<'_>) -> io::Result<()>,
    ) -> Result<io::Result<()>, C1zError> {
        self.read(|connection| {
            let mut statement = connection.prepare(statement)?;
            let mut rows = statement.query([sync])?;
            while let Some(row) = rows.next()? {
                if let Err(error) = each(row) {
                    return Ok(Err(error));
                }
            }
            Ok(Ok(()))
        })
    }

    pub(super) fn has_table(&self, table: &str) -> Result<bool, C1zError> {
        let count = "select count(*) from sqlite_schema where type = 'table' and name = ?";
        let count: i64 = self.read(|connection| connection.query_row(count, [table], |row| row.get(0)))?;
        Ok(count > 0)
    }

    /// Refuses what only looks like the tables: views and virtual tables could give rows without end, and
    /// pages that are used twice could be read for ever.
    fn check(&self) -> Result<(), C1zError> {
        for table in TABLES {
            let found: Option<(String, Option<String>)> = self.read(|connection| {
                let what = "select type, sql from sqlite_schema where name = ?";
                connection.query_row(what, [table], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })?;
            let (kind, made) = found.ok_or_else(|| self.damaged(format!("it has no table {table}")))?;
            let words: Vec<_> = made.iter().flat_map(|made| made.split_whitespace()).take(2).collect();
            let plain = matches!(words.as_slice(), [create, table]
                if create.eq_ignore_ascii_case("create") && table.eq_ignore_ascii_case("table"));
            if kind != "table" || !plain {
                return Err(self.damaged(format!("{table} is not a table")));
            }
        }
        let verdict: String =
            self.read(|connection| connection.query_row("pragma quick_check(1)", [], |row| row.get(0)))?;
        if verdict == "ok" { Ok(()) } else { Err(self.damaged(verdict)) }
    }

    fn has_column(&self, table: &str, column: &str) -> Result<bool, C1zError> {
        let count = "select count(*) from pragma_table_info(?) where name = ?";
        let count: i64 =
            self.read(|connection| connection.query_row(count, [table, column], |row| row.get(0)))?;
        Ok(count > 0)
    }

    pub(super) fn damaged(&self, reason: impl std::fmt::Display) -> C1zError {
        C1zError::damaged(&self.path, reason)
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, C1zError> {
        work(&self.connection).map_err(|error| self.damaged(error))
    }
}

fn finished(syncs: &[Sync]) -> Vec<&Sync> {
    let mut finished: Vec<_> =
        syncs.iter().filter(|sync| sync.ended.is_some() && sync.kind == "full").collect();
    // A stable sort: of two that ended at once, the one written later is the later.
    finished.sort_by(|one, other| one.ended.cmp(&other.ended));
    finished
}

/// A connection that cannot write, and believes nothing of what the file says about itself.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Immutable: no locks, and no second file when the database says it has a write-ahead log.
    let connection = Connection::open_with_flags(uri(path), flags)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

fn uri(path: &Path) -> String {
    let mut text = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                text.push(char::from(*byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text.push_str("?immutable=1");
    text
}

/// `2026-11-22 01:30:21.25` as RFC 3339; other text stays.
fn rfc_3339(text: String) -> String {
    let bytes = text.as_bytes();
    let plain = bytes.get(10) == Some(&b' ') && !text.ends_with('Z') && !text.contains('+');
    if plain { format!("{}Z", text.replacen(' ', "T", 1)) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_one_form() {
        for (stored, shown) in [
            ("2026-11-22 01:30:21.25", "2026-11-22T01:30:21.25Z"),
            ("2026-11-22T01:30:21Z", "2026-11-22T01:30:21Z"),
            ("2026-11-22 01:30:21+01:00", "2026-11-22 01:30:21+01:00"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(rfc_3339(stored.to_owned()), shown);
        }
    }

    #[test]
    fn a_path_with_signs_of_a_uri_is_a_path() {
        assert_eq!(uri(Path::new("/a b/c?d#é")), "file:/a%20b/c%3Fd%23%C3%A9?immutable=1");
    }
}
