//! The change sequence: written with what it tells of, read in order.

use rollcall_domain::change::{Change, ChangeKind};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::write::Batch;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt, signed, unsigned};
use crate::membership::Delta;
use crate::session::Session;

/// Members that a change record lists; past that it tells how many there are.
const MAX_LISTED: usize = 1_000;

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

/// What [`Change::detail`] is made of.
#[derive(Default)]
pub(crate) struct Detail<'a> {
    pub(crate) difference: Option<&'a Value>,
    pub(crate) members: Option<&'a Delta>,
    /// A body as it is stored.
    pub(crate) document: Option<&'a [u8]>,
    pub(crate) replaced: bool,
}

/// [`Change::detail`]. Of more than [`MAX_LISTED`] members the first are listed, and `addedCount` or
/// `removedCount` tells how many there are.
pub(crate) fn detail(of: &Detail<'_>) -> String {
    let mut detail = Map::new();
    let empty = |value: &&Value| value.as_object().is_none_or(Map::is_empty);
    if let Some(difference) = of.difference.filter(|value| !empty(value)) {
        detail.insert("attributes".to_owned(), difference.clone());
    }
    let mut parts = Map::new();
    let lists = of.members.map(|members| [("added", &members.added), ("removed", &members.removed)]);
    for (name, values) in lists.into_iter().flatten() {
        if !values.is_empty() {
            let listed: Vec<&String> = values.iter().take(MAX_LISTED).collect();
            parts.insert(name.to_owned(), json!(listed));
        }
        if values.len() > MAX_LISTED {
            parts.insert(format!("{name}Count"), json!(values.len()));
        }
    }
    if !parts.is_empty() {
        detail.insert("members".to_owned(), Value::Object(parts));
    }
    if of.replaced {
        detail.insert("replaced".to_owned(), true.into());
    }
    let mut text = if detail.is_empty() { "{}".to_owned() } else { Value::Object(detail).to_string() };
    if let Some(document) = of.document.and_then(|bytes| std::str::from_utf8(bytes).ok()) {
        text.pop();
        let comma = if text.len() > 1 { "," } else { "" };
        text.reserve(document.len() + 16);
        text.extend([comma, "\"document\":", document, "}"]);
    }
    text
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
