//! The change sequence: written with what it tells of, read in order.

use rollcall_domain::change::{Change, ChangeKind};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::write::Batch;
use rusqlite::{Connection, Row};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt, signed, unsigned};
use crate::session::Session;

const ADD: &str = "INSERT INTO change
    (key, at, source, kind, resource_type, resource, version, actor, request_id, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

const AFTER: &str = "SELECT
    key, at, source, kind, resource_type, resource, version, actor, request_id, detail
    FROM change WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3";

/// A tenant's numbers go up to 2^40; that is a thousand a second for 35 years.
const NUMBERS: u64 = 1 << 40;

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, AFTER];

/// What a change record says, besides what its batch does.
pub(crate) struct Record<'a> {
    pub(crate) kind: ChangeKind,
    pub(crate) resource_type: &'a str,
    pub(crate) resource: Uuid,
    pub(crate) version: u64,
    pub(crate) detail: String,
}

/// Writes the record and returns its number.
pub(crate) fn record(
    session: &mut Session<'_>,
    batch: &Batch,
    record: &Record<'_>,
) -> Result<u64, StoreError> {
    let sequence = session.next_sequence(batch.tenant)?;
    let row = (
        key_of(batch.tenant, sequence),
        batch.now.0,
        batch.source.0,
        record.kind.as_str(),
        record.resource_type,
        IdColumn(record.resource),
        signed(record.version),
        &batch.actor,
        &batch.request_id,
        &record.detail,
    );
    session.prepare(ADD)?.execute(row).or_unavailable()?;
    Ok(sequence)
}

/// Changes of a tenant after a number.
pub(crate) fn after(
    connection: &Connection,
    tenant: TenantKey,
    after: u64,
    limit: u32,
) -> Result<Vec<Change>, StoreError> {
    let mut statement = connection.prepare_cached(AFTER).or_unavailable()?;
    let mut rows =
        statement.query((key_of(tenant, after), key_of(tenant, NUMBERS), limit)).or_unavailable()?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        changes.push(ChangeRow::read(row).or_unavailable()?.into_change()?);
    }
    Ok(changes)
}

/// `change.key` of a number of a tenant; a number that no change can have stands for the end.
pub(crate) fn key_of(tenant: TenantKey, sequence: u64) -> i64 {
    tenant.0 * signed(NUMBERS) + signed(sequence.min(NUMBERS))
}

/// The number of a `change.key`.
pub(crate) fn sequence_of(key: i64) -> Result<u64, StoreError> {
    unsigned(key % signed(NUMBERS), "change", "key")
}

pub(crate) struct ChangeRow {
    key: i64,
    at: i64,
    source: i64,
    kind: String,
    resource_type: String,
    resource: IdColumn,
    version: i64,
    actor: String,
    request_id: String,
    detail: String,
}

impl ChangeRow {
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            at: row.get(1)?,
            source: row.get(2)?,
            kind: row.get(3)?,
            resource_type: row.get(4)?,
            resource: row.get(5)?,
            version: row.get(6)?,
            actor: row.get(7)?,
            request_id: row.get(8)?,
            detail: row.get(9)?,
        })
    }

    pub(crate) fn into_change(self) -> Result<Change, StoreError> {
        let unknown = || corrupt("change", "kind", "not a kind of change");
        Ok(Change {
            sequence: sequence_of(self.key)?,
            at: Timestamp(self.at),
            source: SourceKey(self.source),
            kind: ChangeKind::parse(&self.kind).ok_or_else(unknown)?,
            resource_type: self.resource_type,
            resource: self.resource.0,
            version: unsigned(self.version, "change", "version")?,
            actor: self.actor,
            request_id: self.request_id,
            detail: self.detail,
        })
    }
}
