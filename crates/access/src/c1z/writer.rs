//! Writing a `.c1z`.

use std::path::{Path, PathBuf};

use rollcall_domain::clock::Timestamp;
use rusqlite::types::ValueRef;

use super::container::Packer;
use super::error::C1zError;
use super::image::{Cell, Image};
use super::reader::File;
use super::tables::{self, Kind};
use super::wire::Wire as _;
use crate::model::{Entitlement, Grant, Resource, ResourceId, ResourceType};

/// A sync: its name, and when it was. Every row of it says it was found when the sync began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// A [`Ksuid`](super::Ksuid).
    pub id: String,
    /// When it began.
    pub started: Timestamp,
    /// When all was read.
    pub ended: Timestamp,
}

/// A new file with one finished sync, and earlier ones if they are kept.
///
/// Nothing of it is to be relied on before [`Writer::finish`]; it is not made to survive a crash, but to be
/// made again. Equal calls make equal files. Every id is to be added once.
pub struct Writer {
    path: PathBuf,
    image: Image<Packer>,
    run: Run,
    discovered: String,
}

/// A time as in the tables: `2026-11-22 01:30:21.250`, UTC.
fn column(time: Timestamp) -> String {
    time.to_string().trim_end_matches('Z').replace('T', " ")
}

impl Writer {
    /// Begins a file, which must not be there yet. What does not fit into memory goes to its folder meanwhile.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`], as of every method.
    pub fn create(path: &Path, run: Run) -> Result<Self, C1zError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let packer = Packer::create(path).map_err(|error| C1zError::io(path, error))?;
        let image = Image::new(&tables::TABLES, folder, packer);
        Ok(Self { path: path.to_owned(), image, discovered: column(run.started), run })
    }

    /// Keeps the newest finished syncs of another file, older than this one. Call it first.
    pub fn keep(&mut self, file: &File, newest: usize) -> Result<(), C1zError> {
        let syncs = file.syncs()?;
        let mut finished: Vec<_> = syncs.iter().filter(|sync| sync.ended.is_some()).collect();
        finished.sort_by(|one, other| one.ended.cmp(&other.ended));
        let mut kept = finished.split_off(finished.len().saturating_sub(newest));
        kept.retain(|sync| sync.id != self.run.id);
        kept.dedup_by(|one, other| one.id == other.id);
        for sync in kept {
            for (table, (name, (statement, kinds))) in
                tables::TABLES.iter().map(|table| table.name).zip(tables::KEPT).enumerate()
            {
                if file.has_table(name)? {
                    let copied = file.rows(statement, &sync.id, |row| {
                        let each = kinds.iter().enumerate();
                        let cells: Option<Vec<Cell<'_>>> =
                            each.map(|(at, kind)| cell(row.get_ref(at).ok()?, *kind)).collect();
                        cells.map_or(Ok(()), |cells| self.image.row(table, &cells))
                    })?;
                    copied.map_err(|error| C1zError::io(&self.path, error))?;
                }
            }
        }
        Ok(())
    }

    /// Adds a resource type.
    pub fn resource_type(&mut self, kind: &ResourceType) -> Result<(), C1zError> {
        let data = kind.encode();
        let cells =
            [Cell::Text(&kind.id), Cell::Blob(&data), Cell::Text(&self.run.id), Cell::Text(&self.discovered)];
        self.image.row(tables::RESOURCE_TYPES, &cells).map_err(|error| C1zError::io(&self.path, error))
    }

    /// Adds a resource.
    pub fn resource(&mut self, resource: &Resource) -> Result<(), C1zError> {
        let ResourceId { resource_type, resource: id } = &resource.id;
        self.encoded_resource([resource_type, id], resource.parent_resource_id.as_ref(), &resource.encode())
    }

    /// Adds a resource whose message was made before. `id`: type and id.
    pub(crate) fn encoded_resource(
        &mut self,
        id: [&str; 2],
        parent: Option<&ResourceId>,
        data: &[u8],
    ) -> Result<(), C1zError> {
        let [kind, resource] = id;
        let name = [kind, ":", resource].concat();
        let parents = [parent.map(|id| &*id.resource_type), parent.map(|id| &*id.resource)];
        let [parent_type, parent] = parents.map(|text| text.map_or(Cell::Null, Cell::Text));
        let cells = [
            Cell::Text(kind),
            Cell::Text(&name),
            parent_type,
            parent,
            Cell::Blob(data),
            Cell::Text(&self.run.id),
            Cell::Text(&self.discovered),
        ];
        self.image.row(tables::RESOURCES, &cells).map_err(|error| C1zError::io(&self.path, error))
    }

    /// Adds an entitlement.
    pub fn entitlement(&mut self, entitlement: &Entitlement) -> Result<(), C1zError> {
        let of = &entitlement.resource.id;
        let data = entitlement.encode();
        let cells = [
            Cell::Text(&of.resource_type),
            Cell::Text(&of.resource),
            Cell::Text(&entitlement.id),
            Cell::Blob(&data),
            Cell::Text(&self.run.id),
            Cell::Text(&self.discovered),
        ];
        self.image.row(tables::ENTITLEMENTS, &cells).map_err(|error| C1zError::io(&self.path, error))
    }

    /// Adds a grant.
    pub fn grant(&mut self, grant: &Grant) -> Result<(), C1zError> {
        let (of, to) = (&grant.entitlement.resource.id, &grant.principal.id);
        let (of, to) = ([&*of.resource_type, &*of.resource], [&*to.resource_type, &*to.resource]);
        self.encoded_grant(of, &grant.entitlement.id, to, &grant.id, &grant.encode())
    }

    /// Adds a grant whose message was made before. `of`, `to`: type and id.
    pub(crate) fn encoded_grant(
        &mut self,
        of: [&str; 2],
        entitlement: &str,
        to: [&str; 2],
        id: &str,
        data: &[u8],
    ) -> Result<(), C1zError> {
        let [of_type, of] = of.map(Cell::Text);
        let [to_type, to] = to.map(Cell::Text);
        let cells = [
            of_type,
            of,
            Cell::Text(entitlement),
            to_type,
            to,
            Cell::Text(id),
            Cell::Blob(data),
            Cell::Text(&self.run.id),
            Cell::Text(&self.discovered),
        ];
        self.image.row(tables::GRANTS, &cells).map_err(|error| C1zError::io(&self.path, error))
    }

    /// Says when all was read, where that was not known from the start.
    pub(crate) fn ended(&mut self, ended: Timestamp) {
        self.run.ended = ended;
    }

    /// Ends the sync and makes the indexes. The file is on disk when this returns.
    pub fn finish(mut self) -> Result<(), C1zError> {
        let ended = column(self.run.ended);
        let cells = [&*self.run.id, &*self.discovered, &*ended, ""].map(Cell::Text);
        let run = |image: &mut Image<Packer>| image.row(tables::RUNS, &cells);
        run(&mut self.image)
            .and_then(|()| self.image.finish())
            .and_then(|(packer, first)| packer.finish(&first))
            .map_err(|error| C1zError::io(&self.path, error))
    }
}

/// A value of another file; nothing when it is not what its column has.
fn cell(value: ValueRef<'_>, kind: Kind) -> Option<Cell<'_>> {
    match (value, kind) {
        (ValueRef::Text(text), Kind::Text | Kind::Nullable) => std::str::from_utf8(text).ok().map(Cell::Text),
        (ValueRef::Null, Kind::Nullable) => Some(Cell::Null),
        (ValueRef::Blob(bytes) | ValueRef::Text(bytes), Kind::Blob) => Some(Cell::Blob(bytes)),
        _ => None,
    }
}
