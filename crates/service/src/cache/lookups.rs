//! Who has a unique value, kept like resources. Bounded by bytes.

use std::hash::{BuildHasher as _, RandomState};

use rollcall_store::stamps::Stamp;
use uuid::Uuid;

/// Who has a unique value, kept like resources.
pub(crate) struct Lookups {
    known: quick_cache::sync::Cache<Lookup, (Stamp, Option<Uuid>)>,
    keeps: bool,
    keys: [RandomState; 2],
}

/// A question of [`Lookups`]: 128 bits of keyed hashes of source, type, attribute and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lookup([u64; 2]);

/// Who has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    Resource(Uuid),
}

/// What an answer weighs.
const LOOKUP_BYTES: u64 = 80;

impl Lookups {
    /// A cache of at most this many bytes; of none, it keeps nothing.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / LOOKUP_BYTES).unwrap_or(usize::MAX);
        let keys = [RandomState::new(), RandomState::new()];
        Self { known: quick_cache::sync::Cache::new(entries), keeps: bytes > 0, keys }
    }

    /// The question who has this value.
    pub(crate) fn question(&self, source: i64, kind: &str, attribute: &str, value: &str) -> Lookup {
        let asked = (source, kind, attribute, value);
        Lookup(self.keys.each_ref().map(|key| key.hash_one(asked)))
    }

    /// The answer, if it was found under this stamp.
    pub(crate) fn get(&self, lookup: Lookup, stamp: Stamp) -> Option<Holder> {
        let (_, id) = self.known.get(&lookup).filter(|(known, _)| *known == stamp)?;
        Some(id.map_or(Holder::Nobody, Holder::Resource))
    }

    /// Keeps an answer.
    pub(crate) fn put(&self, lookup: Lookup, stamp: Stamp, id: Option<Uuid>) {
        if self.keeps {
            self.known.insert(lookup, (stamp, id));
        }
    }
}
