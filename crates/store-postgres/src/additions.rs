//! New resources with their index rows, written all at once.
//!
//! They are inserted plainly: looking for a conflict first, as `ON CONFLICT` does, would cost every row another search
//! and another record in the log. That no value is taken was asked for all of them before, under the tenant's lock. Where
//! the server refuses one nevertheless, the transaction is run again, one request after the other
//! ([`Abort::Taken`](crate::writer::Abort::Taken)).

use rollcall_store::write::Content;
use uuid::Uuid;

use crate::column::Parameter;
use crate::resource::value::ValueRow;

const ADD_VALUES: &str = "INSERT INTO value (collection, value, attribute, apart, resource)
    SELECT * FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[])";
const ADD_RESOURCES: &str = "INSERT INTO resource
    (key, collection, id, version, revision, created, modified, plain, display, body)
    SELECT n.key, n.collection, n.id, 1, 1, n.at, n.at, n.plain, n.display, n.body
    FROM unnest($1::BIGINT[], $2::BIGINT[], $3::UUID[], $4::BIGINT[], $5::BOOLEAN[], $6::BYTEA[], $7::BYTEA[])
        AS n (key, collection, id, at, plain, display, body)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD_VALUES, ADD_RESOURCES];

/// A statement and its parameters.
pub(crate) type Bound<'a> = (&'static str, Vec<&'a (dyn Parameter + 'a)>);

/// Resources that wait to be written, by column.
#[derive(Debug, Default)]
pub(crate) struct Additions {
    rows: Rows,
    keys: Vec<i64>,
    collections: Vec<i64>,
    ids: Vec<Uuid>,
    times: Vec<i64>,
    plain: Vec<bool>,
    displays: Vec<Option<Vec<u8>>>,
    bodies: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Rows {
    collections: Vec<i64>,
    values: Vec<Vec<u8>>,
    attributes: Vec<i64>,
    apart: Vec<i64>,
    resources: Vec<i64>,
}

impl Additions {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// A resource that was made at this time (`meta.created`), with its index rows.
    pub(crate) fn push(
        &mut self,
        (collection, key, id): (i64, i64, Uuid),
        time: i64,
        content: &Content,
        rows: &[ValueRow<'_>],
    ) {
        for row in rows {
            self.rows.collections.push(collection);
            self.rows.values.push(row.entry.value.as_bytes().to_vec());
            self.rows.attributes.push(row.attribute);
            self.rows.apart.push(if row.entry.unique { 0 } else { key });
            self.rows.resources.push(key);
        }
        self.keys.push(key);
        self.collections.push(collection);
        self.ids.push(id);
        self.times.push(time);
        self.plain.push(content.plain);
        self.displays.push(content.display.as_ref().map(|display| display.as_bytes().to_vec()));
        self.bodies.push(content.body.to_vec());
    }

    /// What writes them.
    pub(crate) fn statements(&self) -> Vec<Bound<'_>> {
        let Rows { collections, values, attributes, apart, resources } = &self.rows;
        let mut statements: Vec<Bound<'_>> = Vec::with_capacity(2);
        if !values.is_empty() {
            statements.push((ADD_VALUES, vec![collections, values, attributes, apart, resources]));
        }
        if !self.keys.is_empty() {
            let (keys, ids, times) = (&self.keys, &self.ids, &self.times);
            let contents: [&(dyn Parameter + '_); 3] = [&self.plain, &self.displays, &self.bodies];
            let mut parameters: Vec<&(dyn Parameter + '_)> = vec![keys, &self.collections, ids, times];
            parameters.extend(contents);
            statements.push((ADD_RESOURCES, parameters));
        }
        statements
    }
}
