//! Resources that are updated together: each that is as it was when its change was computed.

use rollcall_domain::change::ChangeKind;
use rollcall_store::StoreError;
use rollcall_store::write::{Batch, Write, Written};
use tokio_postgres::Row;
use uuid::Uuid;

use super::columns::Columns;
use super::{Group, written};
use crate::batch::told;
use crate::column::get;
use crate::connection::Bound;
use crate::error::{signed, unsigned};
use crate::resource::Progress;
use crate::session::Known;

/// The changes have their numbers in the order of the jobs.
const UPDATE: &str = "WITH locked AS (
    SELECT last_change FROM tenant_counter WHERE tenant = $1 AND facts = $3),
updated AS (
    UPDATE resource AS r SET version = r.version + 1, revision = r.revision + 1,
        modified = n.at, plain = n.plain, body = n.body
    FROM locked, unnest($4::UUID[], $5::BIGINT[], $6::BIGINT[], $7::BOOLEAN[], $8::BYTEA[], $9::BYTEA[], $16::BIGINT[])
        WITH ORDINALITY AS n (id, collection, at, plain, display, body, revision, place)
    WHERE r.id = n.id AND r.collection = n.collection AND r.revision = n.revision
        AND r.display IS NOT DISTINCT FROM n.display AND NOT (r.plain = n.plain AND r.body = n.body)
    RETURNING n.place, r.id, r.version, n.at),
numbered AS (
    SELECT u.place, u.id, u.version, u.at, row_number() OVER (ORDER BY u.place) AS number FROM updated AS u),
told AS (
    INSERT INTO change (key, at, source, kind, resource_type, resource, version, actor, request_id, detail)
    SELECT $2 + l.last_change + u.number, u.at, n.source, $10, n.resource_type, u.id, u.version, n.actor,
        n.request_id, n.detail
    FROM locked AS l, numbered AS u JOIN unnest($11::BIGINT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::TEXT[])
        WITH ORDINALITY AS n (source, resource_type, actor, request_id, detail, place) ON n.place = u.place),
moved AS (
    UPDATE tenant_counter SET last_change = last_change + (SELECT count(*) FROM updated)
    WHERE tenant = $1 AND facts = $3 AND EXISTS (SELECT 1 FROM updated))
SELECT u.place, u.version, l.last_change + u.number FROM locked AS l, numbered AS u";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[UPDATE];

/// What is updated.
pub(crate) struct Updates<'a> {
    columns: Columns<'a>,
    revisions: Vec<i64>,
}

impl<'a> Updates<'a> {
    pub(crate) fn new() -> Self {
        Self { columns: Columns::of(ChangeKind::Updated), revisions: Vec::new() }
    }

    /// Takes one more, unless it is more than new content, something of it is not remembered, or one before is of the
    /// same resource.
    pub(crate) fn take(&mut self, known: &Known, job: usize, (batch, write): (&'a Batch, &'a Write)) -> bool {
        let Write::Update(update) = write else { return false };
        let is_plain = update.same_index && update.if_version.is_none() && update.members.is_empty();
        let Some((revision, content)) = update.content.as_ref().filter(|_| is_plain) else { return false };
        let Some(collection) = known.collection(batch.source, &update.kind) else { return false };
        if self.columns.has(update.id) {
            return false;
        }
        let told = told(write, &Progress::new(0, update.id, collection));
        self.columns.push(job, batch, (collection, content), told);
        self.revisions.push(signed(*revision));
        true
    }

    /// What updates them; `None` where there is none.
    pub(crate) fn statement<'s>(&'s self, group: &'s Group) -> Option<Bound<'s>> {
        self.columns.statement(UPDATE, group, &[&self.revisions])
    }

    /// The jobs that were as they should be, with the ids of their resources, and what became of them.
    pub(crate) fn written(&self, rows: &[Row]) -> Result<Vec<(usize, Uuid, Written)>, StoreError> {
        let read = |row: &Row| {
            let (job, id) = self.columns.job(get(row, 0)?)?;
            let version = unsigned(get(row, 1)?, "resource", "version")?;
            Ok((job, id, written(version, unsigned(get(row, 2)?, "change", "key")?)))
        };
        rows.iter().map(read).collect()
    }
}
