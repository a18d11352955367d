//! A SQLite database that is written from its first row to its last, in the order of the file.
//!
//! The database of a `.c1z` is made once, of rows that come in the order of their tables. SQLite is made for rows that
//! come and go, one by one: it takes ten times as long. Here rows fill pages, full pages go out, and indexes are
//! sorted apart and written when all rows are there (<https://www.sqlite.org/fileformat2.html>; ADR 28). Only
//! page 1, which names the roots of all trees, comes last.

mod page;
mod record;
mod sort;
mod tree;

use std::io;
use std::path::Path;

pub(super) use page::SIZE as PAGE_BYTES;
pub(super) use record::Cell;

use page::{Kind, Page};
use sort::Sorter;
use tree::Tree;

/// Bytes of index keys that are sorted in memory, for each index of a table.
const SORTED_BYTES: usize = 3 << 20;
/// Bytes that are handed on together.
const CHUNK_BYTES: usize = 64 * PAGE_BYTES;
/// The page that SQLite locks, at 1 GiB: nothing may be there.
const LOCK_PAGE: u32 = (1 << 30) / 4096 + 1;
/// What the header says wrote the file: 3.45.0.
const VERSION: u32 = 3_045_000;

/// A table of the schema, with what is indexed of it.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Columns as `create table` has them, `id integer primary key` first.
    pub(super) columns: &'static str,
    pub(super) indexes: &'static [Index],
}

/// An index of the schema.
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) unique: bool,
    /// Names, and places in a row without its id.
    pub(super) columns: &'static [(&'static str, usize)],
}

/// Takes what is written, in order from page 2 on.
pub(super) trait Sink {
    /// Takes the next bytes: whole pages. Gives back a buffer that is empty, and may have room.
    fn take(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>>;
}

/// A database that is being written.
pub(super) struct Image<S> {
    pages: Pages<S>,
    tables: Vec<Rows>,
}

/// A table that is being written.
struct Rows {
    table: &'static Table,
    tree: Tree,
    last_id: i64,
    sorters: Vec<Sorter>,
    record: Vec<u8>,
}

/// Where pages go, and the number of the next.
struct Pages<S> {
    sink: S,
    chunk: Vec<u8>,
    next: u32,
}

impl<S: Sink> Pages<S> {
    /// Adds a page that `write` appends; says which number it has.
    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<u32> {
        if self.next == LOCK_PAGE {
            self.chunk.resize(self.chunk.len() + PAGE_BYTES, 0);
            self.next += 1;
        }
        write(&mut self.chunk);
        let number = self.next;
        self.next =
            number.checked_add(1).ok_or_else(|| io::Error::other("the database has too many pages"))?;
        if self.chunk.len() >= CHUNK_BYTES {
            self.chunk = self.sink.take(std::mem::take(&mut self.chunk))?;
            self.chunk.reserve(CHUNK_BYTES + 2 * PAGE_BYTES);
        }
        Ok(number)
    }

    /// The number that the next page will have.
    fn upcoming(&self) -> u32 {
        over_the_lock(self.next)
    }

    /// The number of the one after it.
    fn after_next(&self) -> u32 {
        over_the_lock(over_the_lock(self.next).saturating_add(1))
    }
}

fn over_the_lock(number: u32) -> u32 {
    if number == LOCK_PAGE { number + 1 } else { number }
}

impl<S: Sink> Image<S> {
    /// Begins a database with these tables. `folder` is for keys that do not fit into memory.
    pub(super) fn new(tables: &'static [Table], folder: &Path, sink: S) -> Self {
        let rows = |table: &'static Table| Rows {
            table,
            tree: Tree::new(Kind::TableLeaf),
            last_id: 0,
            sorters: table.indexes.iter().map(|_| Sorter::new(folder, SORTED_BYTES)).collect(),
            record: Vec::new(),
        };
        let pages = Pages { sink, chunk: Vec::with_capacity(CHUNK_BYTES + PAGE_BYTES), next: 2 };
        Self { pages, tables: tables.iter().map(rows).collect() }
    }

    /// Adds a row to the table at this place of the schema. What a unique index has must differ from all before.
    pub(super) fn row(&mut self, table: usize, cells: &[Cell<'_>]) -> io::Result<()> {
        let rows = self.tables.get_mut(table).ok_or_else(|| io::Error::other("there is no such table"))?;
        rows.last_id += 1;
        let id = rows.last_id;
        rows.record.clear();
        record::row(cells, &mut rows.record);
        rows.tree.row(&mut self.pages, id, &rows.record)?;
        for (index, sorter) in rows.table.indexes.iter().zip(&mut rows.sorters) {
            let columns = index.columns.iter().filter_map(|(_, place)| cells.get(*place));
            sorter.add(|key| record::key(columns, id, key))?;
        }
        Ok(())
    }

    /// Writes indexes and schema; gives back the sink and page 1.
    pub(super) fn finish(mut self) -> io::Result<(S, Vec<u8>)> {
        let mut schema = Vec::new();
        for rows in self.tables {
            let root = rows.tree.finish(&mut self.pages)?;
            schema.push(("table", rows.table.name, rows.table.name, root, create_table(rows.table)));
            for (index, sorter) in rows.table.indexes.iter().zip(rows.sorters) {
                let mut tree = Tree::new(Kind::IndexLeaf);
                let mut entry = Vec::new();
                sorter.each(|key| {
                    entry.clear();
                    record::entry(key, &mut entry);
                    tree.entry(&mut self.pages, &entry)
                })?;
                let root = tree.finish(&mut self.pages)?;
                schema.push(("index", index.name, rows.table.name, root, create_index(rows.table, index)));
            }
        }
        let mut leaf = Page::new(Kind::TableLeaf);
        let mut root = Page::new(Kind::TableInterior);
        for (id, (kind, name, table, page, text)) in (1_i64..).zip(&schema) {
            let mut row = Vec::new();
            record::schema_row([kind, name, table], *page, text, &mut row);
            let mut cell = Vec::new();
            tree::row_cell(id, &row, &mut cell);
            if !leaf.push([&cell, &[]]) {
                let number = self.pages.add(|out| leaf.write(&[], None, out))?;
                root.push([&tree::separator(number, id - 1), &[]]);
                leaf.push([&cell, &[]]);
            }
        }
        let last = self.pages.add(|out| leaf.write(&[], None, out))?;
        let mut first = Vec::with_capacity(PAGE_BYTES);
        root.write(&header(self.pages.next - 1), Some(last), &mut first);
        self.pages.sink.take(self.pages.chunk)?;
        Ok((self.pages.sink, first))
    }
}

fn create_table(table: &Table) -> String {
    format!("CREATE TABLE {} ({})", table.name, table.columns)
}

fn create_index(table: &Table, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let columns: Vec<&str> = index.columns.iter().map(|(name, _)| *name).collect();
    format!("CREATE {unique}INDEX {} ON {} ({})", index.name, table.name, columns.join(", "))
}

/// What a database of so many pages begins with: UTF-8, rollback journal, nothing free.
fn header(pages: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(100);
    header.extend_from_slice(b"SQLite format 3\0");
    header.extend_from_slice(&[0x10, 0, 1, 1, 0, 64, 32, 32]);
    // Changes, pages, free pages (two), version and format of the schema, cache, autovacuum, encoding, three of ours.
    for number in [1, pages, 0, 0, 1, 4, 0, 0, 1, 0, 0, 0] {
        header.extend_from_slice(&u32::to_be_bytes(number));
    }
    header.resize(92, 0);
    header.extend_from_slice(&1_u32.to_be_bytes());
    header.extend_from_slice(&VERSION.to_be_bytes());
    header
}

#[cfg(test)]
mod tests;
