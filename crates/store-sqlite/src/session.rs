//! One transaction of the writer: what it knows, counts and touches besides its rows.

use std::collections::HashMap;

use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::stamps::Stamps;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, signed, unsigned};
use crate::writer::Abort;

/// More ids than these end all stamps at once.
const MAX_TOUCHED: usize = 1_000;

const AWAITS: &str = "SELECT 1 FROM pending_member WHERE source = ?1 LIMIT 1";
const ADD_TO_POPULATION: &str = "INSERT INTO population (source, active) VALUES (?1, ?2)
    ON CONFLICT (source) DO UPDATE SET active = active + excluded.active";
const COUNTER: &str = "SELECT value FROM counter WHERE of = ?1 AND key = ?2";
const SET_COUNTER: &str = "INSERT INTO counter (of, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (of, key) DO UPDATE SET value = excluded.value";
const ADD_TO_COUNTER: &str = "INSERT INTO counter (of, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (of, key) DO UPDATE SET value = value + excluded.value";
const SOURCE_TENANT: &str = "SELECT tenant, generation FROM source WHERE key = ?1";
const COLLECTION: &str = "SELECT key FROM collection WHERE source = ?1 AND kind = ?2";
const ADD_COLLECTION: &str = "INSERT INTO collection (source, kind) VALUES (?1, ?2) RETURNING key";
const ATTRIBUTE: &str = "SELECT key FROM attribute WHERE collection = ?1 AND path = ?2";
const ADD_ATTRIBUTE: &str = "INSERT INTO attribute (collection, path) VALUES (?1, ?2) RETURNING key";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    AWAITS,
    ADD_TO_POPULATION,
    COUNTER,
    SET_COUNTER,
    ADD_TO_COUNTER,
    SOURCE_TENANT,
    COLLECTION,
    ADD_COLLECTION,
    ATTRIBUTE,
    ADD_ATTRIBUTE,
];

/// `counter.of`: the last change of a tenant.
pub(crate) const CHANGES: i64 = 1;
/// `counter.of`: the resources of a collection.
const RESOURCES: i64 = 2;
/// `counter.of`: the last key of a resource, of all collections.
const KEYS: i64 = 3;

/// Rows that hardly change, kept between transactions; forgotten when one is rolled back.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Of a source: its tenant, and the generation of its settings.
    sources: HashMap<i64, (i64, i64)>,
    collections: HashMap<i64, Vec<(String, i64)>>,
    attributes: HashMap<i64, Vec<(String, i64)>>,
    /// Whether a source may have members that name no resource yet.
    awaiting: HashMap<i64, bool>,
    /// Whether rows were added by the running transaction.
    fresh: bool,
}

impl Known {
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Whose stamps end with the commit.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    ids: Vec<Uuid>,
    all: bool,
}

impl Touched {
    pub(crate) fn publish(&self, stamps: &Stamps) {
        if self.all || self.ids.len() > MAX_TOUCHED {
            stamps.touch_all();
        } else {
            self.ids.iter().for_each(|id| stamps.touch(*id));
        }
    }
}

/// The running transaction.
pub(crate) struct Session<'a> {
    connection: &'a Connection,
    known: &'a mut Known,
    careful: bool,
    touched: Touched,
    /// The last number of each tenant whose sequence went on.
    sequences: Vec<(i64, u64)>,
    counts: Vec<(i64, i64)>,
    populations: Vec<(Uuid, i64)>,
    last_key: Option<i64>,
    /// Changes of rows that are as if they had not been.
    taken_back: u64,
}

/// What a rollback to a savepoint must undo besides rows.
struct Mark {
    ids: usize,
    all: bool,
    counts: usize,
    populations: usize,
    sequences: Vec<(i64, u64)>,
    changes: u64,
}

impl<'a> Session<'a> {
    pub(crate) fn new(connection: &'a Connection, known: &'a mut Known, careful: bool) -> Self {
        known.fresh = false;
        Self {
            connection,
            known,
            careful,
            touched: Touched::default(),
            sequences: Vec::new(),
            counts: Vec::new(),
            populations: Vec::new(),
            last_key: None,
            taken_back: 0,
        }
    }

    pub(crate) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// A statement of this connection, prepared once.
    pub(crate) fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
        self.connection.prepare_cached(sql).or_unavailable()
    }

    /// Runs something that checks before it changes: an error leaves nothing, or the transaction is run
    /// again with a savepoint here.
    pub(crate) fn checked<T, E>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<Result<T, E>, Abort> {
        if self.careful {
            return self.protected(run);
        }
        let mark = self.mark();
        let result = run(self);
        if result.is_err() {
            if self.changes() != mark.changes {
                return Err(Abort::Dirty);
            }
            self.undo(mark);
        }
        Ok(result)
    }

    /// Runs something inside a savepoint: an error leaves nothing.
    pub(crate) fn protected<T, E>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<Result<T, E>, Abort> {
        let mark = self.mark();
        self.statement("SAVEPOINT unit")?;
        let result = run(self);
        if result.is_err() {
            if self.connection.is_autocommit() {
                // SQLite has rolled back everything by itself, as it does when the disk is full.
                let message = "the transaction was rolled back".to_owned();
                return Err(Abort::Failed(StoreError::Unavailable(message)));
            }
            self.statement("ROLLBACK TO unit")?;
            self.undo(mark);
        }
        self.statement("RELEASE unit")?;
        Ok(result)
    }

    /// Rows were changed, and changed back: so many changes leave nothing behind.
    pub(crate) fn took_back(&mut self, changes: u64) {
        self.taken_back += changes;
    }

    fn changes(&self) -> u64 {
        self.connection.total_changes() - self.taken_back
    }

    /// Ends the stamp of a resource with the commit.
    pub(crate) fn touch(&mut self, id: Uuid) {
        if self.touched.ids.len() <= MAX_TOUCHED {
            self.touched.ids.push(id);
        }
    }

    /// Ends all stamps with the commit.
    pub(crate) fn touch_all(&mut self) {
        self.touched.all = true;
    }

    /// The next number of the tenant's change sequence.
    pub(crate) fn next_sequence(&mut self, tenant: TenantKey) -> Result<u64, StoreError> {
        if let Some((_, last)) = self.sequences.iter_mut().find(|(of, _)| *of == tenant.0) {
            *last += 1;
            return Ok(*last);
        }
        let next = unsigned(self.counter(CHANGES, tenant.0)?, "counter", "value")? + 1;
        self.sequences.push((tenant.0, next));
        Ok(next)
    }

    /// A key for a new resource. What is rolled back leaves a gap at most.
    pub(crate) fn next_key(&mut self) -> Result<i64, StoreError> {
        let last = match self.last_key {
            Some(last) => last,
            None => self.counter(KEYS, 0)?,
        };
        self.last_key = Some(last + 1);
        Ok(last + 1)
    }

    fn counter(&self, of: i64, key: i64) -> Result<i64, StoreError> {
        let value = self.prepare(COUNTER)?.query_row((of, key), |row| row.get(0)).optional();
        Ok(value.or_unavailable()?.unwrap_or(0))
    }

    /// Counts resources that came or went.
    pub(crate) fn count(&mut self, collection: i64, more: i64) {
        self.counts.push((collection, more));
    }

    /// Counts active identities of a source that came or went.
    pub(crate) fn populate(&mut self, source: Uuid, more: i64) {
        self.populations.push((source, more));
    }

    /// How many more active identities a source has than is written yet.
    pub(crate) fn populated(&self, source: Uuid) -> i64 {
        self.populations.iter().filter(|(of, _)| *of == source).map(|(_, more)| more).sum()
    }

    /// Forgets what is known, after a change of rows that it came from.
    pub(crate) fn forget(&mut self) {
        self.known.forget();
    }

    /// Whether a group of the source may have a member that names no resource yet.
    pub(crate) fn awaits(&mut self, source: SourceKey) -> Result<bool, StoreError> {
        if let Some(awaits) = self.known.awaiting.get(&source.0) {
            return Ok(*awaits);
        }
        let awaits = self.prepare(AWAITS)?.exists([source.0]).or_unavailable()?;
        self.known.awaiting.insert(source.0, awaits);
        Ok(awaits)
    }

    /// A group of the source gets a member that names no resource yet.
    pub(crate) fn will_await(&mut self, source: SourceKey) {
        self.known.awaiting.insert(source.0, true);
    }

    /// Whether the source is there and the tenant's.
    pub(crate) fn owns(&mut self, tenant: TenantKey, source: SourceKey) -> Result<bool, StoreError> {
        Ok(self.generation(tenant, source)?.is_some())
    }

    /// The generation of the source's settings; `None` when it is not there, or not the tenant's.
    pub(crate) fn generation(
        &mut self,
        tenant: TenantKey,
        source: SourceKey,
    ) -> Result<Option<u64>, StoreError> {
        let known = self.known.sources.get(&source.0).copied();
        let (owner, generation) = if let Some(known) = known {
            known
        } else {
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let found =
                self.prepare(SOURCE_TENANT)?.query_row([source.0], read).optional().or_unavailable()?;
            let Some(found) = found else { return Ok(None) };
            self.known.sources.insert(source.0, found);
            found
        };
        let generation = unsigned(generation, "source", "generation")?;
        Ok((owner == tenant.0).then_some(generation))
    }

    /// The settings of sources are others now; they are read again, also when this is undone.
    pub(crate) fn new_generation(&mut self) {
        self.known.sources.clear();
        self.known.fresh = true;
    }

    /// The collection of this type, made when missing.
    pub(crate) fn collection(&mut self, source: SourceKey, kind: &str) -> Result<i64, StoreError> {
        let known = self.known.collections.entry(source.0).or_default();
        if let Some((_, collection)) = known.iter().find(|(name, _)| name == kind) {
            return Ok(*collection);
        }
        let read = |row: &rusqlite::Row<'_>| row.get(0);
        let found =
            self.prepare(COLLECTION)?.query_row((source.0, kind), read).optional().or_unavailable()?;
        let collection = if let Some(collection) = found {
            collection
        } else {
            self.known.fresh = true;
            self.prepare(ADD_COLLECTION)?.query_row((source.0, kind), read).or_unavailable()?
        };
        self.known.collections.entry(source.0).or_default().push((kind.to_owned(), collection));
        Ok(collection)
    }

    /// The key of an attribute's path in a collection, made when missing.
    pub(crate) fn attribute(&mut self, collection: i64, path: &str) -> Result<i64, StoreError> {
        let known = self.known.attributes.entry(collection).or_default();
        if let Some((_, key)) = known.iter().find(|(name, _)| name == path) {
            return Ok(*key);
        }
        let read = |row: &rusqlite::Row<'_>| row.get(0);
        let found =
            self.prepare(ATTRIBUTE)?.query_row((collection, path), read).optional().or_unavailable()?;
        let key = if let Some(key) = found {
            key
        } else {
            self.known.fresh = true;
            self.prepare(ADD_ATTRIBUTE)?.query_row((collection, path), read).or_unavailable()?
        };
        self.known.attributes.entry(collection).or_default().push((path.to_owned(), key));
        Ok(key)
    }

    /// Writes the counters. The last statements before the commit.
    pub(crate) fn finish(&mut self) -> Result<(), StoreError> {
        for (tenant, last) in &self.sequences {
            self.prepare(SET_COUNTER)?.execute((CHANGES, tenant, signed(*last))).or_unavailable()?;
        }
        let mut counts: HashMap<i64, i64> = HashMap::new();
        for (collection, more) in &self.counts {
            *counts.entry(*collection).or_default() += more;
        }
        for (collection, more) in counts {
            self.prepare(ADD_TO_COUNTER)?.execute((RESOURCES, collection, more)).or_unavailable()?;
        }
        if let Some(last) = self.last_key {
            self.prepare(SET_COUNTER)?.execute((KEYS, 0, last)).or_unavailable()?;
        }
        let mut populations: HashMap<Uuid, i64> = HashMap::new();
        for (source, more) in &self.populations {
            *populations.entry(*source).or_default() += more;
        }
        for (source, more) in populations.into_iter().filter(|(_, more)| *more != 0) {
            self.prepare(ADD_TO_POPULATION)?.execute((IdColumn(source), more)).or_unavailable()?;
        }
        Ok(())
    }

    pub(crate) fn into_touched(self) -> Touched {
        self.touched
    }

    fn mark(&self) -> Mark {
        Mark {
            ids: self.touched.ids.len(),
            all: self.touched.all,
            counts: self.counts.len(),
            populations: self.populations.len(),
            sequences: self.sequences.clone(),
            changes: self.changes(),
        }
    }

    fn undo(&mut self, mark: Mark) {
        self.touched.ids.truncate(mark.ids);
        self.touched.all = mark.all;
        self.counts.truncate(mark.counts);
        self.populations.truncate(mark.populations);
        self.sequences = mark.sequences;
        if self.known.fresh {
            self.known.forget();
        }
    }

    fn statement(&self, sql: &'static str) -> Result<(), Abort> {
        let done = self.prepare(sql).and_then(|mut statement| statement.execute([]).or_unavailable());
        done.map(drop).map_err(Abort::Failed)
    }
}
