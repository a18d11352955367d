//! All output: data to standard output, everything else to standard error.

use std::io::Write as _;

use clap::ValueEnum;
use serde_json::Value;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Prints.
pub(crate) struct Printer {
    output: Output,
}

impl Printer {
    pub(crate) fn new(output: Output) -> Self {
        Self { output }
    }

    /// Data, in either form.
    pub(crate) fn data(&self, json: &Value, text: impl FnOnce() -> String) {
        let shown = match self.output {
            Output::Json => json.to_string(),
            Output::Text => text(),
        };
        let mut out = std::io::stdout().lock();
        // A reader that has gone away wants no more.
        let _ = writeln!(out, "{shown}").and_then(|()| out.flush());
    }

    /// A remark.
    #[expect(clippy::unused_self, reason = "printing goes through a printer")]
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Why the command failed.
    pub(crate) fn error(&self, text: &str) {
        self.note(&format!("error: {text}"));
    }
}

/// Rows of cells as aligned columns, the first row being their names.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
