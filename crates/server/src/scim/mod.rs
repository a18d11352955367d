//! The SCIM 2.0 endpoints, one file each.

pub(crate) mod bulk;
pub(crate) mod collection;
pub(crate) mod discovery;
pub(crate) mod later;
pub(crate) mod me;
pub(crate) mod memberships;
pub(crate) mod resource;
pub(crate) mod search;
