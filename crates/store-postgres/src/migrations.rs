//! Bringing the schema up to date: numbered files, forward only, never edited.
//!
//! Nodes of two releases run side by side during an upgrade. So a migration only adds (*expands*) what a program of the
//! release before can do without; what takes away (*contracts*) comes a release later and sets
//! `installation.readable_by`, below which programs refuse.

use refinery::{Migration, Runner};
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_store::StoreError;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::error::unavailable;
use crate::pool::Pool;

/// In order. The numbers mean the same in every backend.
const MIGRATIONS: &[(&str, &str)] = &[
    ("V1__initial", include_str!("../migrations/0001_initial.sql")),
    ("V2__delivery", include_str!("../migrations/0002_delivery.sql")),
    ("V3__administration", include_str!("../migrations/0003_administration.sql")),
    ("V4__identities", include_str!("../migrations/0004_identities.sql")),
    ("V5__signing", include_str!("../migrations/0005_signing.sql")),
    ("V6__accepted", include_str!("../migrations/0006_accepted.sql")),
    ("V7__generations", include_str!("../migrations/0007_generations.sql")),
    ("V8__console", include_str!("../migrations/0008_console.sql")),
    ("V9__history", include_str!("../migrations/0009_history.sql")),
    ("V10__openid", include_str!("../migrations/0010_openid.sql")),
];

/// One row, which whoever migrates locks: nodes that start together do it one after the other.
const GATE: &str = "CREATE TABLE IF NOT EXISTS migration_gate (one INTEGER PRIMARY KEY);
    INSERT INTO migration_gate (one) VALUES (1) ON CONFLICT DO NOTHING;";
const ENTER: &str =
    "BEGIN; SET LOCAL lock_timeout = '5min'; SELECT one FROM migration_gate WHERE one = 1 FOR UPDATE;";
const LEAVE: &str = "COMMIT";
const APPLIED: &str = "SELECT max(version) FROM refinery_schema_history";
const READABLE_BY: &str = "SELECT readable_by FROM installation WHERE one = 1";
const ADD_DEFAULT_TENANT: &str = "INSERT INTO tenant (id, name) VALUES (gen_random_uuid(), $1)
    ON CONFLICT DO NOTHING";
const ADD_COUNTERS: &str = "INSERT INTO tenant_counter (tenant, last_change, last_key, facts)
    SELECT key, 0, 0, 0 FROM tenant ON CONFLICT DO NOTHING";

/// Tries to make the gate: two nodes that do so at the same moment may be in each other's way.
const TRIES: usize = 5;

/// Applies what is missing, and makes the default tenant.
///
/// # Errors
///
/// `Unavailable`: the server's words, or that the schema is too new for this program.
pub(crate) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    if is_current(&*pool.raw().await?).await? {
        return Ok(());
    }
    let gate = pool.connection().await?;
    make_gate(pool).await?;
    gate.begin(ENTER).await?;
    let mut client = pool.raw().await?;
    apply(&mut client).await?;
    gate.end(LEAVE).await
}

/// Whether there is nothing to do: then a program needs no right to make tables.
async fn is_current(client: &Client) -> Result<bool, StoreError> {
    let applied = match client.query_typed(APPLIED, &[]).await {
        Ok(rows) => rows.first().and_then(|row| row.try_get::<_, Option<i32>>(0).ok().flatten()),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => None,
        Err(error) => return Err(unavailable(&error)),
    };
    match applied.and_then(|applied| usize::try_from(applied).ok()) {
        Some(applied) if applied >= MIGRATIONS.len() => check_readable(client).await.map(|()| true),
        _ => Ok(false),
    }
}

async fn check_readable(client: &Client) -> Result<(), StoreError> {
    let rows = client.query_typed(READABLE_BY, &[]).await.map_err(|error| unavailable(&error))?;
    let least = rows.first().and_then(|row| row.try_get::<_, i32>(0).ok());
    match least.and_then(|least| usize::try_from(least).ok()) {
        Some(least) if least <= MIGRATIONS.len() => Ok(()),
        Some(least) => {
            let own = MIGRATIONS.len();
            let message = format!(
                "the database needs a program of schema {least} or later, and this one is of schema {own}: \
                 start a newer rollcall, or restore a backup from before the upgrade"
            );
            Err(StoreError::Unavailable(message))
        }
        None => Err(StoreError::Unavailable("its row of installation is missing".to_owned())),
    }
}

async fn make_gate(pool: &Pool) -> Result<(), StoreError> {
    let mut last = Ok(());
    for _ in 0..TRIES {
        last = pool.raw().await?.batch_execute(GATE).await.map_err(|error| unavailable(&error));
        if last.is_ok() {
            break;
        }
    }
    last
}

async fn apply(client: &mut Client) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.iter().map(|(name, sql)| Migration::unapplied(name, sql));
    let migrations: Vec<Migration> =
        migrations.collect::<Result<_, _>>().map_err(|error| StoreError::Unavailable(error.to_string()))?;
    // A database of the next release has migrations that this one does not know.
    let runner = Runner::new(&migrations).set_abort_missing(false);
    runner.run_async(client).await.map_err(|error| refused(&error))?;
    check_readable(client).await?;
    client.execute(ADD_DEFAULT_TENANT, &[&DEFAULT_TENANT]).await.map_err(|error| unavailable(&error))?;
    client.execute(ADD_COUNTERS, &[]).await.map_err(|error| unavailable(&error))?;
    Ok(())
}

fn refused(error: &refinery::Error) -> StoreError {
    let cause = std::error::Error::source(error).map(|source| format!(": {source}"));
    let cause = cause.unwrap_or_default();
    StoreError::Unavailable(format!("the schema cannot be brought up to date: {error}{cause}"))
}
