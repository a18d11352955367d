//! What a run found: rows, and the criteria that a release must meet.

use std::fmt;

use serde::Serialize;

use crate::memory::Memory;
use crate::series::{Series, to_f64};
use crate::table::{Align, Table, thousands};

/// The most memory a server may have held.
const MEMORY_MIB: f64 = 200.0;

/// The result of a run. Prints as two tables; serialises with every number.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Base URL of the server.
    pub server: String,
    /// Users loaded before the larger measurements.
    pub users: u64,
    /// Seconds of each measurement in each round.
    pub seconds: f64,
    /// Rounds.
    pub rounds: u32,
    /// Cores that server and load shared; 0 when unknown.
    pub cores: usize,
    /// The server's memory at the end, when its process is known.
    pub memory: Option<Memory>,
    /// One for each operation, in the order they were measured.
    pub rows: Vec<Row>,
    /// What must hold.
    pub criteria: Vec<Criterion>,
}

/// One operation, measured.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was asked of the server.
    pub operation: String,
    /// Connections that asked at the same time, each for one thing at a time.
    pub connections: u64,
    /// Right answers a second: the median of the rounds.
    pub requests_per_second: f64,
    /// Half of the right answers came within this many milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 came within this many milliseconds.
    pub p99_ms: f64,
    /// The reference line that `ratio` compares with.
    pub reference: Option<String>,
    /// Share of the reference's rate: the median over the rounds.
    pub ratio: Option<f64>,
    /// Right answers, in all rounds.
    pub requests: u64,
    /// Wrong answers and failed requests, in all rounds.
    pub errors: u64,
    /// The first of those: what was expected, the status, and the beginning of the body.
    pub first_error: Option<String>,
}

/// Something that must hold.
#[derive(Debug, Clone, Serialize)]
pub struct Criterion {
    /// What is compared with what.
    pub name: String,
    /// What was measured.
    pub measured: f64,
    /// What is allowed.
    pub bound: Bound,
    /// Whether it held.
    pub passed: bool,
}

/// What a measured value is held against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Report {
    /// Whether every criterion held.
    pub fn passed(&self) -> bool {
        self.criteria.iter().all(|criterion| criterion.passed)
    }
}

impl Row {
    pub(crate) fn new(operation: impl Into<String>, connections: impl Into<u64>, series: &Series) -> Self {
        Self {
            operation: operation.into(),
            connections: connections.into(),
            requests_per_second: series.rate(),
            p50_ms: series.quantile_ms(0.5),
            p99_ms: series.quantile_ms(0.99),
            reference: None,
            ratio: None,
            requests: series.requests(),
            errors: series.errors(),
            first_error: series.first_error().map(str::to_owned),
        }
    }

    /// Compares `own` with a reference line measured in the same rounds.
    pub(crate) fn against(mut self, name: &str, own: &Series, reference: &Series) -> Self {
        self.reference = Some(name.to_owned());
        self.ratio = Some(own.ratio(reference));
        self
    }
}

impl Criterion {
    pub(crate) fn at_most(name: impl Into<String>, measured: f64, limit: f64) -> Self {
        Self { name: name.into(), measured, bound: Bound::AtMost(limit), passed: measured <= limit }
    }

    pub(crate) fn at_least(name: impl Into<String>, measured: f64, limit: f64) -> Self {
        Self { name: name.into(), measured, bound: Bound::AtLeast(limit), passed: measured >= limit }
    }

    /// The peak, not what is held at the end: that is what a machine must have.
    pub(crate) fn memory(memory: Memory) -> Self {
        Self::at_most("server memory at its peak, MiB", to_f64(memory.peak_bytes) / 1_048_576.0, MEMORY_MIB)
    }

    /// A fast wrong answer is worth nothing.
    pub(crate) fn no_errors(rows: &[Row]) -> Self {
        Self::at_most("wrong answers", to_f64(rows.iter().map(|row| row.errors).sum()), 0.0)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "<= {limit:.2}"),
            Self::AtLeast(limit) => write!(f, ">= {limit:.2}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} users, {} rounds of {} s, {} cores\n",
            self.server,
            thousands(self.users),
            self.rounds,
            self.seconds,
            self.cores
        )?;
        writeln!(f, "{}", operations(&self.rows))?;
        for row in &self.rows {
            if let Some(error) = &row.first_error {
                writeln!(f, "{}: {error}", row.operation)?;
            }
        }
        if let Some(memory) = self.memory {
            let mib = |bytes| to_f64(bytes) / 1_048_576.0;
            let (now, peak) = (mib(memory.resident_bytes), mib(memory.peak_bytes));
            writeln!(f, "server memory: {now:.1} MiB at the end, {peak:.1} MiB at its peak\n")?;
        }
        write!(f, "{}", must_show(&self.criteria))
    }
}

/// A line a row.
pub(crate) fn operations(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        ("operation", Align::Left),
        ("connections", Align::Right),
        ("requests/s", Align::Right),
        ("p50 ms", Align::Right),
        ("p99 ms", Align::Right),
        ("ratio", Align::Right),
        ("to", Align::Left),
        ("errors", Align::Right),
    ]);
    for row in rows {
        table.add(vec![
            row.operation.clone(),
            row.connections.to_string(),
            rate(row.requests_per_second),
            format!("{:.2}", row.p50_ms),
            format!("{:.2}", row.p99_ms),
            row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            row.reference.clone().unwrap_or_default(),
            row.errors.to_string(),
        ]);
    }
    table
}

/// A line a criterion.
pub(crate) fn must_show(criteria: &[Criterion]) -> Table {
    let mut table = Table::new(&[
        ("must show", Align::Left),
        ("measured", Align::Right),
        ("bound", Align::Right),
        ("", Align::Left),
    ]);
    for criterion in criteria {
        table.add(vec![
            criterion.name.clone(),
            format!("{:.2}", criterion.measured),
            criterion.bound.to_string(),
            if criterion.passed { "pass" } else { "FAIL" }.to_owned(),
        ]);
    }
    table
}
/// Requests a second: whole and grouped, with a decimal below 100.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are positive and small")]
fn rate(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { thousands(value.round() as u64) }
}

#[cfg(test)]
#[path = "report_tests.rs"]
#[allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
mod tests;
