//! SCIM 1.1 on the wire, over the model of 2.0: resources, paths, filters, PATCH, Bulk, lists, errors, discovery.
//!
//! The rest of this crate knows 2.0 only. `encode` writes what a 1.1 peer reads, `decode` reads what it
//! sends; both are total, and what 1.1 has no word for is left out (`$ref`, `meta.resourceType`). They
//! serve a client of a 1.1 application and a 1.1 service alike.
//!
//! Sources: the SCIM 1.1 protocol and core schema drafts (draft-ietf-scim-api-01,
//! draft-ietf-scim-core-schema-01).

pub mod bulk;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod list;
pub mod patch;
pub mod path;
mod resource;

#[cfg(test)]
mod tests;

pub use resource::{decode, encode};

use crate::schema::ENTERPRISE_USER;

/// The core schema URN: of users, groups, lists, PATCH, Bulk and discovery alike.
pub const CORE: &str = "urn:scim:schemas:core:1.0";
/// The enterprise extension of User.
pub const ENTERPRISE: &str = "urn:scim:schemas:extension:enterprise:1.0";

/// The 1.1 URN of an extension; URNs of one's own are the same in both.
pub fn encode_urn(urn: &str) -> &str {
    if urn.eq_ignore_ascii_case(ENTERPRISE_USER) { ENTERPRISE } else { urn }
}

/// The 2.0 URN of an extension; URNs of one's own are the same in both.
pub fn decode_urn(urn: &str) -> &str {
    if urn.eq_ignore_ascii_case(ENTERPRISE) { ENTERPRISE_USER } else { urn }
}

/// Whether this URN is the core schema's: `urn:scim:schemas:core:1.0`, or one of its schema ids
/// (`urn:scim:schemas:core:1.0:User`).
pub fn is_core(urn: &str) -> bool {
    let start = urn.get(..CORE.len());
    let rest = urn.get(CORE.len()..).unwrap_or_default();
    start.is_some_and(|start| start.eq_ignore_ascii_case(CORE)) && (rest.is_empty() || rest.starts_with(':'))
}
