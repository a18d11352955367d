//! Resources that are created together: all of them, or none.

use std::collections::HashSet;

use rollcall_domain::change::ChangeKind;
use rollcall_store::StoreError;
use rollcall_store::stamps::place_of;
use rollcall_store::write::{Batch, Write, Written};
use tokio_postgres::Row;
use uuid::Uuid;

use super::columns::Columns;
use super::{Group, written};
use crate::batch::told;
use crate::column::{Parameter, Text, get};
use crate::connection::Bound;
use crate::error::unsigned;
use crate::resource::Progress;
use crate::session::Known;

/// Moves the tenant's counters if `facts` is what was planned by and no unique value is taken; the rest is written with
/// the numbers that came of it, and with none nothing is. The look at each value is a query of its own in the plan: a
/// join would be planned as a scan while the table is small, and kept when it is large.
///
/// Plain insertions: `ON CONFLICT` would search every index once more, and log each row twice.
const CREATE: &str = "WITH moved AS (
    UPDATE tenant_counter SET last_change = last_change + cardinality($4::UUID[]),
        last_key = last_key + cardinality($4::UUID[])
    WHERE tenant = $1 AND facts = $3 AND NOT EXISTS (
        SELECT 1 FROM unnest($17::BIGINT[], $18::BYTEA[], $19::BIGINT[], $20::BOOLEAN[])
            AS n (collection, value, attribute, is_unique)
        WHERE n.is_unique AND (SELECT v.resource FROM value AS v WHERE v.collection = n.collection
            AND v.value = n.value AND v.attribute = n.attribute AND v.apart = 0) IS NOT NULL)
    RETURNING last_change - cardinality($4::UUID[]) AS change, last_key - cardinality($4::UUID[]) AS key),
made AS (
    INSERT INTO resource (key, collection, id, version, revision, created, modified, plain, display, body)
    SELECT $2 + moved.key + n.place, n.collection, n.id, 1, 1, n.at, n.at, n.plain, n.display, n.body
    FROM moved, unnest($4::UUID[], $5::BIGINT[], $6::BIGINT[], $7::BOOLEAN[], $8::BYTEA[], $9::BYTEA[])
        WITH ORDINALITY AS n (id, collection, at, plain, display, body, place)),
valued AS (
    INSERT INTO value (collection, value, attribute, apart, resource)
    SELECT n.collection, n.value, n.attribute, CASE WHEN n.is_unique THEN 0 ELSE $2 + moved.key + n.place END,
        $2 + moved.key + n.place
    FROM moved, unnest($16::BIGINT[], $17::BIGINT[], $18::BYTEA[], $19::BIGINT[], $20::BOOLEAN[])
        AS n (place, collection, value, attribute, is_unique)),
told AS (
    INSERT INTO change (key, at, source, kind, resource_type, resource, version, actor, request_id, detail)
    SELECT $2 + moved.change + n.place, n.at, n.source, $10, n.resource_type, n.id, 1, n.actor, n.request_id, n.detail
    FROM moved, unnest($4::UUID[], $6::BIGINT[], $11::BIGINT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::TEXT[])
        WITH ORDINALITY AS n (id, at, source, resource_type, actor, request_id, detail, place)),
counted AS (
    INSERT INTO collection_count AS c (collection, resources)
    SELECT n.collection, count(*) FROM moved, unnest($5::BIGINT[]) AS n (collection) GROUP BY n.collection
    ON CONFLICT (collection) DO UPDATE SET resources = c.resources + excluded.resources)
SELECT change FROM moved";
/// Of which the one or other unique value is another's.
const TAKEN: &str = "SELECT DISTINCT n.place
    FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BYTEA[], $4::BIGINT[], $5::BOOLEAN[])
        AS n (place, collection, value, attribute, is_unique)
    WHERE n.is_unique AND (SELECT v.resource FROM value AS v WHERE v.collection = n.collection
        AND v.value = n.value AND v.attribute = n.attribute AND v.apart = 0) IS NOT NULL";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[CREATE, TAKEN];

/// What is created.
pub(crate) struct Creations<'a> {
    columns: Columns<'a>,
    rows: Rows<'a>,
    /// What must not be there twice: attribute and value.
    unique: HashSet<(i64, &'a str)>,
    touched: Vec<Uuid>,
}

/// Index rows by column. `places` counts the resources from 1.
#[derive(Default)]
struct Rows<'a> {
    places: Vec<i64>,
    collections: Vec<i64>,
    values: Vec<Text<'a>>,
    attributes: Vec<i64>,
    unique: Vec<bool>,
}

impl<'a> Creations<'a> {
    pub(crate) fn new() -> Self {
        Self {
            columns: Columns::of(ChangeKind::Created),
            rows: Rows::default(),
            unique: HashSet::new(),
            touched: Vec::new(),
        }
    }

    /// Takes one more, unless it has members or may be one already, something of it is not remembered, or its id or a
    /// unique value is that of one before.
    pub(crate) fn take(&mut self, known: &Known, job: usize, (batch, write): (&'a Batch, &'a Write)) -> bool {
        let Write::Create(create) = write else { return false };
        if !create.members.is_empty() || known.awaits(batch.source) != Some(false) {
            return false;
        }
        let Some(collection) = known.collection(batch.source, &create.kind) else { return false };
        let entries = &create.content.index;
        let attributes: Option<Vec<i64>> =
            entries.iter().map(|entry| known.attribute(collection, &entry.attribute)).collect();
        let Some(attributes) = attributes else { return false };
        let rows = || attributes.iter().copied().zip(entries);
        let unique =
            || rows().filter(|(_, entry)| entry.unique).map(|(of, entry)| (of, entry.value.as_str()));
        if self.columns.has(create.id) || unique().any(|one| self.unique.contains(&one)) {
            return false;
        }
        self.unique.extend(unique());
        self.touched.extend(unique().map(|(_, value)| place_of(batch.source, value)));
        let told = told(write, &Progress::new(0, create.id, collection));
        let place = self.columns.push(job, batch, (collection, &create.content), told);
        for (attribute, entry) in rows() {
            self.rows.places.push(place);
            self.rows.collections.push(collection);
            self.rows.values.push(Text(&entry.value));
            self.rows.attributes.push(attribute);
            self.rows.unique.push(entry.unique);
        }
        true
    }

    /// What creates them; `None` where there is none.
    pub(crate) fn statement<'s>(&'s self, group: &'s Group) -> Option<Bound<'s>> {
        self.columns.statement(CREATE, group, &self.rows.parameters())
    }

    /// What asks for those of which a value is taken.
    pub(crate) fn doubt(&self) -> Bound<'_> {
        (TAKEN, self.rows.parameters().to_vec())
    }

    /// The jobs that [`Creations::doubt`] has found.
    pub(crate) fn found(&self, rows: &[Row]) -> Result<HashSet<usize>, StoreError> {
        rows.iter().map(|row| self.columns.job(get(row, 0)?).map(|(job, _)| job)).collect()
    }

    /// What became of each job: nothing where none was created.
    pub(crate) fn written(&self, rows: &[Row]) -> Result<Vec<(usize, Written)>, StoreError> {
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let before = unsigned(get(row, 0)?, "tenant_counter", "last_change")?;
        Ok(self.columns.jobs().zip(before + 1..).map(|(job, sequence)| (job, written(1, sequence))).collect())
    }

    /// The places whose stamps end when they are there.
    pub(crate) fn touched(&self) -> &[Uuid] {
        &self.touched
    }
}

impl Rows<'_> {
    fn parameters(&self) -> [&(dyn Parameter + '_); 5] {
        [&self.places, &self.collections, &self.values, &self.attributes, &self.unique]
    }
}
