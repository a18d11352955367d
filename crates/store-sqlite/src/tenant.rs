//! Tenants.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::{Tenant, TenantKey};
use rollcall_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::Value;
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt};
use crate::people::recomputation;
use crate::session::Session;
use crate::source;

const BY_NAME: &str = "SELECT key, id, name FROM tenant WHERE name = ?1";
const BY_KEY: &str = "SELECT key, id, name FROM tenant WHERE key = ?1";
const ALL: &str = "SELECT key, id, name FROM tenant ORDER BY name";
const ADD: &str =
    "INSERT INTO tenant (id, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING key, id, name";

const POLICY: &str = "SELECT policy FROM tenant WHERE key = ?1";
const SET_POLICY: &str = "UPDATE tenant SET policy = ?2 WHERE key = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_NAME, BY_KEY, ALL, ADD, POLICY, SET_POLICY];

pub(crate) fn by_name(connection: &Connection, name: &str) -> Result<Option<Tenant>, StoreError> {
    let mut statement = connection.prepare_cached(BY_NAME).or_unavailable()?;
    statement.query_row([name], read).optional().or_unavailable()
}

pub(crate) fn by_key(connection: &Connection, key: TenantKey) -> Result<Option<Tenant>, StoreError> {
    let mut statement = connection.prepare_cached(BY_KEY).or_unavailable()?;
    statement.query_row([key.0], read).optional().or_unavailable()
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<Tenant>, StoreError> {
    let mut statement = connection.prepare_cached(ALL).or_unavailable()?;
    let rows = statement.query_map([], read).or_unavailable()?;
    rows.collect::<rusqlite::Result<_>>().or_unavailable()
}

pub(crate) fn create(session: &mut Session<'_>, id: Uuid, name: &str) -> Result<Tenant, StoreError> {
    session.touch_all();
    let added = session.prepare(ADD)?.query_row((IdColumn(id), name), read).optional().or_unavailable()?;
    added.ok_or_else(|| StoreError::Conflict { attribute: "name".to_owned(), id: None })
}

/// The tenant's policy, as written.
pub(crate) fn policy(connection: &Connection, tenant: TenantKey) -> Result<Option<Value>, StoreError> {
    let mut statement = connection.prepare_cached(POLICY).or_unavailable()?;
    let text: Option<Option<String>> =
        statement.query_row([tenant.0], |row| row.get(0)).optional().or_unavailable()?;
    let parse =
        |text: String| serde_json::from_str(&text).map_err(|error| corrupt("tenant", "policy", error));
    text.flatten().map(parse).transpose()
}

pub(crate) fn set_policy(
    session: &mut Session<'_>,
    tenant: TenantKey,
    policy: Option<&Value>,
    (recompute, now): (&[SourceKey], Timestamp),
) -> Result<(), StoreError> {
    session.touch_all();
    let text = policy.map(ToString::to_string);
    let changed = session.prepare(SET_POLICY)?.execute((tenant.0, text)).or_unavailable()?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    source::all_anew(session, tenant)?;
    for source in recompute {
        match recomputation::begin(session, *source, now) {
            // It was deleted meanwhile.
            Err(StoreError::NotFound) => {}
            begun => begun?,
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Tenant> {
    let id: IdColumn = row.get(1)?;
    Ok(Tenant { key: TenantKey(row.get(0)?), id: id.0, name: row.get(2)? })
}
