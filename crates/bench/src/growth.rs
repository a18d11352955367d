//! What a growing directory costs: each operation at each size, side by side.

use std::fmt;

use serde::Serialize;

use crate::memory::Memory;
use crate::report::{Criterion, Row, must_show, operations};
use crate::series::to_f64;
use crate::table::{Align, Table, thousands};

/// The result of [`grow`](crate::grow). Prints as tables; serialises with every number.
#[derive(Debug, Clone, Serialize)]
pub struct Growth {
    /// Base URL of the server.
    pub server: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// Seconds of each measurement in each round.
    pub seconds: f64,
    /// Rounds.
    pub rounds: u32,
    /// Cores that server and load shared; 0 when unknown.
    pub cores: usize,
    /// Everything measured at each size.
    pub steps: Vec<Step>,
    /// What must hold.
    pub criteria: Vec<Criterion>,
}

/// One size.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Users that there were.
    pub users: u64,
    /// Bytes on disk, where they are known.
    pub disk_bytes: Option<u64>,
    /// Memory of the server's processes, where they are known.
    pub memory: Option<Memory>,
    /// One for each operation; the same operations at each size, but for groups that are larger.
    pub rows: Vec<Row>,
}

impl Growth {
    /// Whether every criterion held.
    pub fn passed(&self) -> bool {
        self.criteria.iter().all(|criterion| criterion.passed)
    }

    /// The operations in the order of the largest size.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.steps.last().into_iter().flat_map(|step| &step.rows).map(|row| row.operation.as_str())
    }

    /// A line an operation, a column a size.
    fn side_by_side(&self, heading: &str, cell: impl Fn(&Row) -> String) -> Table {
        let sizes: Vec<String> = self.steps.iter().map(|step| thousands(step.users)).collect();
        let mut columns = vec![(heading, Align::Left)];
        columns.extend(sizes.iter().map(|size| (size.as_str(), Align::Right)));
        let mut table = Table::new(&columns);
        for name in self.names() {
            let at = |step: &Step| step.rows.iter().find(|row| row.operation == name).map(&cell);
            let cells = self.steps.iter().map(|step| at(step).unwrap_or_default());
            table.add(std::iter::once(name.to_owned()).chain(cells).collect());
        }
        table
    }

    fn sizes(&self) -> Table {
        let mut table = Table::new(&[
            ("users", Align::Right),
            ("on disk, MiB", Align::Right),
            ("memory, MiB", Align::Right),
        ]);
        let mib = |bytes: Option<u64>| {
            bytes.map(|bytes| format!("{:.0}", to_f64(bytes) / 1_048_576.0)).unwrap_or_default()
        };
        for step in &self.steps {
            let memory = step.memory.map(|memory| memory.peak_bytes);
            table.add(vec![thousands(step.users), mib(step.disk_bytes), mib(memory)]);
        }
        table
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, nodes, rounds, seconds, cores, .. } = self;
        writeln!(f, "{server}: {nodes} nodes, {rounds} rounds of {seconds} s, {cores} cores\n")?;
        writeln!(f, "{}", self.side_by_side("half within, ms; users:", |row| format!("{:.2}", row.p50_ms)))?;
        let of_reference = |row: &Row| row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        writeln!(f, "{}", self.side_by_side("share of the reference's rate; users:", of_reference))?;
        writeln!(f, "{}", self.sizes())?;
        for step in &self.steps {
            writeln!(f, "{} users\n\n{}", thousands(step.users), operations(&step.rows))?;
            for row in &step.rows {
                if let Some(error) = &row.first_error {
                    writeln!(f, "{}: {error}", row.operation)?;
                }
            }
        }
        write!(f, "{}", must_show(&self.criteria))
    }
}
