//! What rows of credentials and of API tokens have in common: until when a token is taken, and its use.

use rollcall_domain::clock::Timestamp;
use rollcall_store::StoreError;
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _};
use crate::session::Session;

/// Whether a row was added; there is none when its prefix is taken.
pub(crate) fn added(rows: usize) -> Result<(), StoreError> {
    let taken = || StoreError::Conflict { attribute: "prefix".to_owned(), id: None };
    (rows > 0).then_some(()).ok_or_else(taken)
}

/// Writes until when it is taken.
pub(crate) fn update(
    session: &mut Session<'_>,
    sql: &str,
    id: Uuid,
    (expires, revoked): (Option<Timestamp>, Option<Timestamp>),
) -> Result<(), StoreError> {
    let row = (IdColumn(id), expires.map(|at| at.0), revoked.map(|at| at.0));
    let changed = session.prepare(sql)?.execute(row).or_unavailable()?;
    (changed > 0).then_some(()).ok_or(StoreError::NotFound)
}

/// Writes when each was used last.
pub(crate) fn touch(
    session: &mut Session<'_>,
    sql: &str,
    used: &[(Uuid, Timestamp)],
) -> Result<(), StoreError> {
    let mut statement = session.prepare(sql)?;
    for (id, at) in used {
        statement.execute((IdColumn(*id), at.0)).or_unavailable()?;
    }
    Ok(())
}
