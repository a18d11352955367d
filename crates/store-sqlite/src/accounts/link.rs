//! Links that let someone into the console without an account.

use rollcall_domain::account::{Link, Purpose};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _, Row};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt};
use crate::session::Session;
use crate::token;

const BY_PREFIX: &str = "SELECT id, purpose, about, tenant, prefix, digest, created, expires, used, revoked
    FROM console_link WHERE prefix = ?1";
const ALL: &str = "SELECT id, purpose, about, tenant, prefix, digest, created, expires, used, revoked
    FROM console_link WHERE purpose = ?1 AND about = ?2 ORDER BY created DESC";
const ADD: &str = "INSERT INTO console_link
    (id, purpose, about, tenant, prefix, digest, created, expires, used, revoked)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";
const REVOKE_OTHERS: &str = "UPDATE console_link SET revoked = ?3
    WHERE purpose = ?1 AND about = ?2 AND revoked IS NULL";
const USE: &str = "UPDATE console_link SET used = ?2 WHERE id = ?1 AND used IS NULL AND revoked IS NULL";
const REVOKE: &str = "UPDATE console_link SET revoked = coalesce(revoked, ?2) WHERE id = ?1";
const PRUNE: &str = "DELETE FROM console_link WHERE expires < ?1";

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[BY_PREFIX, ALL, ADD, REVOKE_OTHERS, USE, REVOKE, PRUNE];

pub(super) fn by_prefix(connection: &Connection, prefix: &str) -> Result<Option<Link>, StoreError> {
    let mut statement = connection.prepare_cached(BY_PREFIX).or_unavailable()?;
    let row = statement.query_row([prefix], LinkRow::read).optional().or_unavailable()?;
    row.map(Link::try_from).transpose()
}

pub(super) fn all(connection: &Connection, purpose: Purpose) -> Result<Vec<Link>, StoreError> {
    let (name, about) = columns(purpose);
    let mut statement = connection.prepare_cached(ALL).or_unavailable()?;
    let (mut rows, mut links) = (statement.query((name, about)).or_unavailable()?, Vec::new());
    while let Some(row) = rows.next().or_unavailable()? {
        links.push(LinkRow::read(row).or_unavailable()?.try_into()?);
    }
    Ok(links)
}

pub(super) fn add(session: &mut Session<'_>, link: &Link, alone: bool) -> Result<(), StoreError> {
    let (name, about) = columns(link.purpose);
    if alone {
        session.prepare(REVOKE_OTHERS)?.execute((name, about, link.created.0)).or_unavailable()?;
    }
    let row = (
        IdColumn(link.id),
        name,
        about,
        link.tenant.map(|tenant| tenant.0),
        &link.prefix,
        &link.digest[..],
        link.created.0,
        link.expires.0,
        link.used.map(|at| at.0),
        link.revoked.map(|at| at.0),
    );
    token::added(session.prepare(ADD)?.execute(row).or_unavailable()?)
}

pub(super) fn use_up(session: &mut Session<'_>, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let used = session.prepare(USE)?.execute((IdColumn(id), now.0)).or_unavailable()?;
    (used > 0).then_some(()).ok_or(StoreError::Stale)
}

pub(super) fn revoke(session: &mut Session<'_>, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let revoked = session.prepare(REVOKE)?.execute((IdColumn(id), now.0)).or_unavailable()?;
    (revoked > 0).then_some(()).ok_or(StoreError::NotFound)
}

pub(super) fn prune(session: &mut Session<'_>, before: Timestamp) -> Result<(), StoreError> {
    session.prepare(PRUNE)?.execute([before.0]).or_unavailable().map(drop)
}

fn columns(purpose: Purpose) -> (&'static str, IdColumn) {
    match purpose {
        Purpose::FirstRun => ("first_run", IdColumn(Uuid::nil())),
        Purpose::Password(account) => ("password", IdColumn(account)),
        Purpose::Source(source) => ("source", IdColumn(source)),
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

struct LinkRow {
    id: IdColumn,
    purpose: String,
    about: IdColumn,
    tenant: Option<i64>,
    prefix: String,
    digest: Vec<u8>,
    created: i64,
    expires: i64,
    used: Option<i64>,
    revoked: Option<i64>,
}

impl LinkRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            purpose: row.get(1)?,
            about: row.get(2)?,
            tenant: row.get(3)?,
            prefix: row.get(4)?,
            digest: row.get(5)?,
            created: row.get(6)?,
            expires: row.get(7)?,
            used: row.get(8)?,
            revoked: row.get(9)?,
        })
    }
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.0,
            purpose: purpose(&row.purpose, row.about.0)?,
            tenant: row.tenant.map(TenantKey),
            prefix: row.prefix,
            digest: row.digest.try_into().map_err(|_| corrupt("console_link", "digest", "not 32 bytes"))?,
            created: Timestamp(row.created),
            expires: Timestamp(row.expires),
            used: row.used.map(Timestamp),
            revoked: row.revoked.map(Timestamp),
        })
    }
}
