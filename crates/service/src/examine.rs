//! Looking over a whole database: whether its rows say the same of each other.
//!
//! It reads what a backup reads, so it serves every backend, and needs memory for a key of each resource only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rollcall_scim::Document;
use rollcall_store::index::Indexer;
use rollcall_store::transfer::{Cell, Export, PAGE, Row, Table, table};
use rollcall_store::{AnyStore, StoreError};

use crate::directory;

/// Faults that are told of one check, at most.
const MOST: usize = 10;
/// Bits of a change's key that are its number; the others are the tenant.
const NUMBER_BITS: u32 = 40;

/// What was looked at, and what was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// Resources.
    pub resources: u64,
    /// Memberships.
    pub memberships: u64,
    /// Changes.
    pub changes: u64,
    /// Changes with a gap before them, or that the counter does not know.
    pub sequence: Vec<String>,
    /// Memberships of or in what is not there.
    pub members: Vec<String>,
    /// Resources whose index rows are not those of their body.
    pub index: Vec<String>,
}

/// What is known on the way.
struct Examination {
    export: Box<dyn Export>,
    found: Examined,
    /// What makes the index rows of each collection; none where its source's schemas do not fit together.
    indexers: HashMap<i64, Option<Indexer>>,
    paths: HashMap<i64, String>,
    /// In order.
    resources: Vec<i64>,
    /// The last number of each tenant.
    last: BTreeMap<i64, i64>,
}

/// Looks over everything.
///
/// # Errors
///
/// Those of the store.
pub async fn examine(store: &AnyStore) -> Result<Examined, StoreError> {
    let mut kinds = HashMap::new();
    for tenant in store.tenants().await? {
        for source in store.sources(tenant.key).await? {
            let (registry, dialect) = (directory::registry(&source), directory::dialect(&source));
            if let (Ok(registry), Ok(dialect)) = (registry, dialect) {
                for kind in registry.types() {
                    let indexer = directory::indexer(kind, &dialect);
                    kinds.insert((source.key.0, kind.name().to_owned()), indexer);
                }
            }
        }
    }
    let mut examination = Examination {
        export: store.export().await?,
        found: Examined::default(),
        indexers: HashMap::new(),
        paths: HashMap::new(),
        resources: Vec::new(),
        last: BTreeMap::new(),
    };
    examination.each("collection", |here, row| here.collection(row, &mut kinds)).await?;
    examination.each("attribute", Examination::attribute).await?;
    examination.each("resource", Examination::resource).await?;
    examination.each("membership", Examination::membership).await?;
    examination.each("pending_member", Examination::pending).await?;
    examination.each("change", Examination::change).await?;
    examination.each("counter", Examination::counter).await?;
    Ok(examination.found)
}

impl Examination {
    async fn each(&mut self, name: &str, mut look: impl FnMut(&mut Self, &[Cell])) -> Result<(), StoreError> {
        let Some(table) = table(name) else { return Ok(()) };
        let mut after: Option<Row> = None;
        loop {
            let rows = self.export.page(table, after.as_deref(), PAGE).await?;
            for row in &rows {
                look(self, row);
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE as usize => after = Some(key(table, last)),
                _ => return Ok(()),
            }
        }
    }

    fn collection(&mut self, row: &[Cell], kinds: &mut HashMap<(i64, String), Indexer>) {
        let [key, source, kind, ..] = row else { return };
        let kind = kind.text().unwrap_or_default().to_owned();
        let indexer = kinds.remove(&(source.integer().unwrap_or_default(), kind));
        self.indexers.insert(key.integer().unwrap_or_default(), indexer);
    }

    fn attribute(&mut self, row: &[Cell]) {
        if let [key, _, path] = row {
            self.paths.insert(key.integer().unwrap_or_default(), path.text().unwrap_or_default().to_owned());
        }
    }

    fn resource(&mut self, row: &[Cell]) {
        let [key, collection, id, .., body, entries] = row else { return };
        self.found.resources += 1;
        self.resources.push(key.integer().unwrap_or_default());
        let Some(indexer) = collection.integer().and_then(|collection| self.indexers.get(&collection)) else {
            return note(&mut self.found.index, || {
                format!("resource {} is of no type that is there", shown(id))
            });
        };
        // Of a source whose schemas do not fit together nothing can be said.
        let Some(indexer) = indexer else { return };
        let text = |cell: &Cell| cell.text().unwrap_or_default().to_owned();
        let Ok(document) = serde_json::from_str::<Document>(&text(body)) else {
            return note(&mut self.found.index, || format!("the body of resource {} is no JSON", shown(id)));
        };
        let wanted: BTreeSet<(String, String, bool)> = indexer
            .entries(&document)
            .into_iter()
            .map(|entry| (entry.attribute, entry.value, entry.unique))
            .collect();
        let there: Vec<(i64, String, bool)> = serde_json::from_str(&text(entries)).unwrap_or_default();
        let named = |attribute| self.paths.get(&attribute).cloned().unwrap_or_default();
        let there: BTreeSet<_> =
            there.into_iter().map(|(attribute, value, unique)| (named(attribute), value, unique)).collect();
        if there != wanted {
            let differing = there.symmetric_difference(&wanted).map(|(path, ..)| path.clone());
            let differing: BTreeSet<String> = differing.collect();
            note(&mut self.found.index, || {
                let paths = differing.into_iter().collect::<Vec<_>>().join(", ");
                format!("the index of resource {} is not that of its body: {paths}", shown(id))
            });
        }
    }

    fn membership(&mut self, row: &[Cell]) {
        self.found.memberships += 1;
        let [group, position, member] = row else { return };
        let missing = |key: &Cell| self.resources.binary_search(&key.integer().unwrap_or_default()).is_err();
        if missing(group) || missing(member) {
            note(&mut self.found.members, || {
                format!("the member at {} of group {} names nobody", shown(position), shown(group))
            });
        }
    }

    fn pending(&mut self, row: &[Cell]) {
        let Some(group) = row.first().and_then(Cell::integer) else { return };
        if self.resources.binary_search(&group).is_err() {
            note(&mut self.found.members, || format!("a member waits for group {group}, which is not there"));
        }
    }

    fn change(&mut self, row: &[Cell]) {
        let Some(key) = row.first().and_then(Cell::integer) else { return };
        self.found.changes += 1;
        let (tenant, number) = (key >> NUMBER_BITS, key & ((1 << NUMBER_BITS) - 1));
        if let Some(before) = self.last.insert(tenant, number).filter(|before| before + 1 != number) {
            note(&mut self.found.sequence, || {
                format!("tenant {tenant}: after change {before} comes {number}")
            });
        }
    }

    fn counter(&mut self, row: &[Cell]) {
        let [tenant, last] = row else { return };
        let (tenant, last) = (tenant.integer().unwrap_or_default(), last.integer().unwrap_or_default());
        let there = self.last.remove(&tenant);
        if there.is_some_and(|there| there != last) {
            note(&mut self.found.sequence, || {
                format!("tenant {tenant}: the counter says {last}, the last change is {}", there.unwrap_or(0))
            });
        }
    }
}

fn note(faults: &mut Vec<String>, text: impl FnOnce() -> String) {
    if faults.len() < MOST {
        faults.push(text());
    }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Id(id) => id.to_string(),
        Cell::Integer(number) => number.to_string(),
        _ => "?".to_owned(),
    }
}

fn key(table: &Table, row: &[Cell]) -> Row {
    row.iter().take(table.key).cloned().collect()
}
