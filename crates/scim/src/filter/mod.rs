//! Filters (RFC 7644 §3.4.2.2): the syntax tree, and the same tree bound to a resource type.
//!
//! [`Filter`] is what was written; it parses ([`Filter::parse`]) and prints, and knows no schema.
//! [`Bound`] is a filter whose names and values were checked against a resource type
//! ([`Filter::bind`]); it can be evaluated ([`Bound::matches`]) and compiled by a store.

mod bind;
mod evaluate;
mod lex;
mod parse;
mod print;

pub use parse::parse_value_path;

use crate::path::{AttributePath, PathError};
use crate::schema::AttributeType;
use crate::value::Scalar;

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal to.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal to.
    Le,
}

/// A value as written: JSON without objects and arrays.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A JSON number, as written.
    Number(serde_json::Number),
    /// A JSON string, unescaped.
    String(String),
}

/// A filter as written. `And` and `Or` hold at least two terms, and no term of their own kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// `path op value`.
    Compare(AttributePath, CompareOp, Literal),
    /// `path pr`.
    Present(AttributePath),
    /// `path[filter]`: one element satisfies the whole filter.
    Element(AttributePath, Box<Filter>),
    /// All.
    And(Vec<Filter>),
    /// Any.
    Or(Vec<Filter>),
    /// `not (filter)`.
    Not(Box<Filter>),
}

/// Why a filter cannot be used. HTTP 400 `invalidFilter` (RFC 7644 §3.12).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// It does not fit the grammar.
    #[error("expected {expected} at byte {at}")]
    Syntax {
        /// Byte offset of the first character that does not fit.
        at: usize,
        /// What would have fitted.
        expected: &'static str,
    },
    /// Brackets, parentheses and `not` nest deeper than [`crate::limits::MAX_FILTER_DEPTH`].
    #[error("the filter nests deeper than {}", crate::limits::MAX_FILTER_DEPTH)]
    TooDeep,
    /// Longer, or of more terms, than the limits.
    #[error("the filter has too many {0}")]
    TooLarge(&'static str),
    /// Names an attribute that the resource type does not define.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The operator or value does not fit the attribute's type.
    #[error("{0}")]
    Type(String),
}

/// An attribute that a bound filter looks at, in schema case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// URN of the extension; `None` for core and common attributes, and inside an element.
    pub extension: Option<String>,
    /// The attribute. Inside [`Bound::Element`]: the sub-attribute, with `sub` `None`.
    pub attribute: String,
    /// The sub-attribute.
    pub sub: Option<String>,
    /// Type of what is compared.
    pub kind: AttributeType,
    /// Whether case counts.
    pub case_exact: bool,
}

/// A filter checked against a resource type.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// A value of the target compares so. `None` is `null`: only with `Eq` and `Ne`, meaning absent and present.
    Compare(Target, CompareOp, Option<Scalar>),
    /// The target has a non-empty value.
    Present(Target),
    /// One element of the target satisfies the filter, whose targets are relative to the element.
    Element(Target, Box<Bound>),
    /// All.
    And(Vec<Bound>),
    /// Any.
    Or(Vec<Bound>),
    /// Not.
    Not(Box<Bound>),
}

impl From<FilterError> for crate::error::ScimError {
    fn from(error: FilterError) -> Self {
        Self::invalid_filter(format!("filter: {error}"))
    }
}

impl std::fmt::Display for Target {
    /// The path in schema case: `urn:…:department`, `emails.value`, `userName`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(extension) = &self.extension {
            write!(f, "{extension}:")?;
        }
        f.write_str(&self.attribute)?;
        self.sub.as_ref().map_or(Ok(()), |sub| write!(f, ".{sub}"))
    }
}

impl Bound {
    /// Whether any part looks at this core attribute (schema case), for instance `members`.
    pub fn mentions(&self, attribute: &str) -> bool {
        match self {
            Self::Compare(target, ..) | Self::Present(target) | Self::Element(target, _) => {
                target.extension.is_none() && target.attribute == attribute
            }
            Self::And(terms) | Self::Or(terms) => terms.iter().any(|term| term.mentions(attribute)),
            Self::Not(term) => term.mentions(attribute),
        }
    }
}
