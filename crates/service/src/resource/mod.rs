//! One resource: read, create, replace, change, delete.

mod load;
mod prepare;
mod read;
mod write;

pub(crate) use prepare::Prepared;
pub(crate) use write::{ATTEMPTS, deletion, ground, refused};

use rollcall_scim::error::ScimError;
use rollcall_scim::projection::Projection;
use rollcall_scim::schema::ResolvedType;

/// How a client wants a resource shown: its `attributes` and `excludedAttributes`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Only these, and what is always shown.
    pub attributes: Vec<String>,
    /// Not these.
    pub excluded_attributes: Vec<String>,
}

impl Shape {
    pub(crate) fn projection(&self, kind: &ResolvedType) -> Result<Projection, ScimError> {
        Projection::parse(&self.attributes, &self.excluded_attributes, kind)
    }
}

/// What `If-Match` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// The version is one of these; tags that are not ours match none.
    Versions(Vec<u64>),
}

impl Precondition {
    pub(crate) fn versions(&self) -> Option<Vec<u64>> {
        match self {
            Self::None => None,
            Self::Versions(versions) => Some(versions.clone()),
        }
    }
}

/// What `If-None-Match` says: which versions the client has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// `*`: any.
    Any,
    /// These; none when it says nothing.
    Versions(Vec<u64>),
}

impl Known {
    pub(crate) fn has(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}
