//! Sources.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::{Source, SourceKey};
use rollcall_domain::tenant::TenantKey;
use rollcall_store::{SourceChange, StoreError};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{IdColumn, OrUnavailable as _, corrupt, unsigned};
use crate::people::recomputation;
use crate::reindex;
use crate::session::Session;

const BY_SLUG: &str =
    "SELECT key, tenant, id, slug, dialect, status, settings, schemas, resource_types, created,
    generation FROM source WHERE slug = ?1";
const OF_TENANT: &str =
    "SELECT key, tenant, id, slug, dialect, status, settings, schemas, resource_types, created,
    generation FROM source WHERE tenant = ?1 ORDER BY slug";
const TENANT: &str = "SELECT 1 FROM tenant WHERE key = ?1";
const ADD: &str = "INSERT INTO source
    (tenant, id, slug, dialect, status, settings, schemas, resource_types, created)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING RETURNING key";
const UPDATE: &str = "UPDATE source SET dialect = ?2, status = ?3, settings = ?4, schemas = ?5,
    resource_types = ?6, generation = generation + 1 WHERE key = ?1 AND (?7 IS NULL OR generation = ?7)";
const THERE: &str = "SELECT 1 FROM source WHERE key = ?1";
const ALL_ANEW: &str = "UPDATE source SET generation = generation + 1 WHERE tenant = ?1";
const PEOPLE: &str = "SELECT 1 FROM person WHERE source = ?1 LIMIT 1";
pub(crate) const REMOVE: &[&str] = &[
    "DELETE FROM value WHERE collection IN (SELECT key FROM collection WHERE source = ?1)",
    "DELETE FROM counter WHERE of = 2 AND key IN (SELECT key FROM collection WHERE source = ?1)",
    "DELETE FROM attribute WHERE collection IN (SELECT key FROM collection WHERE source = ?1)",
    "DELETE FROM membership WHERE group_key IN (SELECT r.key FROM resource AS r
        JOIN collection AS c ON c.key = r.collection WHERE c.source = ?1)",
    "DELETE FROM pending_member WHERE source = ?1",
    "DELETE FROM resource WHERE collection IN (SELECT key FROM collection WHERE source = ?1)",
    "DELETE FROM collection WHERE source = ?1",
    "DELETE FROM tombstone WHERE source = ?1",
    "DELETE FROM person WHERE source = ?1",
    "DELETE FROM departure WHERE source = ?1",
    "DELETE FROM recomputation WHERE source = ?1",
    "DELETE FROM source_size WHERE source = ?1",
    "DELETE FROM population WHERE source = (SELECT id FROM source WHERE key = ?1)",
    "DELETE FROM credential WHERE source = ?1",
    "DELETE FROM accepted WHERE source = ?1",
];
const REMOVE_SOURCE: &str = "DELETE FROM source WHERE key = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[BY_SLUG, OF_TENANT, TENANT, ADD, UPDATE, THERE, ALL_ANEW, PEOPLE, REMOVE_SOURCE];

pub(crate) fn by_slug(connection: &Connection, slug: &str) -> Result<Option<Source>, StoreError> {
    let mut statement = connection.prepare_cached(BY_SLUG).or_unavailable()?;
    let row = statement.query_row([slug], SourceRow::read).optional().or_unavailable()?;
    row.map(Source::try_from).transpose()
}

pub(crate) fn of_tenant(connection: &Connection, tenant: TenantKey) -> Result<Vec<Source>, StoreError> {
    let mut statement = connection.prepare_cached(OF_TENANT).or_unavailable()?;
    let mut rows = statement.query([tenant.0]).or_unavailable()?;
    let mut sources = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        sources.push(SourceRow::read(row).or_unavailable()?.try_into()?);
    }
    Ok(sources)
}

pub(crate) fn create(session: &mut Session<'_>, source: &Source) -> Result<SourceKey, StoreError> {
    session.touch_all();
    if !session.prepare(TENANT)?.exists([source.tenant.0]).or_unavailable()? {
        return Err(StoreError::NotFound);
    }
    let row = (
        source.tenant.0,
        IdColumn(source.id),
        &source.slug,
        &source.dialect,
        json("status", &source.status)?,
        json("settings", &source.settings)?,
        json("schemas", &source.schemas)?,
        json("resource_types", &source.resource_types)?,
        source.created.0,
    );
    let key = session.prepare(ADD)?.query_row(row, |row| row.get(0)).optional().or_unavailable()?;
    key.map(SourceKey).ok_or_else(|| StoreError::Conflict { attribute: "slug".to_owned(), id: None })
}

pub(crate) fn update(session: &mut Session<'_>, change: &SourceChange) -> Result<(), StoreError> {
    session.touch_all();
    session.new_generation();
    let source = &change.source;
    let row = (
        source.key.0,
        &source.dialect,
        json("status", &source.status)?,
        json("settings", &source.settings)?,
        json("schemas", &source.schemas)?,
        json("resource_types", &source.resource_types)?,
        change.from.map(|generation| i64::try_from(generation).unwrap_or(i64::MAX)),
    );
    let changed = session.prepare(UPDATE)?.execute(row).or_unavailable()?;
    if changed == 0 {
        let is_there = session.prepare(THERE)?.exists([source.key.0]).or_unavailable()?;
        return Err(if is_there { StoreError::Superseded } else { StoreError::NotFound });
    }
    for (kind, indexer) in &change.reindex {
        reindex::run(session, source.key, kind, indexer)?;
    }
    change.recompute.map_or(Ok(()), |now| recomputation::begin(session, source.key, now))
}

/// Begins a new generation of the settings of all sources of a tenant.
pub(crate) fn all_anew(session: &mut Session<'_>, tenant: TenantKey) -> Result<(), StoreError> {
    session.new_generation();
    session.prepare(ALL_ANEW)?.execute([tenant.0]).map(drop).or_unavailable()
}

pub(crate) fn delete(session: &mut Session<'_>, key: SourceKey) -> Result<(), StoreError> {
    if session.prepare(PEOPLE)?.exists([key.0]).or_unavailable()? {
        return Err(StoreError::Stale);
    }
    session.touch_all();
    session.forget();
    for statement in REMOVE {
        session.prepare(statement)?.execute([key.0]).or_unavailable()?;
    }
    let removed = session.prepare(REMOVE_SOURCE)?.execute([key.0]).or_unavailable()?;
    (removed > 0).then_some(()).ok_or(StoreError::NotFound)
}

/// A value for a JSON column. What the domain defines always serialises.
fn json(column: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt("source", column, error))
}

fn parse<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt("source", column, error))
}

struct SourceRow {
    key: i64,
    tenant: i64,
    id: IdColumn,
    slug: String,
    dialect: String,
    status: String,
    settings: String,
    schemas: String,
    resource_types: String,
    created: i64,
    generation: i64,
}

impl SourceRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            tenant: row.get(1)?,
            id: row.get(2)?,
            slug: row.get(3)?,
            dialect: row.get(4)?,
            status: row.get(5)?,
            settings: row.get(6)?,
            schemas: row.get(7)?,
            resource_types: row.get(8)?,
            created: row.get(9)?,
            generation: row.get(10)?,
        })
    }
}

impl TryFrom<SourceRow> for Source {
    type Error = StoreError;

    fn try_from(row: SourceRow) -> Result<Self, StoreError> {
        Ok(Self {
            key: SourceKey(row.key),
            tenant: TenantKey(row.tenant),
            id: row.id.0,
            slug: row.slug,
            dialect: row.dialect,
            status: parse("status", &row.status)?,
            settings: parse("settings", &row.settings)?,
            schemas: parse("schemas", &row.schemas)?,
            resource_types: parse("resource_types", &row.resource_types)?,
            created: Timestamp(row.created),
            generation: unsigned(row.generation, "source", "generation")?,
        })
    }
}
