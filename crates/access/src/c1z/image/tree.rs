//! Trees of pages: tables by id, indexes by entry. What is added comes in order.

use std::io;

use super::page::{Kind, Page, SIZE};
use super::record::varint;
use super::{Pages, Sink};

/// Bytes of a row, and of an entry, that are in the tree itself at most; of longer ones at least [`LEAST`].
const ROW_BYTES: usize = SIZE - 35;
const ENTRY_BYTES: usize = (SIZE - 12) * 64 / 255 - 23;
const LEAST: usize = (SIZE - 12) * 32 / 255 - 23;
/// Bytes that an overflow page has, after the number of the next.
const OVERFLOW_BYTES: usize = SIZE - 4;

/// A tree that is being written: a page of each level is open.
pub(super) struct Tree {
    leaf: Page,
    /// The pages above, the lowest first.
    levels: Vec<Page>,
    /// The id of the last row.
    last_id: i64,
    cell: Vec<u8>,
}

impl Tree {
    pub(super) fn new(kind: Kind) -> Self {
        Self { leaf: Page::new(kind), levels: Vec::new(), last_id: 0, cell: Vec::new() }
    }

    /// Adds a row behind all others.
    pub(super) fn row<S: Sink>(&mut self, pages: &mut Pages<S>, id: i64, record: &[u8]) -> io::Result<()> {
        let mut cell = std::mem::take(&mut self.cell);
        cell.clear();
        varint(record.len() as u64, &mut cell);
        varint(id.unsigned_abs(), &mut cell);
        let record = payload(pages, record, ROW_BYTES, &mut cell)?;
        if !self.leaf.push([&cell, record]) {
            let full = pages.add(|out| self.leaf.write(&[], None, out))?;
            self.raise(pages, 0, &separator(full, self.last_id))?;
            self.leaf.push([&cell, record]);
        }
        self.last_id = id;
        self.cell = cell;
        Ok(())
    }

    /// Adds an entry behind all others.
    pub(super) fn entry<S: Sink>(&mut self, pages: &mut Pages<S>, record: &[u8]) -> io::Result<()> {
        let mut cell = std::mem::take(&mut self.cell);
        cell.clear();
        varint(record.len() as u64, &mut cell);
        let record = payload(pages, record, ENTRY_BYTES, &mut cell)?;
        if !self.leaf.push([&cell, record]) {
            // Entries are in one place only: the last of a leaf goes up, and stands between it and the next.
            let between = self.leaf.pop().unwrap_or_default();
            let full = pages.add(|out| self.leaf.write(&[], None, out))?;
            let mut above = full.to_be_bytes().to_vec();
            above.extend_from_slice(&between);
            self.raise(pages, 0, &above)?;
            self.leaf.push([&cell, record]);
        }
        self.cell = cell;
        Ok(())
    }

    /// Adds a child, with what separates it from the next, to a level. There is a next.
    fn raise<S: Sink>(&mut self, pages: &mut Pages<S>, level: usize, cell: &[u8]) -> io::Result<()> {
        if self.levels.len() == level {
            self.levels.push(Page::new(self.leaf.kind().above()));
        }
        let Some(page) = self.levels.get_mut(level) else { return Ok(()) };
        if page.push([cell, &[]]) {
            return Ok(());
        }
        // The last child of the full page is its right one; what separated it goes up.
        let last = page.pop().unwrap_or_default();
        let (child, between) = last.split_at(4.min(last.len()));
        let right = u32::from_be_bytes(child.try_into().unwrap_or_default());
        let full = pages.add(|out| page.write(&[], Some(right), out))?;
        page.push([cell, &[]]);
        let mut above = full.to_be_bytes().to_vec();
        above.extend_from_slice(between);
        self.raise(pages, level + 1, &above)
    }

    /// Writes what is open; says where the root is.
    pub(super) fn finish<S: Sink>(mut self, pages: &mut Pages<S>) -> io::Result<u32> {
        let mut root = pages.add(|out| self.leaf.write(&[], None, out))?;
        for mut level in self.levels {
            root = pages.add(|out| level.write(&[], Some(root), out))?;
        }
        Ok(root)
    }
}

/// A child of a table's page, with the greatest id below it.
pub(super) fn separator(child: u32, id: i64) -> Vec<u8> {
    let mut cell = child.to_be_bytes().to_vec();
    varint(id.unsigned_abs(), &mut cell);
    cell
}

/// Appends a row that fits into a page.
pub(super) fn row_cell(id: i64, record: &[u8], cell: &mut Vec<u8>) {
    varint(record.len() as u64, cell);
    varint(id.unsigned_abs(), cell);
    cell.extend_from_slice(record);
}

/// What of a record is still to be appended to its cell: all, or nothing, where it has more than `most` bytes. Then
/// its beginning is appended, and the rest goes to pages of its own.
fn payload<'r, S: Sink>(
    pages: &mut Pages<S>,
    record: &'r [u8],
    most: usize,
    cell: &mut Vec<u8>,
) -> io::Result<&'r [u8]> {
    if record.len() <= most {
        return Ok(record);
    }
    let wanted = LEAST + (record.len() - LEAST) % OVERFLOW_BYTES;
    let (here, rest) = record.split_at(if wanted <= most { wanted } else { LEAST });
    cell.extend_from_slice(here);
    cell.extend_from_slice(&pages.upcoming().to_be_bytes());
    let mut parts = rest.chunks(OVERFLOW_BYTES).peekable();
    while let Some(part) = parts.next() {
        let (has_next, after) = (parts.peek().is_some(), pages.after_next());
        pages.add(|out| {
            let end = out.len() + SIZE;
            out.extend_from_slice(&(if has_next { after } else { 0 }).to_be_bytes());
            out.extend_from_slice(part);
            out.resize(end, 0);
        })?;
    }
    Ok(&[])
}
