//! The connections: one pool for everything, and one more for what a replica may answer.

use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, PoolError, QueueMode, RecyclingMethod, Runtime,
};
use rollcall_store::StoreError;
use tokio_postgres::Config;

use crate::connection::Connection;
use crate::error::unavailable;
use crate::options::Options;
use crate::tls::Tls;
use crate::url;

/// A connection that was idle for longer is asked before it is used: a group of writes that is sent whole on one that the
/// server has lost would not be known to be committed.
const SURE: Duration = Duration::from_secs(1);

/// Connections to one server.
pub(crate) struct Pool {
    inner: deadpool_postgres::Pool,
    config: Config,
    tls: Tls,
    unnamed: bool,
}

impl Pool {
    /// A pool that connects when it has to.
    pub(crate) fn new(url: &str, options: &Options) -> Result<Self, StoreError> {
        let target = url::parse(url)?;
        let tls = Tls::new(&target)?;
        let mut config = target.config;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.connect_timeout);
        }
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool =
            deadpool_postgres::Pool::builder(Manager::from_config(config.clone(), tls.clone(), manager))
                // The one used last knows most: its statements, and its pages.
                .queue_mode(QueueMode::Lifo)
                .pre_recycle(alive(options.connect_timeout))
                .max_size(options.connections.max(3))
                .wait_timeout(Some(options.connect_timeout * 2))
                .create_timeout(Some(options.connect_timeout * 2))
                .runtime(Runtime::Tokio1)
                .build()
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { inner: pool, config, tls, unnamed: target.unnamed })
    }

    /// What a connection outside the pool is made of.
    pub(crate) fn config(&self) -> (Config, Tls) {
        (self.config.clone(), self.tls.clone())
    }

    /// A connection as the driver has it.
    pub(crate) async fn raw(&self) -> Result<Object, StoreError> {
        self.inner.get().await.map_err(|error| match error {
            PoolError::Backend(error) => unavailable(&error),
            PoolError::Timeout(_) => StoreError::Unavailable("no connection is free".to_owned()),
            error => StoreError::Unavailable(error.to_string()),
        })
    }

    /// A connection. Each statement on it sees what is committed when it begins.
    pub(crate) async fn connection(&self) -> Result<Connection, StoreError> {
        Ok(Connection::new(self.raw().await?, self.unnamed))
    }

    /// A connection on which all statements see one moment. [`Snapshot::end`] gives it back.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let connection = self.connection().await?;
        connection.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(Snapshot(connection))
    }
}

/// Asks a connection that was idle whether it is there.
fn alive(timeout: Duration) -> Hook {
    Hook::async_fn(move |client, metrics| {
        Box::pin(async move {
            if metrics.last_used() < SURE {
                return Ok(());
            }
            match tokio::time::timeout(timeout, client.batch_execute("")).await {
                Ok(answered) => answered.map_err(HookError::Backend),
                Err(_) => Err(HookError::message("a connection does not answer")),
            }
        })
    })
}

/// A reading transaction.
pub(crate) struct Snapshot(Connection);

impl Snapshot {
    pub(crate) async fn end(self) -> Result<(), StoreError> {
        self.0.end("COMMIT").await
    }
}

impl std::ops::Deref for Snapshot {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}
