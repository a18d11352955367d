//! What can be wrong with a `.c1z`.

use std::io;
use std::path::{Path, PathBuf};

/// Why a `.c1z` cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum C1zError {
    /// The file cannot be opened, read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has no bytes: nothing was ever synchronised into it.
    #[error("{} is empty; write it again with `rollcall sync`", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// It does not begin with `C1ZF\0`.
    #[error("{} is not a .c1z file", path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// It is of version 3, which keeps another database.
    #[error(
        "{} is a .c1z of version 3, which only newer Baton tools read; write it with `--storage-engine sqlite`",
        path.display()
    )]
    Version3 {
        /// Which.
        path: PathBuf,
    },
    /// What is in it is not as it should be.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// It unpacks to more than is allowed.
    #[error(
        "{} unpacks to more than {limit_mib} MiB; if it can be trusted, set BATON_DECODER_MAX_DECODED_SIZE_MB",
        path.display()
    )]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The limit.
        limit_mib: u64,
    },
    /// No sync in it can be shown.
    #[error("{} has {what}; `rollcall c1z syncs` shows those there are", path.display())]
    NoSync {
        /// Which.
        path: PathBuf,
        /// What was looked for.
        what: String,
    },
}

impl C1zError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }

    /// Whether the file is at fault, and not the disk or this program.
    pub fn is_theirs(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
            }
            _ => true,
        }
    }
}
