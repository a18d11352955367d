//! Resources kept by id and used while their stamp holds. Bounded by bytes.
//!
//! Bodies are kept compressed: those of one type are much alike, so that beside another of them one takes about a
//! third of its bytes, and three times as many fit. Taking one out costs less than a microsecond.

mod lookups;
mod packed;

use std::sync::Arc;

use rollcall_scim::schema::ResolvedType;
use rollcall_store::query::{GroupRef, Stored};
use rollcall_store::stamps::Stamp;
use uuid::Uuid;

pub(crate) use self::lookups::{Holder, Lookups};
use self::packed::{Context, Packed};

/// A resource as last read, or as just written.
#[derive(Clone)]
pub(crate) struct Entry {
    /// What tells whether it still is so; `None`: of one just written it is not known.
    pub stamp: Option<Stamp>,
    /// Source's row number and the type: one of another source or type is not given.
    pub place: (i64, Arc<ResolvedType>),
    /// The row; its `key` is not kept.
    pub row: Stored,
    /// The groups it is in, of types that have `groups`.
    pub groups: Vec<GroupRef>,
}

/// The cache.
pub(crate) struct Cache {
    packed: quick_cache::sync::Cache<Uuid, Arc<Packed>, PackedWeight>,
    /// Whether anything fits.
    keeps: bool,
    /// What the resources of a type of a source have in common.
    contexts: quick_cache::sync::Cache<(i64, String), Arc<Context>>,
}

/// What an entry weighs beside its bytes: itself, its places in the cache, what the allocator rounds up.
const ENTRY_BYTES: usize = 150;
/// What a user of a kilobyte weighs, by which the cache lays out its table.
const USUAL_BYTES: u64 = 450;
/// Types whose bodies have one to be compressed beside.
const TYPES: usize = 1_024;
/// A longer body is kept as if it were alone.
const MAX_BESIDE: usize = 16 * 1024;

#[derive(Clone)]
struct PackedWeight;

impl quick_cache::Weighter<Uuid, Arc<Packed>> for PackedWeight {
    fn weight(&self, _: &Uuid, packed: &Arc<Packed>) -> u64 {
        (packed.bytes() + ENTRY_BYTES) as u64
    }
}

impl Cache {
    /// A cache of at most this many bytes; of none, it keeps nothing.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / USUAL_BYTES).unwrap_or(usize::MAX);
        Self {
            keeps: bytes > 0,
            packed: quick_cache::sync::Cache::with_weighter(entries, bytes, PackedWeight),
            contexts: quick_cache::sync::Cache::new(TYPES),
        }
    }

    /// The entry of this id, if it is of this source and type, and was made under this stamp.
    pub(crate) fn get(&self, id: Uuid, stamp: Stamp, place: (i64, &str)) -> Option<Entry> {
        let packed = self.packed.get(&id)?;
        if packed.is_of(stamp, place) { packed.unpack(id) } else { None }
    }

    /// Keeps an entry no longer.
    pub(crate) fn forget(&self, id: Uuid) {
        self.packed.remove(&id);
    }

    /// Keeps an entry that has a stamp.
    pub(crate) fn put(&self, entry: &Entry) {
        let Some(stamp) = entry.stamp.filter(|_| self.keeps) else { return };
        let context = self.context(&entry.place);
        let packed = Packed::new(entry, stamp, Arc::clone(&context));
        // It is not like the one before it, so those after it may be like it. Each one is twice as long as the last: a
        // type has few, however unlike its bodies are, because what was kept beside one keeps that one too.
        let (length, beside) = (entry.row.body.len(), context.beside.len());
        let longer = length >= 2 * beside.max(1) && length <= MAX_BESIDE;
        if longer && packed.bytes() > length / 2 {
            self.keep_context(Context { beside: entry.row.body[..].into(), ..Context::clone(&context) });
        }
        self.packed.insert(entry.row.id, Arc::new(packed));
    }

    fn context(&self, (source, kind): &(i64, Arc<ResolvedType>)) -> Arc<Context> {
        let known = self.contexts.get(&(*source, kind.name().to_owned()));
        match known {
            Some(known) if Arc::ptr_eq(&known.kind, kind) => known,
            known => self.keep_context(Context {
                source: *source,
                kind: Arc::clone(kind),
                // What was made before the type was changed has bodies that are alike too.
                beside: known.map(|known| Arc::clone(&known.beside)).unwrap_or_default(),
            }),
        }
    }

    fn keep_context(&self, context: Context) -> Arc<Context> {
        let context = Arc::new(context);
        self.contexts.insert((context.source, context.kind.name().to_owned()), Arc::clone(&context));
        context
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::clock::Timestamp;
    use rollcall_scim::schema::Registry;
    use rollcall_store::stamps::Stamps;

    use super::*;

    fn user(number: usize, stamp: Stamp) -> Entry {
        let kind = Arc::clone(Registry::builtin().unwrap().type_named("User").unwrap());
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"{number}","userName":"user{number}@example.com","name":{{"formatted":"Ann {number}","givenName":"Ann"}},"emails":[{{"value":"user{number}@example.com","type":"work","primary":true}}],"title":"Engineer"}}"#
        );
        let (version, revision) = (number as u64, 7);
        let row = Stored {
            key: 0,
            id: Uuid::from_u128(number as u128),
            version,
            revision,
            created: Timestamp(1),
            modified: Timestamp(2),
            plain: true,
            body: body.into(),
        };
        let group = GroupRef { id: Uuid::max(), display: Some("Team".to_owned()), direct: true };
        Entry { stamp: Some(stamp), place: (1, kind), row, groups: vec![group] }
    }

    #[test]
    fn what_was_put_comes_out_while_its_stamp_holds() {
        let (cache, stamps) = (Cache::new(1 << 20), Stamps::default());
        for number in 0..100 {
            let entry = user(number, stamps.of(Uuid::from_u128(number as u128)));
            cache.put(&entry);
            let (id, stamp) = (entry.row.id, entry.stamp.unwrap());
            let known = cache.get(id, stamp, (1, "User")).unwrap();
            assert_eq!((known.row, known.groups), (entry.row.clone(), entry.groups.clone()));
            for place in [(2, "User"), (1, "Group")] {
                assert!(cache.get(id, stamp, place).is_none(), "{place:?}");
            }
            stamps.touch(id);
            assert!(cache.get(id, stamps.of(id), (1, "User")).is_none());
        }
    }

    /// Over a store that other servers write to, nothing may be kept: no stamp tells of what they wrote.
    #[test]
    fn a_cache_of_no_bytes_keeps_nothing() {
        let stamp = Stamps::default().of(Uuid::nil());
        let (cache, lookups) = (Cache::new(0), Lookups::new(0));
        let entry = user(1, stamp);
        cache.put(&entry);
        assert!(cache.get(entry.row.id, stamp, (1, "User")).is_none());
        let lookup = lookups.question(1, "User", "userName", "ann");
        lookups.put(lookup, stamp, None);
        assert_eq!(lookups.get(lookup, stamp), None);
    }

    #[test]
    fn bodies_that_are_alike_take_a_third() {
        let (cache, stamp) = (Cache::new(1 << 20), Stamps::default().of(Uuid::nil()));
        (0..10).for_each(|number| cache.put(&user(number, stamp)));
        let last = cache.packed.get(&Uuid::from_u128(9)).unwrap();
        let length = user(9, stamp).row.body.len();
        assert!(last.bytes() * 2 < length, "{} of {length}", last.bytes());
    }

    #[test]
    fn bodies_that_are_unlike_do_not_each_keep_another() {
        let (cache, stamps) = (Cache::new(1 << 20), Stamps::default());
        let mut random = 1_u64;
        for number in 0..200 {
            let mut entry = user(number, stamps.of(Uuid::nil()));
            let length = if number % 2 == 0 { 12_000 } else { 40 };
            let next = || {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (random >> 56) as u8
            };
            entry.row.body = std::iter::repeat_with(next).take(length).collect::<Vec<u8>>().into();
            cache.put(&entry);
        }
        let kept = (0..200).filter_map(|number| cache.packed.get(&Uuid::from_u128(number)));
        let beside: std::collections::HashSet<_> =
            kept.map(|packed| packed.context().beside.as_ptr()).collect();
        assert!(beside.len() <= 16, "{}", beside.len());
    }

    #[test]
    fn the_bound_holds() {
        let (cache, stamp) = (Cache::new(100_000), Stamps::default().of(Uuid::nil()));
        (0..2_000).for_each(|number| cache.put(&user(number, stamp)));
        assert!(cache.packed.weight() <= 100_000 && cache.packed.len() > 100, "{}", cache.packed.weight());
    }
}
