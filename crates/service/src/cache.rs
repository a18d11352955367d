//! Rendered resources, kept by id and used while their stamp holds. Bounded by bytes.

use std::sync::Arc;

use bytes::Bytes;
use rollcall_store::query::{GroupRef, Stored};
use rollcall_store::stamps::Stamp;
use uuid::Uuid;

/// A resource as last read, or as just written.
#[derive(Clone)]
pub(crate) struct Entry {
    /// What tells whether it still is so; `None`: of one just written it is not known.
    pub stamp: Option<Stamp>,
    /// Source's row number and name of the type: an id of another source or type is not found.
    pub place: (i64, String),
    /// The row.
    pub stored: Stored,
    /// The groups it is in, of types that have `groups`.
    pub groups: Vec<GroupRef>,
    /// The default representation without `members`, and the base URL that it was made for.
    pub rendered: (Arc<str>, Bytes),
}

/// The cache.
pub(crate) struct Cache(moka::sync::Cache<Uuid, Arc<Entry>>);

/// What an entry weighs beside its bytes.
const OVERHEAD_BYTES: usize = 400;

impl Cache {
    /// A cache of at most this many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh = |_: &Uuid, entry: &Arc<Entry>| {
            let size =
                entry.stored.body.len() + entry.rendered.1.len() + entry.groups.len() * 64 + OVERHEAD_BYTES;
            u32::try_from(size).unwrap_or(u32::MAX)
        };
        Self(moka::sync::Cache::builder().max_capacity(bytes).weigher(weigh).build())
    }

    /// The entry of this id, if it was made under this stamp.
    pub(crate) fn get(&self, id: Uuid, stamp: Stamp) -> Option<Arc<Entry>> {
        self.0.get(&id).filter(|entry| entry.stamp == Some(stamp))
    }

    /// Keeps an entry no longer.
    pub(crate) fn forget(&self, id: Uuid) {
        self.0.invalidate(&id);
    }

    /// Keeps an entry.
    pub(crate) fn put(&self, id: Uuid, entry: Arc<Entry>) {
        self.0.insert(id, entry);
    }
}

/// Who has a unique value: answers of [`rollcall_store::Resources::find`], kept like resources.
pub(crate) struct Lookups(moka::sync::Cache<Lookup, (Stamp, Option<Uuid>)>);

/// A question: source, type, attribute and value.
pub(crate) type Lookup = (i64, String, String, String);

impl Lookups {
    /// A cache of at most this many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh = |(_, kind, attribute, value): &Lookup, _: &(Stamp, Option<Uuid>)| {
            u32::try_from(kind.len() + attribute.len() + value.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX)
        };
        Self(moka::sync::Cache::builder().max_capacity(bytes).weigher(weigh).build())
    }

    /// The answer with its stamp, if it was found under this one.
    pub(crate) fn get(&self, lookup: &Lookup, stamp: Stamp) -> Option<(Stamp, Option<Uuid>)> {
        self.0.get(lookup).filter(|(known, _)| *known == stamp)
    }

    /// Keeps an answer.
    pub(crate) fn put(&self, lookup: Lookup, stamp: Stamp, id: Option<Uuid>) {
        self.0.insert(lookup, (stamp, id));
    }
}
