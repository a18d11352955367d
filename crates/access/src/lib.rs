//! Who holds what in an application: resources, entitlements, grants, and the files they are kept in.
//!
//! - [`model`]: the words, and how a SCIM application's users, groups and roles are said in them.
//! - [`c1z`]: the `.c1z` file, read and written, and the half-made one that a sync is kept in.
//! - [`sync`]: from an application ([`rollcall_connector::read::Read`]) to a file, resumable.
//! - [`export`]: a sync as CSV, JSON, and JSON lines.

pub mod c1z;
pub mod export;
pub mod model;
pub mod sync;
