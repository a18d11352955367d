//! Filters that select one value of a multi-valued attribute and no other.

use rollcall_scim::Document;
use rollcall_scim::filter::{CompareOp, Filter, Literal};
use rollcall_scim::path::AttributePath;
use rollcall_scim::schema::Attribute;
use serde_json::Value;

/// The filter that names a value when the others are not known: its `type` and `value`, else all its parts.
pub(super) fn named(element: &Value) -> Option<Filter> {
    match element {
        Value::Object(parts) if parts.contains_key("value") => by(parts, &["type", "value"]),
        Value::Object(parts) => all(parts),
        scalar => equals("value", scalar),
    }
}

/// The first filter of a few that selects the element at `at` and no other, and looks at no part in `moving`.
pub(super) fn only(values: &[Value], at: usize, attribute: &Attribute, moving: &[&str]) -> Option<Filter> {
    let element = values.get(at)?.as_object()?;
    let candidates = if moving.is_empty() {
        // Who goes is best named in full.
        [by(element, &["type", "value"]), all(element), None, None]
    } else {
        [by(element, &["type"]), by(element, &["value"]), by(element, &["type", "value"]), all(element)]
    };
    let stays = |filter: &Filter| names(filter).iter().all(|name| !moving.contains(&name.as_str()));
    let is_alone = |filter: &Filter| {
        filter.bind_element(attribute).is_ok_and(|bound| {
            let mut matching = values.iter().enumerate().filter(|(_, value)| bound.matches_element(value));
            matching.next().is_some_and(|(found, _)| found == at) && matching.next().is_none()
        })
    };
    candidates.into_iter().flatten().find(|filter| stays(filter) && is_alone(filter))
}

/// Equality of these parts, of those that it has; `None` when it has none of them.
fn by(element: &Document, parts: &[&str]) -> Option<Filter> {
    let terms = parts.iter().filter_map(|name| equals(name, element.get(*name)?)).collect();
    joined(terms)
}

/// Equality of all parts that are scalars.
fn all(element: &Document) -> Option<Filter> {
    joined(element.iter().filter_map(|(name, value)| equals(name, value)).collect())
}

fn joined(mut terms: Vec<Filter>) -> Option<Filter> {
    match terms.len() {
        0 => None,
        1 => terms.pop(),
        _ => Some(Filter::And(terms)),
    }
}

fn equals(name: &str, value: &Value) -> Option<Filter> {
    let literal = match value {
        Value::String(text) => Literal::String(text.clone()),
        Value::Bool(flag) => Literal::Boolean(*flag),
        Value::Number(number) => Literal::Number(number.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(Filter::Compare(AttributePath::named(name), CompareOp::Eq, literal))
}

/// The parts that a filter of ours looks at.
fn names(filter: &Filter) -> Vec<String> {
    match filter {
        Filter::Compare(path, ..) | Filter::Present(path) | Filter::Element(path, _) => {
            vec![path.name.clone()]
        }
        Filter::And(terms) | Filter::Or(terms) => terms.iter().flat_map(names).collect(),
        Filter::Not(term) => names(term),
    }
}
