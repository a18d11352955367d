//! Sessions: browsers that someone signed in with.

use rollcall_domain::account::Session as SignedIn;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::accounts::Ending;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{get, shown};
use crate::connection::Connection;
use crate::error::corrupt;
use crate::session::Session;
use crate::token;

const BY_PREFIX: &str = "SELECT id, account, tenant, prefix, digest, created, last_used, expires, browser
    FROM account_session WHERE prefix = $1";
const OF_ACCOUNT: &str = "SELECT id, account, tenant, prefix, digest, created, last_used, expires, browser
    FROM account_session WHERE account = $1 ORDER BY created DESC";
const ADD: &str = "INSERT INTO account_session
    (id, account, tenant, prefix, digest, created, last_used, expires, browser)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
const TOUCH: &str = "UPDATE account_session SET last_used = $2, tenant = $3 WHERE id = $1";
const REMOVE: &str = "DELETE FROM account_session WHERE id = $1";
const END_ONE: &str = "DELETE FROM account_session WHERE account = $1 AND id = $2";
const END_OTHERS: &str = "DELETE FROM account_session WHERE account = $1 AND id <> $2";
const END_ALL: &str = "DELETE FROM account_session WHERE account = $1";
const PRUNE_IDLE: &str = "DELETE FROM account_session WHERE last_used < $1";
const PRUNE_EXPIRED: &str = "DELETE FROM account_session WHERE expires <= $1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[BY_PREFIX, OF_ACCOUNT, ADD, TOUCH, REMOVE, END_ONE, END_OTHERS, END_ALL, PRUNE_IDLE, PRUNE_EXPIRED];

pub(super) async fn by_prefix(connection: &Connection, prefix: &str) -> Result<Option<SignedIn>, StoreError> {
    connection.row(BY_PREFIX, &[&shown(prefix)]).await?.as_ref().map(read).transpose()
}

pub(super) async fn of_account(connection: &Connection, account: Uuid) -> Result<Vec<SignedIn>, StoreError> {
    connection.rows(OF_ACCOUNT, &[&account]).await?.iter().map(read).collect()
}

pub(super) async fn add(session: &mut Session, new: &SignedIn) -> Result<(), StoreError> {
    let added = session
        .execute(
            ADD,
            &[
                &new.id,
                &new.account,
                &new.tenant.0,
                &new.prefix,
                &&new.digest[..],
                &new.created.0,
                &new.last_used.0,
                &new.expires.0,
                &shown(&new.browser),
            ],
        )
        .await?;
    token::added(added)
}

pub(super) async fn touch(
    session: &mut Session,
    id: Uuid,
    now: Timestamp,
    tenant: TenantKey,
) -> Result<(), StoreError> {
    session.execute(TOUCH, &[&id, &now.0, &tenant.0]).await.map(drop)
}

pub(super) async fn remove(session: &mut Session, id: Option<Uuid>) -> Result<(), StoreError> {
    let Some(id) = id else { return Ok(()) };
    session.execute(REMOVE, &[&id]).await.map(drop)
}

pub(super) async fn end(session: &mut Session, account: Uuid, ending: Ending) -> Result<(), StoreError> {
    let ended = match ending {
        Ending::None => return Ok(()),
        Ending::One(id) => session.execute(END_ONE, &[&account, &id]).await,
        Ending::Others(id) => session.execute(END_OTHERS, &[&account, &id]).await,
        Ending::All => session.execute(END_ALL, &[&account]).await,
    };
    ended.map(drop)
}

pub(super) async fn prune(session: &mut Session, now: Timestamp, idle: Timestamp) -> Result<(), StoreError> {
    session.execute(PRUNE_IDLE, &[&idle.0]).await?;
    session.execute(PRUNE_EXPIRED, &[&now.0]).await.map(drop)
}

fn read(row: &Row) -> Result<SignedIn, StoreError> {
    let digest: Vec<u8> = get(row, 4)?;
    Ok(SignedIn {
        id: get(row, 0)?,
        account: get(row, 1)?,
        tenant: TenantKey(get(row, 2)?),
        prefix: get(row, 3)?,
        digest: digest.try_into().map_err(|_| corrupt("account_session", "digest", "not 32 bytes"))?,
        created: Timestamp(get(row, 5)?),
        last_used: Timestamp(get(row, 6)?),
        expires: Timestamp(get(row, 7)?),
        browser: get(row, 8)?,
    })
}
