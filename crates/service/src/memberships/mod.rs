//! Memberships as resources: `/GroupMemberships` (draft-zollner-scim-group-members, ADR 36).
//!
//! A membership is not stored twice: it is a group's member, read and written alone. Its id is that of the group, a
//! dot, and that of the member.

mod filter;
mod list;
mod show;
mod write;

pub(crate) use write::{refusal, unchangeable};

use rollcall_store::plan::parse_id;
use uuid::Uuid;

use crate::Caller;

/// Where memberships are.
pub(crate) const ENDPOINT: &str = "GroupMemberships";

/// URL of a membership.
pub(crate) fn location(caller: &Caller, group: Uuid, member: Uuid) -> String {
    format!("{}/{ENDPOINT}/{}", caller.base_url, id(group, member))
}

/// As it is printed.
fn id(group: Uuid, member: Uuid) -> String {
    format!("{group}.{member}")
}

/// Group and member of an id, in any case.
fn parse(text: &str) -> Option<(Uuid, Uuid)> {
    let (group, member) = text.split_once('.')?;
    Some((parse_id(group)?, parse_id(member)?))
}
