//! From one database into another, page by page; what was interrupted goes on where it was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cell::digest;
use super::{Cell, Export, PAGE, Row, TABLES, Table, Transfer, read_line, write_line};
use crate::error::StoreError;

/// How many rows a table has, and what they add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Rows.
    pub rows: u64,
    /// The sum of their digests, whatever their order; hexadecimal.
    #[serde(with = "hexadecimal")]
    pub sum: u128,
}

impl Tally {
    /// Counts a row in.
    pub fn add(&mut self, row: &[Cell]) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(digest(row));
    }
}

/// What came of a copy, for each table.
pub type Done = BTreeMap<String, Tally>;

/// How far a copy has come. Kept in the target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is copied: another origin cannot go on with it.
    pub origin: String,
    /// The table that is being copied.
    pub table: String,
    /// The last row that was copied of it, as a line.
    pub last: Option<String>,
    /// What is copied.
    pub done: Done,
}

/// Copies everything, or what is left of it, and finishes the import. `told` is called after each page.
///
/// # Errors
///
/// `Stale` when the target is neither new nor begun from this origin, and those of both sides.
pub async fn copy(
    from: &mut dyn Export,
    into: &dyn Transfer,
    origin: &str,
    mut told: impl FnMut(&Progress) + Send,
) -> Result<Done, StoreError> {
    let mut progress = if let Some(progress) = into.importing().await? {
        let progress: Progress =
            serde_json::from_str(&progress).map_err(|error| corrupt(&error.to_string()))?;
        if progress.origin != origin {
            return Err(StoreError::Stale);
        }
        progress
    } else {
        let progress = Progress { origin: origin.to_owned(), ..Progress::default() };
        into.begin_import(&text(&progress)?).await?;
        progress
    };
    let at = TABLES.iter().position(|table| table.name == progress.table).unwrap_or(0);
    for table in TABLES.iter().skip(at) {
        if progress.table != table.name {
            (progress.table, progress.last) = (table.name.to_owned(), None);
        }
        copy_table(from, into, table, &mut progress, &mut told).await?;
    }
    into.finish_import().await?;
    Ok(progress.done)
}

async fn copy_table(
    from: &mut dyn Export,
    into: &dyn Transfer,
    table: &'static Table,
    progress: &mut Progress,
    told: &mut (impl FnMut(&Progress) + Send),
) -> Result<(), StoreError> {
    let mut after = match &progress.last {
        Some(line) => Some(key(table, &read_line(line).map_err(|error| corrupt(&error.to_string()))?.1)),
        None => None,
    };
    progress.done.entry(table.name.to_owned()).or_default();
    loop {
        let rows = from.page(table, after.as_deref(), PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(key(table, last));
        progress.last = Some(write_line(table, last));
        let tally = progress.done.entry(table.name.to_owned()).or_default();
        for row in &rows {
            tally.add(row);
        }
        let whole = rows.len() < PAGE as usize;
        into.import(table, rows, &text(progress)?).await?;
        told(progress);
        if whole {
            return Ok(());
        }
    }
}

/// Reads everything again and compares it with what was copied: the tables that differ.
///
/// # Errors
///
/// Those of reading.
pub async fn verify(found: &mut dyn Export, wanted: &Done) -> Result<Vec<&'static str>, StoreError> {
    let mut differing = Vec::new();
    for table in TABLES {
        let (mut tally, mut after) = (Tally::default(), None::<Row>);
        loop {
            let rows = found.page(table, after.as_deref(), PAGE).await?;
            for row in &rows {
                tally.add(row);
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE as usize => after = Some(key(table, last)),
                _ => break,
            }
        }
        if wanted.get(table.name).copied().unwrap_or_default() != tally {
            differing.push(table.name);
        }
    }
    Ok(differing)
}

fn key(table: &Table, row: &[Cell]) -> Row {
    row.iter().take(table.key).cloned().collect()
}

fn text(progress: &Progress) -> Result<String, StoreError> {
    serde_json::to_string(progress).map_err(|error| corrupt(&error.to_string()))
}

fn corrupt(reason: &str) -> StoreError {
    StoreError::Corrupt { table: "transfer", column: "progress", reason: reason.to_owned() }
}

mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(sum: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{sum:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map_err(de::Error::custom)
    }
}
