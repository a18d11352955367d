//! Writing: for each tenant a queue and a task, many requests a commit (ADR 31).
//!
//! A tenant's task takes all that waits, runs it in one transaction that holds the tenant's lock, and answers when that
//! is durable. Tenants do not wait for one another, and what one node writes of a tenant comes before or after what
//! another does. Changes of the directory are transactions of their own.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::stamps::Stamps;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::batch::BatchJob;
use crate::nodes::Nodes;
use crate::options::Options;
use crate::pool::Pool;
use crate::session::{Known, Scope, Session, Touched};
use crate::wave::{self, AtOnce};

/// A task of a tenant that has nothing to do ends after this.
const IDLE: Duration = Duration::from_secs(60);
/// Runs of one transaction, at most.
const RUNS: u32 = 8;
/// What is waited before the second run, about; twice as much before each one after it.
const PAUSE: Duration = Duration::from_millis(5);

/// What a function of [`Writer::task`] returns.
pub(crate) type Running<'r, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'r>>;
/// A function of a transaction and its arguments. It may run more than once.
pub(crate) type Run<A, T> = for<'r> fn(&'r mut Session, &'r A) -> Running<'r, T>;

/// One request to write.
#[async_trait]
pub(crate) trait Job: Send + Sync {
    /// How many units it has.
    fn weight(&self) -> usize;
    /// Runs inside the transaction; may run more than once.
    async fn run(&mut self, session: &mut Session) -> Result<(), Abort>;
    /// Tells the caller, after the commit or its failure.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
    /// The batch that it is, if it is one.
    fn batch(&self) -> Option<&BatchJob> {
        None
    }
    /// The batch that it is, if it is one.
    fn batch_mut(&mut self) -> Option<&mut BatchJob> {
        None
    }
}

/// Why a whole transaction ends.
#[derive(Debug)]
pub(crate) enum Abort {
    /// A unit failed half-way: roll back and run carefully.
    Dirty,
    /// It lost against another one, or its connection: run it again.
    Again(StoreError),
    /// It will not do better.
    Failed(StoreError),
}

/// The way to write. Dropping it ends the tasks once their queues are empty.
pub(crate) struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Arc<Pool>,
    stamps: Arc<Stamps>,
    nodes: Arc<Nodes>,
    options: Options,
    begin: String,
    /// How many may write at the same time.
    writers: Semaphore,
    queues: Mutex<HashMap<i64, mpsc::Sender<Box<dyn Job>>>>,
}

impl Writer {
    pub(crate) fn new(pool: Arc<Pool>, stamps: Arc<Stamps>, nodes: Arc<Nodes>, options: &Options) -> Self {
        let writers = Semaphore::new(options.writers.clamp(1, options.connections.max(2) - 1));
        let options = options.clone();
        let begin = begin(&options);
        let queues = Mutex::default();
        Self { shared: Arc::new(Shared { pool, stamps, nodes, options, begin, writers, queues }) }
    }

    /// Queues a job of a tenant. `Busy` when the queue is full.
    pub(crate) fn submit(&self, tenant: TenantKey, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut queues = self.shared.queues.lock();
        let queue = queues.entry(tenant.0).or_insert_with(|| self.start(tenant));
        let job = match queue.try_send(job) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(_)) => return Err(StoreError::Busy),
            Err(TrySendError::Closed(job)) => job,
        };
        // Its task has just ended.
        let queue = self.start(tenant);
        let sent = queue.try_send(job).map_err(|_| stopped());
        queues.insert(tenant.0, queue);
        sent
    }

    fn start(&self, tenant: TenantKey) -> mpsc::Sender<Box<dyn Job>> {
        let (sender, queue) = mpsc::channel(self.shared.options.queue.max(1));
        let worker = Worker { shared: Arc::downgrade(&self.shared), tenant, queue, known: Known::default() };
        tokio::spawn(worker.work());
        sender
    }

    /// Runs one function among the tenant's writes, all or nothing, and answers when it is durable.
    pub(crate) async fn task<A: Send + Sync + 'static, T: Send + Sync + 'static>(
        &self,
        tenant: TenantKey,
        arguments: A,
        run: Run<A, T>,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.submit(tenant, Box::new(Task { arguments, run, result: None, reply }))?;
        answer.await.map_err(|_| stopped())?
    }

    /// Runs one function in a transaction of its own, all or nothing, and answers when it is durable.
    pub(crate) async fn alone<A: Send + Sync + 'static, T: Send + Sync + 'static>(
        &self,
        scope: Scope,
        arguments: A,
        run: Run<A, T>,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let jobs: Vec<Box<dyn Job>> = vec![Box::new(Task { arguments, run, result: None, reply })];
        let shared = Arc::clone(&self.shared);
        // It goes on when the caller goes: a transaction is not left half-way.
        tokio::spawn(async move {
            shared.commit(scope, jobs, &mut Known::default()).await;
        });
        answer.await.map_err(|_| stopped())?
    }
}

/// What begins a transaction, with all settings in it: none of them stays on the connection.
fn begin(options: &Options) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {}; \
         SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = {}",
        options.lock_timeout.as_millis(),
        options.statement_timeout.as_millis(),
        options.idle_timeout.as_millis()
    )
}

/// The answer when the task is gone.
pub(crate) fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped".to_owned())
}

/// The task of a tenant.
struct Worker {
    shared: Weak<Shared>,
    tenant: TenantKey,
    queue: mpsc::Receiver<Box<dyn Job>>,
    known: Known,
}

impl Worker {
    async fn work(mut self) {
        loop {
            match tokio::time::timeout(IDLE, self.queue.recv()).await {
                Ok(Some(job)) => {
                    let Some(shared) = self.shared.upgrade() else { break };
                    let jobs = self.collect(job, shared.options.group);
                    shared.commit(Scope::Tenant(self.tenant), jobs, &mut self.known).await;
                }
                Ok(None) => break,
                Err(_) if self.retire() => break,
                Err(_) => {}
            }
        }
    }

    /// Takes all that waits. It does not wait for more: what comes meanwhile is the next group.
    fn collect(&mut self, first: Box<dyn Job>, most: usize) -> Vec<Box<dyn Job>> {
        let mut weight = first.weight();
        let mut jobs = vec![first];
        while weight < most {
            let Ok(job) = self.queue.try_recv() else { break };
            weight += job.weight();
            jobs.push(job);
        }
        jobs
    }

    /// Ends the task, unless something has come meanwhile.
    fn retire(&mut self) -> bool {
        let Some(shared) = self.shared.upgrade() else { return true };
        let mut queues = shared.queues.lock();
        if !self.queue.is_empty() {
            return false;
        }
        queues.remove(&self.tenant.0);
        true
    }
}

impl Shared {
    /// Runs jobs and answers them.
    async fn commit(&self, scope: Scope, mut jobs: Vec<Box<dyn Job>>, known: &mut Known) {
        let committed = match self.writers.acquire().await {
            Ok(_permit) => self.commit_all(scope, &mut jobs, known).await,
            Err(_) => Err(stopped()),
        };
        answer_all(jobs, &committed);
    }

    /// Returns when all that is still among `jobs` is committed; the rest has been answered.
    async fn commit_all(
        &self,
        scope: Scope,
        jobs: &mut Vec<Box<dyn Job>>,
        known: &mut Known,
    ) -> Result<(), StoreError> {
        let (mut careful, mut runs) = (false, 0);
        loop {
            runs += 1;
            let error = match self.attempt(scope, jobs, careful, known).await {
                Ok(()) => return Ok(()),
                Err(Abort::Dirty) if !careful => {
                    careful = true;
                    continue;
                }
                Err(Abort::Again(error)) if runs < RUNS => {
                    tracing::debug!(%error, runs, "a group of writes is run again");
                    tokio::time::sleep(pause(runs)).await;
                    continue;
                }
                Err(Abort::Again(error) | Abort::Failed(error)) => error,
                Err(Abort::Dirty) => StoreError::Unavailable("a failed write could not be undone".to_owned()),
            };
            tracing::error!(%error, jobs = jobs.len(), "nothing of a group of writes is known to be committed");
            return Err(error);
        }
    }

    async fn attempt(
        &self,
        scope: Scope,
        jobs: &mut Vec<Box<dyn Job>>,
        careful: bool,
        known: &mut Known,
    ) -> Result<(), Abort> {
        let connection = self.pool.connection().await.map_err(Abort::Failed)?;
        if let Scope::Tenant(tenant) = scope
            && !careful
        {
            match wave::at_once(&connection, (tenant, &self.begin), known, jobs).await? {
                AtOnce::Unfit => {}
                AtOnce::Refused => connection.mend(),
                AtOnce::Committed(touched) => {
                    self.publish(&touched);
                    if answer_done(jobs) {
                        return Ok(());
                    }
                }
            }
        }
        let begun = Session::begin(connection, scope, (&self.begin, careful), std::mem::take(known)).await;
        let mut session = begun?;
        if let Err(abort) = run(&mut session, scope, jobs, careful).await {
            session.roll_back().await;
            return Err(abort);
        }
        let (touched, remembered) = session.commit().await?;
        *known = remembered;
        self.publish(&touched);
        Ok(())
    }

    fn publish(&self, touched: &Touched) {
        touched.publish(&self.stamps);
        self.stamps.committed();
        self.nodes.tell(touched);
    }
}

/// Answers what is done and committed, and returns whether that was all.
fn answer_done(jobs: &mut Vec<Box<dyn Job>>) -> bool {
    let is_done = |job: &mut Box<dyn Job>| job.batch().is_some_and(|job| !job.outcomes.is_empty());
    for done in jobs.extract_if(.., is_done) {
        done.answer(Ok(()));
    }
    jobs.is_empty()
}

async fn run(
    session: &mut Session,
    scope: Scope,
    jobs: &mut [Box<dyn Job>],
    careful: bool,
) -> Result<(), Abort> {
    for job in jobs.iter_mut().filter_map(|job| job.batch_mut()) {
        job.outcomes.clear();
    }
    if let Scope::Tenant(tenant) = scope
        && !careful
    {
        wave::within(session, tenant, jobs).await?;
    }
    for job in jobs.iter_mut() {
        job.run(session).await?;
    }
    Ok(())
}

fn answer_all(jobs: Vec<Box<dyn Job>>, committed: &Result<(), StoreError>) {
    for job in jobs {
        job.answer(committed.clone());
    }
}

/// How long to wait before the next run: longer each time, and no two alike.
fn pause(runs: u32) -> Duration {
    let most = PAUSE.saturating_mul(1 << runs.min(8));
    let share = RandomState::new().hash_one(runs) % 1_000;
    most.mul_f64(0.5 + f64::from(u32::try_from(share).unwrap_or_default()) / 1_000.0)
}

/// A job of one function.
struct Task<A, T> {
    arguments: A,
    run: Run<A, T>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

#[async_trait]
impl<A: Send + Sync, T: Send + Sync> Job for Task<A, T> {
    fn weight(&self) -> usize {
        1
    }

    async fn run(&mut self, session: &mut Session) -> Result<(), Abort> {
        let (run, arguments) = (self.run, &self.arguments);
        let mark = session.part_begins().await?;
        let result = run(session, arguments).await;
        self.result = Some(session.part_ends(mark, result).await?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        // The caller may have gone.
        let _ = reply.send(committed.and_then(|()| result.unwrap_or_else(|| Err(stopped()))));
    }
}
