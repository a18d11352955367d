//! Sources.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::{Source, SourceKey};
use rollcall_domain::tenant::TenantKey;
use rollcall_store::{SourceChange, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;

use crate::column::get;
use crate::connection::Connection;
use crate::error::{corrupt, unsigned};
use crate::people::recomputation;
use crate::reindex;
use crate::session::Session;

const BY_SLUG: &str =
    "SELECT key, tenant, id, slug, dialect, status, settings, schemas, resource_types, created,
    generation FROM source WHERE slug = $1";
const OF_TENANT: &str =
    "SELECT key, tenant, id, slug, dialect, status, settings, schemas, resource_types, created,
    generation FROM source WHERE tenant = $1";
const OWNER: &str = "SELECT tenant FROM source WHERE key = $1";
const TENANT: &str = "SELECT 1 FROM tenant WHERE key = $1";
const ADD: &str = "INSERT INTO source
    (tenant, id, slug, dialect, status, settings, schemas, resource_types, created)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING key";
const UPDATE: &str = "UPDATE source SET dialect = $2, status = $3, settings = $4, schemas = $5,
    resource_types = $6, generation = generation + 1
    WHERE key = $1 AND ($7::BIGINT IS NULL OR generation = $7)";
const ALL_ANEW: &str = "UPDATE source SET generation = generation + 1 WHERE tenant = $1";
const PEOPLE: &str = "SELECT 1 FROM person WHERE source = $1 LIMIT 1";
pub(crate) const REMOVE: &[&str] = &[
    "DELETE FROM value WHERE collection IN (SELECT key FROM collection WHERE source = $1)",
    "DELETE FROM collection_count WHERE collection IN (SELECT key FROM collection WHERE source = $1)",
    "DELETE FROM attribute WHERE collection IN (SELECT key FROM collection WHERE source = $1)",
    "DELETE FROM membership WHERE group_key IN (SELECT r.key FROM resource AS r
        JOIN collection AS c ON c.key = r.collection WHERE c.source = $1)",
    "DELETE FROM pending_member WHERE source = $1",
    "DELETE FROM resource WHERE collection IN (SELECT key FROM collection WHERE source = $1)",
    "DELETE FROM collection WHERE source = $1",
    "DELETE FROM tombstone WHERE source = $1",
    "DELETE FROM person WHERE source = $1",
    "DELETE FROM departure WHERE source = $1",
    "DELETE FROM recomputation WHERE source = $1",
    "DELETE FROM source_size WHERE source = $1",
    "DELETE FROM population WHERE source = (SELECT id FROM source WHERE key = $1)",
    "DELETE FROM credential WHERE source = $1",
    "DELETE FROM accepted WHERE source = $1",
    "DELETE FROM request_subject WHERE source = $1",
    "DELETE FROM request WHERE source = $1",
    "DELETE FROM request_usage WHERE source = $1",
    "DELETE FROM bucket WHERE source = $1",
];
const REMOVE_SOURCE: &str = "DELETE FROM source WHERE key = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[BY_SLUG, OF_TENANT, OWNER, TENANT, ADD, UPDATE, ALL_ANEW, PEOPLE, REMOVE_SOURCE];

pub(crate) async fn by_slug(connection: &Connection, slug: &str) -> Result<Option<Source>, StoreError> {
    connection.row(BY_SLUG, &[&slug]).await?.as_ref().map(read).transpose()
}

/// By slug: sorted here, because an order in SQL would be the collation's.
pub(crate) async fn of_tenant(connection: &Connection, tenant: TenantKey) -> Result<Vec<Source>, StoreError> {
    let rows = connection.rows(OF_TENANT, &[&tenant.0]).await?;
    let mut sources: Vec<Source> = rows.iter().map(read).collect::<Result<_, _>>()?;
    sources.sort_unstable_by(|a, b| a.slug.cmp(&b.slug));
    Ok(sources)
}

pub(crate) async fn create(session: &mut Session, source: &Source) -> Result<SourceKey, StoreError> {
    session.touch_everywhere();
    if !session.exists(TENANT, &[&source.tenant.0]).await? {
        return Err(StoreError::NotFound);
    }
    let added = session
        .returning(
            ADD,
            &[
                &source.tenant.0,
                &source.id,
                &source.slug,
                &source.dialect,
                &json("status", &source.status)?,
                &json("settings", &source.settings)?,
                &json("schemas", &source.schemas)?,
                &json("resource_types", &source.resource_types)?,
                &source.created.0,
            ],
        )
        .await?;
    let taken = || StoreError::Conflict { attribute: "slug".to_owned(), id: None };
    Ok(SourceKey(get(added.first().ok_or_else(taken)?, 0)?))
}

pub(crate) async fn update(session: &mut Session, change: &SourceChange) -> Result<(), StoreError> {
    session.touch_everywhere();
    let source = &change.source;
    let tenant = lock(session, source.key).await?;
    let changed = session
        .execute(
            UPDATE,
            &[
                &source.key.0,
                &source.dialect,
                &json("status", &source.status)?,
                &json("settings", &source.settings)?,
                &json("schemas", &source.schemas)?,
                &json("resource_types", &source.resource_types)?,
                &change.from.map(|generation| i64::try_from(generation).unwrap_or(i64::MAX)),
            ],
        )
        .await?;
    if changed == 0 {
        // It is there: its tenant was found.
        return Err(StoreError::Superseded);
    }
    for (kind, indexer) in &change.reindex {
        reindex::run(session, (tenant, source.key), kind, indexer).await?;
    }
    match change.recompute {
        Some(now) => recomputation::begin(session, source.key, now).await,
        None => Ok(()),
    }
}

/// Takes the lock of the source's tenant, whose writers are to read the source again.
async fn lock(session: &mut Session, key: SourceKey) -> Result<TenantKey, StoreError> {
    let row = session.row(OWNER, &[&key.0]).await?.ok_or(StoreError::NotFound)?;
    let tenant = TenantKey(get(&row, 0)?);
    session.new_fact(tenant).await?;
    session.forget();
    Ok(tenant)
}

/// Begins a new generation of the settings of all sources of a tenant.
pub(crate) async fn all_anew(session: &mut Session, tenant: TenantKey) -> Result<(), StoreError> {
    session.new_fact(tenant).await?;
    session.forget();
    session.execute(ALL_ANEW, &[&tenant.0]).await.map(drop)
}

pub(crate) async fn delete(session: &mut Session, key: SourceKey) -> Result<(), StoreError> {
    lock(session, key).await?;
    if session.exists(PEOPLE, &[&key.0]).await? {
        return Err(StoreError::Stale);
    }
    session.touch_everywhere();
    for statement in REMOVE {
        session.execute(statement, &[&key.0]).await?;
    }
    let removed = session.execute(REMOVE_SOURCE, &[&key.0]).await?;
    (removed > 0).then_some(()).ok_or(StoreError::NotFound)
}

/// A value for a JSON column. What the domain defines always serialises.
fn json(column: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt("source", column, error))
}

fn parse<T: DeserializeOwned>(row: &Row, at: usize, column: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(get(row, at)?).map_err(|error| corrupt("source", column, error))
}

fn read(row: &Row) -> Result<Source, StoreError> {
    Ok(Source {
        key: SourceKey(get(row, 0)?),
        tenant: TenantKey(get(row, 1)?),
        id: get(row, 2)?,
        slug: get(row, 3)?,
        dialect: get(row, 4)?,
        status: parse(row, 5, "status")?,
        settings: parse(row, 6, "settings")?,
        schemas: parse(row, 7, "schemas")?,
        resource_types: parse(row, 8, "resource_types")?,
        created: Timestamp(get(row, 9)?),
        generation: unsigned(get(row, 10)?, "source", "generation")?,
    })
}
