//! Attribute paths (RFC 7644 §3.10, §3.5.2 figure 7): parsing, printing, and finding what they name.

use std::fmt;
use std::str::FromStr;

use crate::filter::{Filter, parse_value_path};
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

    /// Whether the path is just this word, in any case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.urn.is_none() && self.sub.is_none() && self.name.eq_ignore_ascii_case(word)
    }

    /// Splits `[urn:]name[.sub]`. Where it does not fit: the offset, and what was expected.
    ///
    /// Behind a URN, any name is taken: `2.0` may be the end of an extension's own URN.
    pub(crate) fn from_word(word: &str) -> Result<Self, (usize, &'static str)> {
        let (urn, tail) = word.rsplit_once(':').map_or((None, word), |(urn, tail)| (Some(urn), tail));
        let tail_at = word.len() - tail.len();
        let (name, sub) = tail.split_once('.').map_or((tail, None), |(name, sub)| (name, Some(sub)));
        let sub_at = tail_at + name.len() + 1;
        if urn.is_some_and(|urn| !urn.starts_with(|c: char| c.is_ascii_alphabetic())) {
            return Err((0, ATTRIBUTE));
        }
        let misfit = |text: &str| {
            if urn.is_some() && !text.is_empty() && !text.ends_with('.') { None } else { name_misfit(text) }
        };
        if let Some(offset) = misfit(name) {
            return Err((tail_at + offset, ATTRIBUTE));
        }
        if let Some(offset) = sub.and_then(misfit) {
            return Err((sub_at + offset, "a sub-attribute name"));
        }
        let owned = str::to_owned;
        Ok(Self { urn: urn.map(owned), name: owned(name), sub: sub.map(owned) })
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

/// What a path begins with.
const ATTRIBUTE: &str = "an attribute name";

/// Offset of the first byte that does not fit `ATTRNAME` (RFC 7643 §2.1) or `$ref`; `None` when all fit.
fn name_misfit(name: &str) -> Option<usize> {
    let bare = name.strip_prefix('$').unwrap_or(name);
    let start = name.len() - bare.len();
    if !bare.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some(start);
    }
    bare.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).map(|at| start + at)
}

impl FromStr for AttributePath {
    type Err = PathError;

    /// Parses `[urn:]name[.sub]` (RFC 7644 §3.10), without white space.
    ///
    /// # Errors
    ///
    /// - [`PathError::Syntax`]: byte offset of the first character that does not fit.
    /// - [`PathError::TooLarge`]: longer than [`crate::limits::MAX_PATH_BYTES`].
    ///
    /// ```
    /// use rollcall_scim::path::AttributePath;
    ///
    /// let path: AttributePath = "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName".parse()?;
    /// assert_eq!(path.urn.as_deref(), Some("urn:ietf:params:scim:schemas:core:2.0:User"));
    /// assert_eq!((path.name.as_str(), path.sub.as_deref()), ("name", Some("givenName")));
    /// # Ok::<(), rollcall_scim::path::PathError>(())
    /// ```
    fn from_str(src: &str) -> Result<Self, PathError> {
        let path = parse_value_path(src)?;
        if path.filter.is_some() {
            let at = src.find('[').unwrap_or_default();
            return Err(PathError::Syntax { at, expected: "the end of the path" });
        }
        Ok(path.path)
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
