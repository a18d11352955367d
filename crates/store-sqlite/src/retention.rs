//! Which changes are kept, and the end of those that are not.

use rollcall_domain::tenant::TenantKey;
use rollcall_store::{KeptChanges, StoreError};
use rusqlite::Connection;

use crate::error::{OrUnavailable as _, signed, unsigned};
use crate::session::Session;

const KEPT: &str = "SELECT t.last_change, (SELECT min(sequence) FROM change WHERE tenant = t.key)
    FROM tenant AS t WHERE t.key = ?1";
const PRUNE: &str = "DELETE FROM change WHERE tenant = ?1 AND sequence >= ?2 AND sequence < ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[KEPT, PRUNE];

/// The bounds of what is kept.
pub(crate) fn kept(connection: &Connection, tenant: TenantKey) -> Result<KeptChanges, StoreError> {
    let mut statement = connection.prepare_cached(KEPT).or_unavailable()?;
    let row: (i64, Option<i64>) = statement.query_row([tenant.0], |row| row.try_into()).or_unavailable()?;
    let last = unsigned(row.0, "tenant", "last_change")?;
    let oldest = row.1.map_or(Ok(last + 1), |oldest| unsigned(oldest, "change", "sequence"))?;
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
    let row = (tenant.0, signed(oldest), signed(end));
    session.prepare(PRUNE)?.execute(row).map(|count| count as u64).or_unavailable()
}
