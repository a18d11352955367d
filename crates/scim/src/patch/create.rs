//! The element that a filter describes: `emails[type eq "work"]` is a work e-mail.

use serde_json::Value;

use crate::Document;
use crate::error::ScimError;
use crate::filter::{CompareOp, Filter, Literal};
use crate::rules::Rules;
use crate::schema::{Attribute, AttributeType};
use crate::validate::coerce;
use crate::validate::place::Place;

/// An element that satisfies the filter's equality terms; `None` when the filter is not made of those.
pub(super) fn element(
    filter: &Filter,
    attribute: &Attribute,
    rules: &Rules,
    place: &Place<'_>,
) -> Result<Option<Value>, ScimError> {
    if !attribute.is_complex() {
        return match filter {
            Filter::Compare(path, CompareOp::Eq, literal) if path.is_word("value") => {
                coerce::single(json(literal, attribute), attribute, rules, place)
            }
            _ => Ok(None),
        };
    }
    let terms = match filter {
        Filter::And(terms) => terms.as_slice(),
        term => std::slice::from_ref(term),
    };
    let mut document = Document::new();
    for term in terms {
        let Filter::Compare(path, CompareOp::Eq, literal) = term else { return Ok(None) };
        let Some(sub) = attribute.sub(&path.name).filter(|_| path.urn.is_none() && path.sub.is_none()) else {
            return Ok(None);
        };
        if let Some(value) = coerce::single(json(literal, sub), sub, rules, &place.name(&sub.name))? {
            document.insert(sub.name.clone(), value);
        }
    }
    Ok(Some(Value::Object(document)))
}

/// The literal as JSON. Filters take a boolean as a string in any case, whatever the rules.
fn json(literal: &Literal, attribute: &Attribute) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Boolean(flag) => Value::Bool(*flag),
        Literal::Number(number) => Value::Number(number.clone()),
        Literal::String(text) if attribute.kind == AttributeType::Boolean => {
            Value::Bool(text.eq_ignore_ascii_case("true"))
        }
        Literal::String(text) => Value::String(text.clone()),
    }
}
