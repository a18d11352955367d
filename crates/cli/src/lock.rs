//! One server a database: whoever serves holds a lock beside it.
//!
//! Workers keep where they are in memory between two writes, and the caches of two servers would not know of each
//! other's writes at once. Management commands are not servers, and need no lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::Failure;

/// The lock of a database, until this is dropped or the process ends, however it ends.
///
/// It is a file of its own: to close a second handle of the database's file would end SQLite's locks.
pub(crate) struct Serving(#[expect(dead_code, reason = "held, not read")] File);

impl Serving {
    /// Takes the lock of the database at this path.
    pub(crate) fn of(database: &Path) -> Result<Self, Failure> {
        let path = beside(database);
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file =
            file.map_err(|error| Failure::Theirs(format!("cannot open {}: {error}", path.display())))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Failure::Theirs(format!(
                "another `rollcall serve` serves {0}; stop it, or give this one a database of its own with --database",
                database.display()
            ))),
            Err(TryLockError::Error(error)) => {
                Err(Failure::Theirs(format!("cannot lock {}: {error}", path.display())))
            }
        }
    }
}

/// `rollcall.db.lock` of `rollcall.db`, of whichever name the file is reached by.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_one_server_whichever_name_it_is_reached_by() {
        let folder = tempfile::tempdir().unwrap();
        let (database, other) = (folder.path().join("a.db"), folder.path().join("b.db"));
        std::fs::write(&database, "").unwrap();
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&database, &link).unwrap();
        let first = Serving::of(&database).ok().unwrap();
        for name in [&database, &link] {
            let refused = Serving::of(name).err();
            assert!(
                matches!(refused, Some(Failure::Theirs(text)) if text.contains("another `rollcall serve`"))
            );
        }
        assert!(Serving::of(&other).is_ok());
        drop(first);
        assert!(Serving::of(&link).is_ok());
    }
}
