//! Where in a body something is, so that an error can name it.

use std::fmt;

use crate::error::{ErrorType, ScimError};

/// A place in a resource, as a chain up to its root. Costs nothing until an error prints it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The resource itself.
    Root,
    /// An extension of the resource, by URN.
    Extension(&'a str),
    /// An attribute of what is there.
    Name(&'a Place<'a>, &'a str),
    /// An element of a multi-valued attribute, from 0.
    Index(&'a Place<'a>, usize),
}

impl<'a> Place<'a> {
    /// The attribute `name` here.
    pub(crate) fn name(&'a self, name: &'a str) -> Place<'a> {
        Place::Name(self, name)
    }

    /// The element `index` of what is here.
    pub(crate) fn index(&'a self, index: usize) -> Place<'a> {
        Place::Index(self, index)
    }

    /// An error of `kind` that names this place and says `what`.
    pub(crate) fn error(&self, kind: ErrorType, what: impl fmt::Display) -> ScimError {
        let place = self.to_string();
        if place.is_empty() {
            return ScimError::new(kind, what.to_string());
        }
        ScimError::new(kind, format!("{place}: {what}")).at(place)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Extension(urn) => f.write_str(urn),
            Self::Name(Place::Root, name) => f.write_str(name),
            Self::Name(Place::Extension(urn), name) => write!(f, "{urn}:{name}"),
            Self::Name(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_prints_as_a_path() {
        let urn = Place::Extension("urn:x:2.0:User");
        let manager = urn.name("manager");
        assert_eq!(manager.name("value").to_string(), "urn:x:2.0:User:manager.value");
        let emails = Place::Root.name("emails");
        let second = emails.index(1);
        assert_eq!(second.name("value").to_string(), "emails[1].value");
    }
}
