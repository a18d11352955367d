//! The change sequence: written with what it tells of, read in order.

use rollcall_domain::change::{Change, ChangeKind};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::write::Batch;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{Parameter, get};
use crate::connection::Connection;
use crate::error::{corrupt, signed, unsigned};
use crate::session::{NUMBERS, Session};

pub(crate) const ADD: &str = "INSERT INTO change
    (key, at, source, kind, resource_type, resource, version, actor, request_id, detail)
    SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[], $6::UUID[],
        $7::BIGINT[], $8::TEXT[], $9::TEXT[], $10::TEXT[])";

const AFTER: &str = "SELECT
    key, at, source, kind, resource_type, resource, version, actor, request_id, detail
    FROM change WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3";

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

/// Records that wait for the commit, by column.
#[derive(Debug, Default)]
pub(crate) struct Records {
    keys: Vec<i64>,
    at: Vec<i64>,
    sources: Vec<i64>,
    kinds: Vec<&'static str>,
    types: Vec<String>,
    resources: Vec<Uuid>,
    versions: Vec<i64>,
    actors: Vec<String>,
    requests: Vec<String>,
    details: Vec<String>,
}

impl Records {
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Leaves the first so many.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.keys.truncate(len);
        self.at.truncate(len);
        self.sources.truncate(len);
        self.kinds.truncate(len);
        self.types.truncate(len);
        self.resources.truncate(len);
        self.versions.truncate(len);
        self.actors.truncate(len);
        self.requests.truncate(len);
        self.details.truncate(len);
    }

    /// The parameters of [`ADD`].
    pub(crate) fn parameters(&self) -> Vec<&(dyn Parameter + '_)> {
        vec![
            &self.keys,
            &self.at,
            &self.sources,
            &self.kinds,
            &self.types,
            &self.resources,
            &self.versions,
            &self.actors,
            &self.requests,
            &self.details,
        ]
    }

    fn push(&mut self, batch: &Batch, sequence: u64, record: Record<'_>) {
        self.keys.push(key_of(batch.tenant, sequence));
        self.at.push(batch.now.0);
        self.sources.push(batch.source.0);
        self.kinds.push(record.kind.as_str());
        self.types.push(record.resource_type.to_owned());
        self.resources.push(record.resource);
        self.versions.push(signed(record.version));
        self.actors.push(batch.actor.clone());
        self.requests.push(batch.request_id.clone());
        self.details.push(record.detail);
    }
}

/// Has the record written with the commit, and returns its number.
pub(crate) async fn record(
    session: &mut Session,
    batch: &Batch,
    record: Record<'_>,
) -> Result<u64, StoreError> {
    let sequence = session.next_sequence(batch.tenant).await?;
    session.records().push(batch, sequence, record);
    Ok(sequence)
}

/// Changes of a tenant after a number.
pub(crate) async fn after(
    connection: &Connection,
    tenant: TenantKey,
    after: u64,
    limit: u32,
) -> Result<Vec<Change>, StoreError> {
    let (from, to, limit) = (key_of(tenant, after), key_of(tenant, NUMBERS), i64::from(limit));
    let rows = connection.rows(AFTER, &[&from, &to, &limit]).await?;
    rows.iter().map(read).collect()
}

/// `change.key` of a number of a tenant; a number that no change can have stands for the end.
pub(crate) fn key_of(tenant: TenantKey, sequence: u64) -> i64 {
    tenant.0 * signed(NUMBERS) + signed(sequence.min(NUMBERS))
}

/// The number of a `change.key`.
pub(crate) fn sequence_of(key: i64) -> Result<u64, StoreError> {
    unsigned(key % signed(NUMBERS), "change", "key")
}

pub(crate) fn read(row: &Row) -> Result<Change, StoreError> {
    let kind: &str = get(row, 3)?;
    let unknown = || corrupt("change", "kind", "not a kind of change");
    Ok(Change {
        sequence: sequence_of(get(row, 0)?)?,
        at: Timestamp(get(row, 1)?),
        source: SourceKey(get(row, 2)?),
        kind: ChangeKind::parse(kind).ok_or_else(unknown)?,
        resource_type: get(row, 4)?,
        resource: get(row, 5)?,
        version: unsigned(get(row, 6)?, "change", "version")?,
        actor: get(row, 7)?,
        request_id: get(row, 8)?,
        detail: get(row, 9)?,
    })
}
