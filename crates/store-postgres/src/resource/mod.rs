//! Resources: their rows, and how they are written and read.

pub(crate) mod candidate;
pub(crate) mod compile;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod value;
mod write;

pub(crate) use write::{Progress, bump, create, delete, reread_version, update};
#[cfg(test)]
pub(crate) const WRITE_STATEMENTS: &[&str] = write::STATEMENTS;

use bytes::Bytes;
use rollcall_domain::clock::Timestamp;
use rollcall_store::StoreError;
use rollcall_store::query::Stored;
use tokio_postgres::Row;

use crate::column::get as column;
use crate::error::unsigned;

/// Reads `key, id, version, revision, created, modified, plain, body`, the first eight columns.
pub(crate) fn stored(row: &Row) -> Result<Stored, StoreError> {
    let body: &[u8] = column(row, 7)?;
    Ok(Stored {
        key: column(row, 0)?,
        id: column(row, 1)?,
        version: unsigned(column(row, 2)?, "resource", "version")?,
        revision: unsigned(column(row, 3)?, "resource", "revision")?,
        created: Timestamp(column(row, 4)?),
        modified: Timestamp(column(row, 5)?),
        plain: column(row, 6)?,
        body: Bytes::copy_from_slice(body),
    })
}
