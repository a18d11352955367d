//! The file: a line that says what it is, a line for each row, and a line of what they add up to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use async_trait::async_trait;
use rollcall_store::StoreError;
use rollcall_store::transfer::{Cell, Done, Export, Row, TABLES, Table, Tally, read_line, write_line};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Failure;

/// Counts what a file means, when that changes.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Header {
    /// What kind of file this is, with its version.
    rollcall_backup: u32,
    /// The schema of the database it is of: the number of its last migration.
    pub schema: u32,
    /// Which key opens the secrets in it.
    pub key: String,
    /// The names of columns, in the order of values.
    columns: BTreeMap<String, Vec<String>>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    end: Done,
}

impl Header {
    pub(super) fn new(schema: u32, key: String) -> Self {
        let names = |table: &Table| table.columns.iter().map(|column| column.name.to_owned()).collect();
        let columns = TABLES.iter().map(|table| (table.name.to_owned(), names(table))).collect();
        Self { rollcall_backup: FORMAT, schema, key, columns }
    }
}

/// A file that is written.
pub(super) struct Writing {
    out: BufWriter<File>,
    done: Done,
    bytes: u64,
}

impl Writing {
    pub(super) fn begin(file: File, header: &Header) -> Result<Self, Failure> {
        let mut writing = Self { out: BufWriter::new(file), done: Done::new(), bytes: 0 };
        writing.line(&serde_json::to_string(header)?)?;
        Ok(writing)
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.bytes += line.len() as u64 + 1;
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n").map_err(Failure::from)
    }

    pub(super) fn rows(&mut self, table: &Table, rows: &[Row]) -> Result<(), Failure> {
        let mut tally = self.done.remove(table.name).unwrap_or_default();
        for row in rows {
            tally.add(row);
            self.line(&write_line(table, row))?;
        }
        self.done.insert(table.name.to_owned(), tally);
        Ok(())
    }

    /// Makes the file durable; returns how many rows and bytes it has.
    pub(super) fn end(mut self) -> Result<(u64, u64), Failure> {
        let rows = self.done.values().map(|tally| tally.rows).sum();
        let done = std::mem::take(&mut self.done);
        self.line(&serde_json::to_string(&End { end: done })?)?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        Ok((rows, self.bytes))
    }
}

/// A file that is read.
pub(super) struct Reading {
    lines: std::io::Lines<BufReader<File>>,
    number: u64,
    waiting: Option<(&'static Table, Row)>,
    end: Option<Done>,
    /// The key of the row that was handed out last.
    last: Option<Row>,
}

impl Reading {
    /// Opens a file and reads its first line.
    pub(super) fn open(path: &Path) -> Result<(Self, Header), Failure> {
        let refuse = |reason: String| Failure::Theirs(format!("{}: {reason}", path.display()));
        let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
        let mut lines = BufReader::new(file).lines();
        let first = lines.next().transpose().map_err(|error| refuse(error.to_string()))?.unwrap_or_default();
        let header: Header =
            serde_json::from_str(&first).map_err(|_| refuse("this is no backup of rollcall".to_owned()))?;
        if header.rollcall_backup != FORMAT {
            return Err(refuse(format!(
                "its format is {}, this program reads {FORMAT}",
                header.rollcall_backup
            )));
        }
        if header.columns != Header::new(0, String::new()).columns {
            let schema = header.schema;
            return Err(refuse(format!(
                "it is of a database of schema {schema}, whose tables are others; restore it with the rollcall that \
                 made it, and let a newer one bring the database up to date"
            )));
        }
        Ok((Self { lines, number: 1, waiting: None, end: None, last: None }, header))
    }

    /// Reads the whole file: that every line is a row, in order, and that they add up.
    pub(super) fn check(mut self) -> Result<Done, Failure> {
        let mut done: Done = TABLES.iter().map(|table| (table.name.to_owned(), Tally::default())).collect();
        while let Some((table, row)) = self.next().map_err(|error| Failure::Theirs(error.to_string()))? {
            done.entry(table.name.to_owned()).or_default().add(&row);
        }
        match self.end {
            Some(end) if end == done => Ok(done),
            Some(_) => Err(Failure::Theirs(
                "the rows do not add up to what the file says: it was changed".to_owned(),
            )),
            None => Err(Failure::Theirs("the file has no end: it was cut off".to_owned())),
        }
    }

    fn next(&mut self) -> Result<Option<(&'static Table, Row)>, StoreError> {
        if let Some(waiting) = self.waiting.take() {
            return Ok(Some(waiting));
        }
        let Some(line) = self.lines.next() else { return Ok(None) };
        self.number += 1;
        let wrong = |reason: String| StoreError::Unavailable(format!("line {}: {reason}", self.number));
        let line = line.map_err(|error| wrong(error.to_string()))?;
        if self.end.is_some() {
            return Err(wrong("there is something behind the end".to_owned()));
        }
        if let Ok(End { end }) = serde_json::from_str(&line) {
            self.end = Some(end);
            return self.next();
        }
        read_line(&line).map(Some).map_err(|error| wrong(error.to_string()))
    }
}

#[async_trait]
impl Export for Reading {
    async fn page(
        &mut self,
        table: &'static Table,
        after: Option<&[Cell]>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        let key = |row: &Row| row.iter().take(table.key).cloned().collect::<Row>();
        // An import that goes on skips what it has.
        let mut skipping = after.is_some() && after != self.last.as_deref();
        let place = |table: &Table| TABLES.iter().position(|other| *other == *table);
        let mut rows = Vec::new();
        while rows.len() < limit as usize {
            match self.next()? {
                Some((found, row)) if found == table && skipping => {
                    skipping = after != Some(key(&row).as_slice());
                }
                Some((found, row)) if found == table => rows.push(row),
                Some((found, _)) if place(found) < place(table) => {}
                other => {
                    self.waiting = other;
                    break;
                }
            }
        }
        self.last = rows.last().map(key);
        Ok(rows)
    }
}

/// What a file says of itself, for people and programs.
pub(super) fn described(header: &Header, done: &Done) -> serde_json::Value {
    let rows: u64 = done.values().map(|tally| tally.rows).sum();
    json!({ "schema": header.schema, "key": header.key, "rows": rows })
}
