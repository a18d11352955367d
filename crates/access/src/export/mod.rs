//! A sync as CSV, JSON, and JSON lines. Nothing is collected: a file of any size is written in little memory.

mod csv;
mod json;

use std::io::{self, Write};
use std::path::Path;

use crate::c1z::{C1zError, View};
use crate::sync::{Format, SyncError};

/// Why nothing more was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The sync cannot be read.
    #[error(transparent)]
    Reading(#[from] C1zError),
    /// The text cannot be written.
    #[error("the output cannot be written")]
    Writing(#[from] io::Error),
}

impl ExportError {
    pub(crate) fn at(self, path: &Path) -> SyncError {
        SyncError::File(match self {
            Self::Reading(error) => error,
            Self::Writing(source) => C1zError::Io { path: path.to_owned(), source },
        })
    }
}

/// Writes all that a sync found.
///
/// # Errors
///
/// [`ExportError`].
pub fn write(format: Format, view: &View<'_>, out: &mut dyn Write) -> Result<(), ExportError> {
    match format {
        Format::Csv => csv::write(view, out),
        Format::Json => json::document(view, out),
        Format::Jsonl => json::lines(view, out),
    }
}
