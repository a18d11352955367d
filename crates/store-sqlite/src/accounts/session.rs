//! Sessions: browsers that someone signed in with.

use rollcall_domain::account::Session as SignedIn;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::accounts::Ending;
use rusqlite::{Connection, OptionalExtension as _, Row};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt};
use crate::session::Session;
use crate::token;

const BY_PREFIX: &str = "SELECT id, account, tenant, prefix, digest, created, last_used, expires, browser
    FROM account_session WHERE prefix = ?1";
const OF_ACCOUNT: &str = "SELECT id, account, tenant, prefix, digest, created, last_used, expires, browser
    FROM account_session WHERE account = ?1 ORDER BY created DESC";
const ADD: &str = "INSERT INTO account_session
    (id, account, tenant, prefix, digest, created, last_used, expires, browser)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
const TOUCH: &str = "UPDATE account_session SET last_used = ?2, tenant = ?3 WHERE id = ?1";
const REMOVE: &str = "DELETE FROM account_session WHERE id = ?1";
const END_ONE: &str = "DELETE FROM account_session WHERE account = ?1 AND id = ?2";
const END_OTHERS: &str = "DELETE FROM account_session WHERE account = ?1 AND id <> ?2";
const END_ALL: &str = "DELETE FROM account_session WHERE account = ?1";
const PRUNE_IDLE: &str = "DELETE FROM account_session WHERE last_used < ?1";
const PRUNE_EXPIRED: &str = "DELETE FROM account_session WHERE expires <= ?1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[BY_PREFIX, OF_ACCOUNT, ADD, TOUCH, REMOVE, END_ONE, END_OTHERS, END_ALL, PRUNE_IDLE, PRUNE_EXPIRED];

pub(super) fn by_prefix(connection: &Connection, prefix: &str) -> Result<Option<SignedIn>, StoreError> {
    let mut statement = connection.prepare_cached(BY_PREFIX).or_unavailable()?;
    let row = statement.query_row([prefix], SessionRow::read).optional().or_unavailable()?;
    row.map(SignedIn::try_from).transpose()
}

pub(super) fn of_account(connection: &Connection, account: Uuid) -> Result<Vec<SignedIn>, StoreError> {
    let mut statement = connection.prepare_cached(OF_ACCOUNT).or_unavailable()?;
    let (mut rows, mut sessions) = (statement.query([IdColumn(account)]).or_unavailable()?, Vec::new());
    while let Some(row) = rows.next().or_unavailable()? {
        sessions.push(SessionRow::read(row).or_unavailable()?.try_into()?);
    }
    Ok(sessions)
}

pub(super) fn add(session: &mut Session<'_>, new: &SignedIn) -> Result<(), StoreError> {
    let row = (
        IdColumn(new.id),
        IdColumn(new.account),
        new.tenant.0,
        &new.prefix,
        &new.digest[..],
        new.created.0,
        new.last_used.0,
        new.expires.0,
        &new.browser,
    );
    token::added(session.prepare(ADD)?.execute(row).or_unavailable()?)
}

pub(super) fn touch(
    session: &mut Session<'_>,
    id: Uuid,
    now: Timestamp,
    tenant: TenantKey,
) -> Result<(), StoreError> {
    session.prepare(TOUCH)?.execute((IdColumn(id), now.0, tenant.0)).or_unavailable().map(drop)
}

pub(super) fn remove(session: &mut Session<'_>, id: Option<Uuid>) -> Result<(), StoreError> {
    let Some(id) = id else { return Ok(()) };
    session.prepare(REMOVE)?.execute([IdColumn(id)]).or_unavailable().map(drop)
}

pub(super) fn end(session: &mut Session<'_>, account: Uuid, ending: Ending) -> Result<(), StoreError> {
    let account = IdColumn(account);
    let ended = match ending {
        Ending::None => return Ok(()),
        Ending::One(id) => session.prepare(END_ONE)?.execute((account, IdColumn(id))),
        Ending::Others(id) => session.prepare(END_OTHERS)?.execute((account, IdColumn(id))),
        Ending::All => session.prepare(END_ALL)?.execute([account]),
    };
    ended.or_unavailable().map(drop)
}

pub(super) fn prune(session: &mut Session<'_>, now: Timestamp, idle: Timestamp) -> Result<(), StoreError> {
    session.prepare(PRUNE_IDLE)?.execute([idle.0]).or_unavailable()?;
    session.prepare(PRUNE_EXPIRED)?.execute([now.0]).or_unavailable().map(drop)
}

struct SessionRow {
    id: IdColumn,
    account: IdColumn,
    tenant: i64,
    prefix: String,
    digest: Vec<u8>,
    created: i64,
    last_used: i64,
    expires: i64,
    browser: String,
}

impl SessionRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            tenant: row.get(2)?,
            prefix: row.get(3)?,
            digest: row.get(4)?,
            created: row.get(5)?,
            last_used: row.get(6)?,
            expires: row.get(7)?,
            browser: row.get(8)?,
        })
    }
}

impl TryFrom<SessionRow> for SignedIn {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let digest =
            row.digest.try_into().map_err(|_| corrupt("account_session", "digest", "not 32 bytes"))?;
        Ok(Self {
            id: row.id.0,
            account: row.account.0,
            tenant: TenantKey(row.tenant),
            prefix: row.prefix,
            digest,
            created: Timestamp(row.created),
            last_used: Timestamp(row.last_used),
            expires: Timestamp(row.expires),
            browser: row.browser,
        })
    }
}
