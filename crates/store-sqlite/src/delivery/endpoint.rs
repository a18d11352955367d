//! Endpoints.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::delivery::{Endpoint, EndpointKey, EndpointKind, EndpointStatus, Feed};
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::progress;
use crate::error::{IdColumn, OrUnavailable as _, corrupt, signed, unsigned};
use crate::session::Session;

const ALL: &str = "SELECT key, tenant, id, kind, status, settings, secrets, generation, created
    FROM endpoint ORDER BY key";
const OF_TENANT: &str = "SELECT key, tenant, id, kind, status, settings, secrets, generation, created
    FROM endpoint WHERE tenant = ?1 ORDER BY key";
const ADD: &str = "INSERT INTO endpoint (tenant, id, kind, status, settings, secrets, generation, created)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7) RETURNING key";
const UPDATE: &str =
    "UPDATE endpoint SET status = ?2, settings = ?3, secrets = ?4, generation = generation + 1
    WHERE key = ?1";
const RESEAL: &str = "UPDATE endpoint SET secrets = ?3 WHERE key = ?1 AND generation = ?2";
const NEXT_GENERATION: &str = "UPDATE endpoint SET generation = generation + 1 WHERE key = ?1";
const SET_STATUS: &str = "UPDATE endpoint SET status = ?2, generation = generation + 1 WHERE key = ?1";
const REMOVE: &[&str] = &[
    "DELETE FROM endpoint_cursor WHERE endpoint = ?1",
    "DELETE FROM delivery WHERE endpoint = ?1",
    "DELETE FROM delivery_attempt WHERE endpoint = ?1",
];
const REMOVE_ENDPOINT: &str = "DELETE FROM endpoint WHERE key = ?1";

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

pub(crate) fn all(connection: &Connection, tenant: Option<TenantKey>) -> Result<Vec<Endpoint>, StoreError> {
    let mut statement =
        connection.prepare_cached(if tenant.is_some() { OF_TENANT } else { ALL }).or_unavailable()?;
    let mut rows = match tenant {
        Some(tenant) => statement.query([tenant.0]),
        None => statement.query([]),
    }
    .or_unavailable()?;
    let mut endpoints = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        endpoints.push(EndpointRow::read(row).or_unavailable()?.into_endpoint()?);
    }
    Ok(endpoints)
}

pub(crate) fn create(
    session: &mut Session<'_>,
    endpoint: &Endpoint,
    cursor: u64,
) -> Result<EndpointKey, StoreError> {
    session.touch_all();
    let row = (
        endpoint.tenant.0,
        IdColumn(endpoint.id),
        endpoint.kind.as_str(),
        json("status", &endpoint.status)?,
        json("settings", &endpoint.settings)?,
        json("secrets", &endpoint.secrets)?,
        endpoint.created.0,
    );
    let key = session.prepare(ADD)?.query_row(row, |row| row.get(0)).map(EndpointKey).or_unavailable()?;
    progress::set_cursor(session, key, Feed::Changes, cursor)?;
    Ok(key)
}

pub(crate) fn update(session: &mut Session<'_>, endpoint: &Endpoint) -> Result<(), StoreError> {
    session.touch_all();
    let row = (
        endpoint.key.0,
        json("status", &endpoint.status)?,
        json("settings", &endpoint.settings)?,
        json("secrets", &endpoint.secrets)?,
    );
    let changed = session.prepare(UPDATE)?.execute(row).or_unavailable()?;
    (changed > 0).then_some(()).ok_or(StoreError::NotFound)
}

pub(crate) fn reseal(session: &mut Session<'_>, endpoint: &Endpoint) -> Result<(), StoreError> {
    let row = (endpoint.key.0, signed(endpoint.generation), json("secrets", &endpoint.secrets)?);
    session.prepare(RESEAL)?.execute(row).map(drop).or_unavailable()
}

/// Voids what is under way. `NotFound`.
pub(crate) fn next_generation(session: &mut Session<'_>, key: EndpointKey) -> Result<(), StoreError> {
    session.touch_all();
    let changed = session.prepare(NEXT_GENERATION)?.execute([key.0]).or_unavailable()?;
    (changed > 0).then_some(()).ok_or(StoreError::NotFound)
}

/// What the deliverer itself says: it needs not be told.
pub(crate) fn set_status(
    session: &mut Session<'_>,
    key: EndpointKey,
    status: &EndpointStatus,
) -> Result<(), StoreError> {
    session.touch_all();
    let row = (key.0, json("status", status)?);
    session.prepare(SET_STATUS)?.execute(row).map(drop).or_unavailable()
}

pub(crate) fn delete(session: &mut Session<'_>, key: EndpointKey) -> Result<(), StoreError> {
    session.touch_all();
    for statement in REMOVE {
        session.prepare(statement)?.execute([key.0]).or_unavailable()?;
    }
    let removed = session.prepare(REMOVE_ENDPOINT)?.execute([key.0]).or_unavailable()?;
    (removed > 0).then_some(()).ok_or(StoreError::NotFound)
}

fn json(column: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt("endpoint", column, error))
}

fn parse<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt("endpoint", column, error))
}

struct EndpointRow {
    key: i64,
    tenant: i64,
    id: IdColumn,
    kind: String,
    status: String,
    settings: String,
    secrets: String,
    generation: i64,
    created: i64,
}

impl EndpointRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            tenant: row.get(1)?,
            id: row.get(2)?,
            kind: row.get(3)?,
            status: row.get(4)?,
            settings: row.get(5)?,
            secrets: row.get(6)?,
            generation: row.get(7)?,
            created: row.get(8)?,
        })
    }

    fn into_endpoint(self) -> Result<Endpoint, StoreError> {
        let unknown = || corrupt("endpoint", "kind", "not a kind of endpoint");
        Ok(Endpoint {
            key: EndpointKey(self.key),
            id: self.id.0,
            tenant: TenantKey(self.tenant),
            kind: EndpointKind::parse(&self.kind).ok_or_else(unknown)?,
            status: parse("status", &self.status)?,
            settings: parse("settings", &self.settings)?,
            secrets: parse("secrets", &self.secrets)?,
            generation: unsigned(self.generation, "endpoint", "generation")?,
            created: Timestamp(self.created),
        })
    }
}
