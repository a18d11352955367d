//! From PostgreSQL's errors to the contract's, and what is to be done about them.

use std::error::Error as _;

use rollcall_store::StoreError;
use tokio_postgres::error::{DbError, SqlState};

/// What an error means for the transaction that it happened in, which is over in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It lost against another one: run it again.
    Lost,
    /// The connection is not to be used again, but it has answered: nothing is committed, and the transaction may be run
    /// again on another.
    Stale,
    /// The connection is gone. What was not told to commit may be run again on another.
    Connection,
    /// A value is not what the database takes: the transaction may go on without what it is of.
    Value,
    /// It will not do better.
    Final,
}

/// A row that this program does not write.
pub(crate) fn corrupt(
    table: &'static str,
    column: &'static str,
    reason: impl std::fmt::Display,
) -> StoreError {
    StoreError::Corrupt { table, column, reason: reason.to_string() }
}

/// A count or version, which are never negative.
pub(crate) fn unsigned(value: i64, table: &'static str, column: &'static str) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| corrupt(table, column, "a negative number"))
}

/// A number for a column. PostgreSQL's are signed; what is larger never occurs.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// What the caller is told, and what is to be done.
pub(crate) fn read(error: &tokio_postgres::Error) -> (StoreError, Failure) {
    match error.as_db_error() {
        Some(reported) => (contract(reported), failure(reported.code())),
        None if error.is_closed() => (StoreError::Unavailable(words(error)), Failure::Connection),
        None => (StoreError::Unavailable(words(error)), wire(error)),
    }
}

/// What a statement may fail with.
pub(crate) fn unavailable(error: &tokio_postgres::Error) -> StoreError {
    read(error).0
}

/// An error of the wire ends the connection; one of encoding or decoding is ours.
fn wire(error: &tokio_postgres::Error) -> Failure {
    let io = error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
    if io { Failure::Connection } else { Failure::Final }
}

/// The driver's words, which name no value.
fn words(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn contract(error: &DbError) -> StoreError {
    if *error.code() == SqlState::UNIQUE_VIOLATION
        && let Some(attribute) = error.constraint().and_then(unique)
    {
        return StoreError::Conflict { attribute: attribute.to_owned(), id: None };
    }
    StoreError::Unavailable(said(error))
}

/// What is unique by which constraint, where the writer did not find the conflict itself.
fn unique(constraint: &str) -> Option<&'static str> {
    Some(match constraint {
        "tenant_name" => "name",
        "source_slug" => "slug",
        "credential_prefix" | "api_token_prefix" => "prefix",
        "resource_id" | "signing_key_id" => "id",
        _ => return None,
    })
}

/// What the server said, unless it may repeat a value: then where it happened.
fn said(error: &DbError) -> String {
    let code = error.code().code();
    if !matches!(code.get(..2), Some("22" | "23" | "P0")) {
        return format!("{} ({code})", error.message());
    }
    let place = [error.table(), error.column(), error.constraint()];
    let place: Vec<&str> = place.into_iter().flatten().collect();
    format!("a value does not fit {} ({code})", place.join("."))
}

/// What is to be done about a code: of PostgreSQL, `CockroachDB` or `YugabyteDB`.
fn failure(code: &SqlState) -> Failure {
    match code.code() {
        // Serialisation failure, deadlock.
        "40001" | "40P01" => Failure::Lost,
        // A statement that this connection does not know any more, or whose result has other columns now: after a
        // migration, or behind a pooler. Or this connection is not let write.
        "26000" | "0A000" | "25006" => Failure::Stale,
        // The server is shutting down or starting.
        "57P01" | "57P02" | "57P03" => Failure::Connection,
        code if matches!(code.get(..2), Some("22" | "23" | "54")) => Failure::Value,
        code if code.starts_with("08") => Failure::Connection,
        _ => Failure::Final,
    }
}
