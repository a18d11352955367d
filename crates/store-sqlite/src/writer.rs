//! The writer: one thread, one connection, many requests a commit (DESIGN decision 4).
//!
//! The thread takes all that waits, runs it in one transaction and answers when that is durable. A
//! job of one write runs without a savepoint: it checks everything before it changes anything. If one
//! fails nevertheless after a change, the transaction is rolled back and run again *carefully*, with a
//! savepoint around every unit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rollcall_store::StoreError;
use rollcall_store::stamps::Stamps;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::checkpoint::Checkpointer;
use crate::error::OrUnavailable as _;
use crate::options::Options;
use crate::session::{Known, Session};

/// One request to write.
pub(crate) trait Job: Send {
    /// How many units it has.
    fn weight(&self) -> usize;
    /// Runs inside the transaction; may run twice.
    fn run(&mut self, session: &mut Session<'_>) -> Result<(), Abort>;
    /// Tells the caller, after the commit or its failure.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// Why a whole transaction ends.
#[derive(Debug)]
pub(crate) enum Abort {
    /// A unit failed half-way: roll back and run carefully.
    Dirty,
    /// The database is out of order.
    Failed(StoreError),
}

/// The way to the thread. Dropping it ends the thread once the queue is empty.
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        mut connection: Connection,
        options: &Options,
        stamps: Arc<Stamps>,
    ) -> Result<Self, StoreError> {
        let (sender, queue) = sync_channel(options.queue.max(1));
        let mut worker = Worker {
            checkpointer: Checkpointer::start(&mut connection, options)?,
            connection,
            queue,
            options: options.clone(),
            stamps,
            known: Known::default(),
            data_version: None,
        };
        worker.notice_others();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || worker.work())
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { queue: Some(sender), thread: Some(thread) })
    }

    /// Queues a job. `Busy` when the queue is full.
    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let Some(queue) = &self.queue else { return Err(stopped()) };
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => stopped(),
        })
    }

    /// Runs one function in the transaction, all or nothing, and answers when it is durable.
    pub(crate) async fn task<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Box::new(Task { run, result: None, reply }))?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It has answered everybody, or died; nobody is left to tell.
            let _ = thread.join();
        }
    }
}

/// The answer when the thread is gone.
pub(crate) fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped".to_owned())
}

struct Worker {
    connection: Connection,
    checkpointer: Checkpointer,
    queue: Receiver<Box<dyn Job>>,
    options: Options,
    stamps: Arc<Stamps>,
    known: Known,
    data_version: Option<i64>,
}

impl Worker {
    fn work(&mut self) {
        loop {
            match self.queue.recv_timeout(self.options.poll) {
                Ok(job) => {
                    self.commit(vec![job]);
                }
                Err(RecvTimeoutError::Timeout) => self.notice_others(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn commit(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let mut result = self.attempt(&mut jobs, false);
        if matches!(result, Err(Abort::Dirty)) {
            result = self.attempt(&mut jobs, true);
        }
        let committed = result.map_err(|abort| match abort {
            Abort::Failed(error) => error,
            Abort::Dirty => StoreError::Unavailable("a failed write could not be undone".to_owned()),
        });
        if let Err(error) = &committed {
            tracing::error!(%error, jobs = jobs.len(), "nothing of a group of writes was committed");
        }
        for job in jobs {
            job.answer(committed.clone());
        }
        self.checkpointer.after_commit(&self.connection);
    }

    /// Runs jobs and all that wait in one transaction, with what comes meanwhile. It does not wait for more.
    fn attempt(&mut self, jobs: &mut Vec<Box<dyn Job>>, careful: bool) -> Result<(), Abort> {
        run(&self.connection, "BEGIN IMMEDIATE")?;
        self.notice_others();
        let mut session = Session::new(&self.connection, &mut self.known, careful);
        let most = if careful { 0 } else { self.options.group };
        let result = run_all(jobs, &mut session, (&self.queue, most));
        let result = result.and_then(|()| session.finish().map_err(Abort::Failed));
        let touched = session.into_touched();
        match result.and_then(|()| run(&self.connection, "COMMIT")) {
            Ok(()) => {
                touched.publish(&self.stamps);
                self.stamps.committed();
                Ok(())
            }
            Err(abort) => {
                self.known.forget();
                if !self.connection.is_autocommit() {
                    run(&self.connection, "ROLLBACK")?;
                }
                Err(abort)
            }
        }
    }

    /// Ends all stamps when another connection has committed: `data_version` does not change by our own.
    fn notice_others(&mut self) {
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)));
        match version {
            Ok(version) if self.data_version == Some(version) => {}
            Ok(version) => {
                self.data_version = Some(version);
                self.known.forget();
                self.stamps.touch_all();
                self.stamps.committed();
            }
            Err(error) => tracing::warn!(%error, "cannot tell whether another process has written"),
        }
    }
}

/// Runs jobs, and those in the queue while all have no more than so many units.
fn run_all(
    jobs: &mut Vec<Box<dyn Job>>,
    session: &mut Session<'_>,
    (queue, most): (&Receiver<Box<dyn Job>>, usize),
) -> Result<(), Abort> {
    let (mut at, mut weight) = (0, 0);
    loop {
        if let Some(job) = jobs.get_mut(at) {
            job.run(session)?;
            weight += job.weight();
            at += 1;
        } else if weight < most
            && let Ok(job) = queue.try_recv()
        {
            jobs.push(job);
        } else {
            return Ok(());
        }
    }
}

fn run(connection: &Connection, statement: &'static str) -> Result<(), Abort> {
    let done = connection.prepare_cached(statement).and_then(|mut statement| statement.execute([]));
    done.map(drop).or_unavailable().map_err(Abort::Failed)
}

/// A job of one function.
struct Task<T, F> {
    run: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&mut Session<'_>) -> Result<T, StoreError> + Send> Job for Task<T, F> {
    fn weight(&self) -> usize {
        1
    }

    fn run(&mut self, session: &mut Session<'_>) -> Result<(), Abort> {
        let run = &mut self.run;
        self.result = Some(session.protected(run)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        // The caller may have gone.
        let _ = reply.send(committed.and_then(|()| result.unwrap_or_else(|| Err(stopped()))));
    }
}
