//! The store of many nodes: PostgreSQL, and what speaks its protocol (ADR 31).
//!
//! [`PostgresStore::open`] is the way in. Writes of a tenant go through `writer`, each batch by `batch` and the files of
//! its aggregates, in a transaction that holds the tenant's row of counters; reads take a connection of `pool`.

mod accepted;
mod accounts;
mod administration;
mod api_token;
mod audit;
mod batch;
mod change;
mod column;
mod connection;
mod credential;
mod delivery;
mod directory;
mod error;
mod gather;
mod group;
mod groups;
mod history;
mod lease;
mod members;
mod membership;
mod memberships;
mod migrations;
mod names;
mod nodes;
mod options;
mod pending;
mod people;
mod pool;
mod reindex;
mod request_log;
mod resource;
mod resources;
mod retention;
mod session;
mod source;
#[cfg(test)]
mod statements;
mod tenant;
mod tls;
mod token;
mod tombstone;
mod transfer;
mod url;
mod wave;
mod writer;

pub use options::Options;

use std::sync::Arc;

use parking_lot::Mutex;
use rollcall_domain::audit::Draft;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::StoreError;
use rollcall_store::index::Indexer;
use rollcall_store::stamps::Stamps;

use names::Names;
use nodes::Nodes;
use pool::Pool;
use resources::{Lookups, lookups};
use session::Scope;
use writer::{Run, Running, Writer};

/// Types whose index attributes are remembered.
const INDEXERS: usize = 64;

/// A database, as one node sees it.
pub struct PostgresStore {
    writer: Writer,
    pool: Arc<Pool>,
    /// For what may be as old as a replica is; the same pool where there is none.
    replica: Arc<Pool>,
    lookups: Lookups,
    stamps: Arc<Stamps>,
    names: Names,
    indexers: Mutex<Vec<(Arc<ResolvedType>, Arc<Indexer>)>>,
    max_scan: u64,
}

impl PostgresStore {
    /// Connects to a database by its URL, and brings its schema up to date.
    ///
    /// `postgres://` or `postgresql://`, with libpq's parameters; see `docs/postgresql.md`. One of ours is
    /// `statements=unnamed`, for poolers that cannot keep prepared statements.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: a parameter is not supported, the server does not answer or refuses, or its schema
    /// needs a newer program.
    pub async fn open(url: &str, options: &Options) -> Result<Self, StoreError> {
        let pool = Arc::new(Pool::new(url, options)?);
        migrations::migrate(&pool).await?;
        let replica = match &options.read_url {
            Some(url) => Arc::new(Pool::new(url, options)?),
            None => Arc::clone(&pool),
        };
        let stamps = Arc::new(Stamps::default());
        let nodes = Arc::new(Nodes::start(&pool, Arc::clone(&stamps), options.poll));
        let writer = Writer::new(Arc::clone(&pool), Arc::clone(&stamps), nodes, options);
        let (names, indexers) = (Names::default(), Mutex::default());
        let lookups = lookups(&pool);
        Ok(Self { writer, pool, replica, lookups, stamps, names, indexers, max_scan: options.max_scan })
    }

    /// A change of settings, in a transaction of the directory, with its entry in the audit.
    async fn audited<A: Send + Sync + 'static, T: Send + Sync + 'static>(
        &self,
        audit: &Draft,
        arguments: A,
        run: Run<A, T>,
    ) -> Result<T, StoreError> {
        let with_entry: Run<(A, Draft, Run<A, T>), T> = |session, (arguments, audit, run)| {
            Box::pin(async move {
                let done = run(session, arguments).await?;
                audit::append(session, audit).await?;
                Ok(done)
            }) as Running<'_, T>
        };
        self.writer.alone(Scope::Directory, (arguments, audit.clone(), run), with_entry).await
    }

    /// The indexed attributes of a type, worked out once per registered type.
    fn indexer(&self, kind: &Arc<ResolvedType>) -> Arc<Indexer> {
        let mut known = self.indexers.lock();
        if let Some((_, index)) = known.iter().find(|(known, _)| Arc::ptr_eq(known, kind)) {
            return Arc::clone(index);
        }
        let index = Arc::new(Indexer::new(kind));
        if known.len() >= INDEXERS {
            known.remove(0);
        }
        known.push((Arc::clone(kind), Arc::clone(&index)));
        index
    }
}
