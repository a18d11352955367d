//! What nodes tell one another: that settings changed, and that there is something new.
//!
//! A node that hears nothing looks twice a second, so a lost notification costs half a second. Nothing is told of single
//! resources: what is read of them is not kept (`Resources::keeps_stamps`).

use std::future::poll_fn;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use rollcall_store::StoreError;
use rollcall_store::stamps::Stamps;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config};

use crate::column::get;
use crate::error::unavailable;
use crate::pool::Pool;
use crate::session::Touched;
use crate::tls::Tls;

/// What is told at most so often.
const PAUSE: Duration = Duration::from_millis(20);
/// Before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);

const LOOK: &str = "SELECT (SELECT epoch FROM installation WHERE one = 1),
    (SELECT coalesce(sum(last_change), 0)::BIGINT FROM tenant_counter)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[LOOK];

/// This node among the others. Dropping it ends its tasks.
pub(crate) struct Nodes {
    news: mpsc::UnboundedSender<Option<i64>>,
    seen: Arc<Seen>,
    tasks: Vec<JoinHandle<()>>,
}

/// What this node knows of the epoch.
struct Seen {
    stamps: Arc<Stamps>,
    epoch: AtomicI64,
    /// The name of this node, which tells its own notifications from others'.
    node: String,
}

impl Nodes {
    /// Begins to tell, to listen and to look.
    pub(crate) fn start(pool: &Arc<Pool>, stamps: Arc<Stamps>, every: Duration) -> Self {
        let node = format!("{:016x}", RandomState::new().hash_one("node"));
        let seen = Arc::new(Seen { stamps, epoch: AtomicI64::new(0), node });
        let (news, told) = mpsc::unbounded_channel();
        let tasks = vec![
            tokio::spawn(tell(Arc::clone(pool), Arc::clone(&seen), told)),
            tokio::spawn(listen(pool.config(), Arc::clone(&seen))),
            tokio::spawn(look(Arc::clone(pool), Arc::clone(&seen), every)),
        ];
        Self { news, seen, tasks }
    }

    /// Tells the others of a commit, after its own stamps have ended.
    pub(crate) fn tell(&self, touched: &Touched) {
        if let Some(epoch) = touched.epoch {
            self.seen.epoch.fetch_max(epoch, Ordering::AcqRel);
        }
        if touched.epoch.is_some() || !touched.tenants.is_empty() {
            // The task ends with this node only.
            let _ = self.news.send(touched.epoch);
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Seen {
    /// Everything that was read before this epoch holds no longer.
    fn notice(&self, epoch: i64) {
        if epoch > self.epoch.load(Ordering::Acquire) {
            self.stamps.touch_all();
            self.epoch.fetch_max(epoch, Ordering::AcqRel);
        }
    }

    /// Takes what another node told: its name, and the epoch that it has led to.
    fn hear(&self, payload: &str) {
        let mut words = payload.split(' ');
        if words.next() == Some(self.node.as_str()) {
            return;
        }
        if let Some(epoch) = words.next().and_then(|epoch| epoch.parse().ok()) {
            self.notice(epoch);
        }
        self.stamps.committed();
    }
}

/// Tells what was committed, many commits at once. Outside of their transactions: a notification takes a lock of the
/// whole database while its transaction commits.
async fn tell(pool: Arc<Pool>, seen: Arc<Seen>, mut told: mpsc::UnboundedReceiver<Option<i64>>) {
    while let Some(mut epoch) = told.recv().await {
        while let Ok(more) = told.try_recv() {
            epoch = epoch.max(more);
        }
        let payload = match epoch {
            Some(epoch) => format!("{} {epoch}", seen.node),
            None => seen.node.clone(),
        };
        // The node's name is hex digits and the epoch a number. Nobody waits for it to be on disk.
        let notify =
            format!("BEGIN; SET LOCAL synchronous_commit = off; NOTIFY rollcall, '{payload}'; COMMIT");
        if let Err(error) = send(&pool, &notify).await {
            tracing::debug!(%error, "other nodes were not told of a commit; they will look");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn send(pool: &Pool, notify: &str) -> Result<(), StoreError> {
    let connection = pool.connection().await?;
    connection.begin(notify).await?;
    connection.ended();
    Ok(())
}

/// Listens on a connection of its own, for ever.
async fn listen((config, tls): (Config, Tls), seen: Arc<Seen>) {
    loop {
        if let Err(error) = heard(&config, tls.clone(), &seen).await {
            tracing::warn!(%error, "what other nodes tell is not heard; they are looked at instead");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

/// Listens until the connection ends.
async fn heard(config: &Config, tls: Tls, seen: &Seen) -> Result<(), StoreError> {
    let (client, mut connection) = config.connect(tls).await.map_err(|error| unavailable(&error))?;
    let messages = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(told)) => seen.hear(told.payload()),
                Ok(_) => {}
                Err(error) => return Err(unavailable(&error)),
            }
        }
        Ok(())
    };
    match select(Box::pin(messages), Box::pin(subscribe(&client))).await {
        Either::Left((ended, _)) => ended,
        Either::Right((Ok(()), messages)) => messages.await,
        Either::Right((Err(error), _)) => Err(error),
    }
}

async fn subscribe(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("LISTEN rollcall").await.map_err(|error| unavailable(&error))
}

/// Looks at the counters, for what was not heard.
async fn look(pool: Arc<Pool>, seen: Arc<Seen>, every: Duration) {
    let mut before = None;
    loop {
        match counters(&pool).await {
            Ok((epoch, changes)) => {
                seen.notice(epoch);
                if before.replace((epoch, changes)) != Some((epoch, changes)) {
                    seen.stamps.committed();
                }
            }
            Err(error) => tracing::debug!(%error, "cannot tell whether another node has written"),
        }
        tokio::time::sleep(every).await;
    }
}

async fn counters(pool: &Pool) -> Result<(i64, i64), StoreError> {
    let row = pool.connection().await?.row(LOOK, &[]).await?;
    let row = row.ok_or_else(|| StoreError::Unavailable("no counters".to_owned()))?;
    Ok((get::<Option<i64>>(&row, 0)?.unwrap_or_default(), get(&row, 1)?))
}
