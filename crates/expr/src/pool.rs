//! The pool: evaluates expressions in worker processes, as many at once as there are workers.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rollcall_domain::mapping::expression::{
    Evaluated, Evaluation, Expression, Failure, FailureKind, OnError, Outcome, Returned,
};
use rollcall_scim::Document;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::process::{Ended, Worker};
use crate::wire::{Job, Question};

/// How many deadlines all expressions of one evaluation may take together.
const DEADLINES: u32 = 4;
/// Expressions that are remembered for having been stopped.
const MAX_SUSPECTS: usize = 1_024;

/// How a worker is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments: those that make it call [`crate::worker::run`].
    pub arguments: Vec<OsString>,
    /// Its whole environment; nothing of ours is inherited.
    pub environment: Vec<(OsString, OsString)>,
}

/// What an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Workers at most, at least 1; with 2 or more, one stays free of expressions that were stopped before.
    pub workers: usize,
    /// How long one expression may take, waiting for the machine included.
    pub deadline: Duration,
    /// How long an evaluation waits for a free worker.
    pub patience: Duration,
}

impl Default for Settings {
    /// As many workers as processors, at least 2; half a second; two seconds.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            workers: processors.max(2),
            deadline: Duration::from_millis(500),
            patience: Duration::from_secs(2),
        }
    }
}

/// Why nothing was evaluated. An expression's own failure is in [`Evaluated`].
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// All workers stayed busy: try again.
    #[error("no expression worker became free in time")]
    Busy,
    /// A worker cannot be started, or does not do its part.
    #[error("the expression worker failed")]
    Worker(#[source] std::io::Error),
}

/// Counts since the pool was made.
#[derive(Debug, Default)]
struct Counters {
    started: AtomicU64,
    stopped: AtomicU64,
    evaluations: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Workers that were started.
    pub started: u64,
    /// Workers that were stopped by a limit.
    pub stopped: u64,
    /// Evaluations.
    pub evaluations: u64,
}

/// Evaluates expressions in worker processes, which it starts when they are needed.
#[derive(Debug)]
pub struct Pool {
    launch: Launch,
    settings: Settings,
    free: Semaphore,
    /// One at a time of those that were stopped before, or are only tried out.
    quarantine: Semaphore,
    idle: Mutex<Vec<Worker>>,
    suspects: Mutex<HashSet<String>>,
    counters: Counters,
}

/// Leave to use a worker; the worker goes back when the evaluation ended well, and is killed when it did not.
struct Turn<'a> {
    worker: Worker,
    _permits: (Option<SemaphorePermit<'a>>, SemaphorePermit<'a>),
}

impl Pool {
    /// A pool without workers yet.
    pub fn new(launch: Launch, settings: Settings) -> Self {
        Self {
            launch,
            settings,
            free: Semaphore::new(settings.workers.max(1)),
            quarantine: Semaphore::new(1),
            idle: Mutex::new(Vec::new()),
            suspects: Mutex::new(HashSet::new()),
            counters: Counters::default(),
        }
    }

    /// Runs all expressions in their order, as far as they go.
    ///
    /// A call that is dropped half-way kills its worker.
    ///
    /// # Errors
    ///
    /// [`PoolError`]: nothing can be said of the expressions.
    pub async fn evaluate(&self, evaluation: &Evaluation) -> Result<Evaluated, PoolError> {
        self.counters.evaluations.fetch_add(1, Ordering::Relaxed);
        let question = Question {
            jobs: &evaluation.expressions.iter().map(job).collect::<Vec<_>>(),
            declared: &evaluation.declared,
            data: &evaluation.data,
            properties: &evaluation.properties,
            source: &evaluation.source,
            request: &evaluation.request,
            on_error: evaluation.on_error,
            check: false,
        };
        self.all(question, evaluation.trial).await
    }

    /// Compiles expressions without running them, and says which cannot be.
    ///
    /// # Errors
    ///
    /// [`PoolError`]: nothing can be said of the expressions.
    pub async fn check(&self, expressions: &[Expression]) -> Result<Vec<Failure>, PoolError> {
        let none = Document::new();
        let checked = Question {
            jobs: &expressions.iter().map(job).collect::<Vec<_>>(),
            declared: &none,
            data: &none,
            properties: &none,
            source: &none,
            request: &none,
            on_error: OnError::Continue,
            check: true,
        };
        Ok(self.all(checked, true).await?.failures().cloned().collect())
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counters { started, stopped, evaluations } = &self.counters;
        Counts { started: read(started), stopped: read(stopped), evaluations: read(evaluations) }
    }

    /// Has all jobs done: by one worker, or, where one is stopped, the rest by another.
    async fn all(&self, question: Question<'_>, is_trial: bool) -> Result<Evaluated, PoolError> {
        let mut evaluated = Evaluated::begin(question.properties.clone());
        let on_error = question.on_error;
        let begun = Instant::now();
        let mut jobs = question.jobs;
        while !jobs.is_empty() {
            let done = evaluated.outcomes.len();
            let mut turn = self.turn(jobs, is_trial).await?;
            let properties = evaluated.properties.clone();
            let asked = Question { jobs, properties: &properties, ..question };
            let take = |outcome| evaluated.take(outcome, on_error);
            let ended = turn.worker.run(asked, self.settings.deadline, take).await;
            let outcomes = evaluated.outcomes.get(done..).unwrap_or_default();
            let finished = outcomes.len();
            self.remember(jobs, outcomes);
            let (kind, message) = match ended.map_err(PoolError::Worker)? {
                Ended::Well => {
                    lock(&self.idle).push(turn.worker);
                    break;
                }
                Ended::Badly(kind, message) => (kind, message),
            };
            self.counters.stopped.fetch_add(1, Ordering::Relaxed);
            drop(turn);
            let Some((guilty, rest)) = jobs.get(finished..).and_then(<[Job]>::split_first) else { break };
            self.suspect(&guilty.digest);
            if !evaluated.take(failed(guilty, kind, &message), on_error) {
                break;
            }
            if begun.elapsed() >= self.settings.deadline * DEADLINES {
                let message = "it was not run: those before it took too long";
                for job in rest {
                    evaluated.take(failed(job, FailureKind::TooLong, message), on_error);
                }
                break;
            }
            jobs = rest;
        }
        Ok(evaluated)
    }

    /// Waits for a worker.
    async fn turn(&self, jobs: &[Job], is_trial: bool) -> Result<Turn<'_>, PoolError> {
        let is_suspect = is_trial || {
            let suspects = lock(&self.suspects);
            jobs.iter().any(|job| suspects.contains(&job.digest))
        };
        let permits = async {
            let apart = if is_suspect { Some(self.quarantine.acquire().await) } else { None };
            (apart, self.free.acquire().await)
        };
        let permits = match timeout(self.settings.patience, permits).await {
            Ok((None, Ok(free))) => (None, free),
            Ok((Some(Ok(apart)), Ok(free))) => (Some(apart), free),
            // Semaphores are never closed.
            Ok(_) | Err(_) => return Err(PoolError::Busy),
        };
        let worker = if let Some(worker) = self.idle() {
            worker
        } else {
            self.counters.started.fetch_add(1, Ordering::Relaxed);
            Worker::start(&self.launch).await.map_err(PoolError::Worker)?
        };
        Ok(Turn { worker, _permits: permits })
    }

    /// A worker that waits, and is fit.
    fn idle(&self) -> Option<Worker> {
        let mut idle = lock(&self.idle);
        while let Some(mut worker) = idle.pop() {
            if worker.is_fit() {
                return Some(worker);
            }
        }
        None
    }

    /// Remembers which expressions ran too long, and forgets it of those that did not this time.
    fn remember(&self, jobs: &[Job], outcomes: &[Outcome]) {
        for (job, outcome) in jobs.iter().zip(outcomes) {
            let is_bad = matches!(&outcome.result, Returned::Failed(failure)
                if matches!(failure.kind, FailureKind::TooLong | FailureKind::TooLarge));
            if is_bad {
                self.suspect(&job.digest);
            } else {
                lock(&self.suspects).remove(&job.digest);
            }
        }
    }

    fn suspect(&self, digest: &str) {
        let mut suspects = lock(&self.suspects);
        if suspects.len() >= MAX_SUSPECTS {
            suspects.clear();
        }
        suspects.insert(digest.to_owned());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn job(expression: &Expression) -> Job {
    let mut digest = String::with_capacity(64);
    for byte in Sha256::digest(expression.expression.as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(digest, "{byte:02x}");
    }
    Job { name: expression.name.clone(), digest, source: Some(Arc::clone(&expression.expression)) }
}

fn failed(job: &Job, kind: FailureKind, message: &str) -> Outcome {
    let result = Returned::Failed(Failure::new(&job.name, kind, message));
    Outcome { expression: job.name.clone(), result, micros: 0, printed: String::new() }
}
