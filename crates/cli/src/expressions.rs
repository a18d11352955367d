//! Mapping expressions: this binary as its own worker.

use std::process::ExitCode;
use std::time::Duration;

use async_trait::async_trait;
use rollcall_config::Settings;
use rollcall_domain::mapping::expression::{Evaluated, Evaluation, Expression, Failure};
use rollcall_expr::pool::{self, Launch, Pool, PoolError};
use rollcall_expr::worker;
use rollcall_service::expressions::{Expressions, NotEvaluated};

use crate::Failure as Ended;

/// The hidden command that makes this process a worker.
const COMMAND: &str = "expression-worker";

/// The allocator would otherwise take more address space at once than a worker may have.
const ALLOCATOR: [(&str, &str); 2] = [("MIMALLOC_ARENA_RESERVE", "0"), ("MIMALLOC_ARENA_EAGER_COMMIT", "0")];

/// The pool, as the use cases ask it.
pub(crate) struct Workers(pub(crate) Pool);

#[async_trait]
impl Expressions for Workers {
    async fn evaluate(&self, evaluation: &Evaluation) -> Result<Evaluated, NotEvaluated> {
        self.0.evaluate(evaluation).await.map_err(|error| not_evaluated(&error))
    }

    async fn check(&self, expressions: &[Expression]) -> Result<Vec<Failure>, NotEvaluated> {
        self.0.check(expressions).await.map_err(|error| not_evaluated(&error))
    }
}

fn not_evaluated(error: &PoolError) -> NotEvaluated {
    match error {
        PoolError::Busy => NotEvaluated::Busy,
        PoolError::Worker(reason) => NotEvaluated::Broken(reason.to_string()),
    }
}

/// Serves a parent over standard input and output until it is gone.
pub(crate) fn work() -> ExitCode {
    worker::run(worker::ADDRESS_SPACE)
}

/// A pool whose workers are this very program, even when its file was replaced by a newer one.
pub(crate) fn pool(settings: &Settings) -> Result<Pool, Ended> {
    let own = std::path::Path::new("/proc/self/exe");
    let program = if own.exists() { own.to_owned() } else { std::env::current_exe()? };
    let environment = ALLOCATOR.map(|(name, value)| (name.into(), value.into())).to_vec();
    let usual = pool::Settings::default();
    let workers = match settings.expression_workers {
        0 => usual.workers,
        workers => usize::try_from(workers).unwrap_or(usize::MAX),
    };
    let deadline = Duration::from_millis(settings.expression_deadline_ms.into());
    let launch = Launch { program, arguments: vec![COMMAND.into()], environment };
    Ok(Pool::new(launch, pool::Settings { workers, deadline, ..usual }))
}
