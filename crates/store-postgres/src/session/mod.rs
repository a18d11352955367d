//! One writing transaction: what it knows, counts and touches besides its rows.

pub(crate) mod known;

use futures_util::future::join;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::stamps::Stamps;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::change::{self, Records};
use crate::column::{Parameters, get};
use crate::connection::{Bound, Connection};
use crate::error::{Failure, signed, unsigned};
use crate::writer::Abort;
pub(crate) use known::Known;

/// More ids than these end all stamps at once.
const MAX_TOUCHED: usize = 1_000;
/// A tenant's keys and numbers go up to 2^40; that is a thousand a second for 35 years.
pub(crate) const NUMBERS: u64 = 1 << 40;

pub(crate) const LOCK: &str =
    "SELECT last_change, last_key, facts FROM tenant_counter WHERE tenant = $1 FOR UPDATE";
const COUNT: &str = "UPDATE tenant_counter SET last_change = $2, last_key = $3, facts = $4 WHERE tenant = $1";
const READ_ONLY: &str = "SELECT current_setting('transaction_read_only') FROM installation WHERE one = 1";
const LOCK_INSTALLATION: &str = "SELECT epoch FROM installation WHERE one = 1 FOR UPDATE";
const NEXT_EPOCH: &str = "UPDATE installation SET epoch = epoch + 1 WHERE one = 1 RETURNING epoch";
const ADD_TO_COLLECTIONS: &str = "INSERT INTO collection_count AS c (collection, resources)
    SELECT n.collection, n.more FROM unnest($1::BIGINT[], $2::BIGINT[]) AS n (collection, more)
    ON CONFLICT (collection) DO UPDATE SET resources = c.resources + excluded.resources";
const ADD_TO_POPULATIONS: &str = "INSERT INTO population AS p (source, active)
    SELECT n.source, n.more FROM unnest($1::UUID[], $2::BIGINT[]) AS n (source, more)
    ON CONFLICT (source) DO UPDATE SET active = p.active + excluded.active";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[LOCK, COUNT, LOCK_INSTALLATION, NEXT_EPOCH, ADD_TO_COLLECTIONS, ADD_TO_POPULATIONS];

/// Whose stamps end with the commit, and what other nodes are told.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    ids: Vec<Uuid>,
    all: bool,
    /// Tenants whose sequence went on.
    pub(crate) tenants: Vec<i64>,
    /// The epoch that the commit has led to, where every node has to notice.
    pub(crate) epoch: Option<i64>,
}

impl Touched {
    /// Ends these stamps too.
    pub(crate) fn add(&mut self, ids: &[Uuid]) {
        if self.ids.len() <= MAX_TOUCHED {
            self.ids.extend_from_slice(ids);
        }
    }

    pub(crate) fn publish(&self, stamps: &Stamps) {
        if self.all || self.ids.len() > MAX_TOUCHED {
            stamps.touch_all();
        } else {
            self.ids.iter().for_each(|id| stamps.touch(*id));
        }
    }
}

/// The counters of a tenant whose row is locked.
#[derive(Debug, Clone)]
struct Locked {
    tenant: i64,
    last_change: u64,
    last_key: u64,
    facts: i64,
    /// Whether they are other than their row.
    moved: bool,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Resources and people of a tenant.
    Tenant(TenantKey),
    /// The directory and what is audited: one at a time for the whole installation.
    Directory,
    /// Rows that nothing else depends on.
    Apart,
}

/// The running transaction.
pub(crate) struct Session {
    connection: Connection,
    known: Known,
    careful: bool,
    touched: Touched,
    tenants: Vec<Locked>,
    counts: Vec<(i64, i64)>,
    populations: Vec<(Uuid, i64)>,
    /// Change records that are written last, all at once.
    records: Records,
    /// Rows changed, without those that are as if they had not been.
    changes: u64,
}

/// What a rollback to a savepoint must undo besides rows.
pub(crate) struct Mark {
    ids: usize,
    all: bool,
    epoch: bool,
    counts: usize,
    populations: usize,
    records: usize,
    tenants: Vec<Locked>,
    changes: u64,
}

impl Session {
    /// Begins a transaction and takes the lock that it needs.
    pub(crate) async fn begin(
        connection: Connection,
        scope: Scope,
        (begin, careful): (&str, bool),
        known: Known,
    ) -> Result<Self, Abort> {
        let mut session = Self {
            connection,
            known,
            careful,
            touched: Touched::default(),
            tenants: Vec::new(),
            counts: Vec::new(),
            populations: Vec::new(),
            records: Records::default(),
            changes: 0,
        };
        match session.enter(scope, begin).await {
            Ok(()) => Ok(session),
            Err(error) => Err(session.abort(error)),
        }
    }

    async fn enter(&mut self, scope: Scope, begin: &str) -> Result<(), StoreError> {
        // Sent together: the lock is waited for in the same round trip.
        match scope {
            Scope::Tenant(tenant) => {
                let of: Parameters<'_> = &[&tenant.0];
                let lock = self.connection.row(LOCK, of);
                let (entered, row) = join(self.connection.begin(begin), lock).await;
                entered?;
                self.take(tenant, row?)
            }
            Scope::Directory => {
                let lock = self.connection.row(LOCK_INSTALLATION, &[]);
                let (entered, row) = join(self.connection.begin(begin), lock).await;
                entered?;
                row.map(drop)
            }
            Scope::Apart => self.connection.begin(begin).await,
        }
    }

    /// For reading within the transaction.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Why the whole transaction ends, after an error that its connection may have failed with.
    pub(crate) fn abort(&self, error: StoreError) -> Abort {
        match self.connection.failure() {
            Some((Failure::Lost | Failure::Stale | Failure::Connection, _)) => Abort::Again(error),
            _ => Abort::Failed(error),
        }
    }

    /// The first row of a literal statement that changes nothing.
    pub(crate) async fn row(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, StoreError> {
        self.connection.row(sql, parameters).await
    }

    /// All rows of a literal statement that changes nothing.
    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.connection.rows(sql, parameters).await
    }

    /// Whether a literal statement that changes nothing finds anything.
    pub(crate) async fn exists(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<bool, StoreError> {
        self.connection.exists(sql, parameters).await
    }

    /// Runs a literal statement and returns how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<u64, StoreError> {
        let rows = self.connection.execute(sql, parameters).await?;
        self.changes += rows;
        Ok(rows)
    }

    /// Runs a literal statement with RETURNING: one row for each that it changed.
    pub(crate) async fn returning(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.connection.rows(sql, parameters).await?;
        self.changes += rows.len() as u64;
        Ok(rows)
    }

    /// Whether the server takes writes, as a replica does not.
    pub(crate) async fn writes(&self) -> Result<bool, StoreError> {
        let row = self.row(READ_ONLY, &[]).await?;
        Ok(row.map(|row| get::<String>(&row, 0)).transpose()?.as_deref() == Some("off"))
    }

    /// Counts rows that were changed by a statement run on [`Session::connection`].
    pub(crate) fn changed(&mut self, rows: u64) {
        self.changes += rows;
    }

    /// Rows were changed, and changed back: so many changes leave nothing behind.
    pub(crate) fn took_back(&mut self, changes: u64) {
        self.changes = self.changes.saturating_sub(changes);
    }

    /// Begins a part of the transaction, which [`Session::part_ends`] ends: an error leaves nothing of it. If it leaves
    /// something after all, the transaction is run again, *carefully*: with a savepoint here.
    pub(crate) async fn part_begins(&mut self) -> Result<Mark, Abort> {
        if self.careful {
            self.statement("SAVEPOINT part").await?;
        }
        Ok(self.mark())
    }

    /// Ends a part of the transaction, of which this came.
    pub(crate) async fn part_ends<T, E>(
        &mut self,
        mark: Mark,
        result: Result<T, E>,
    ) -> Result<Result<T, E>, Abort> {
        match (self.connection.failure(), self.careful) {
            (None, _) => {}
            (Some((Failure::Value, _)), true) if result.is_err() => {}
            (Some((Failure::Value, _)), false) => return Err(Abort::Dirty),
            (Some((_, error)), _) => return Err(self.abort(error)),
        }
        match (&result, self.careful) {
            (Ok(_), true) => self.statement("RELEASE SAVEPOINT part").await?,
            (Err(_), true) => {
                self.statement("ROLLBACK TO SAVEPOINT part").await?;
                self.connection.mend();
                self.undo(mark);
            }
            (Ok(_), false) => {}
            (Err(_), false) if self.changes != mark.changes => return Err(Abort::Dirty),
            (Err(_), false) => self.undo(mark),
        }
        Ok(result)
    }

    /// Why a transaction ends of which no single part is known to have failed.
    pub(crate) fn whole(&self, error: Option<StoreError>) -> Abort {
        match self.connection.failure() {
            None | Some((Failure::Value, _)) => Abort::Dirty,
            Some((_, failed)) => self.abort(error.unwrap_or(failed)),
        }
    }

    async fn statement(&self, sql: &'static str) -> Result<(), Abort> {
        self.connection.run(sql).await.map_err(|error| self.abort(error))
    }

    /// Ends the stamp of a resource with the commit.
    pub(crate) fn touch(&mut self, id: Uuid) {
        self.touched.add(&[id]);
    }

    /// Ends all stamps of this node with the commit.
    pub(crate) fn touch_all(&mut self) {
        self.touched.all = true;
    }

    /// Ends all stamps of every node with the commit: of what is cached beyond one request.
    pub(crate) fn touch_everywhere(&mut self) {
        self.touched.all = true;
        self.touched.epoch = Some(0);
    }

    /// Takes the lock of a tenant, so that nothing of it changes until the commit. In [`Scope::Tenant`] it is taken.
    pub(crate) async fn lock(&mut self, tenant: TenantKey) -> Result<(), StoreError> {
        if self.tenants.iter().all(|locked| locked.tenant != tenant.0) {
            let row = self.connection.row(LOCK, &[&tenant.0]).await?;
            self.take(tenant, row)?;
        }
        Ok(())
    }

    fn take(&mut self, tenant: TenantKey, row: Option<Row>) -> Result<(), StoreError> {
        let Some(row) = row else { return Ok(()) };
        let facts: i64 = get(&row, 2)?;
        if self.known.facts != facts {
            self.known = Known::of(facts);
        }
        self.tenants.push(Locked {
            tenant: tenant.0,
            last_change: unsigned(get(&row, 0)?, "tenant_counter", "last_change")?,
            last_key: unsigned(get(&row, 1)?, "tenant_counter", "last_key")?,
            facts,
            moved: false,
        });
        Ok(())
    }

    async fn locked(&mut self, tenant: TenantKey) -> Result<&mut Locked, StoreError> {
        self.lock(tenant).await?;
        let locked = self.tenants.iter_mut().find(|locked| locked.tenant == tenant.0);
        let locked = locked.ok_or(StoreError::NotFound)?;
        locked.moved = true;
        Ok(locked)
    }

    /// The next number of the tenant's change sequence.
    pub(crate) async fn next_sequence(&mut self, tenant: TenantKey) -> Result<u64, StoreError> {
        let locked = self.locked(tenant).await?;
        locked.last_change += 1;
        Ok(locked.last_change)
    }

    /// A key for a new resource, identity or tombstone, greater than those before of the tenant.
    pub(crate) async fn next_key(&mut self, tenant: TenantKey) -> Result<i64, StoreError> {
        let locked = self.locked(tenant).await?;
        locked.last_key += 1;
        Ok(tenant.0 * signed(NUMBERS) + signed(locked.last_key))
    }

    /// Numbers of changes and keys that a statement has taken from the tenant's row.
    pub(crate) fn advance(&mut self, (changes, keys): (usize, usize)) {
        if let Some(locked) = self.tenants.first_mut() {
            locked.last_change += changes as u64;
            locked.last_key += keys as u64;
            locked.moved = true;
        }
    }

    /// What is remembered.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// The count of facts of the tenant's row, unless this transaction has new ones.
    pub(crate) fn settled(&self) -> Option<i64> {
        self.tenants.first().map(|locked| locked.facts).filter(|facts| *facts == self.known.facts)
    }

    /// Rows that writers remember are other than before: those of other nodes will read them again.
    pub(crate) async fn new_fact(&mut self, tenant: TenantKey) -> Result<(), StoreError> {
        let locked = self.locked(tenant).await?;
        locked.facts += 1;
        Ok(())
    }

    /// Change records, which are written before the commit.
    pub(crate) fn records(&mut self) -> &mut Records {
        &mut self.records
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

    /// Writes records and counters, and commits: all sent together.
    pub(crate) async fn commit(mut self) -> Result<(Touched, Known), Abort> {
        self.finish().await?;
        self.touched.tenants = self.tenants.iter().filter(|of| of.moved).map(|of| of.tenant).collect();
        if let Some(locked) = self.tenants.first() {
            self.known.facts = locked.facts;
        }
        Ok((self.touched, self.known))
    }

    async fn finish(&mut self) -> Result<(), Abort> {
        if self.touched.epoch.is_some() {
            let row = self.connection.row(NEXT_EPOCH, &[]).await;
            let epoch = row.and_then(|row| row.as_ref().map(|row| get(row, 0)).transpose());
            self.touched.epoch = epoch.map_err(|error| self.abort(error))?;
        }
        let (collections, resources) = sums(&self.counts);
        let (sources, people) = sums(&self.populations);
        let moved: Vec<_> = self.tenants.iter().filter(|locked| locked.moved).map(Locked::row).collect();
        let mut statements: Vec<Bound<'_>> = Vec::new();
        if !self.records.is_empty() {
            statements.push((change::ADD, self.records.parameters()));
        }
        for (tenant, change, key, facts) in &moved {
            statements.push((COUNT, vec![tenant, change, key, facts]));
        }
        if !collections.is_empty() {
            statements.push((ADD_TO_COLLECTIONS, vec![&collections, &resources]));
        }
        if !sources.is_empty() {
            statements.push((ADD_TO_POPULATIONS, vec![&sources, &people]));
        }
        let committed = self.connection.commit(&statements).await;
        committed.map_err(|error| match self.connection.failure() {
            Some((Failure::Lost | Failure::Stale, _)) => Abort::Again(error),
            // After a lost connection it is not known whether anything was committed: it is not run again.
            _ => Abort::Failed(error),
        })
    }

    /// Undoes everything.
    pub(crate) async fn roll_back(self) {
        // Where that fails, the connection is closed, which does the same.
        let _ = self.connection.end("ROLLBACK").await;
    }

    fn mark(&self) -> Mark {
        Mark {
            ids: self.touched.ids.len(),
            all: self.touched.all,
            epoch: self.touched.epoch.is_some(),
            counts: self.counts.len(),
            populations: self.populations.len(),
            records: self.records.len(),
            tenants: self.tenants.clone(),
            changes: self.changes,
        }
    }

    fn undo(&mut self, mark: Mark) {
        self.touched.ids.truncate(mark.ids);
        self.touched.all = mark.all;
        self.touched.epoch = mark.epoch.then_some(0);
        self.counts.truncate(mark.counts);
        self.populations.truncate(mark.populations);
        self.records.truncate(mark.records);
        self.changes = mark.changes;
        let facts = |tenants: &[Locked]| tenants.iter().map(|locked| locked.facts).sum::<i64>();
        if facts(&self.tenants) != facts(&mark.tenants) {
            self.known.forget();
        }
        // A lock that was taken since is gone with the savepoint, or is taken once more.
        self.tenants = mark.tenants;
    }
}

impl Locked {
    fn row(&self) -> (i64, i64, i64, i64) {
        (self.tenant, signed(self.last_change), signed(self.last_key), self.facts)
    }
}

/// What there is more of each, leaving out those of which there is not.
fn sums<K: Copy + Ord>(counted: &[(K, i64)]) -> (Vec<K>, Vec<i64>) {
    let mut sums = std::collections::BTreeMap::new();
    for (of, more) in counted {
        *sums.entry(*of).or_insert(0) += more;
    }
    sums.into_iter().filter(|(_, more)| *more != 0).unzip()
}
