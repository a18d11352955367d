//! All output: data to standard output, everything else to standard error.

use std::io::{BufWriter, ErrorKind, Write};

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

/// Whether an error says that nobody reads any more.
pub(crate) trait IsGone {
    /// It does.
    fn is_gone(&self) -> bool;
}

impl IsGone for std::io::Error {
    fn is_gone(&self) -> bool {
        self.kind() == ErrorKind::BrokenPipe
    }
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

    /// How data is printed.
    pub(crate) fn output(&self) -> Output {
        self.output
    }

    /// Data that are too many to be collected: `write` gets standard output, and how.
    pub(crate) fn stream<E>(
        &self,
        write: impl FnOnce(Output, &mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E>
    where
        E: From<std::io::Error> + IsGone,
    {
        let mut out = BufWriter::new(std::io::stdout().lock());
        match write(self.output, &mut out).and_then(|()| out.flush().map_err(E::from)) {
            // A reader that has gone away wants no more.
            Err(error) if error.is_gone() => Ok(()),
            done => done,
        }
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

/// Rows that decide how wide the columns are.
const MEASURED: usize = 500;

/// Rows of cells as aligned columns, the first row being their names.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let widths = widths(rows);
    rows.iter().map(|row| line(row, &widths)).collect::<Vec<_>>().join("\n")
}

/// A table of any length, of which only the beginning is collected.
pub(crate) struct Rows<'a> {
    out: &'a mut dyn Write,
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl<'a> Rows<'a> {
    /// A table with these names of columns.
    pub(crate) fn new(out: &'a mut dyn Write, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { out, waiting: vec![names], widths: None }
    }

    pub(crate) fn add(&mut self, row: Vec<String>) -> std::io::Result<()> {
        if let Some(widths) = &self.widths {
            return writeln!(self.out, "{}", line(&row, widths));
        }
        self.waiting.push(row);
        if self.waiting.len() > MEASURED { self.flush() } else { Ok(()) }
    }

    /// Prints what was collected; call it at the end.
    pub(crate) fn flush(&mut self) -> std::io::Result<()> {
        let widths = widths(&self.waiting);
        for row in self.waiting.drain(..) {
            writeln!(self.out, "{}", line(&row, &widths))?;
        }
        self.widths = Some(widths);
        Ok(())
    }
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    (0..columns).map(|column| width(column).unwrap_or_default()).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
