//! Saying what went wrong in an expression: where, what, and the values it choked on.

use std::borrow::Cow;

use rollcall_domain::mapping::expression::{Failure, FailureKind, shortened};
use serde_json::Value;
use starlark::{Error, ErrorKind};

use crate::prepare::Prepared;
use crate::scan::{Token, scan};

/// Bytes of a message, and of an excerpt.
const MAX_TEXT: usize = 400;
/// Variables that are shown, and bytes of each.
const MAX_SHOWN: usize = 4;
const MAX_VALUE: usize = 200;

/// A Starlark error as a failure of the expression `name`, which saw these variables.
pub(crate) fn failure(
    error: &Error,
    name: &str,
    prepared: &Prepared,
    variables: &[(&str, Cow<'_, Value>)],
) -> Failure {
    let message = cut(&error.without_diagnostic().to_string());
    let mut failure = Failure::new(name, kind(error, &message), plain(message));
    let Some(span) = error.span() else { return failure };
    let begin = span.resolve_span().begin;
    let Some(place) = prepared.place(begin.line, begin.column) else {
        // What follows it is ours: a bracket or a block is open.
        let end = prepared.end();
        (failure.line, failure.column) = (Some(end.line), Some(end.column));
        "it ends where more is expected".clone_into(&mut failure.message);
        return failure;
    };
    (failure.line, failure.column) = (Some(place.line), Some(place.column));
    failure.excerpt = cut(span.source_span().trim());
    failure.values = shown(&failure.excerpt, variables);
    if failure.values.is_empty() {
        failure.values = shown(prepared.line(place.line), variables);
    }
    failure
}

fn kind(error: &Error, message: &str) -> FailureKind {
    match error.kind() {
        ErrorKind::Parser(_) => FailureKind::Syntax,
        ErrorKind::Scope(_) => FailureKind::Name,
        ErrorKind::Fail(_) => FailureKind::Fail,
        ErrorKind::StackOverflow(_) => FailureKind::TooLarge,
        // Their type is private to the interpreter.
        ErrorKind::Other(_)
            if message.contains("ticks has been exceeded") || message.contains("cancelled") =>
        {
            FailureKind::TooLong
        }
        ErrorKind::Other(_) if message.contains("memory limit") => FailureKind::TooLarge,
        _ => FailureKind::Evaluation,
    }
}

/// The interpreter's words for our limits in ours.
fn plain(message: String) -> String {
    if message.contains("ticks has been exceeded") {
        "it ran more than a million steps".to_owned()
    } else if message.contains("Evaluation cancelled") {
        "it ran too long".to_owned()
    } else if message.contains("memory limit") {
        "it needs too much memory".to_owned()
    } else {
        message
    }
}

/// The variables that are named in a part of the expression.
fn shown(part: &str, variables: &[(&str, Cow<'_, Value>)]) -> Vec<(String, String)> {
    let Ok(scanned) = scan(part) else { return Vec::new() };
    let mut shown: Vec<(String, String)> = Vec::new();
    for (_, token) in scanned.tokens {
        let Token::Name(name) = token else { continue };
        let Some((_, value)) = variables.iter().find(|(known, _)| *known == name) else { continue };
        if shown.len() < MAX_SHOWN && shown.iter().all(|(known, _)| known != name) {
            shown.push((name.to_owned(), shortened(value, MAX_VALUE)));
        }
    }
    shown
}

fn cut(text: &str) -> String {
    let end = text.char_indices().nth(MAX_TEXT).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default().to_owned()
}
