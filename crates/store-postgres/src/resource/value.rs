//! Index rows: which a resource has, and that no two share a unique one.

use std::collections::BTreeSet;

use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::index::IndexEntry;
use rollcall_store::stamps::place_of;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{Text, TextColumn, get};
use crate::session::Session;

pub(crate) const ADD: &str = "INSERT INTO value (collection, value, attribute, apart, resource)
    SELECT $1, n.value, n.attribute, CASE WHEN n.is_unique THEN 0 ELSE $2 END, $2
    FROM unnest($3::BIGINT[], $4::BYTEA[], $5::BOOLEAN[]) AS n (attribute, value, is_unique) ON CONFLICT DO NOTHING";
const HOLDERS: &str =
    "SELECT v.attribute, v.value, r.id FROM unnest($2::BIGINT[], $3::BYTEA[]) AS n (attribute, value)
    JOIN value AS v ON v.collection = $1 AND v.value = n.value AND v.attribute = n.attribute AND v.apart = 0
    JOIN resource AS r ON r.key = v.resource WHERE v.resource <> $4";
const OF_RESOURCE: &str = "SELECT attribute, value FROM value WHERE resource = $1";
const REMOVE: &str = "DELETE FROM value WHERE resource = $1
    AND (attribute, value) IN (SELECT n.attribute, n.value FROM unnest($2::BIGINT[], $3::BYTEA[]) AS n (attribute, value))";
const REMOVE_ALL: &str = "DELETE FROM value WHERE resource = $1 RETURNING attribute, value";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ADD, HOLDERS, OF_RESOURCE, REMOVE, REMOVE_ALL];

/// The rows of a resource: attribute and value of each.
pub(crate) type Entries = BTreeSet<(i64, String)>;

/// An entry with its attribute's key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueRow<'a> {
    pub(crate) attribute: i64,
    pub(crate) entry: &'a IndexEntry,
}

/// Rows by column, as statements take them.
pub(crate) struct Columns<'a> {
    pub(crate) attributes: Vec<i64>,
    pub(crate) values: Vec<Text<'a>>,
    pub(crate) unique: Vec<bool>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(rows: impl Iterator<Item = ValueRow<'a>>) -> Self {
        let mut columns = Self { attributes: Vec::new(), values: Vec::new(), unique: Vec::new() };
        for row in rows {
            columns.attributes.push(row.attribute);
            columns.values.push(Text(&row.entry.value));
            columns.unique.push(row.entry.unique);
        }
        columns
    }
}

/// Finds the attribute keys.
pub(crate) async fn rows<'a>(
    session: &mut Session,
    (tenant, collection): (TenantKey, i64),
    entries: &'a [IndexEntry],
) -> Result<Vec<ValueRow<'a>>, StoreError> {
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        rows.push(ValueRow {
            attribute: session.attribute(tenant, collection, &entry.attribute).await?,
            entry,
        });
    }
    Ok(rows)
}

/// Adds rows of a resource. `Conflict` when another has one of the unique values: then nothing is added. That no
/// two have it is the primary key's doing.
pub(crate) async fn add(
    session: &mut Session,
    source: SourceKey,
    (collection, key): (i64, i64),
    rows: &[ValueRow<'_>],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(rows.iter().copied());
    let (attributes, values, unique) = (&columns.attributes, &columns.values, &columns.unique);
    let added = session.execute(ADD, &[&collection, &key, attributes, values, unique]).await?;
    if added == rows.len() as u64 {
        touch(session, source, rows);
        return Ok(());
    }
    Err(refuse(session, (collection, key), rows, added).await?)
}

/// Ends the stamps of unique values that a resource has now.
pub(crate) fn touch(session: &mut Session, source: SourceKey, rows: &[ValueRow<'_>]) {
    for row in rows.iter().filter(|row| row.entry.unique) {
        session.touch(place_of(source, &row.entry.value));
    }
}

/// Takes back the rows of which only so many were added, and says why.
pub(crate) async fn refuse(
    session: &mut Session,
    (collection, key): (i64, i64),
    rows: &[ValueRow<'_>],
    added: u64,
) -> Result<StoreError, StoreError> {
    let error = conflict(session, (collection, key), rows).await?;
    let gone = remove(session, key, rows.iter().map(|row| (row.attribute, row.entry.value.as_str()))).await?;
    session.took_back(added + gone);
    Ok(error)
}

/// Who has the first of these values that another has.
pub(crate) async fn conflict(
    session: &Session,
    (collection, key): (i64, i64),
    rows: &[ValueRow<'_>],
) -> Result<StoreError, StoreError> {
    let unique = rows.iter().filter(|row| row.entry.unique).copied();
    let columns = Columns::of(unique);
    let found = session.rows(HOLDERS, &[&collection, &columns.attributes, &columns.values, &key]).await?;
    let read = |row: &Row| Ok((get(row, 0)?, get::<TextColumn>(row, 1)?.0, get(row, 2)?));
    let holders: Vec<(i64, String, Uuid)> = found.iter().map(read).collect::<Result<_, StoreError>>()?;
    let holder = |row: &ValueRow<'_>| {
        let same = |of: &&(i64, String, Uuid)| of.0 == row.attribute && of.1 == row.entry.value;
        holders.iter().find(same).map(|(_, _, id)| (row.entry.attribute.clone(), *id))
    };
    Ok(match rows.iter().find_map(holder) {
        Some((attribute, id)) => StoreError::Conflict { attribute, id: Some(id) },
        None => StoreError::Unavailable("an index row is there twice".to_owned()),
    })
}

/// Makes these the rows of a resource, writing the difference only. `Conflict` as in [`add`]; then the rows are those
/// of before.
pub(crate) async fn change(
    session: &mut Session,
    source: SourceKey,
    (collection, key): (i64, i64),
    rows: &[ValueRow<'_>],
) -> Result<(), StoreError> {
    let before = of_resource(session, key).await?;
    let after: BTreeSet<(i64, &str)> =
        rows.iter().map(|row| (row.attribute, row.entry.value.as_str())).collect();
    let new = |row: &&ValueRow<'_>| !before.contains(&(row.attribute, row.entry.value.clone()));
    let added: Vec<ValueRow<'_>> = rows.iter().filter(new).copied().collect();
    add(session, source, (collection, key), &added).await?;
    let gone = before.iter().map(|(attribute, value)| (*attribute, value.as_str()));
    let gone: Vec<(i64, &str)> = gone.filter(|entry| !after.contains(entry)).collect();
    remove(session, key, gone.iter().copied()).await?;
    for (_, value) in gone {
        session.touch(place_of(source, value));
    }
    Ok(())
}

/// Removes the rows of a resource, and returns what they were.
pub(crate) async fn remove_all(session: &mut Session, key: i64) -> Result<Entries, StoreError> {
    session.returning(REMOVE_ALL, &[&key]).await?.iter().map(entry).collect()
}

/// The value of a single-valued attribute, by its path.
pub(crate) async fn of_path(
    session: &mut Session,
    collection: i64,
    entries: &Entries,
    path: &str,
) -> Result<Option<String>, StoreError> {
    let Some(key) = session.known_attribute(collection, path).await? else { return Ok(None) };
    Ok(entries.iter().find(|(of, _)| *of == key).map(|(_, value)| value.clone()))
}

async fn remove(
    session: &mut Session,
    key: i64,
    entries: impl Iterator<Item = (i64, &str)>,
) -> Result<u64, StoreError> {
    let (attributes, values): (Vec<i64>, Vec<Text<'_>>) =
        entries.map(|(attribute, value)| (attribute, Text(value))).unzip();
    if attributes.is_empty() {
        return Ok(0);
    }
    session.execute(REMOVE, &[&key, &attributes, &values]).await
}

async fn of_resource(session: &Session, key: i64) -> Result<Entries, StoreError> {
    session.rows(OF_RESOURCE, &[&key]).await?.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<(i64, String), StoreError> {
    Ok((get(row, 0)?, get::<TextColumn>(row, 1)?.0))
}
