//! The reference lines: what a bare server on this machine reaches.

mod postgres;
mod sqlite;

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::child::{LISTENING, parent_gone};

/// The most documents in one commit.
const BATCH: usize = 256;

/// A bare server to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// Answers any GET with the same document of 1,024 bytes, from memory.
    Fixed,
    /// Stores each posted document in one table of SQLite (WAL, `synchronous=FULL`) or PostgreSQL and answers with it
    /// once the commit it shared with others is durable; PATCH replaces a stored document, GET looks one up.
    Durable,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Durable => "durable",
        })
    }
}

impl FromStr for Reference {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "fixed" => Ok(Self::Fixed),
            "durable" => Ok(Self::Durable),
            _ => anyhow::bail!("{name:?} is neither fixed nor durable"),
        }
    }
}

/// Serves a reference until standard input closes; prints `listening on http://ADDRESS` first.
///
/// `database` is the file or the `postgres://` database that [`Reference::Durable`] makes its table in; the other kind
/// does not touch it. Runs on the runtime of its caller, which should be made like that of the server it is compared with.
///
/// # Errors
///
/// When it cannot listen or the database cannot be opened.
pub async fn run_reference(kind: Reference, listen: SocketAddr, database: &str) -> Result<()> {
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("could not listen on {listen}"))?;
    let router = router(kind, database).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{LISTENING}http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    tokio::select! {
        served = serve(router, listener) => served,
        // Without waiting for open connections: nobody is left to read from them.
        () = parent_gone() => Ok(()),
    }
}

async fn router(kind: Reference, database: &str) -> Result<Router> {
    match kind {
        Reference::Fixed => Ok(fixed()),
        Reference::Durable => durable(database).await,
    }
}

/// Serves a reference on `listener`, for as long as it is polled.
async fn serve(router: Router, listener: TcpListener) -> Result<()> {
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

fn fixed() -> Router {
    let document = fixed_document();
    Router::new().fallback(get(async move || ([(header::CONTENT_TYPE, "application/scim+json")], document)))
}

/// 1,024 bytes of JSON that hold the word the load looks for.
fn fixed_document() -> Bytes {
    let (start, end) = (r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"title":""#, r#""}"#);
    format!("{start}{}{end}", "x".repeat(1024 - start.len() - end.len())).into()
}

/// One document to store, and where to say that it is.
struct Job {
    /// `None` makes a new row.
    id: Option<i64>,
    body: Bytes,
    done: oneshot::Sender<Stored>,
}

/// The row, or `None` when there is no such row or the database failed.
type Stored = Option<i64>;

/// Where documents are.
#[derive(Clone)]
enum Table {
    Sqlite(sqlite::Table),
    Postgres(postgres::Table),
}

async fn durable(database: &str) -> Result<Router> {
    let table = if database.starts_with("postgres") {
        Table::Postgres(postgres::Table::open(database).await?)
    } else {
        Table::Sqlite(sqlite::Table::open(database.as_ref())?)
    };
    let one = get(read).patch(update);
    Ok(Router::new().route("/{*path}", post(create)).route("/Users/{id}", one).with_state(table))
}

async fn create(State(table): State<Table>, body: Bytes) -> Response {
    answer(StatusCode::CREATED, table.store(None, &body).await, body)
}

async fn update(State(table): State<Table>, Path(id): Path<i64>, body: Bytes) -> Response {
    answer(StatusCode::OK, table.store(Some(id), &body).await, body)
}

async fn read(State(table): State<Table>, Path(id): Path<i64>) -> Response {
    let found = match &table {
        Table::Sqlite(table) => table.read(id),
        Table::Postgres(table) => table.read(id).await,
    };
    match found {
        Ok(Some(body)) => answer(StatusCode::OK, Some(id), body),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Table {
    async fn store(&self, id: Option<i64>, body: &Bytes) -> Stored {
        let (done, wait) = oneshot::channel();
        let job = Job { id, body: body.clone(), done };
        match self {
            Self::Sqlite(table) => table.queue(job)?,
            Self::Postgres(table) => table.queue(job)?,
        }
        wait.await.ok()?
    }
}

fn answer(status: StatusCode, stored: Stored, body: Bytes) -> Response {
    let status = if stored.is_some() { status } else { StatusCode::INTERNAL_SERVER_ERROR };
    (status, [(header::CONTENT_TYPE, "application/scim+json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Endpoint;
    use crate::load::{self, Until};
    use crate::work::{Create, FixedRead, ReferencePatch, ReferenceRead};
    use rusqlite::Connection;
    use std::path::Path as FilePath;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    async fn start(kind: Reference, database: &FilePath) -> Arc<Endpoint> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(router(kind, database.to_str().unwrap()).await.unwrap(), listener));
        Endpoint::new(&url, Some("token")).unwrap()
    }

    #[test]
    fn the_fixed_document_is_one_kilobyte_of_json() {
        assert_eq!(fixed_document().len(), 1024);
        assert!(serde_json::from_slice::<serde_json::Value>(&fixed_document()).is_ok());
    }

    #[test]
    fn kinds_read_back_as_they_print() {
        for kind in [Reference::Fixed, Reference::Durable] {
            assert_eq!(kind.to_string().parse::<Reference>().unwrap(), kind);
        }
    }

    #[tokio::test]
    async fn the_fixed_reference_answers_every_get() {
        let endpoint = start(Reference::Fixed, FilePath::new("/nowhere")).await;
        let works = (0..4).map(|_| FixedRead::new(endpoint.clone())).collect();
        let run = load::run(&endpoint, works, Until::Elapsed(Duration::from_millis(100))).await.unwrap();
        let total = run.total().unwrap();
        assert_eq!((total.errors, total.first_error), (0, None));
        assert!(total.micros.len() > 10);
        assert!(run.elapsed >= Duration::from_millis(100));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_durable_reference_keeps_what_was_posted_and_patched() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("reference.db");
        let endpoint = start(Reference::Durable, &database).await;
        let next = Arc::new(AtomicU64::new(0));
        let people = Arc::new(crate::data::People::new("t"));
        let works =
            (0..8).map(|_| Create::echo(endpoint.clone(), people.clone(), next.clone(), 40)).collect();
        let created = load::run(&endpoint, works, Until::Done).await.unwrap().total().unwrap();
        assert_eq!((created.micros.len(), created.errors, created.first_error), (40, 0, None));

        let works = (0..2).map(|seed| ReferencePatch::new(endpoint.clone(), 40, seed)).collect();
        let until = Until::Elapsed(Duration::from_millis(100));
        let patched = load::run(&endpoint, works, until).await.unwrap().total().unwrap();
        assert_eq!((patched.errors, patched.first_error), (0, None));

        let works = (0..2).map(|seed| ReferenceRead::new(endpoint.clone(), 40, seed)).collect();
        let until = Until::Elapsed(Duration::from_millis(50));
        let read = load::run(&endpoint, works, until).await.unwrap().total().unwrap();
        assert_eq!((read.errors, read.first_error), (0, None));

        let rows = |sql: &str| -> i64 {
            Connection::open(&database).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(rows("SELECT count(*) FROM doc"), 40);
        assert!(rows("SELECT count(*) FROM doc WHERE body LIKE '%PatchOp%'") > 0);
    }

    #[tokio::test]
    async fn an_unexpected_answer_is_counted_and_shown() {
        let directory = tempfile::tempdir().unwrap();
        let endpoint = start(Reference::Durable, &directory.path().join("reference.db")).await;
        // No row 1..=5 exists.
        let works = vec![ReferencePatch::new(endpoint.clone(), 5, 1)];
        let until = Until::Elapsed(Duration::from_millis(20));
        let total = load::run(&endpoint, works, until).await.unwrap().total().unwrap();
        assert_eq!(total.micros.len(), 0);
        assert!(total.errors > 0);
        assert!(total.first_error.unwrap().starts_with("expected 200 or 204: 500 {\"schemas\":"));
    }
}
