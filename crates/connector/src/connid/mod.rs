//! ConnId's operations on any SCIM application.

pub mod change;
pub mod filter;
mod java;
pub mod names;
pub mod properties;
pub mod schema;
pub mod view;

#[cfg(test)]
mod tests;
