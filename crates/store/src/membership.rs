//! Memberships read one by one, as resources of their own (ADR 36).
//!
//! They are written as any change of a group's members: [`crate::write::MemberChange::Join`] and `Leave`.

use async_trait::async_trait;
use rollcall_domain::source::SourceKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::StoreError;
use crate::query::Start;

/// That a resource is a direct member of a group. Pending members have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Its place in listings.
    pub place: Place,
    /// The group.
    pub group: Party,
    /// Its member.
    pub member: Party,
}

/// A group or member, as the other shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its id.
    pub id: Uuid,
    /// Name of its resource type.
    pub kind: String,
    /// Its `displayName`, or `userName`.
    pub display: Option<String>,
}

/// A place in the listing of a source's memberships: by type of group, by group, by addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The row of the group's type.
    pub collection: i64,
    /// The group's row.
    pub group: i64,
    /// [`crate::query::MemberRow::key`].
    pub position: i64,
}

/// A listing of memberships.
#[derive(Debug, Clone, PartialEq)]
pub struct MembershipQuery {
    /// Of this group only.
    pub group: Option<Uuid>,
    /// Of this member only.
    pub member: Option<Uuid>,
    /// From where.
    pub start: Start<Place>,
    /// At most how many.
    pub count: u32,
    /// Whether [`MembershipPage::total`] is wanted.
    pub want_total: bool,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MembershipPage {
    /// The memberships.
    pub memberships: Vec<Membership>,
    /// How many there are in all, when asked.
    pub total: Option<u64>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Place>,
}

/// Reading memberships. What another source has is not there.
#[async_trait]
pub trait Memberships: Send + Sync {
    /// The membership of this member in this group.
    async fn membership(
        &self,
        source: SourceKey,
        group: Uuid,
        member: Uuid,
    ) -> Result<Option<Membership>, StoreError>;

    /// One page. From a [`Start::After`] it costs the same at any depth.
    async fn memberships(
        &self,
        source: SourceKey,
        query: &MembershipQuery,
    ) -> Result<MembershipPage, StoreError>;

    /// How many members a group has, pending ones too; 0 when there is no such group.
    async fn count_members(&self, source: SourceKey, group: Uuid) -> Result<u64, StoreError>;
}
