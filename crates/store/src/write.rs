//! What is written: units of creations, updates and deletions, and what became of them.

use std::sync::Arc;

use bytes::Bytes;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::dialect::UnknownMembers;
use rollcall_domain::source::SourceKey;
use rollcall_domain::tenant::TenantKey;
use rollcall_scim::filter::Bound;
use uuid::Uuid;

use crate::error::StoreError;
use crate::index::IndexEntry;
use crate::lease::Fence;
use crate::people::{Person, Rules};
use rollcall_domain::people::Judged;

/// Units of one request, by one caller.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The tenant whose change sequence goes on.
    pub tenant: TenantKey,
    /// The source.
    pub source: SourceKey,
    /// Who: a credential's id.
    pub actor: String,
    /// Which request.
    pub request_id: String,
    /// `meta.created` and `meta.lastModified` of what is written.
    pub now: Timestamp,
    /// The generation of the source's settings that this was prepared by, else `Superseded`; `None`: by none.
    pub generation: Option<u64>,
    /// What this is part of: `Fenced` when another node has it since.
    pub fence: Option<Fence>,
    /// What becomes of members that name no resource.
    pub unknown_members: UnknownMembers,
    /// After this many failed units the rest are skipped (Bulk `failOnErrors`).
    pub stop_after_errors: Option<u32>,
    /// What is decided about people by; `None` for a source without identities.
    pub rules: Option<Arc<Rules>>,
    /// In order.
    pub units: Vec<Unit>,
}

impl Batch {
    /// A context of what Rollcall does by itself: no units, and no request.
    pub fn by_rollcall(tenant: TenantKey, source: SourceKey, now: Timestamp) -> Self {
        Self {
            tenant,
            source,
            actor: "rollcall".to_owned(),
            request_id: String::new(),
            now,
            generation: None,
            fence: None,
            unknown_members: UnknownMembers::Pending,
            stop_after_errors: None,
            rules: None,
            units: Vec::new(),
        }
    }
}

/// Writes that are committed together or not at all.
///
/// All resource rows of a unit are written before its memberships, so that members may name resources
/// created by the same unit, in any order and in circles.
#[derive(Debug, Clone, Default)]
pub struct Unit {
    /// In order.
    pub writes: Vec<Write>,
    /// What the users among them say of people; needs [`Batch::rules`].
    pub people: Vec<Person>,
}

impl From<Vec<Write>> for Unit {
    /// Writes that say nothing of people.
    fn from(writes: Vec<Write>) -> Self {
        Self { writes, people: Vec::new() }
    }
}

/// One write.
#[derive(Debug, Clone)]
pub enum Write {
    /// A new resource.
    Create(Create),
    /// Another body, other members, or both.
    Update(Update),
    /// The end of a resource: its row, index rows and memberships go, a tombstone stays. Versions and
    /// `modified` of groups it was a member of advance; only the deletion itself is a change record.
    Delete(Delete),
}

/// What a resource's row and index rows hold.
#[derive(Debug, Clone)]
pub struct Content {
    /// See [`crate::query::Stored::body`].
    pub body: Bytes,
    /// See [`crate::query::Stored::plain`].
    pub plain: bool,
    /// What memberships show as `display`: `displayName`, else `userName`.
    pub display: Option<String>,
    /// All index rows ([`crate::index::entries`]).
    pub index: Vec<IndexEntry>,
}

/// A new resource.
#[derive(Debug, Clone)]
pub struct Create {
    /// Its id.
    pub id: Uuid,
    /// Name of its type.
    pub kind: String,
    /// Body and index.
    pub content: Content,
    /// Members by value: ids, or other values to be kept pending. Duplicates count once.
    pub members: Vec<String>,
}

/// A change of a resource.
#[derive(Debug, Clone)]
pub struct Update {
    /// Which.
    pub id: Uuid,
    /// Name of its type.
    pub kind: String,
    /// `If-Match`: one of these versions must be current, else `VersionMismatch`.
    pub if_version: Option<Vec<u64>>,
    /// The new body with the revision that it was computed from, else `Stale`; `None`: the body stays.
    pub content: Option<(u64, Content)>,
    /// Whether the new body's index rows are those of the old one, so that they need not be looked at.
    pub same_index: bool,
    /// Changes of members, in order.
    pub members: Vec<MemberChange>,
    /// Whether the client gave the whole resource (PUT).
    pub replaced: bool,
    /// JSON object for [`rollcall_domain::change::Change::detail`] `attributes`: `{"title":{"before":…,"after":…}}`.
    pub difference: serde_json::Value,
}

/// One change of a group's members, by value: the id of a resource of the source.
///
/// Where unknown members are kept, a value may also be the `externalId` of one. It is kept until a
/// resource of that id or `externalId` arrives, which then takes its place in the order; that is a
/// change of the group, with a record of its own after those of the unit.
#[derive(Debug, Clone)]
pub enum MemberChange {
    /// Adds these; those there stay where they are.
    Add(Vec<String>),
    /// Removes these; those not there are no error.
    Remove(Vec<String>),
    /// Removes those whose member object (`value`, `type`, `display`) satisfies the filter; an empty `and` is everyone.
    RemoveWhere(Bound),
    /// Makes these the members: adds and removes the difference only.
    Replace(Vec<String>),
    /// Adds this one, whatever becomes of unknown members otherwise: `UnknownMember` when it is no resource of the
    /// source, `Conflict` on `member.value` when it is a member.
    Join(Uuid),
    /// Removes this one: `NotFound` when it is no member.
    Leave(Uuid),
}

/// The end of a resource.
#[derive(Debug, Clone)]
pub struct Delete {
    /// Which.
    pub id: Uuid,
    /// Name of its type.
    pub kind: String,
    /// `If-Match`.
    pub if_version: Option<Vec<u64>>,
}

/// What became of a unit.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Committed; one entry a write.
    Done(Vec<Written>),
    /// Nothing of it was committed: the first write that failed, and why.
    Failed {
        /// Index in [`Unit::writes`].
        write: usize,
        /// Why.
        error: StoreError,
    },
    /// Not tried, because of [`Batch::stop_after_errors`].
    Skipped,
}

/// What became of one write.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The version after it; of a deletion the last one.
    pub version: u64,
    /// Whether anything is other than before. Without: no new version, time or change record.
    pub changed: bool,
    /// The number of its change record.
    pub sequence: Option<u64>,
    /// What was decided about people: the user written, or those whose groups changed.
    pub people: Vec<Judged>,
}
