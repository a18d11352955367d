//! One page of a tree: cells, and where they are.

/// Bytes of a page, as the reference writes them.
pub(in crate::c1z) const SIZE: usize = 4096;

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rows.
    TableLeaf,
    /// Children, each with the greatest id below it.
    TableInterior,
    /// Entries.
    IndexLeaf,
    /// Children, each with the entry after it.
    IndexInterior,
}

impl Kind {
    /// What stands above it.
    pub(super) fn above(self) -> Self {
        match self {
            Self::TableLeaf | Self::TableInterior => Self::TableInterior,
            Self::IndexLeaf | Self::IndexInterior => Self::IndexInterior,
        }
    }

    fn flag(self) -> u8 {
        match self {
            Self::IndexInterior => 0x02,
            Self::TableInterior => 0x05,
            Self::IndexLeaf => 0x0a,
            Self::TableLeaf => 0x0d,
        }
    }

    fn header_bytes(self) -> usize {
        match self {
            Self::IndexInterior | Self::TableInterior => 12,
            Self::IndexLeaf | Self::TableLeaf => 8,
        }
    }
}

/// A page that is being filled.
#[derive(Debug)]
pub(super) struct Page {
    kind: Kind,
    cells: Vec<u8>,
    /// Where each cell begins in `cells`.
    starts: Vec<u16>,
}

impl Page {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, cells: Vec::with_capacity(SIZE), starts: Vec::new() }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Adds a cell that has these parts, if there is room.
    pub(super) fn push(&mut self, parts: [&[u8]; 2]) -> bool {
        let taken = self.kind.header_bytes() + 2 * self.starts.len() + self.cells.len();
        let fits = taken + 2 + parts.iter().map(|part| part.len()).sum::<usize>() <= SIZE;
        if fits {
            self.starts.push(small(self.cells.len()));
            for part in parts {
                self.cells.extend_from_slice(part);
            }
        }
        fits
    }

    /// Takes the last cell off.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.starts.pop().map(|start| self.cells.split_off(start.into()))
    }

    /// Appends the page and empties it. `before` is the header of page 1; `right` the last child of an interior page.
    pub(super) fn write(&mut self, before: &[u8], right: Option<u32>, out: &mut Vec<u8>) {
        let end = out.len() + SIZE;
        let content = SIZE - self.cells.len();
        out.extend_from_slice(before);
        out.extend_from_slice(&[self.kind.flag(), 0, 0]);
        out.extend_from_slice(&small(self.starts.len()).to_be_bytes());
        out.extend_from_slice(&small(content).to_be_bytes());
        out.push(0);
        if let Some(right) = right {
            out.extend_from_slice(&right.to_be_bytes());
        }
        for start in &self.starts {
            out.extend_from_slice(&small(content + usize::from(*start)).to_be_bytes());
        }
        out.resize(end - self.cells.len(), 0);
        out.extend_from_slice(&self.cells);
        self.cells.clear();
        self.starts.clear();
    }
}

/// A place in a page, or a count of what is in one.
fn small(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
