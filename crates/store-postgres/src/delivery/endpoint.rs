//! Endpoints.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Endpoint, EndpointKey, EndpointKind, EndpointStatus, Feed};
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;

use super::progress;
use crate::column::get;
use crate::connection::Connection;
use crate::error::{corrupt, signed, unsigned};
use crate::session::Session;

const ALL: &str = "SELECT key, tenant, id, kind, status, settings, secrets, generation, created
    FROM endpoint ORDER BY key";
const OF_TENANT: &str = "SELECT key, tenant, id, kind, status, settings, secrets, generation, created
    FROM endpoint WHERE tenant = $1 ORDER BY key";
const ADD: &str = "INSERT INTO endpoint (tenant, id, kind, status, settings, secrets, generation, created)
    VALUES ($1, $2, $3, $4, $5, $6, 1, $7) RETURNING key";
const UPDATE: &str =
    "UPDATE endpoint SET status = $2, settings = $3, secrets = $4, generation = generation + 1
    WHERE key = $1";
const RESEAL: &str = "UPDATE endpoint SET secrets = $3 WHERE key = $1 AND generation = $2";
const NEXT_GENERATION: &str = "UPDATE endpoint SET generation = generation + 1 WHERE key = $1";
const SET_STATUS: &str = "UPDATE endpoint SET status = $2, generation = generation + 1 WHERE key = $1";
const REMOVE: &[&str] = &[
    "DELETE FROM endpoint_cursor WHERE endpoint = $1",
    "DELETE FROM delivery WHERE endpoint = $1",
    "DELETE FROM delivery_attempt WHERE endpoint = $1",
];
const REMOVE_ENDPOINT: &str = "DELETE FROM endpoint WHERE key = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    ALL,
    OF_TENANT,
    ADD,
    UPDATE,
    RESEAL,
    NEXT_GENERATION,
    SET_STATUS,
    REMOVE_ENDPOINT,
    REMOVE[0],
    REMOVE[1],
    REMOVE[2],
];

pub(crate) async fn all(
    connection: &Connection,
    tenant: Option<TenantKey>,
) -> Result<Vec<Endpoint>, StoreError> {
    let rows = match tenant {
        Some(tenant) => connection.rows(OF_TENANT, &[&tenant.0]).await?,
        None => connection.rows(ALL, &[]).await?,
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn create(
    session: &mut Session,
    endpoint: &Endpoint,
    cursor: u64,
) -> Result<EndpointKey, StoreError> {
    session.touch_everywhere();
    let rows = session
        .returning(
            ADD,
            &[
                &endpoint.tenant.0,
                &endpoint.id,
                &endpoint.kind.as_str(),
                &json("status", &endpoint.status)?,
                &json("settings", &endpoint.settings)?,
                &json("secrets", &endpoint.secrets)?,
                &endpoint.created.0,
            ],
        )
        .await?;
    let key = EndpointKey(get(rows.first().ok_or(StoreError::NotFound)?, 0)?);
    progress::set_cursor(session, key, Feed::Changes, cursor).await?;
    Ok(key)
}

pub(crate) async fn update(session: &mut Session, endpoint: &Endpoint) -> Result<(), StoreError> {
    session.touch_everywhere();
    let changed = session
        .execute(
            UPDATE,
            &[
                &endpoint.key.0,
                &json("status", &endpoint.status)?,
                &json("settings", &endpoint.settings)?,
                &json("secrets", &endpoint.secrets)?,
            ],
        )
        .await?;
    (changed > 0).then_some(()).ok_or(StoreError::NotFound)
}

pub(crate) async fn reseal(session: &mut Session, endpoint: &Endpoint) -> Result<(), StoreError> {
    let secrets = json("secrets", &endpoint.secrets)?;
    session.execute(RESEAL, &[&endpoint.key.0, &signed(endpoint.generation), &secrets]).await.map(drop)
}

/// Voids what is under way. `NotFound`.
pub(crate) async fn next_generation(session: &mut Session, key: EndpointKey) -> Result<(), StoreError> {
    session.touch_everywhere();
    let changed = session.execute(NEXT_GENERATION, &[&key.0]).await?;
    (changed > 0).then_some(()).ok_or(StoreError::NotFound)
}

/// What the deliverer itself says: it needs not be told.
pub(crate) async fn set_status(
    session: &mut Session,
    key: EndpointKey,
    status: &EndpointStatus,
) -> Result<(), StoreError> {
    session.touch_everywhere();
    session.execute(SET_STATUS, &[&key.0, &json("status", status)?]).await.map(drop)
}

pub(crate) async fn delete(session: &mut Session, key: EndpointKey) -> Result<(), StoreError> {
    session.touch_everywhere();
    let removed = session.execute(REMOVE_ENDPOINT, &[&key.0]).await?;
    for statement in REMOVE {
        session.execute(statement, &[&key.0]).await?;
    }
    (removed > 0).then_some(()).ok_or(StoreError::NotFound)
}

fn json(column: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt("endpoint", column, error))
}

fn parse<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt("endpoint", column, error))
}

fn read(row: &Row) -> Result<Endpoint, StoreError> {
    let unknown = || corrupt("endpoint", "kind", "not a kind of endpoint");
    Ok(Endpoint {
        key: EndpointKey(get(row, 0)?),
        tenant: TenantKey(get(row, 1)?),
        id: get(row, 2)?,
        kind: EndpointKind::parse(get(row, 3)?).ok_or_else(unknown)?,
        status: parse("status", get(row, 4)?)?,
        settings: parse("settings", get(row, 5)?)?,
        secrets: parse("secrets", get(row, 6)?)?,
        generation: unsigned(get(row, 7)?, "endpoint", "generation")?,
        created: Timestamp(get(row, 8)?),
    })
}
