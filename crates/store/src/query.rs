//! What is read: rows, pages and the positions between them.

use bytes::Bytes;
use rollcall_domain::clock::Timestamp;
use rollcall_scim::filter::{Bound, Target};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A resource as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Order of creation within the store; grows, never reused while a later one exists.
    pub key: i64,
    /// The id.
    pub id: Uuid,
    /// Counts every visible change, of attributes or members, from 1: the entity tag.
    pub version: u64,
    /// Counts changes of the body only, from 1: what a read-modify-write is checked against.
    pub revision: u64,
    /// `meta.created`.
    pub created: Timestamp,
    /// `meta.lastModified`.
    pub modified: Timestamp,
    /// Whether `body` is just what a query without `attributes` shows: no attribute is
    /// `returned: request` or `never`.
    pub plain: bool,
    /// JSON object in schema case: `schemas`, `id`, `externalId`, attributes, extensions. Without
    /// `meta`, and without the detached `members` and `groups`.
    pub body: Bytes,
}

/// A group that a resource is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    /// The group.
    pub id: Uuid,
    /// Its `displayName`.
    pub display: Option<String>,
    /// Member itself, rather than through another group.
    pub direct: bool,
}

/// One member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Position in the group's order.
    pub key: i64,
    /// The member's id; for a pending one, the value as sent.
    pub value: String,
    /// Name of its resource type; `None` while pending.
    pub kind: Option<String>,
    /// Its `displayName`, or `userName`.
    pub display: Option<String>,
}

/// What is left of a deleted resource (DESIGN decision 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The id it had; never given again.
    pub id: Uuid,
    /// Its `externalId`, as in its index row.
    pub external_id: Option<String>,
    /// Its `userName`, as in its index row.
    pub user_name: Option<String>,
    /// When it was deleted.
    pub deleted: Timestamp,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Start<P = Position> {
    /// After skipping this many.
    Offset(u64),
    /// At the beginning, or after this position.
    After(Option<P>),
}

/// A place in an ordered listing. Serialised into cursors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// [`Stored::key`] of the last resource before it.
    pub key: i64,
    /// Its sort key, in listings that sort: `None` for a resource without a value. See [`Sort`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}

/// How a page is ordered: by value, then by key. Resources without a value come last when ascending,
/// first when descending (RFC 7644 §3.4.2.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    /// What to sort by; of a multi-valued attribute the primary, or the first value.
    pub by: Target,
    /// Greatest first.
    pub descending: bool,
}

/// A listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which; all without.
    pub filter: Option<Bound>,
    /// In which order; by creation without.
    pub sort: Option<Sort>,
    /// From where.
    pub start: Start,
    /// At most how many.
    pub count: u32,
    /// Whether [`Page::total`] is wanted.
    pub want_total: bool,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The resources.
    pub resources: Vec<Stored>,
    /// How many match in all, when asked.
    pub total: Option<u64>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Position>,
}
