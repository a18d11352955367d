//! Listing: one page of a type, filtered, ordered, counted.
//!
//! Every way ends in the keys of a page, which are then read. What the plan answers exactly costs the
//! index; else the candidates are read and the filter is evaluated over them.

use std::sync::Arc;

use rollcall_domain::source::SourceKey;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::index::Indexer;
use rollcall_store::plan::{Condition, Plan};
use rollcall_store::query::{Page, Position, Query, Sort, Start, Stored};
use rollcall_store::sort;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::candidate::{self, Needs};
use super::compile::{Compiled, Scope, is_short, selection};
use super::{get, stored};
use crate::error::{OrUnavailable as _, signed, unsigned};

const COLLECTION: &str = "SELECT c.key, coalesce(n.value, 0)
    FROM collection AS c LEFT JOIN counter AS n ON n.of = 2 AND n.key = c.key
    WHERE c.source = ?1 AND c.kind = ?2";
const ATTRIBUTES: &str = "SELECT path, key FROM attribute WHERE collection = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[COLLECTION, ATTRIBUTES];

/// Pages and offsets up to these are read where the request is.
const SHORT_PAGE: u32 = 200;
const SHORT_OFFSET: u64 = 2_000;

/// A listing with all it needs.
pub(crate) struct Listing {
    pub(crate) source: SourceKey,
    pub(crate) kind: Arc<ResolvedType>,
    pub(crate) index: Arc<Indexer>,
    pub(crate) query: Query,
    pub(crate) plan: Plan,
    pub(crate) max_scan: u64,
}

/// The keys of a page, and one more when there are more.
struct Keys {
    rows: Vec<(i64, Option<String>)>,
    /// How many match in all, where that came for free.
    total: Option<u64>,
}

impl Listing {
    pub(crate) fn new(
        source: SourceKey,
        kind: Arc<ResolvedType>,
        index: Arc<Indexer>,
        query: Query,
        max_scan: u64,
    ) -> Self {
        let everything = Plan { condition: Condition::All, exact: true };
        let plan = query.filter.as_ref().map_or(everything, |filter| Plan::of(filter, &index));
        Self { source, kind, index, query, plan, max_scan }
    }

    /// Whether it takes microseconds.
    pub(crate) fn is_short(&self) -> bool {
        let selects_few = is_short(&self.plan.condition);
        let page = self.query.count <= SHORT_PAGE
            && matches!(self.query.start, Start::After(_) | Start::Offset(..=SHORT_OFFSET));
        let whole = self.query.filter.is_none() && self.query.sort.is_none();
        page && (selects_few || whole)
    }

    /// Reads the page.
    pub(crate) fn run(&self, connection: &Connection) -> Result<Page, StoreError> {
        let row: Option<(i64, i64)> = connection
            .prepare_cached(COLLECTION)
            .or_unavailable()?
            .query_row((self.source.0, self.kind.name()), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .or_unavailable()?;
        let Some((collection, count)) = row else {
            let total = self.query.want_total.then_some(0);
            return Ok(Page { resources: Vec::new(), total, next: None });
        };
        let attributes = self.attributes(connection, collection)?;
        let scope = Scope { source: self.source.0, collection, attributes: &attributes };
        let compiled = selection(&self.plan.condition, &scope);
        let mut keys = match &self.query.sort {
            Some(by) => self.sorted(connection, &compiled, by, &scope)?,
            None if self.plan.exact => self.exact(connection, &compiled)?,
            None => self.evaluated(connection, &compiled)?,
        };
        if self.query.want_total && keys.total.is_none() {
            keys.total = Some(if compiled.driven {
                count_of(connection, &compiled)?
            } else {
                unsigned(count, "counter", "value")?
            });
        }
        self.page(connection, &keys)
    }

    /// The most keys that are looked for: the page and one more.
    fn wanted(&self) -> usize {
        self.query.count as usize + 1
    }

    fn offset(&self) -> u64 {
        if let Start::Offset(offset) = self.query.start { offset } else { 0 }
    }

    fn after(&self) -> Option<&Position> {
        if let Start::After(position) = &self.query.start { position.as_ref() } else { None }
    }

    fn attributes(&self, connection: &Connection, collection: i64) -> Result<Vec<(String, i64)>, StoreError> {
        if self.query.filter.is_none() && self.query.sort.is_none() {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare_cached(ATTRIBUTES).or_unavailable()?;
        let rows = statement.query_map([collection], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()
    }

    fn page(&self, connection: &Connection, keys: &Keys) -> Result<Page, StoreError> {
        let count = self.query.count as usize;
        let shown = keys.rows.get(..count).unwrap_or(&keys.rows);
        let more = keys.rows.len() > count;
        let position = |(key, sort): &(i64, Option<String>)| Position { key: *key, sort: sort.clone() };
        Ok(Page {
            resources: get::by_keys(connection, shown.iter().map(|(key, _)| *key))?,
            total: keys.total.filter(|_| self.query.want_total),
            next: shown.last().filter(|_| more).map(position),
        })
    }

    /// The plan is the filter: the index pages.
    fn exact(&self, connection: &Connection, compiled: &Compiled) -> Result<Keys, StoreError> {
        let base = compiled.parameters.len();
        // The plus keeps SQLite from walking all keys instead of those selected.
        let key = if compiled.driven { "+r.key" } else { "r.key" };
        let sql = format!(
            "SELECT r.key FROM resource AS r WHERE {} AND {key} > ?{} ORDER BY r.key LIMIT ?{} OFFSET ?{}",
            compiled.sql,
            base + 1,
            base + 2,
            base + 3
        );
        let page = [
            self.after().map_or(0, |position| position.key),
            signed(self.wanted() as u64),
            signed(self.offset()),
        ];
        let parameters = compiled.parameters.iter().cloned().chain(page.map(Value::Integer));
        let mut statement = connection.prepare_cached(&sql).or_unavailable()?;
        let rows = statement.query_map(params_from_iter(parameters), |row| Ok((row.get(0)?, None)));
        let rows: Vec<_> = rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()?;
        let known =
            rows.len() < self.wanted() && self.after().is_none() && (!rows.is_empty() || self.offset() == 0);
        let total = known.then(|| self.offset() + rows.len() as u64);
        Ok(Keys { rows, total })
    }

    /// The plan selects too much: the filter is evaluated over the candidates, in order.
    fn evaluated(&self, connection: &Connection, compiled: &Compiled) -> Result<Keys, StoreError> {
        let (mut rows, mut total) = (Vec::new(), 0);
        let after = self.after().map_or(0, |position| position.key);
        // Counting all of them needs all; else what is before the page is not looked at.
        let begin = if self.query.want_total { 0 } else { after };
        self.candidates(connection, compiled, begin, |candidate, _| {
            total += 1;
            if total > self.offset() && candidate.key > after && rows.len() < self.wanted() {
                rows.push((candidate.key, None));
            }
            Ok(self.query.want_total || rows.len() < self.wanted())
        })?;
        Ok(Keys { rows, total: Some(total) })
    }

    fn sorted(
        &self,
        connection: &Connection,
        compiled: &Compiled,
        by: &Sort,
        scope: &Scope<'_>,
    ) -> Result<Keys, StoreError> {
        let skipped = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let mut first = sort::First::new(by, self.after(), self.wanted().saturating_add(skipped));
        let mut total = 0;
        if let (true, Some(attribute)) = (self.plan.exact, self.sorting_attribute(by, scope)) {
            total = self.offer_values(connection, compiled, attribute, &mut first)?;
        } else {
            self.candidates(connection, compiled, 0, |stored, document| {
                total += 1;
                let key = sort::from_columns(&by.by, stored);
                let key = match (key, document) {
                    (Some(key), _) => Some(key),
                    (None, Some(document)) => sort::from_document(&by.by, document),
                    (None, None) => sort::from_document(&by.by, &candidate::parse(&stored.body)?),
                };
                first.offer(key, stored.key);
                Ok(true)
            })?;
        }
        let rows = first.into_sorted().into_iter().skip(skipped);
        Ok(Keys { rows: rows.map(|ranked| (ranked.key, ranked.sort)).collect(), total: Some(total) })
    }

    /// The attribute whose index rows are the sort keys: a single-valued one.
    fn sorting_attribute(&self, by: &Sort, scope: &Scope<'_>) -> Option<i64> {
        let indexed = self.index.find(&by.by).filter(|indexed| indexed.single)?;
        scope.attributes.iter().find(|(path, _)| *path == indexed.path).map(|(_, key)| *key)
    }

    /// Sorts by index rows, without reading bodies.
    fn offer_values(
        &self,
        connection: &Connection,
        compiled: &Compiled,
        attribute: i64,
        first: &mut sort::First,
    ) -> Result<u64, StoreError> {
        let sql = format!(
            "SELECT r.key, (SELECT e.value ->> 1 FROM json_each(r.entries) AS e WHERE e.value ->> 0 = ?{}) \
             FROM resource AS r WHERE {}",
            compiled.parameters.len() + 1,
            compiled.sql
        );
        let parameters = compiled.parameters.iter().cloned().chain([Value::Integer(attribute)]);
        let mut statement = connection.prepare_cached(&sql).or_unavailable()?;
        let mut rows = statement.query(params_from_iter(parameters)).or_unavailable()?;
        let mut total = 0;
        while let Some(row) = rows.next().or_unavailable()? {
            total += 1;
            self.check_scan(total)?;
            first.offer(row.get(1).or_unavailable()?, row.get(0).or_unavailable()?);
        }
        Ok(total)
    }

    /// Visits the resources that match, by key; the document is there when the filter had to be
    /// evaluated. Stops when `visit` says false.
    fn candidates(
        &self,
        connection: &Connection,
        compiled: &Compiled,
        after: i64,
        mut visit: impl FnMut(&Stored, Option<&rollcall_scim::Document>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let key = if compiled.driven { "+r.key" } else { "r.key" };
        let sql = format!(
            "SELECT r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body \
             FROM resource AS r WHERE {} AND {key} > ?{} ORDER BY r.key",
            compiled.sql,
            compiled.parameters.len() + 1
        );
        let parameters = compiled.parameters.iter().cloned().chain([Value::Integer(after)]);
        let mut statement = connection.prepare_cached(&sql).or_unavailable()?;
        let mut rows = statement.query(params_from_iter(parameters)).or_unavailable()?;
        let filter = self.query.filter.as_ref().filter(|_| !self.plan.exact);
        let needs = filter.map(|filter| Needs::of(filter, &self.kind));
        let mut scanned = 0;
        while let Some(row) = rows.next().or_unavailable()? {
            scanned += 1;
            self.check_scan(scanned)?;
            let candidate = stored(row)?;
            let document = match needs {
                Some(needs) => {
                    Some(candidate::document(connection, self.source, &self.kind, &candidate, needs)?)
                }
                None => None,
            };
            let matches = match (filter, &document) {
                (Some(filter), Some(document)) => filter.matches(document),
                _ => true,
            };
            if matches && !visit(&candidate, document.as_ref())? {
                break;
            }
        }
        Ok(())
    }

    fn check_scan(&self, scanned: u64) -> Result<(), StoreError> {
        if scanned > self.max_scan { Err(StoreError::TooMany(self.max_scan)) } else { Ok(()) }
    }
}

fn count_of(connection: &Connection, compiled: &Compiled) -> Result<u64, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM resource AS r WHERE {}", compiled.sql);
    let mut statement = connection.prepare_cached(&sql).or_unavailable()?;
    let count = statement.query_row(params_from_iter(&compiled.parameters), |row| row.get(0));
    unsigned(count.or_unavailable()?, "resource", "count")
}
