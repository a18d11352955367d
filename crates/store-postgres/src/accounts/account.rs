//! Accounts.

use rollcall_domain::account::{Account, Post, Role};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{get, shown, time};
use crate::connection::Connection;
use crate::error::{corrupt, signed, unsigned};
use crate::session::Session;

const BY_ID: &str = "SELECT id, email, name, password, disabled, posts, created, last_sign_in, revision
    FROM account WHERE id = $1";
const BY_EMAIL: &str = "SELECT id, email, name, password, disabled, posts, created, last_sign_in, revision
    FROM account WHERE email = $1";
/// Reads them all on purpose.
const ALL: &str =
    "SELECT id, email, name, password, disabled, posts, created, last_sign_in, revision FROM account";
const ADD: &str =
    "INSERT INTO account (id, email, name, password, disabled, posts, created, last_sign_in, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
const HOLDER: &str = "SELECT id FROM account WHERE email = $1 AND id <> $2";
const UPDATE: &str = "UPDATE account
    SET email = $2, name = $3, password = $4, disabled = $5, posts = $6, revision = revision + 1
    WHERE id = $1 AND revision = $7";
const IS_THERE: &str = "SELECT 1 FROM account WHERE id = $1";
const SIGNED_IN: &str = "UPDATE account SET last_sign_in = $2 WHERE id = $1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[BY_ID, BY_EMAIL, ALL, ADD, HOLDER, UPDATE, IS_THERE, SIGNED_IN];

pub(super) async fn by_id(connection: &Connection, id: Uuid) -> Result<Option<Account>, StoreError> {
    connection.row(BY_ID, &[&id]).await?.as_ref().map(read).transpose()
}

pub(super) async fn by_email(connection: &Connection, email: &str) -> Result<Option<Account>, StoreError> {
    connection.row(BY_EMAIL, &[&shown(email)]).await?.as_ref().map(read).transpose()
}

/// By mail address: sorted here, because an order in SQL would be the collation's.
pub(super) async fn all(connection: &Connection) -> Result<Vec<Account>, StoreError> {
    let rows = connection.rows(ALL, &[]).await?;
    let mut accounts: Vec<Account> = rows.iter().map(read).collect::<Result<_, _>>()?;
    accounts.sort_unstable_by(|one, other| one.email.cmp(&other.email));
    Ok(accounts)
}

pub(super) async fn add(session: &mut Session, account: &Account) -> Result<(), StoreError> {
    let added = session
        .execute(
            ADD,
            &[
                &account.id,
                &shown(&account.email),
                &shown(&account.name),
                &account.password,
                &account.disabled.map(|at| at.0),
                &posts(&account.posts)?,
                &account.created.0,
                &account.last_sign_in.map(|at| at.0),
                &signed(account.revision),
            ],
        )
        .await?;
    (added > 0).then_some(()).ok_or_else(taken)
}

pub(super) async fn update(session: &mut Session, account: &Account) -> Result<(), StoreError> {
    let email = shown(&account.email);
    if session.exists(HOLDER, &[&email, &account.id]).await? {
        return Err(taken());
    }
    let written = session
        .execute(
            UPDATE,
            &[
                &account.id,
                &email,
                &shown(&account.name),
                &account.password,
                &account.disabled.map(|at| at.0),
                &posts(&account.posts)?,
                &signed(account.revision),
            ],
        )
        .await?;
    if written > 0 {
        return Ok(());
    }
    let is_there = session.exists(IS_THERE, &[&account.id]).await?;
    Err(if is_there { StoreError::Stale } else { StoreError::NotFound })
}

pub(super) async fn signed_in(session: &mut Session, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
    session.execute(SIGNED_IN, &[&id, &at.0]).await.map(drop)
}

fn taken() -> StoreError {
    StoreError::Conflict { attribute: "email".to_owned(), id: None }
}

/// `[[1, "owner"], [null, "viewer"]]`.
fn posts(posts: &[Post]) -> Result<String, StoreError> {
    let pairs: Vec<_> = posts.iter().map(|post| (post.tenant.map(|key| key.0), post.role)).collect();
    serde_json::to_string(&pairs).map_err(|error| corrupt("account", "posts", error))
}

fn read(row: &Row) -> Result<Account, StoreError> {
    let pairs: Vec<(Option<i64>, Role)> =
        serde_json::from_str(get(row, 5)?).map_err(|error| corrupt("account", "posts", error))?;
    let post = |(tenant, role): (Option<i64>, Role)| Post { tenant: tenant.map(TenantKey), role };
    Ok(Account {
        id: get(row, 0)?,
        email: get(row, 1)?,
        name: get(row, 2)?,
        password: get(row, 3)?,
        disabled: time(row, 4)?,
        posts: pairs.into_iter().map(post).collect(),
        created: Timestamp(get(row, 6)?),
        last_sign_in: time(row, 7)?,
        revision: unsigned(get(row, 8)?, "account", "revision")?,
    })
}
