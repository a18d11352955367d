//! Attribute paths (RFC 7644 §3.10, §3.5.2 figure 7): parsing, printing, and finding what they name.

use std::fmt;

use crate::filter::Filter;
use crate::schema::{Attribute, ResolvedType, Schema};

/// `[urn:]name[.sub]`, as written; names keep the case they were written in.
///
/// The URN ends at the last colon. Whether it names a schema is decided by [`AttributePath::resolve`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttributePath {
    /// The schema URN, where one is given.
    pub urn: Option<String>,
    /// The attribute name.
    pub name: String,
    /// The sub-attribute name.
    pub sub: Option<String>,
}

/// What a PATCH `path` selects: an attribute, elements of it, a sub-attribute of either.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuePath {
    /// The attribute; `path.sub` is `None` when `filter` is there.
    pub path: AttributePath,
    /// Selects elements of a multi-valued attribute.
    pub filter: Option<Filter>,
    /// The sub-attribute after the brackets.
    pub sub: Option<String>,
}

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not fit the grammar.
    #[error("expected {expected} at byte {at}")]
    Syntax {
        /// Byte offset of the first character that does not fit.
        at: usize,
        /// What would have fitted.
        expected: &'static str,
    },
    /// Longer or deeper than the limits.
    #[error("the expression is too {0}")]
    TooLarge(&'static str),
    /// No schema of the resource type defines it.
    #[error("{0} is not an attribute of {1}")]
    Undefined(String, String),
}

/// What an [`AttributePath`] names in a resource type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resolved<'a> {
    /// A whole extension: `urn:…:enterprise:2.0:User`.
    Extension(&'a Schema),
    /// An attribute or sub-attribute.
    Attribute(AttributeRef<'a>),
}

/// An attribute of a resource type, and where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttributeRef<'a> {
    /// The extension it belongs to; `None` for core and common attributes.
    pub extension: Option<&'a Schema>,
    /// The attribute.
    pub attribute: &'a Attribute,
    /// The sub-attribute, where the path goes so far.
    pub sub: Option<&'a Attribute>,
}

impl<'a> AttributeRef<'a> {
    /// The definition at the end of the path.
    pub fn leaf(&self) -> &'a Attribute {
        self.sub.unwrap_or(self.attribute)
    }
}

impl fmt::Display for AttributeRef<'_> {
    /// The path in schema case, with its URN when it is of an extension.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(extension) = self.extension {
            write!(f, "{}:", extension.id)?;
        }
        f.write_str(&self.attribute.name)?;
        self.sub.map_or(Ok(()), |sub| write!(f, ".{}", sub.name))
    }
}

impl AttributePath {
    /// A path of one name.
    pub fn named(name: &str) -> Self {
        Self { urn: None, name: name.to_owned(), sub: None }
    }

    /// Finds what the path names: the URN is that of the core schema, of an extension, or of neither
    /// and then part of an extension's own URN (RFC 7644 §3.10; last-colon rule).
    ///
    /// # Errors
    ///
    /// [`PathError::Undefined`] when no schema of `kind` has it.
    pub fn resolve<'a>(&self, kind: &'a ResolvedType) -> Result<Resolved<'a>, PathError> {
        let undefined = || PathError::Undefined(self.to_string(), kind.name().to_owned());
        if let Some(extension) = self.urn.as_ref().and_then(|_| kind.extension(&self.to_string())) {
            return Ok(Resolved::Extension(extension));
        }
        let extension = match &self.urn {
            Some(urn) if !urn.eq_ignore_ascii_case(&kind.core.id) => {
                Some(kind.extension(urn).ok_or_else(undefined)?)
            }
            _ => None,
        };
        let attribute = match extension {
            Some(schema) => schema.attribute(&self.name),
            None => kind.attribute(&self.name),
        };
        let attribute = attribute.ok_or_else(undefined)?;
        let sub = match &self.sub {
            Some(sub) => Some(attribute.sub(sub).ok_or_else(undefined)?),
            None => None,
        };
        Ok(Resolved::Attribute(AttributeRef { extension: extension.map(|schema| &**schema), attribute, sub }))
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        self.sub.as_ref().map_or(Ok(()), |sub| write!(f, ".{sub}"))
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        self.sub.as_ref().map_or(Ok(()), |sub| write!(f, ".{sub}"))
    }
}
