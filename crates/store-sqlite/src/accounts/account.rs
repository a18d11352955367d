//! Accounts.

use rollcall_domain::account::{Account, Post, Role};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _, Row};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt, signed, unsigned};
use crate::session::Session;

const BY_ID: &str = "SELECT id, email, name, password, disabled, posts, created, last_sign_in, revision
    FROM account WHERE id = ?1";
const BY_EMAIL: &str = "SELECT id, email, name, password, disabled, posts, created, last_sign_in, revision
    FROM account WHERE email = ?1";
/// Reads them all on purpose.
pub(crate) const ALL: &str =
    "SELECT id, email, name, password, disabled, posts, created, last_sign_in, revision
    FROM account ORDER BY email";
const ADD: &str =
    "INSERT INTO account (id, email, name, password, disabled, posts, created, last_sign_in, revision)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
const HOLDER: &str = "SELECT id FROM account WHERE email = ?1 AND id <> ?2";
const UPDATE: &str = "UPDATE account
    SET email = ?2, name = ?3, password = ?4, disabled = ?5, posts = ?6, revision = revision + 1
    WHERE id = ?1 AND revision = ?7";
const IS_THERE: &str = "SELECT 1 FROM account WHERE id = ?1";
const SIGNED_IN: &str = "UPDATE account SET last_sign_in = ?2 WHERE id = ?1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[BY_ID, BY_EMAIL, ALL, ADD, HOLDER, UPDATE, IS_THERE, SIGNED_IN];

pub(super) fn by_id(connection: &Connection, id: Uuid) -> Result<Option<Account>, StoreError> {
    let mut statement = connection.prepare_cached(BY_ID).or_unavailable()?;
    let row = statement.query_row([IdColumn(id)], AccountRow::read).optional().or_unavailable()?;
    row.map(Account::try_from).transpose()
}

pub(super) fn by_email(connection: &Connection, email: &str) -> Result<Option<Account>, StoreError> {
    let mut statement = connection.prepare_cached(BY_EMAIL).or_unavailable()?;
    let row = statement.query_row([email], AccountRow::read).optional().or_unavailable()?;
    row.map(Account::try_from).transpose()
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Account>, StoreError> {
    let mut statement = connection.prepare_cached(ALL).or_unavailable()?;
    let (mut rows, mut accounts) = (statement.query([]).or_unavailable()?, Vec::new());
    while let Some(row) = rows.next().or_unavailable()? {
        accounts.push(AccountRow::read(row).or_unavailable()?.try_into()?);
    }
    Ok(accounts)
}

pub(super) fn add(session: &mut Session<'_>, account: &Account) -> Result<(), StoreError> {
    let row = (
        IdColumn(account.id),
        &account.email,
        &account.name,
        &account.password,
        account.disabled.map(|at| at.0),
        posts(&account.posts)?,
        account.created.0,
        account.last_sign_in.map(|at| at.0),
        signed(account.revision),
    );
    let added = session.prepare(ADD)?.execute(row).or_unavailable()?;
    (added > 0).then_some(()).ok_or_else(taken)
}

pub(super) fn update(session: &mut Session<'_>, account: &Account) -> Result<(), StoreError> {
    let id = IdColumn(account.id);
    if session.prepare(HOLDER)?.exists((&account.email, id)).or_unavailable()? {
        return Err(taken());
    }
    let row = (
        id,
        &account.email,
        &account.name,
        &account.password,
        account.disabled.map(|at| at.0),
        posts(&account.posts)?,
        signed(account.revision),
    );
    if session.prepare(UPDATE)?.execute(row).or_unavailable()? > 0 {
        return Ok(());
    }
    let is_there = session.prepare(IS_THERE)?.exists([id]).or_unavailable()?;
    Err(if is_there { StoreError::Stale } else { StoreError::NotFound })
}

pub(super) fn signed_in(session: &mut Session<'_>, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
    session.prepare(SIGNED_IN)?.execute((IdColumn(id), at.0)).or_unavailable().map(drop)
}

fn taken() -> StoreError {
    StoreError::Conflict { attribute: "email".to_owned(), id: None }
}

/// `[[1, "owner"], [null, "viewer"]]`.
fn posts(posts: &[Post]) -> Result<String, StoreError> {
    let pairs: Vec<_> = posts.iter().map(|post| (post.tenant.map(|key| key.0), post.role)).collect();
    serde_json::to_string(&pairs).map_err(|error| corrupt("account", "posts", error))
}

struct AccountRow {
    id: IdColumn,
    email: String,
    name: String,
    password: Option<String>,
    disabled: Option<i64>,
    posts: String,
    created: i64,
    last_sign_in: Option<i64>,
    revision: i64,
}

impl AccountRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            password: row.get(3)?,
            disabled: row.get(4)?,
            posts: row.get(5)?,
            created: row.get(6)?,
            last_sign_in: row.get(7)?,
            revision: row.get(8)?,
        })
    }
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        let pairs: Vec<(Option<i64>, Role)> =
            serde_json::from_str(&row.posts).map_err(|error| corrupt("account", "posts", error))?;
        let post = |(tenant, role): (Option<i64>, Role)| Post { tenant: tenant.map(TenantKey), role };
        Ok(Self {
            id: row.id.0,
            email: row.email,
            name: row.name,
            password: row.password,
            disabled: row.disabled.map(Timestamp),
            posts: pairs.into_iter().map(post).collect(),
            created: Timestamp(row.created),
            last_sign_in: row.last_sign_in.map(Timestamp),
            revision: unsigned(row.revision, "account", "revision")?,
        })
    }
}
