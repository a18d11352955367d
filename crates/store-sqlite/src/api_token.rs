//! API tokens.

use rollcall_domain::api::ApiToken;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _, Row};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt};
use crate::session::Session;
use crate::token;

const BY_PREFIX: &str =
    "SELECT id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used
    FROM api_token WHERE prefix = ?1";
const BY_ID: &str = "SELECT id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used
    FROM api_token WHERE id = ?1";
const ALL: &str = "SELECT id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used
    FROM api_token WHERE id > ?1 ORDER BY id LIMIT ?2";
const OF_TENANT: &str =
    "SELECT id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used
    FROM api_token WHERE tenant = ?3 AND id > ?1 ORDER BY id LIMIT ?2";
const ADD: &str = "INSERT INTO api_token
    (id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE api_token SET expires = ?2, revoked = ?3 WHERE id = ?1";
const TOUCH: &str =
    "UPDATE api_token SET last_used = ?2 WHERE id = ?1 AND (last_used IS NULL OR last_used < ?2)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_PREFIX, BY_ID, ALL, OF_TENANT, ADD, UPDATE, TOUCH];

pub(crate) fn by_prefix(connection: &Connection, prefix: &str) -> Result<Option<ApiToken>, StoreError> {
    let mut statement = connection.prepare_cached(BY_PREFIX).or_unavailable()?;
    let row = statement.query_row([prefix], ApiTokenRow::read).optional().or_unavailable()?;
    row.map(ApiToken::try_from).transpose()
}

pub(crate) fn by_id(connection: &Connection, id: Uuid) -> Result<Option<ApiToken>, StoreError> {
    let mut statement = connection.prepare_cached(BY_ID).or_unavailable()?;
    let row = statement.query_row([IdColumn(id)], ApiTokenRow::read).optional().or_unavailable()?;
    row.map(ApiToken::try_from).transpose()
}

pub(crate) fn page(
    connection: &Connection,
    tenant: Option<TenantKey>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<ApiToken>, StoreError> {
    let after = IdColumn(after.unwrap_or_default());
    let sql = if tenant.is_some() { OF_TENANT } else { ALL };
    let mut statement = connection.prepare_cached(sql).or_unavailable()?;
    let rows = match tenant {
        Some(tenant) => statement.query((after, limit, tenant.0)),
        None => statement.query((after, limit)),
    };
    let (mut rows, mut tokens) = (rows.or_unavailable()?, Vec::new());
    while let Some(row) = rows.next().or_unavailable()? {
        tokens.push(ApiTokenRow::read(row).or_unavailable()?.try_into()?);
    }
    Ok(tokens)
}

pub(crate) fn add(session: &mut Session<'_>, api_token: &ApiToken) -> Result<(), StoreError> {
    let scopes = serde_json::to_string(&api_token.scopes);
    let row = (
        IdColumn(api_token.id),
        api_token.tenant.map(|tenant| tenant.0),
        &api_token.name,
        &api_token.prefix,
        &api_token.digest[..],
        scopes.map_err(|error| corrupt("api_token", "scopes", error))?,
        api_token.created.0,
        api_token.expires.map(|at| at.0),
        api_token.revoked.map(|at| at.0),
        api_token.last_used.map(|at| at.0),
    );
    token::added(session.prepare(ADD)?.execute(row).or_unavailable()?)
}

pub(crate) fn update(session: &mut Session<'_>, api_token: &ApiToken) -> Result<(), StoreError> {
    token::update(session, UPDATE, api_token.id, (api_token.expires, api_token.revoked))
}

pub(crate) fn touch(session: &mut Session<'_>, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
    token::touch(session, TOUCH, used)
}

struct ApiTokenRow {
    id: IdColumn,
    tenant: Option<i64>,
    name: String,
    prefix: String,
    digest: Vec<u8>,
    scopes: String,
    created: i64,
    expires: Option<i64>,
    revoked: Option<i64>,
    last_used: Option<i64>,
}

impl ApiTokenRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            tenant: row.get(1)?,
            name: row.get(2)?,
            prefix: row.get(3)?,
            digest: row.get(4)?,
            scopes: row.get(5)?,
            created: row.get(6)?,
            expires: row.get(7)?,
            revoked: row.get(8)?,
            last_used: row.get(9)?,
        })
    }
}

impl TryFrom<ApiTokenRow> for ApiToken {
    type Error = StoreError;

    fn try_from(row: ApiTokenRow) -> Result<Self, StoreError> {
        let scopes = serde_json::from_str(&row.scopes);
        Ok(Self {
            id: row.id.0,
            tenant: row.tenant.map(TenantKey),
            name: row.name,
            prefix: row.prefix,
            digest: row.digest.try_into().map_err(|_| corrupt("api_token", "digest", "not 32 bytes"))?,
            scopes: scopes.map_err(|error| corrupt("api_token", "scopes", error))?,
            created: Timestamp(row.created),
            expires: row.expires.map(Timestamp),
            revoked: row.revoked.map(Timestamp),
            last_used: row.last_used.map(Timestamp),
        })
    }
}
