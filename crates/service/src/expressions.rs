//! Whoever evaluates mapping expressions: the use cases ask, and do not know the language.

use async_trait::async_trait;
use rollcall_domain::mapping::expression::{Evaluated, Evaluation, Expression, Failure};

/// Evaluates mapping expressions, outside this process.
#[async_trait]
pub trait Expressions: Send + Sync {
    /// Runs all expressions of an evaluation in their order, as far as they go.
    ///
    /// # Errors
    ///
    /// [`NotEvaluated`]: nothing can be said of the expressions. An expression's own failure is in [`Evaluated`].
    async fn evaluate(&self, evaluation: &Evaluation) -> Result<Evaluated, NotEvaluated>;

    /// Compiles expressions without running them, and says which cannot be.
    ///
    /// # Errors
    ///
    /// [`NotEvaluated`].
    async fn check(&self, expressions: &[Expression]) -> Result<Vec<Failure>, NotEvaluated>;
}

/// Why nothing was evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEvaluated {
    /// All workers stayed busy: try again.
    #[error("no expression worker became free in time")]
    Busy,
    /// A worker cannot be started, or does not do its part.
    #[error("the expression worker failed: {0}")]
    Broken(String),
}
