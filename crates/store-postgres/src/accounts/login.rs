//! Persons of OpenID providers, and the accounts that they are signed in to.

use rollcall_domain::account::{Account, Login};
use rollcall_store::StoreError;
use uuid::Uuid;

use super::account;
use crate::column::{get, shown};
use crate::connection::Connection;
use crate::session::Session;

const ACCOUNT: &str = "SELECT account FROM account_login WHERE issuer = $1 AND subject = $2";
const ADD: &str = "INSERT INTO account_login (issuer, subject, account, created) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";
const REMOVE: &str = "DELETE FROM account_login WHERE account = $1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ACCOUNT, ADD, REMOVE];

pub(super) async fn account(
    connection: &Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<Account>, StoreError> {
    match connection.row(ACCOUNT, &[&shown(issuer), &shown(subject)]).await? {
        Some(row) => account::by_id(connection, get(&row, 0)?).await,
        None => Ok(None),
    }
}

pub(super) async fn add(session: &mut Session, login: &Login) -> Result<(), StoreError> {
    let (issuer, subject) = (shown(&login.issuer), shown(&login.subject));
    let added = session.execute(ADD, &[&issuer, &subject, &login.account, &login.created.0]).await?;
    let taken = || StoreError::Conflict { attribute: "subject".to_owned(), id: None };
    (added > 0).then_some(()).ok_or_else(taken)
}

pub(super) async fn remove(session: &mut Session, account: Uuid) -> Result<(), StoreError> {
    session.execute(REMOVE, &[&account]).await.map(drop)
}
