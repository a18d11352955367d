//! Bringing the schema up to date: numbered files, forward only, never edited.

use rollcall_store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use uuid::Builder;

use crate::error::OrUnavailable as _;

/// In order; `PRAGMA user_version` counts those applied. The numbers mean the same in every backend.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_delivery.sql"),
    include_str!("../migrations/0003_administration.sql"),
    include_str!("../migrations/0004_identities.sql"),
    include_str!("../migrations/0005_signing.sql"),
    include_str!("../migrations/0006_accepted.sql"),
    include_str!("../migrations/0007_generations.sql"),
    include_str!("../migrations/0008_console.sql"),
    include_str!("../migrations/0009_history.sql"),
    include_str!("../migrations/0010_openid.sql"),
];

const ADD_DEFAULT_TENANT: &str =
    "INSERT INTO tenant (id, name) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";

/// Applies what is missing, in one transaction, and makes the default tenant.
///
/// # Errors
///
/// `Unavailable`: SQLite's words, or that a newer program wrote the database.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).or_unavailable()?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).or_unavailable()?;
    let applied = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(missing) = MIGRATIONS.get(applied..) else {
        let message = format!("it has schema version {version}, this program knows {}", MIGRATIONS.len());
        return Err(StoreError::Unavailable(message));
    };
    for migration in missing {
        transaction.execute_batch(migration).or_unavailable()?;
    }
    transaction.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len())).or_unavailable()?;
    let random: [u8; 16] =
        transaction.query_row("SELECT randomblob(16)", [], |row| row.get(0)).or_unavailable()?;
    let id = crate::error::IdColumn(Builder::from_random_bytes(random).into_uuid());
    transaction
        .execute(ADD_DEFAULT_TENANT, (id, rollcall_domain::tenant::DEFAULT_TENANT))
        .or_unavailable()?;
    transaction.commit().or_unavailable()
}
