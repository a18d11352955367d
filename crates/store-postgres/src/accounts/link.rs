//! Links that let someone into the console without an account.

use rollcall_domain::account::{Link, Purpose};
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

const BY_PREFIX: &str = "SELECT id, purpose, about, tenant, prefix, digest, created, expires, used, revoked
    FROM console_link WHERE prefix = $1";
const ALL: &str = "SELECT id, purpose, about, tenant, prefix, digest, created, expires, used, revoked
    FROM console_link WHERE purpose = $1 AND about = $2 ORDER BY created DESC";
const ADD: &str = "INSERT INTO console_link
    (id, purpose, about, tenant, prefix, digest, created, expires, used, revoked)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
const REVOKE_OTHERS: &str = "UPDATE console_link SET revoked = $3
    WHERE purpose = $1 AND about = $2 AND revoked IS NULL";
const USE: &str = "UPDATE console_link SET used = $2 WHERE id = $1 AND used IS NULL AND revoked IS NULL";
const REVOKE: &str = "UPDATE console_link SET revoked = coalesce(revoked, $2) WHERE id = $1";
const PRUNE: &str = "DELETE FROM console_link WHERE expires < $1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[BY_PREFIX, ALL, ADD, REVOKE_OTHERS, USE, REVOKE, PRUNE];

pub(super) async fn by_prefix(connection: &Connection, prefix: &str) -> Result<Option<Link>, StoreError> {
    connection.row(BY_PREFIX, &[&shown(prefix)]).await?.as_ref().map(read).transpose()
}

pub(super) async fn all(connection: &Connection, purpose: Purpose) -> Result<Vec<Link>, StoreError> {
    let (name, about) = columns(purpose);
    connection.rows(ALL, &[&name, &about]).await?.iter().map(read).collect()
}

pub(super) async fn add(session: &mut Session, link: &Link, alone: bool) -> Result<(), StoreError> {
    let (name, about) = columns(link.purpose);
    if alone {
        session.execute(REVOKE_OTHERS, &[&name, &about, &link.created.0]).await?;
    }
    let added = session
        .execute(
            ADD,
            &[
                &link.id,
                &name,
                &about,
                &link.tenant.map(|tenant| tenant.0),
                &link.prefix,
                &&link.digest[..],
                &link.created.0,
                &link.expires.0,
                &link.used.map(|at| at.0),
                &link.revoked.map(|at| at.0),
            ],
        )
        .await?;
    token::added(added)
}

pub(super) async fn use_up(session: &mut Session, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let used = session.execute(USE, &[&id, &now.0]).await?;
    (used > 0).then_some(()).ok_or(StoreError::Stale)
}

pub(super) async fn revoke(session: &mut Session, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let revoked = session.execute(REVOKE, &[&id, &now.0]).await?;
    (revoked > 0).then_some(()).ok_or(StoreError::NotFound)
}

pub(super) async fn prune(session: &mut Session, before: Timestamp) -> Result<(), StoreError> {
    session.execute(PRUNE, &[&before.0]).await.map(drop)
}

fn columns(purpose: Purpose) -> (&'static str, Uuid) {
    match purpose {
        Purpose::FirstRun => ("first_run", Uuid::nil()),
        Purpose::Password(account) => ("password", account),
        Purpose::Source(source) => ("source", source),
    }
}

fn purpose(name: &str, about: Uuid) -> Result<Purpose, StoreError> {
    match name {
        "first_run" => Ok(Purpose::FirstRun),
        "password" => Ok(Purpose::Password(about)),
        "source" => Ok(Purpose::Source(about)),
        _ => Err(corrupt("console_link", "purpose", "an unknown word")),
    }
}

fn read(row: &Row) -> Result<Link, StoreError> {
    let digest: Vec<u8> = get(row, 5)?;
    Ok(Link {
        id: get(row, 0)?,
        purpose: purpose(get(row, 1)?, get(row, 2)?)?,
        tenant: get::<Option<i64>>(row, 3)?.map(TenantKey),
        prefix: get(row, 4)?,
        digest: digest.try_into().map_err(|_| corrupt("console_link", "digest", "not 32 bytes"))?,
        created: Timestamp(get(row, 6)?),
        expires: Timestamp(get(row, 7)?),
        used: time(row, 8)?,
        revoked: time(row, 9)?,
    })
}
