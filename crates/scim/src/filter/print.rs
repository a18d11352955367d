//! Printing a filter back: `parse` of what is printed is the same filter.

use std::fmt;

use super::{CompareOp, Filter, Literal};

impl CompareOp {
    /// The operator as it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

impl fmt::Display for Literal {
    /// The literal as JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            // `Value`'s `Display` is compact JSON.
            Self::String(value) => write!(f, "{}", serde_json::Value::from(value.as_str())),
        }
    }
}

impl fmt::Display for Filter {
    /// The filter with no more parentheses than it needs, operators in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(path, op, value) => write!(f, "{path} {} {value}", op.name()),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Element(path, inner) => write!(f, "{path}[{inner}]"),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::And(terms) => print_joined(f, terms, " and "),
            Self::Or(terms) => print_joined(f, terms, " or "),
        }
    }
}

/// Terms of `and` and `or`; of these only an `or` inside an `and` needs parentheses.
fn print_joined(f: &mut fmt::Formatter<'_>, terms: &[Filter], between: &str) -> fmt::Result {
    for (at, term) in terms.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        if matches!(term, Filter::Or(_)) {
            write!(f, "({term})")?;
        } else {
            write!(f, "{term}")?;
        }
    }
    Ok(())
}
