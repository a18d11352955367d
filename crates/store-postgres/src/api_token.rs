//! API tokens.

use rollcall_domain::api::ApiToken;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{get, shown, time};
use crate::connection::Connection;
use crate::error::corrupt;
use crate::session::Session;
use crate::token;

const BY_PREFIX: &str =
    "SELECT id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used
    FROM api_token WHERE prefix = $1";
const BY_ID: &str = "SELECT id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used
    FROM api_token WHERE id = $1";
const ALL: &str = "SELECT id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used
    FROM api_token WHERE id > $1 ORDER BY id LIMIT $2";
const OF_TENANT: &str =
    "SELECT id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used
    FROM api_token WHERE tenant = $3 AND id > $1 ORDER BY id LIMIT $2";
const ADD: &str = "INSERT INTO api_token
    (id, tenant, name, prefix, digest, scopes, created, expires, revoked, last_used)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE api_token SET expires = $2, revoked = $3 WHERE id = $1";
const TOUCH: &str = "UPDATE api_token SET last_used = used.at
    FROM unnest($1::UUID[], $2::BIGINT[]) AS used (id, at)
    WHERE api_token.id = used.id AND (api_token.last_used IS NULL OR api_token.last_used < used.at)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_PREFIX, BY_ID, ALL, OF_TENANT, ADD, UPDATE, TOUCH];

pub(crate) async fn by_prefix(connection: &Connection, prefix: &str) -> Result<Option<ApiToken>, StoreError> {
    connection.row(BY_PREFIX, &[&prefix]).await?.map(|row| read(&row)).transpose()
}

pub(crate) async fn by_id(connection: &Connection, id: Uuid) -> Result<Option<ApiToken>, StoreError> {
    connection.row(BY_ID, &[&id]).await?.map(|row| read(&row)).transpose()
}

pub(crate) async fn page(
    connection: &Connection,
    tenant: Option<TenantKey>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<ApiToken>, StoreError> {
    let (after, limit) = (after.unwrap_or_default(), i64::from(limit));
    let rows = match tenant {
        Some(tenant) => connection.rows(OF_TENANT, &[&after, &limit, &tenant.0]).await?,
        None => connection.rows(ALL, &[&after, &limit]).await?,
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn add(session: &mut Session, api_token: &ApiToken) -> Result<(), StoreError> {
    let scopes = serde_json::to_string(&api_token.scopes);
    let scopes = scopes.map_err(|error| corrupt("api_token", "scopes", error))?;
    let at = |time: Option<Timestamp>| time.map(|at| at.0);
    let added = session
        .execute(
            ADD,
            &[
                &api_token.id,
                &api_token.tenant.map(|tenant| tenant.0),
                &shown(&api_token.name),
                &api_token.prefix,
                &&api_token.digest[..],
                &scopes,
                &api_token.created.0,
                &at(api_token.expires),
                &at(api_token.revoked),
                &at(api_token.last_used),
            ],
        )
        .await?;
    token::added(added)
}

pub(crate) async fn update(session: &mut Session, api_token: &ApiToken) -> Result<(), StoreError> {
    token::update(session, UPDATE, api_token.id, (api_token.expires, api_token.revoked)).await
}

pub(crate) async fn touch(session: &mut Session, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
    token::touch(session, TOUCH, used).await
}

fn read(row: &Row) -> Result<ApiToken, StoreError> {
    let digest: Vec<u8> = get(row, 4)?;
    let scopes = serde_json::from_str(get(row, 5)?);
    Ok(ApiToken {
        id: get(row, 0)?,
        tenant: get::<Option<i64>>(row, 1)?.map(TenantKey),
        name: get(row, 2)?,
        prefix: get(row, 3)?,
        digest: digest.try_into().map_err(|_| corrupt("api_token", "digest", "not 32 bytes"))?,
        scopes: scopes.map_err(|error| corrupt("api_token", "scopes", error))?,
        created: Timestamp(get(row, 6)?),
        expires: time(row, 7)?,
        revoked: time(row, 8)?,
        last_used: time(row, 9)?,
    })
}
