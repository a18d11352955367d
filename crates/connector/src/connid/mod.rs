//! ConnId's operations on any SCIM application: test, schema, search, get, create, update, delete.
//!
//! [`Connector`] has them, in the words of SCIM. [`names`] and [`view`] show objects under ConnId's flat names
//! (`emails.work.value`), [`properties`] reads the configuration of ConnId's SCIM bundle. Updates are planned by
//! [`crate::plan`]: nothing is sent that was not asked for.

pub mod change;
mod connector;
mod error;
pub mod filter;
mod groups;
mod java;
pub mod names;
pub mod properties;
mod resource;
pub mod schema;
mod search;
mod test;
pub mod view;
mod write;

#[cfg(test)]
mod tests;

pub use connector::{Change, Connector};
pub use error::OperationError;
pub use search::{Found, Page, Search};
pub use test::Report;
pub use write::{Created, Updated};
