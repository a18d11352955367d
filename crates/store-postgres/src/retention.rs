//! Which changes are kept, and the end of those that are not.

use rollcall_domain::tenant::TenantKey;
use rollcall_store::{KeptChanges, StoreError};

use crate::change::{key_of, sequence_of};
use crate::column::get;
use crate::connection::Connection;
use crate::error::unsigned;
use crate::history;
use crate::session::Session;

const KEPT: &str = "SELECT
    (SELECT last_change FROM tenant_counter WHERE tenant = $1),
    (SELECT key FROM change WHERE key > $2 AND key < $3 ORDER BY key LIMIT 1)";
const PRUNE: &str = "DELETE FROM change WHERE key >= $1 AND key < $2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[KEPT, PRUNE];

/// The bounds of what is kept.
pub(crate) async fn kept(connection: &Connection, tenant: TenantKey) -> Result<KeptChanges, StoreError> {
    let (from, to) = (key_of(tenant, 0), key_of(tenant, u64::MAX));
    let row = connection.row(KEPT, &[&tenant.0, &from, &to]).await?;
    let (last, oldest): (Option<i64>, Option<i64>) = match &row {
        Some(row) => (get(row, 0)?, get(row, 1)?),
        None => (None, None),
    };
    let last = unsigned(last.unwrap_or(0), "tenant_counter", "last_change")?;
    let oldest = oldest.map_or(Ok(last + 1), sequence_of)?;
    Ok(KeptChanges { oldest, last })
}

/// Deletes a few of the oldest, never the newest.
pub(crate) async fn prune(
    session: &mut Session,
    tenant: TenantKey,
    through: u64,
    limit: u32,
) -> Result<u64, StoreError> {
    let KeptChanges { oldest, last } = kept(session.connection(), tenant).await?;
    let end = (through + 1).min(last).min(oldest + u64::from(limit));
    let (from, to) = (key_of(tenant, oldest), key_of(tenant, end));
    session.execute(history::PRUNE, &[&from, &to]).await?;
    session.execute(PRUNE, &[&from, &to]).await
}
