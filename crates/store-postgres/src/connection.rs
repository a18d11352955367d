//! A connection of the pool: statements, and what becomes of it when one fails.

use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use futures_util::future::{join, join_all};
use parking_lot::Mutex;
use rollcall_store::StoreError;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};

use crate::column::{Parameter, Parameters};
use crate::error::{Failure, read};

/// A literal statement and its parameters.
pub(crate) type Bound<'a> = (&'static str, Vec<&'a (dyn Parameter + 'a)>);

/// A connection in use. Dropped inside a transaction, or after it failed, it is closed; else it goes back.
pub(crate) struct Connection {
    client: Option<Object>,
    /// Whether statements are sent whole each time, for poolers that cannot keep prepared ones.
    unnamed: bool,
    /// The first error, and what it means. No statement after it does anything until the transaction, or a part of it
    /// with a savepoint, is undone.
    failure: Mutex<Option<(Failure, StoreError)>>,
    /// Whether a transaction is open.
    open: AtomicBool,
}

impl Connection {
    pub(crate) fn new(client: Object, unnamed: bool) -> Self {
        Self { client: Some(client), unnamed, failure: Mutex::default(), open: AtomicBool::new(false) }
    }

    fn client(&self) -> Result<&Object, StoreError> {
        self.client.as_ref().ok_or_else(|| StoreError::Unavailable("the connection is gone".to_owned()))
    }

    /// The first error, and what it means.
    pub(crate) fn failure(&self) -> Option<(Failure, StoreError)> {
        self.failure.lock().clone()
    }

    /// What failed is undone.
    pub(crate) fn mend(&self) {
        *self.failure.lock() = None;
    }

    fn failed(&self, error: &tokio_postgres::Error) -> StoreError {
        let (error, failure) = read(error);
        self.failure.lock().get_or_insert_with(|| (failure, error.clone()));
        error
    }

    /// All rows of a literal statement, which is prepared once.
    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = if self.unnamed { None } else { Some(self.prepare(sql, parameters).await?) };
        self.rows_by(sql, parameters, statement.as_ref()).await
    }

    /// All rows of a literal statement that is prepared, unless statements are sent whole.
    async fn rows_by(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
        statement: Option<&Statement>,
    ) -> Result<Vec<Row>, StoreError> {
        let Some(statement) = statement else { return self.rows_of(sql, parameters).await };
        let rows = self.client()?.query_raw(statement, bound(parameters)).await;
        let rows = match rows {
            Ok(rows) => rows.try_collect().await,
            Err(error) => Err(error),
        };
        rows.map_err(|error| self.failed(&error))
    }

    /// The first row of a literal statement.
    pub(crate) async fn row(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, parameters).await?.into_iter().next())
    }

    /// Whether a literal statement finds anything.
    pub(crate) async fn exists(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<bool, StoreError> {
        Ok(!self.rows(sql, parameters).await?.is_empty())
    }

    /// Runs a literal statement and returns how many rows it changed.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<u64, StoreError> {
        let done = if self.unnamed {
            let typed: Vec<_> = parameters.iter().map(|one| (*one as _, one.kind())).collect();
            self.client()?.execute_typed(sql, &typed).await
        } else {
            let statement = self.prepare(sql, parameters).await?;
            self.client()?.execute_raw(&statement, bound(parameters)).await
        };
        done.map_err(|error| self.failed(&error))
    }

    /// All rows of a statement that was put together, and is not kept.
    pub(crate) async fn rows_of(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let typed: Vec<_> = parameters.iter().map(|one| (*one as _, one.kind())).collect();
        self.client()?.query_typed(sql, &typed).await.map_err(|error| self.failed(&error))
    }

    /// Runs statements without parameters, of which nothing comes back.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.client()?.batch_execute(sql).await.map_err(|error| self.failed(&error))
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self, sql: &str) -> Result<(), StoreError> {
        self.open.store(true, Ordering::Release);
        self.run(sql).await
    }

    /// Ends a transaction, so that the connection may be used again.
    pub(crate) async fn end(&self, sql: &str) -> Result<(), StoreError> {
        let client = self.client()?;
        let ended = client.batch_execute(sql).await;
        if ended.is_ok() {
            self.open.store(false, Ordering::Release);
        }
        ended.map_err(|error| self.failed(&error))
    }

    /// Runs literal statements and commits, all sent together, so that it takes one round trip.
    ///
    /// What failed is told by [`Connection::failure`]. If that is an error of the server, nothing is committed: it makes
    /// a rollback of the commit. If it is the connection, it is not known.
    pub(crate) async fn commit(&self, statements: &[Bound<'_>]) -> Result<(), StoreError> {
        let prepared = self.prepare_all(statements).await?;
        let (done, committed) = join(join_all(self.sent(statements, &prepared)), self.end("COMMIT")).await;
        done.into_iter().collect::<Result<Vec<_>, _>>()?;
        committed
    }

    /// Begins a transaction, runs literal statements and commits, all sent together, and returns the rows of each.
    ///
    /// What failed is told as by [`Connection::commit`].
    pub(crate) async fn whole(
        &self,
        begin: &str,
        statements: &[Bound<'_>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let prepared = self.prepare_all(statements).await?;
        let sent = join_all(self.sent(statements, &prepared));
        let (opened, (rows, committed)) = join(self.begin(begin), join(sent, self.end("COMMIT"))).await;
        opened?;
        let rows = rows.into_iter().collect::<Result<_, _>>()?;
        committed.map(|()| rows)
    }

    /// All of them before the first is sent: else one would come after the commit.
    async fn prepare_all(&self, statements: &[Bound<'_>]) -> Result<Vec<Option<Statement>>, StoreError> {
        let mut prepared = Vec::with_capacity(statements.len());
        for (sql, parameters) in statements {
            prepared.push(if self.unnamed { None } else { Some(self.prepare(sql, parameters).await?) });
        }
        Ok(prepared)
    }

    /// Each is sent when it is first polled.
    fn sent<'s>(
        &'s self,
        statements: &'s [Bound<'s>],
        prepared: &'s [Option<Statement>],
    ) -> impl Iterator<Item = impl Future<Output = Result<Vec<Row>, StoreError>> + 's> {
        let each = statements.iter().zip(prepared);
        each.map(|((sql, parameters), statement)| self.rows_by(sql, parameters, statement.as_ref()))
    }

    /// What was begun has ended with the statements that began it.
    pub(crate) fn ended(&self) {
        self.open.store(false, Ordering::Release);
    }

    async fn prepare(&self, sql: &'static str, parameters: Parameters<'_>) -> Result<Statement, StoreError> {
        let types: Vec<Type> = parameters.iter().map(|parameter| parameter.kind()).collect();
        let prepared = self.client()?.prepare_typed_cached(sql, &types).await;
        prepared.map_err(|error| self.failed(&error))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let spoilt = self.open.load(Ordering::Acquire)
            || matches!(*self.failure.lock(), Some((Failure::Connection | Failure::Stale, _)));
        if let Some(client) = self.client.take().filter(|_| spoilt) {
            // It leaves the pool; closing it undoes what was not committed.
            drop(Object::take(client));
        }
    }
}

fn bound<'a>(parameters: Parameters<'a>) -> impl ExactSizeIterator<Item = &'a (dyn ToSql + Sync)> {
    parameters.iter().map(|parameter: &&'a (dyn Parameter + 'a)| *parameter as &(dyn ToSql + Sync))
}
