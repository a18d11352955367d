//! The store of many nodes: PostgreSQL, and what speaks its protocol (ADR 31).
//!
//! [`PostgresStore::open`] is the way in. Writes of a tenant go through `writer`, each batch by `batch` and the files of
//! its aggregates, in a transaction that holds the tenant's row of counters; reads take a connection of `pool`.

#![allow(dead_code, reason = "the modules that use it are on their way")]

mod accepted;
mod administration;
mod api_token;
mod audit;
mod change;
mod column;
mod connection;
mod delivery;
mod error;
mod lease;
mod membership;
mod migrations;
mod nodes;
mod options;
mod pool;
mod request_log;
mod session;
mod tls;
mod token;
mod url;
mod writer;

pub use options::Options;

use std::sync::Arc;

use rollcall_domain::audit::Draft;
use rollcall_store::StoreError;
use rollcall_store::stamps::Stamps;

use nodes::Nodes;
use pool::Pool;
use session::Scope;
use writer::{Run, Running, Writer};

/// A database, as one node sees it.
pub struct PostgresStore {
    writer: Writer,
    pool: Arc<Pool>,
    stamps: Arc<Stamps>,
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
        let stamps = Arc::new(Stamps::default());
        let nodes = Arc::new(Nodes::start(&pool, Arc::clone(&stamps), options.poll));
        let writer = Writer::new(Arc::clone(&pool), Arc::clone(&stamps), nodes, options);
        Ok(Self { writer, pool, stamps })
    }

    /// A change of settings, in a transaction of the directory, with its entry in the audit.
    async fn audited<A: Send + Sync + 'static, T: Send + 'static>(
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
}
