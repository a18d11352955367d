//! Listing: one page of a type, filtered, ordered, counted.
//!
//! What the plan answers exactly is paged and sorted by the database; else the candidates are read, a few hundred at a
//! time, and the filter is evaluated over them.

use std::sync::Arc;

use rollcall_domain::source::SourceKey;
use rollcall_scim::Document;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::index::Indexer;
use rollcall_store::plan::{Condition, Plan};
use rollcall_store::query::{Page, Position, Query, Sort, Start, Stored};
use rollcall_store::sort;

use super::candidate::{self, Needs};
use super::compile::{Compiled, Scope, Value, selection};
use super::{get, stored};
use crate::column::{TextColumn, get as column};
use crate::connection::Connection;
use crate::error::{signed, unsigned};

const COLLECTION: &str = "SELECT c.key, coalesce(n.resources, 0)
    FROM collection AS c LEFT JOIN collection_count AS n ON n.collection = c.key
    WHERE c.source = $1 AND c.kind = $2";
const ATTRIBUTES: &str = "SELECT path, key FROM attribute WHERE collection = $1";
const COLUMNS: &str = "r.key, r.id, r.version, r.revision, r.created, r.modified, r.plain, r.body";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[COLLECTION, ATTRIBUTES];

/// Candidates read at a time.
const STEP: usize = 500;

/// A listing with all it needs.
pub(crate) struct Listing {
    pub(crate) source: SourceKey,
    pub(crate) kind: Arc<ResolvedType>,
    pub(crate) index: Arc<Indexer>,
    pub(crate) query: Query,
    pub(crate) plan: Plan,
    pub(crate) max_scan: u64,
}

/// A page, and one more when there are more.
struct Rows {
    rows: Vec<(Stored, Option<String>)>,
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

    /// Reads the page.
    pub(crate) async fn run(&self, connection: &Connection) -> Result<Page, StoreError> {
        let row = connection.row(COLLECTION, &[&self.source.0, &self.kind.name()]).await?;
        let Some(row) = row else {
            let total = self.query.want_total.then_some(0);
            return Ok(Page { resources: Vec::new(), total, next: None });
        };
        let (collection, count): (i64, i64) = (column(&row, 0)?, column(&row, 1)?);
        let count = unsigned(count, "collection_count", "resources")?;
        let attributes = self.attributes(connection, collection).await?;
        let scope = Scope { source: self.source.0, collection, attributes: &attributes };
        let compiled = selection(&self.plan.condition, &scope);
        let mut found = match &self.query.sort {
            Some(by) => self.sorted(connection, (&compiled, count), by, &scope).await?,
            None if self.plan.exact => self.exact(connection, &compiled).await?,
            None => self.evaluated(connection, &compiled).await?,
        };
        if self.query.want_total && found.total.is_none() {
            found.total = Some(total(connection, &compiled, count).await?);
        }
        Ok(self.page(found))
    }

    /// The most that are looked for: the page and one more.
    fn wanted(&self) -> usize {
        self.query.count as usize + 1
    }

    fn offset(&self) -> u64 {
        if let Start::Offset(offset) = self.query.start { offset } else { 0 }
    }

    fn after(&self) -> Option<&Position> {
        if let Start::After(position) = &self.query.start { position.as_ref() } else { None }
    }

    async fn attributes(
        &self,
        connection: &Connection,
        collection: i64,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        if self.query.filter.is_none() && self.query.sort.is_none() {
            return Ok(Vec::new());
        }
        let rows = connection.rows(ATTRIBUTES, &[&collection]).await?;
        rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect()
    }

    fn page(&self, found: Rows) -> Page {
        let count = self.query.count as usize;
        let more = found.rows.len() > count;
        let mut rows = found.rows;
        rows.truncate(count);
        let position =
            |(stored, sort): &(Stored, Option<String>)| Position { key: stored.key, sort: sort.clone() };
        Page {
            total: found.total.filter(|_| self.query.want_total),
            next: rows.last().filter(|_| more).map(position),
            resources: rows.into_iter().map(|(stored, _)| stored).collect(),
        }
    }

    /// How many there are, where the page shows the end of them.
    fn counted(&self, rows: usize) -> Option<u64> {
        let known = rows < self.wanted() && self.after().is_none() && (rows > 0 || self.offset() == 0);
        known.then(|| self.offset() + rows as u64)
    }

    /// The plan is the filter: the index pages. Keys first, so that what is skipped is not read.
    async fn exact(&self, connection: &Connection, compiled: &Compiled) -> Result<Rows, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM resource AS r WHERE r.key = ANY(ARRAY(SELECT r.key FROM resource AS r \
             WHERE {} AND r.key > ${} ORDER BY r.key LIMIT ${} OFFSET ${})) ORDER BY r.key",
            compiled.sql,
            compiled.after(1),
            compiled.after(2),
            compiled.after(3),
        );
        let page = [
            Value::Number(self.after().map_or(0, |position| position.key)),
            Value::Number(signed(self.wanted() as u64)),
            Value::Number(signed(self.offset())),
        ];
        let rows = connection.rows_of(&sql, &compiled.with(&page)).await?;
        let rows: Vec<_> =
            rows.iter().map(|row| Ok((stored(row)?, None))).collect::<Result<_, StoreError>>()?;
        let total = self.counted(rows.len());
        Ok(Rows { rows, total })
    }

    /// The plan selects too much: the filter is evaluated over the candidates, in order.
    async fn evaluated(&self, connection: &Connection, compiled: &Compiled) -> Result<Rows, StoreError> {
        let (mut rows, mut total) = (Vec::new(), 0);
        let after = self.after().map_or(0, |position| position.key);
        // Counting all of them needs all; else what is before the page is not looked at.
        let begin = if self.query.want_total { 0 } else { after };
        let mut candidates = Candidates::new(self, compiled, begin);
        while let Some((candidate, _)) = candidates.next(connection).await? {
            total += 1;
            if total > self.offset() && candidate.key > after && rows.len() < self.wanted() {
                rows.push((candidate, None));
            }
            if !self.query.want_total && rows.len() >= self.wanted() {
                break;
            }
        }
        Ok(Rows { rows, total: Some(total) })
    }

    async fn sorted(
        &self,
        connection: &Connection,
        (compiled, count): (&Compiled, u64),
        by: &Sort,
        scope: &Scope<'_>,
    ) -> Result<Rows, StoreError> {
        if let (true, Some(attribute)) = (self.plan.exact, self.sorting_attribute(by, scope)) {
            let total = total(connection, compiled, count).await?;
            self.check_scan(total)?;
            let rows = self.by_values(connection, compiled, (attribute, by.descending)).await?;
            return Ok(Rows { rows, total: Some(total) });
        }
        let skipped = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let mut first = sort::First::new(by, self.after(), self.wanted().saturating_add(skipped));
        let mut total = 0;
        let mut candidates = Candidates::new(self, compiled, 0);
        while let Some((stored, document)) = candidates.next(connection).await? {
            total += 1;
            let key = sort::from_columns(&by.by, &stored);
            let key = match (key, document) {
                (Some(key), _) => Some(key),
                (None, Some(document)) => sort::from_document(&by.by, &document),
                (None, None) => sort::from_document(&by.by, &candidate::parse(&stored.body)?),
            };
            first.offer(key, stored.key);
        }
        let ranked: Vec<sort::Ranked> = first.into_sorted().into_iter().skip(skipped).collect();
        let keys: Vec<i64> = ranked.iter().map(|ranked| ranked.key).collect();
        let stored = get::by_keys(connection, &keys).await?;
        let rows = stored.into_iter().zip(ranked).map(|(stored, ranked)| (stored, ranked.sort)).collect();
        Ok(Rows { rows, total: Some(total) })
    }

    /// The attribute whose index rows are the sort keys: a single-valued one.
    fn sorting_attribute(&self, by: &Sort, scope: &Scope<'_>) -> Option<i64> {
        let indexed = self.index.find(&by.by).filter(|indexed| indexed.single)?;
        scope.attributes.iter().find(|(path, _)| *path == indexed.path).map(|(_, key)| *key)
    }

    /// Sorts by index rows, without reading bodies but those of the page.
    async fn by_values(
        &self,
        connection: &Connection,
        compiled: &Compiled,
        (attribute, descending): (i64, bool),
    ) -> Result<Vec<(Stored, Option<String>)>, StoreError> {
        let order = if descending { "DESC NULLS FIRST" } else { "ASC NULLS LAST" };
        let mut more = vec![
            Value::Number(attribute),
            Value::Number(signed(self.wanted() as u64)),
            Value::Number(signed(self.offset())),
        ];
        let place = self.place(compiled, descending, &mut more);
        let sql = format!(
            "SELECT {COLUMNS}, page.value FROM (SELECT r.key, v.value FROM resource AS r \
             LEFT JOIN value AS v ON v.resource = r.key AND v.attribute = ${} \
             WHERE {}{place} ORDER BY v.value {order}, r.key LIMIT ${} OFFSET ${}) AS page \
             JOIN resource AS r ON r.key = page.key ORDER BY page.value {order}, r.key",
            compiled.after(1),
            compiled.sql,
            compiled.after(2),
            compiled.after(3),
        );
        let rows = connection.rows_of(&sql, &compiled.with(&more)).await?;
        let read = |row| {
            let sort: Option<TextColumn> = column(row, 8)?;
            Ok((stored(row)?, sort.map(|text| text.0)))
        };
        rows.iter().map(read).collect()
    }

    /// What comes after the position; its parameters are added to `more`.
    fn place(&self, compiled: &Compiled, descending: bool, more: &mut Vec<Value>) -> String {
        let Some(position) = self.after() else { return String::new() };
        more.push(Value::Number(position.key));
        let key = compiled.after(more.len());
        let Some(value) = &position.sort else {
            let rest = if descending { " OR v.value IS NOT NULL" } else { "" };
            return format!(" AND ((v.value IS NULL AND r.key > ${key}){rest})");
        };
        more.push(Value::Text(value.as_bytes().to_vec()));
        let value = compiled.after(more.len());
        let (beyond, rest) = if descending { ("<", "") } else { (">", " OR v.value IS NULL") };
        format!(" AND (v.value {beyond} ${value} OR (v.value = ${value} AND r.key > ${key}){rest})")
    }

    fn check_scan(&self, scanned: u64) -> Result<(), StoreError> {
        if scanned > self.max_scan { Err(StoreError::TooMany(self.max_scan)) } else { Ok(()) }
    }
}

/// The resources that match, by key; the document is there when the filter had to be evaluated.
struct Candidates<'a> {
    listing: &'a Listing,
    compiled: &'a Compiled,
    needs: Option<Needs>,
    read: std::vec::IntoIter<Stored>,
    after: i64,
    step: usize,
    scanned: u64,
    done: bool,
}

impl<'a> Candidates<'a> {
    fn new(listing: &'a Listing, compiled: &'a Compiled, after: i64) -> Self {
        let filter = listing.query.filter.as_ref().filter(|_| !listing.plan.exact);
        Self {
            listing,
            compiled,
            needs: filter.map(|filter| Needs::of(filter, &listing.kind)),
            read: Vec::new().into_iter(),
            after,
            step: listing.wanted().min(STEP),
            scanned: 0,
            done: false,
        }
    }

    async fn next(
        &mut self,
        connection: &Connection,
    ) -> Result<Option<(Stored, Option<Document>)>, StoreError> {
        loop {
            let Some(candidate) = self.read.next() else {
                if self.done {
                    return Ok(None);
                }
                self.fill(connection).await?;
                continue;
            };
            self.scanned += 1;
            self.listing.check_scan(self.scanned)?;
            let Some(needs) = self.needs else { return Ok(Some((candidate, None))) };
            let (source, kind) = (self.listing.source, &self.listing.kind);
            let document = candidate::document(connection, source, kind, &candidate, needs).await?;
            if self.listing.query.filter.as_ref().is_none_or(|filter| filter.matches(&document)) {
                return Ok(Some((candidate, Some(document))));
            }
        }
    }

    async fn fill(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM resource AS r WHERE {} AND r.key > ${} ORDER BY r.key LIMIT ${}",
            self.compiled.sql,
            self.compiled.after(1),
            self.compiled.after(2),
        );
        let more = [Value::Number(self.after), Value::Number(signed(self.step as u64))];
        let rows = connection.rows_of(&sql, &self.compiled.with(&more)).await?;
        let read: Vec<Stored> = rows.iter().map(stored).collect::<Result<_, _>>()?;
        self.done = read.len() < self.step;
        self.after = read.last().map_or(self.after, |stored| stored.key);
        self.step = STEP;
        self.read = read.into_iter();
        Ok(())
    }
}

/// How many the plan selects.
async fn total(connection: &Connection, compiled: &Compiled, count: u64) -> Result<u64, StoreError> {
    if !compiled.driven {
        return Ok(count);
    }
    let sql = format!("SELECT count(*) FROM resource AS r WHERE {}", compiled.sql);
    let rows = connection.rows_of(&sql, &compiled.with(&[])).await?;
    rows.first().map_or(Ok(0), |row| unsigned(column(row, 0)?, "resource", "count"))
}
