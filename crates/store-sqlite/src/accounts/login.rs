//! Persons of OpenID providers, and the accounts that they are signed in to.

use rollcall_domain::account::{Account, Login};
use rollcall_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::account;
use crate::error::{IdColumn, OrUnavailable as _};
use crate::session::Session;

const ACCOUNT: &str = "SELECT account FROM account_login WHERE issuer = ?1 AND subject = ?2";
const ADD: &str = "INSERT INTO account_login (issuer, subject, account, created) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO NOTHING";
const REMOVE: &str = "DELETE FROM account_login WHERE account = ?1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ACCOUNT, ADD, REMOVE];

pub(super) fn account(
    connection: &Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<Account>, StoreError> {
    let mut statement = connection.prepare_cached(ACCOUNT).or_unavailable()?;
    let id = statement.query_row([issuer, subject], |row| row.get::<_, IdColumn>(0));
    match id.optional().or_unavailable()? {
        Some(id) => account::by_id(connection, id.0),
        None => Ok(None),
    }
}

pub(super) fn add(session: &mut Session<'_>, login: &Login) -> Result<(), StoreError> {
    let row = (&login.issuer, &login.subject, IdColumn(login.account), login.created.0);
    let added = session.prepare(ADD)?.execute(row).or_unavailable()?;
    let taken = || StoreError::Conflict { attribute: "subject".to_owned(), id: None };
    (added > 0).then_some(()).ok_or_else(taken)
}

pub(super) fn remove(session: &mut Session<'_>, account: Uuid) -> Result<(), StoreError> {
    session.prepare(REMOVE)?.execute([IdColumn(account)]).or_unavailable().map(drop)
}
