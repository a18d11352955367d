//! Filters in the words of 1.1, and back.

use super::path;
use crate::filter::{CompareOp, Filter, Literal};

/// The filter as a 1.1 peer reads it; `None` when 1.1 has no such filter.
///
/// It has neither `ne`, `ew` and `not` nor brackets, and no `null`.
///
/// ```
/// use rollcall_scim::{filter::Filter, v1};
///
/// let filter = Filter::parse(r#"userName sw "a" and title pr"#)?;
/// assert_eq!(v1::filter::encode(&filter).unwrap().to_string(), r#"userName sw "a" and title pr"#);
/// assert!(v1::filter::encode(&Filter::parse(r#"not (title pr)"#)?).is_none());
/// # Ok::<(), rollcall_scim::filter::FilterError>(())
/// ```
pub fn encode(filter: &Filter) -> Option<Filter> {
    let all = |terms: &[Filter]| terms.iter().map(encode).collect::<Option<Vec<_>>>();
    match filter {
        Filter::Compare(_, CompareOp::Ne | CompareOp::Ew, _)
        | Filter::Compare(_, _, Literal::Null)
        | Filter::Element(..)
        | Filter::Not(_) => None,
        Filter::Compare(name, op, value) => Some(Filter::Compare(path::encode(name), *op, value.clone())),
        Filter::Present(name) => Some(Filter::Present(path::encode(name))),
        Filter::And(terms) => all(terms).map(Filter::And),
        Filter::Or(terms) => all(terms).map(Filter::Or),
    }
}

/// The filter in the words of 2.0. What only 2.0 has is taken too: it does no harm.
pub fn decode(filter: &Filter) -> Filter {
    let all = |terms: &[Filter]| terms.iter().map(decode).collect();
    match filter {
        Filter::Compare(name, op, value) => Filter::Compare(path::decode(name), *op, value.clone()),
        Filter::Present(name) => Filter::Present(path::decode(name)),
        Filter::Element(name, inner) => Filter::Element(path::decode(name), Box::new(decode(inner))),
        Filter::And(terms) => Filter::And(all(terms)),
        Filter::Or(terms) => Filter::Or(all(terms)),
        Filter::Not(inner) => Filter::Not(Box::new(decode(inner))),
    }
}
