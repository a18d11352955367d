//! Which changes are kept, and the end of those that are not.

use rollcall_domain::tenant::TenantKey;
use rollcall_store::{KeptChanges, StoreError};
use rusqlite::Connection;

use crate::change::{key_of, sequence_of};
use crate::error::{OrUnavailable as _, unsigned};
use crate::history;
use crate::session::{CHANGES, Session};

const KEPT: &str = "SELECT
    (SELECT value FROM counter WHERE of = ?1 AND key = ?2),
    (SELECT min(key) FROM change WHERE key > ?3 AND key < ?4)";
const PRUNE: &str = "DELETE FROM change WHERE key >= ?1 AND key < ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[KEPT, PRUNE];

/// The bounds of what is kept.
pub(crate) fn kept(connection: &Connection, tenant: TenantKey) -> Result<KeptChanges, StoreError> {
    let mut statement = connection.prepare_cached(KEPT).or_unavailable()?;
    let row: (Option<i64>, Option<i64>) = statement
        .query_row((CHANGES, tenant.0, key_of(tenant, 0), key_of(tenant, u64::MAX)), |row| row.try_into())
        .or_unavailable()?;
    let last = unsigned(row.0.unwrap_or(0), "counter", "value")?;
    let oldest = row.1.map_or(Ok(last + 1), sequence_of)?;
    Ok(KeptChanges { oldest, last })
}

/// Deletes a few of the oldest, never the newest.
pub(crate) fn prune(
    session: &mut Session<'_>,
    tenant: TenantKey,
    through: u64,
    limit: u32,
) -> Result<u64, StoreError> {
    let KeptChanges { oldest, last } = kept(session.connection(), tenant)?;
    let end = (through + 1).min(last).min(oldest + u64::from(limit));
    let row = (key_of(tenant, oldest), key_of(tenant, end));
    session.prepare(history::PRUNE)?.execute(row).or_unavailable()?;
    session.prepare(PRUNE)?.execute(row).map(|count| count as u64).or_unavailable()
}
