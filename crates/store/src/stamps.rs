//! Stamps: how a cache knows that what it holds is still so, without being told.
//!
//! A reader takes a stamp, reads, and keeps the stamp with what it read. The store changes the stamps
//! of what it committed, after the commit is visible and before it answers. What is kept under an
//! old stamp is not used again. A commit by another process, or one that touches very much, ends all.
//!
//! A store that servers share ([`crate::lease::Leases::is_shared`]) ends the stamps of resources for its own server's
//! writes only. The stamp of everything, [`Stamps::epoch`], ends for any server's change of the directory.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rollcall_domain::source::SourceKey;
use tokio::sync::watch;
use uuid::Uuid;

/// So many that a write ends the stamps of next to nothing else: 4 MiB of counters.
const SHARDS: usize = 1 << 20;

/// What was current when something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    shard: u32,
    epoch: u32,
}

impl Stamp {
    /// Whether just one thing was touched since `before`: if that was a write of one's own, nothing
    /// else has happened.
    pub fn follows(self, before: Self) -> bool {
        self.epoch == before.epoch && self.shard == before.shard.wrapping_add(1)
    }
}

/// The counters.
#[derive(Debug)]
pub struct Stamps {
    shards: Vec<AtomicU32>,
    epoch: AtomicU32,
    moment: AtomicU64,
    commits: watch::Sender<u64>,
}

impl Default for Stamps {
    fn default() -> Self {
        Self {
            shards: std::iter::repeat_with(AtomicU32::default).take(SHARDS).collect(),
            epoch: AtomicU32::new(0),
            moment: AtomicU64::new(0),
            commits: watch::Sender::new(0),
        }
    }
}

impl Stamps {
    /// The stamp of a resource: of its body, its version and the groups it is in.
    ///
    /// Its creation does not end it: before it, there was nothing to read.
    pub fn of(&self, id: Uuid) -> Stamp {
        let shard = self.shard(id).map_or(0, |shard| shard.load(Ordering::Acquire));
        Stamp { shard, epoch: self.epoch() }
    }

    /// The stamp of who has a value: of [`crate::Resources::find`], in one source.
    ///
    /// It ends when a resource gets the value as a unique one, or has it no longer while it goes on. A
    /// deletion ends the stamp of the resource only.
    pub fn of_value(&self, source: SourceKey, value: &str) -> Stamp {
        self.of(place_of(source, value))
    }

    /// Moves on before any stamp ends: while it stands, no stamp has ended.
    pub fn moment(&self) -> u64 {
        self.moment.load(Ordering::Acquire)
    }

    /// Ends the stamps of a resource.
    pub fn touch(&self, id: Uuid) {
        self.moment.fetch_add(1, Ordering::AcqRel);
        if let Some(shard) = self.shard(id) {
            shard.fetch_add(1, Ordering::Release);
        }
    }

    /// Ends every stamp.
    pub fn touch_all(&self) {
        self.moment.fetch_add(1, Ordering::AcqRel);
        self.epoch.fetch_add(1, Ordering::Release);
    }

    /// The stamp of everything at once, for tenants, sources and credentials.
    pub fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Tells those who wait for commits that there was one, after the stamps that it ends have ended.
    pub fn committed(&self) {
        self.commits.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Becomes ready after commits: of this process at once, of others within a second. Several may be
    /// told as one, and one may be told that changed nothing of interest.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    fn shard(&self, id: Uuid) -> Option<&AtomicU32> {
        // The last bytes of a UUIDv7 are random.
        let low = id.as_u128() & (SHARDS as u128 - 1);
        self.shards.get(usize::try_from(low).unwrap_or_default())
    }
}

/// The id that stands for a value, as if it were a resource. Values that share one end together.
pub fn place_of(source: SourceKey, value: &str) -> Uuid {
    let mut hasher = DefaultHasher::new();
    (source.0, value).hash(&mut hasher);
    Uuid::from_u128(hasher.finish().into())
}
