//! Runs many connections at once and keeps what each request took.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::http::{Answer, Connection, Endpoint, Outgoing};

/// What one connection does: the next request, then a look at its answer.
pub(crate) trait Work: Send + 'static {
    /// The next request; `None` when there is nothing left to do.
    fn next(&mut self) -> Result<Option<Call>>;

    /// Whether `answer` is right; the error says what was wrong with it. Not part of the time measured.
    fn check(&mut self, answer: &Answer) -> Result<(), String>;
}

/// A request, and the lane its time is kept in.
pub(crate) struct Call {
    pub(crate) lane: usize,
    pub(crate) request: Outgoing,
}

/// When a run ends, besides its work being done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Done,
    Elapsed(Duration),
}

/// What the requests of one lane took.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    /// Microseconds of each request that went well.
    pub(crate) micros: Histogram<u64>,
    pub(crate) errors: u64,
    /// The first thing that went wrong, with the answer's beginning.
    pub(crate) first_error: Option<String>,
}

impl Tally {
    pub(crate) fn new() -> Result<Self> {
        // Three significant digits, up to the limit of a request and beyond.
        Ok(Self { micros: Histogram::new_with_bounds(1, 600_000_000, 3)?, errors: 0, first_error: None })
    }

    /// Adds what another connection or round measured.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        self.micros.add(&other.micros)?;
        self.errors += other.errors;
        if self.first_error.is_none() {
            self.first_error.clone_from(&other.first_error);
        }
        Ok(())
    }

    fn record(&mut self, took: Duration, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => {
                let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                self.micros.saturating_record(micros.max(1));
            }
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert(error);
            }
        }
    }
}

/// A finished run.
pub(crate) struct Run<W> {
    pub(crate) lanes: BTreeMap<usize, Tally>,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// The work as its connections left it.
    pub(crate) works: Vec<W>,
}

impl<W> Run<W> {
    /// Everything that was measured, in one.
    pub(crate) fn total(&self) -> Result<Tally> {
        let mut total = Tally::new()?;
        self.lanes.values().try_for_each(|tally| total.add(tally))?;
        Ok(total)
    }
}

/// Opens one connection for each of `works`, then starts them together.
///
/// # Errors
///
/// When a connection cannot be opened or a request cannot be written. An answer that is not as expected is
/// counted, not an error.
pub(crate) async fn run<W: Work>(endpoint: &Arc<Endpoint>, works: Vec<W>, until: Until) -> Result<Run<W>> {
    let mut connections = Vec::with_capacity(works.len());
    for work in works {
        connections.push((Connection::open(endpoint.clone()).await?, work));
    }
    let gate = Arc::new(Barrier::new(connections.len()));
    let mut tasks = JoinSet::new();
    for (connection, work) in connections {
        let gate = gate.clone();
        tasks.spawn(async move {
            gate.wait().await;
            drive(connection, work, until).await
        });
    }
    let mut lanes = BTreeMap::<usize, Tally>::new();
    let (mut first, mut last, mut works) = (None::<Instant>, None::<Instant>, Vec::new());
    while let Some(finished) = tasks.join_next().await {
        let finished = finished??;
        for (lane, tally) in finished.lanes {
            match lanes.get_mut(&lane) {
                Some(sum) => sum.add(&tally)?,
                None => drop(lanes.insert(lane, tally)),
            }
        }
        first = Some(first.map_or(finished.started, |first| first.min(finished.started)));
        last = last.max(Some(finished.ended));
        works.push(finished.work);
    }
    let elapsed = first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first);
    Ok(Run { lanes, elapsed, works })
}

struct Finished<W> {
    lanes: BTreeMap<usize, Tally>,
    started: Instant,
    ended: Instant,
    work: W,
}

async fn drive<W: Work>(mut connection: Connection, mut work: W, until: Until) -> Result<Finished<W>> {
    let mut lanes = BTreeMap::<usize, Tally>::new();
    let started = Instant::now();
    let mut ended = started;
    while !matches!(until, Until::Elapsed(limit) if ended - started >= limit) {
        let Some(call) = work.next()? else { break };
        let sent = Instant::now();
        let answer = connection.send(call.request).await;
        ended = Instant::now();
        let outcome = match answer {
            Ok(answer) => work.check(&answer).map_err(|problem| describe(&problem, &answer)),
            Err(error) => Err(format!("{error:#}")),
        };
        let tally = match lanes.entry(call.lane) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Tally::new()?),
        };
        tally.record(ended - sent, outcome);
    }
    Ok(Finished { lanes, started, ended, work })
}

/// What was wrong, the status, and the first 300 characters of the body.
fn describe(problem: &str, answer: &Answer) -> String {
    let body: String = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
    format!("{problem}: {} {body}", answer.status.as_u16())
}
