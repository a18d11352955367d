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
use rusqlite::Row;

use crate::error::{IdColumn, OrUnavailable as _, corrupt, unsigned};

/// Reads `key, id, version, revision, created, modified, plain, body`, the first eight columns.
pub(crate) fn stored(row: &Row<'_>) -> Result<Stored, StoreError> {
    let id: IdColumn = row.get(1).or_unavailable()?;
    let body = row.get_ref(7).or_unavailable()?;
    let body = body.as_blob().map_err(|error| corrupt("resource", "body", error))?;
    Ok(Stored {
        key: row.get(0).or_unavailable()?,
        id: id.0,
        version: unsigned(row.get(2).or_unavailable()?, "resource", "version")?,
        revision: unsigned(row.get(3).or_unavailable()?, "resource", "revision")?,
        created: Timestamp(row.get(4).or_unavailable()?),
        modified: Timestamp(row.get(5).or_unavailable()?),
        plain: row.get(6).or_unavailable()?,
        body: Bytes::copy_from_slice(body),
    })
}
