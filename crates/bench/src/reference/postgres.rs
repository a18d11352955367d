//! The bare PostgreSQL table: a row a document, inserts that share a commit, prepared point lookups.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_postgres::{Client, NoTls, Statement};

use super::{BATCH, Job, Stored};

/// Connections that read.
const READERS: usize = 8;

/// A table of a database.
#[derive(Clone)]
pub(super) struct Table {
    queue: mpsc::UnboundedSender<Job>,
    readers: Arc<[(Client, Statement)]>,
    next: Arc<AtomicUsize>,
}

impl Table {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let writer = connect(url).await?;
        writer
            .batch_execute(
                "DROP TABLE IF EXISTS bench_doc;
                CREATE TABLE bench_doc (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL)",
            )
            .await?;
        let mut readers = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let client = connect(url).await?;
            let lookup = client.prepare("SELECT body FROM bench_doc WHERE id = $1").await?;
            readers.push((client, lookup));
        }
        let statements = Statements {
            insert: writer
                .prepare("INSERT INTO bench_doc (body) SELECT unnest($1::bytea[]) RETURNING id")
                .await?,
            update: writer.prepare("UPDATE bench_doc SET body = $2 WHERE id = $1").await?,
        };
        let (queue, jobs) = mpsc::unbounded_channel();
        tokio::spawn(write(writer, statements, jobs));
        Ok(Self { queue, readers: readers.into(), next: Arc::default() })
    }

    /// `None` when the writer is gone.
    pub(super) fn queue(&self, job: Job) -> Option<()> {
        self.queue.send(job).ok()
    }

    pub(super) async fn read(&self, id: i64) -> Result<Option<Bytes>> {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let (client, lookup) = self.readers.get(place).context("a connection")?;
        let row = client.query_opt(lookup, &[&id]).await?;
        Ok(row.map(|row| Bytes::from(row.get::<_, Vec<u8>>(0))))
    }
}

async fn connect(url: &str) -> Result<Client> {
    // The URL has a password in it; what the client says of it has not.
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("the reference cannot reach the database")?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

struct Statements {
    insert: Statement,
    update: Statement,
}

async fn write(mut client: Client, statements: Statements, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let stored = commit(&mut client, &statements, &batch).await;
        for (place, job) in batch.drain(..).enumerate() {
            let row = stored.as_ref().ok().and_then(|rows| rows.get(place).copied().flatten());
            // A client that went away does not wait for this.
            let _ = job.done.send(row);
        }
    }
}

async fn commit(client: &mut Client, statements: &Statements, batch: &[Job]) -> Result<Vec<Stored>> {
    let bodies: Vec<&[u8]> = batch.iter().filter(|job| job.id.is_none()).map(|job| &job.body[..]).collect();
    if bodies.len() == batch.len() {
        // Rows are returned in the order in which they were inserted.
        let rows = client.query(&statements.insert, &[&bodies]).await?;
        return Ok(rows.iter().map(|row| Some(row.get(0))).collect());
    }
    let transaction = client.transaction().await?;
    let mut stored = vec![None; batch.len()];
    let rows = transaction.query(&statements.insert, &[&bodies]).await?;
    let mut ids = rows.iter().map(|row| row.get::<_, i64>(0));
    let replacements = batch.iter().map(|job| async {
        let Some(id) = job.id else { return Ok(None) };
        let changed = transaction.execute(&statements.update, &[&id, &&job.body[..]]).await?;
        anyhow::Ok((changed == 1).then_some(id))
    });
    // Polled together, they go out together.
    let updated = futures_util::future::try_join_all(replacements).await?;
    for ((job, stored), updated) in batch.iter().zip(&mut stored).zip(updated) {
        *stored = if job.id.is_some() { updated } else { ids.next() };
    }
    transaction.commit().await?;
    Ok(stored)
}
