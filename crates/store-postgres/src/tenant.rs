//! Tenants.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::{Tenant, TenantKey};
use rollcall_store::StoreError;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::get;
use crate::connection::Connection;
use crate::error::corrupt;
use crate::people::recomputation;
use crate::session::Session;
use crate::source;

const BY_NAME: &str = "SELECT key, id, name FROM tenant WHERE name = $1";
const BY_KEY: &str = "SELECT key, id, name FROM tenant WHERE key = $1";
const ALL: &str = "SELECT key, id, name FROM tenant";
const ADD: &str =
    "INSERT INTO tenant (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key, id, name";
const ADD_COUNTER: &str =
    "INSERT INTO tenant_counter (tenant, last_change, last_key, facts) VALUES ($1, 0, 0, 0)";
const POLICY: &str = "SELECT policy FROM tenant WHERE key = $1";
const SET_POLICY: &str = "UPDATE tenant SET policy = $2 WHERE key = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_NAME, BY_KEY, ALL, ADD, ADD_COUNTER, POLICY, SET_POLICY];

pub(crate) async fn by_name(connection: &Connection, name: &str) -> Result<Option<Tenant>, StoreError> {
    connection.row(BY_NAME, &[&name]).await?.as_ref().map(read).transpose()
}

pub(crate) async fn by_key(connection: &Connection, key: TenantKey) -> Result<Option<Tenant>, StoreError> {
    connection.row(BY_KEY, &[&key.0]).await?.as_ref().map(read).transpose()
}

/// All of them, by name: sorted here, because an order in SQL would be the collation's.
pub(crate) async fn all(connection: &Connection) -> Result<Vec<Tenant>, StoreError> {
    let rows = connection.rows(ALL, &[]).await?;
    let mut tenants: Vec<Tenant> = rows.iter().map(read).collect::<Result<_, _>>()?;
    tenants.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(tenants)
}

pub(crate) async fn create(session: &mut Session, id: Uuid, name: &str) -> Result<Tenant, StoreError> {
    session.touch_everywhere();
    let added = session.returning(ADD, &[&id, &name]).await?;
    let taken = || StoreError::Conflict { attribute: "name".to_owned(), id: None };
    let tenant = read(added.first().ok_or_else(taken)?)?;
    session.execute(ADD_COUNTER, &[&tenant.key.0]).await?;
    Ok(tenant)
}

/// The tenant's policy, as written.
pub(crate) async fn policy(connection: &Connection, tenant: TenantKey) -> Result<Option<Value>, StoreError> {
    let row = connection.row(POLICY, &[&tenant.0]).await?;
    let text: Option<String> = row.map(|row| get(&row, 0)).transpose()?.flatten();
    let parse =
        |text: String| serde_json::from_str(&text).map_err(|error| corrupt("tenant", "policy", error));
    text.map(parse).transpose()
}

pub(crate) async fn set_policy(
    session: &mut Session,
    tenant: TenantKey,
    policy: Option<&Value>,
    (recompute, now): (&[SourceKey], Timestamp),
) -> Result<(), StoreError> {
    session.touch_everywhere();
    let text = policy.map(ToString::to_string);
    if session.execute(SET_POLICY, &[&tenant.0, &text]).await? == 0 {
        return Err(StoreError::NotFound);
    }
    source::all_anew(session, tenant).await?;
    for source in recompute {
        match recomputation::begin(session, *source, now).await {
            // It was deleted meanwhile.
            Err(StoreError::NotFound) => {}
            begun => begun?,
        }
    }
    Ok(())
}

fn read(row: &Row) -> Result<Tenant, StoreError> {
    Ok(Tenant { key: TenantKey(get(row, 0)?), id: get(row, 1)?, name: get(row, 2)? })
}
