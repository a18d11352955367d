//! The audit: appending within the transaction of a change, and reading.

use rollcall_domain::audit::{Draft, Entry, Event, Hash, Head};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::administration::AuditQuery;
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::{OrUnavailable as _, corrupt, signed, unsigned};
use crate::session::Session;

const HEAD: &str = "SELECT sequence, hash FROM audit_head WHERE only = 1";
const SET_HEAD: &str = "INSERT INTO audit_head (only, sequence, hash) VALUES (1, ?1, ?2)
    ON CONFLICT (only) DO UPDATE SET sequence = ?1, hash = ?2";
const ADD: &str = "INSERT INTO audit
    (sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const AFTER: &str =
    "SELECT sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash
    FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";
/// `?5` with `/` and `0` behind it bound what is below a subject: `0` is what follows `/`.
const LATEST: &str =
    "SELECT sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash
    FROM audit WHERE sequence < ?1 AND (?3 IS NULL OR actor = ?3) AND (?4 IS NULL OR action = ?4)
    AND (?5 IS NULL OR subject = ?5 OR subject > ?5 || '/' AND subject < ?5 || '0')
    ORDER BY sequence DESC LIMIT ?2";
const LATEST_OF_TENANT: &str =
    "SELECT sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash
    FROM audit WHERE tenant = ?6 AND sequence < ?1 AND (?3 IS NULL OR actor = ?3) AND (?4 IS NULL OR action = ?4)
    AND (?5 IS NULL OR subject = ?5 OR subject > ?5 || '/' AND subject < ?5 || '0')
    ORDER BY sequence DESC LIMIT ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[HEAD, SET_HEAD, ADD, AFTER, LATEST, LATEST_OF_TENANT];

/// Puts an entry at the end of the chain. Call it in the transaction of what it tells of, after that succeeded.
pub(crate) fn append(session: &mut Session<'_>, draft: &Draft) -> Result<(), StoreError> {
    let entry = draft.after(&head(session.connection())?);
    let Entry { sequence, event, previous, hash } = &entry;
    let row = (
        signed(*sequence),
        event.at.0,
        event.tenant.map(|tenant| tenant.0),
        &event.actor,
        &event.request_id,
        &event.action,
        &event.subject,
        &event.before,
        &event.after,
        &previous[..],
        &hash[..],
    );
    session.prepare(ADD)?.execute(row).or_unavailable()?;
    session.prepare(SET_HEAD)?.execute((signed(*sequence), &hash[..])).or_unavailable()?;
    Ok(())
}

pub(crate) fn head(connection: &Connection) -> Result<Head, StoreError> {
    let mut statement = connection.prepare_cached(HEAD).or_unavailable()?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let Some((sequence, hash)) = statement.query_row([], read).optional().or_unavailable()? else {
        return Ok(Head::default());
    };
    Ok(Head {
        sequence: unsigned(sequence, "audit_head", "sequence")?,
        hash: whole("audit_head", "hash", hash)?,
    })
}

pub(crate) fn after(connection: &Connection, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(AFTER).or_unavailable()?;
    entries(statement.query((signed(after), limit)).or_unavailable()?)
}

pub(crate) fn latest(
    connection: &Connection,
    query: &AuditQuery,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let before = before.map_or(i64::MAX, signed);
    let (actor, action, subject) = (&query.actor, &query.action, &query.subject);
    if let Some(tenant) = query.tenant {
        let mut statement = connection.prepare_cached(LATEST_OF_TENANT).or_unavailable()?;
        return entries(statement.query((before, limit, actor, action, subject, tenant.0)).or_unavailable()?);
    }
    let mut statement = connection.prepare_cached(LATEST).or_unavailable()?;
    entries(statement.query((before, limit, actor, action, subject)).or_unavailable()?)
}

fn entries(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        entries.push(EntryRow::read(row).or_unavailable()?.try_into()?);
    }
    Ok(entries)
}

fn whole(table: &'static str, column: &'static str, bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| corrupt(table, column, "not 32 bytes"))
}

struct EntryRow {
    sequence: i64,
    event: Event,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

impl EntryRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let event = Event {
            at: Timestamp(row.get(1)?),
            tenant: row.get::<_, Option<i64>>(2)?.map(TenantKey),
            actor: row.get(3)?,
            request_id: row.get(4)?,
            action: row.get(5)?,
            subject: row.get(6)?,
            before: row.get(7)?,
            after: row.get(8)?,
        };
        Ok(Self { sequence: row.get(0)?, event, previous: row.get(9)?, hash: row.get(10)? })
    }
}

impl TryFrom<EntryRow> for Entry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: unsigned(row.sequence, "audit", "sequence")?,
            event: row.event,
            previous: whole("audit", "previous", row.previous)?,
            hash: whole("audit", "hash", row.hash)?,
        })
    }
}
