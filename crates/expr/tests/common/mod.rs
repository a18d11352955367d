//! A pool over the test worker, and evaluations in one line.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops where something is not as it should be; not every test uses all of this"
)]

pub(crate) mod hostile;

use std::sync::Arc;
use std::time::Duration;

use rollcall_domain::mapping::expression::{Evaluated, Evaluation, Expression, Failure, OnError};
use rollcall_domain::mapping::variables::declared;
use rollcall_expr::pool::{Launch, Pool, Settings};
use rollcall_scim::Document;
use rollcall_scim::schema::Registry;
use serde_json::{Value, json};

/// A pool of so many workers that each get a deadline fit for a busy machine.
pub(crate) fn pool(workers: usize) -> Pool {
    let launch = Launch {
        program: env!("CARGO_BIN_EXE_rollcall-expression-worker").into(),
        arguments: Vec::new(),
        environment: Vec::new(),
    };
    let patience = Duration::from_secs(30);
    Pool::new(launch, Settings { workers, deadline: Duration::from_millis(500), patience })
}

pub(crate) fn object(value: &Value) -> Document {
    value.as_object().unwrap().clone()
}

/// An evaluation of these expressions, named `1`, `2` and so on, for a user.
pub(crate) fn evaluation(expressions: &[&str], data: &Value) -> Evaluation {
    let registry = Registry::builtin().unwrap();
    let named = |(at, text): (usize, &&str)| Expression::new(&format!("{}", at + 1), text);
    Evaluation {
        expressions: expressions.iter().enumerate().map(named).collect(),
        declared: Arc::new(declared(registry.type_named("User").unwrap())),
        data: object(data),
        properties: Document::new(),
        source: object(&json!({ "slug": "okta", "dialect": "okta" })),
        request: object(&json!({ "method": "POST" })),
        on_error: OnError::Fail,
        trial: false,
    }
}

pub(crate) async fn evaluate(pool: &Pool, expression: &str, data: &Value) -> Evaluated {
    pool.evaluate(&evaluation(&[expression], data)).await.unwrap()
}

/// The properties that an expression returns, or the one failure.
pub(crate) async fn outcome(pool: &Pool, expression: &str, data: &Value) -> Result<Value, Failure> {
    let evaluated = evaluate(pool, expression, data).await;
    let failure = evaluated.failures().next().cloned();
    failure.map_or(Ok(Value::Object(evaluated.properties)), Err)
}
