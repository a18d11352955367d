//! Mapping expressions as data: what is asked of whoever evaluates them, and what comes back.
//!
//! The language is Starlark, a small Python; `rollcall-expr` evaluates it, in another process.

use std::fmt;
use std::sync::Arc;

use rollcall_scim::Document;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::merge::merge;

/// Bytes of one expression.
pub const MAX_EXPRESSION_BYTES: usize = 16 * 1024;
/// Expressions for one kind of resource in one source.
pub const MAX_EXPRESSIONS: usize = 32;

/// One named expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// Its name; expressions run in the order of their names.
    pub name: String,
    /// The program: statements, with `return {…}`.
    pub expression: Arc<str>,
}

/// What happens to the request when an expression fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnError {
    /// The request fails: 500 with diagnostics, and nothing is written.
    #[default]
    Fail,
    /// It goes on without what the expression would have returned.
    Continue,
}

/// One evaluation: all expressions of a source for one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The expressions, in the order of their names.
    pub expressions: Vec<Expression>,
    /// Variables that are there even when the resource lacks the attribute ([`super::variables::declared`]).
    pub declared: Arc<Document>,
    /// The whole resource.
    pub data: Document,
    /// What is known so far: the extracted profile.
    pub properties: Document,
    /// The source: `slug` and `dialect`.
    pub source: Document,
    /// The request: `method`, without secrets.
    pub request: Document,
    /// Whether expressions after a failed one still run.
    pub on_error: OnError,
    /// Someone is trying it out: it waits behind those of real requests.
    #[serde(default)]
    pub trial: bool,
}

/// What came of an evaluation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluated {
    /// What was known before, with everything that was returned merged into it.
    pub properties: Document,
    /// What each expression did, in order; those after a failure or a `skip()` are not in it.
    pub outcomes: Vec<Outcome>,
}

/// What one expression did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The expression's name.
    pub expression: String,
    /// What came out.
    pub result: Returned,
    /// How long it took, in microseconds; 0 when it did not come to an end.
    #[serde(default)]
    pub micros: u64,
    /// What it printed, cut after a few kilobytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub printed: String,
}

/// What came out of an expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Properties.
    Properties(Document),
    /// `None`.
    Nothing,
    /// `skip()`: the resource is none of ours.
    Skipped(String),
    /// It failed.
    Failed(Failure),
}

/// Why an expression failed, in a way that says where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The expression's name.
    pub expression: String,
    /// What kind of failure.
    pub kind: FailureKind,
    /// Line, from 1, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What went wrong.
    pub message: String,
    /// The part of the expression that it was in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
    /// The variables in that part with their values as JSON, cut where long. Personal data: never in
    /// `Display`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, String)>,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// It is not in the language.
    Syntax,
    /// It names something that is not there.
    Name,
    /// Something in it went wrong.
    Evaluation,
    /// It called `fail()`.
    Fail,
    /// It returned something that is neither an object nor `None`.
    Result,
    /// It ran too long.
    TooLong,
    /// It used too much memory, or nested too deep.
    TooLarge,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expression {}", self.expression)?;
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, ", line {line}, column {column}")?,
            (Some(line), None) => write!(f, ", line {line}")?,
            _ => {}
        }
        write!(f, ": {}", self.message)
    }
}

impl Failure {
    /// A failure that has no place in the expression.
    pub fn new(expression: &str, kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            expression: expression.to_owned(),
            kind,
            line: None,
            column: None,
            message: message.into(),
            excerpt: String::new(),
            values: Vec::new(),
        }
    }
}

impl Evaluated {
    /// Nothing yet but what was known before.
    pub fn begin(properties: Document) -> Self {
        Self { properties, outcomes: Vec::new() }
    }

    /// Takes what the next expression did; properties are merged. Whether the one after it is to run.
    pub fn take(&mut self, outcome: Outcome, on_error: OnError) -> bool {
        let goes_on = match &outcome.result {
            Returned::Properties(properties) => {
                merge(&mut self.properties, properties.clone());
                true
            }
            Returned::Nothing => true,
            Returned::Skipped(_) => false,
            Returned::Failed(_) => on_error == OnError::Continue,
        };
        self.outcomes.push(outcome);
        goes_on
    }

    /// The reason that an expression gave to `skip()`.
    pub fn skipped(&self) -> Option<&str> {
        self.outcomes.iter().find_map(|outcome| match &outcome.result {
            Returned::Skipped(reason) => Some(&**reason),
            _ => None,
        })
    }

    /// The failures.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.outcomes.iter().filter_map(|outcome| match &outcome.result {
            Returned::Failed(failure) => Some(failure),
            _ => None,
        })
    }
}

impl Expression {
    /// An expression of this name.
    pub fn new(name: &str, expression: &str) -> Self {
        Self { name: name.to_owned(), expression: expression.into() }
    }
}

/// The value as JSON, cut after `limit` bytes.
pub fn shortened(value: &Value, limit: usize) -> String {
    let text = value.to_string();
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}…", text.get(..end).unwrap_or_default())
}
