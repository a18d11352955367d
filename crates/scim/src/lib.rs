//! SCIM 2.0 as pure functions: schemas, attribute paths, filters, PATCH, projection, errors.
//! [`v1`] translates between this model and SCIM 1.1.
//!
//! Nothing here does I/O, knows the time or makes ids. Everything reads the schema
//! ([`schema::Registry`]): `User`, `EnterpriseUser` and `Group` are data like any other type.

pub mod bulk;
pub mod error;
pub mod filter;
pub mod limits;
pub mod list;
pub mod patch;
pub mod path;
pub mod projection;
pub mod rules;
pub mod schema;
pub mod v1;
pub mod validate;
pub mod value;

/// A resource as JSON, attribute names in schema case.
pub type Document = serde_json::Map<String, serde_json::Value>;
