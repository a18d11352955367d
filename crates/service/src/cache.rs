//! Rendered resources, kept by id and used while their stamp holds. Bounded by bytes.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use bytes::Bytes;
use rollcall_scim::schema::ResolvedType;
use rollcall_store::query::{GroupRef, Stored};
use rollcall_store::stamps::Stamp;
use uuid::Uuid;

/// A resource as last read, or as just written.
#[derive(Clone)]
pub(crate) struct Entry {
    /// What tells whether it still is so; `None`: of one just written it is not known.
    pub stamp: Option<Stamp>,
    /// Source's row number and the type: an id of another source or type is not found.
    pub place: (i64, Arc<ResolvedType>),
    /// The row; its body is with [`Entry::body`].
    pub row: Stored,
    /// The groups it is in, of types that have `groups`.
    pub groups: Vec<GroupRef>,
    /// The default representation without `members`, and the base URL that it was made for.
    pub rendered: (Arc<str>, Bytes),
    /// How much of the representation is the body without its closing brace; `None`: the row has the body, because
    /// something of it is not shown.
    open: Option<usize>,
}

impl Entry {
    /// An entry of these parts. The representation mostly begins with the body, which is then not kept twice.
    pub(crate) fn new(
        stamp: Option<Stamp>,
        place: (i64, Arc<ResolvedType>),
        mut row: Stored,
        groups: Vec<GroupRef>,
        rendered: (Arc<str>, Bytes),
    ) -> Self {
        let open = row.body.strip_suffix(b"}").filter(|open| rendered.1.starts_with(open)).map(<[u8]>::len);
        if open.is_some() {
            row.body = Bytes::new();
        }
        Self { stamp, place, row, groups, rendered, open }
    }

    /// The stored body.
    pub(crate) fn body(&self) -> Bytes {
        let Some(open) = self.open.and_then(|open| self.rendered.1.get(..open)) else {
            return self.row.body.clone();
        };
        [open, b"}"].concat().into()
    }

    /// The row with its body.
    pub(crate) fn stored(&self) -> Stored {
        Stored { body: self.body(), ..self.row.clone() }
    }
}

/// The cache.
pub(crate) struct Cache(quick_cache::sync::Cache<Uuid, Arc<Entry>, EntryWeight>);

/// What an entry weighs beside its bytes: itself, its places in the cache, what the allocator rounds up.
const ENTRY_BYTES: usize = 360;
/// What a user of a kilobyte weighs, by which the cache lays out its table.
const USUAL_BYTES: u64 = 1_800;

#[derive(Clone)]
struct EntryWeight;

impl quick_cache::Weighter<Uuid, Arc<Entry>> for EntryWeight {
    fn weight(&self, _: &Uuid, entry: &Arc<Entry>) -> u64 {
        (entry.row.body.len() + entry.rendered.1.len() + entry.groups.len() * 100 + ENTRY_BYTES) as u64
    }
}

impl Cache {
    /// A cache of at most this many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / USUAL_BYTES).unwrap_or(usize::MAX);
        Self(quick_cache::sync::Cache::with_weighter(entries, bytes, EntryWeight))
    }

    /// The entry of this id, if it was made under this stamp.
    pub(crate) fn get(&self, id: Uuid, stamp: Stamp) -> Option<Arc<Entry>> {
        self.0.get(&id).filter(|entry| entry.stamp == Some(stamp))
    }

    /// Keeps an entry no longer.
    pub(crate) fn forget(&self, id: Uuid) {
        self.0.remove(&id);
    }

    /// Keeps an entry.
    pub(crate) fn put(&self, id: Uuid, entry: Arc<Entry>) {
        self.0.insert(id, entry);
    }
}

/// Who has a unique value, kept like resources.
pub(crate) struct Lookups {
    known: quick_cache::sync::Cache<u128, (Stamp, Option<Uuid>)>,
    keys: [RandomState; 2],
}

/// A question of [`Lookups`]: 128 bits of keyed hashes of source, type, attribute and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lookup(u128);

/// Who has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    Resource(Uuid),
}

/// What an answer weighs.
const LOOKUP_BYTES: u64 = 128;

impl Lookups {
    /// A cache of at most this many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / LOOKUP_BYTES).unwrap_or(usize::MAX);
        Self { known: quick_cache::sync::Cache::new(entries), keys: [RandomState::new(), RandomState::new()] }
    }

    /// The question who has this value.
    pub(crate) fn question(&self, source: i64, kind: &str, attribute: &str, value: &str) -> Lookup {
        let asked = (source, kind, attribute, value);
        let [high, low] = self.keys.each_ref().map(|key| u128::from(key.hash_one(asked)));
        Lookup(high << 64 | low)
    }

    /// The answer, if it was found under this stamp.
    pub(crate) fn get(&self, lookup: Lookup, stamp: Stamp) -> Option<Holder> {
        let (_, id) = self.known.get(&lookup.0).filter(|(known, _)| *known == stamp)?;
        Some(id.map_or(Holder::Nobody, Holder::Resource))
    }

    /// Keeps an answer.
    pub(crate) fn put(&self, lookup: Lookup, stamp: Stamp, id: Option<Uuid>) {
        self.known.insert(lookup.0, (stamp, id));
    }
}
