//! Which values of a multi-valued attribute are the same one (RFC 7643 §2.4).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;

use crate::Document;
use crate::schema::{Attribute, AttributeType};
use crate::value::{fold, is_case_exact, parse_instant};

/// What makes a value of a multi-valued attribute itself: equal identities are one value.
///
/// Of a complex value: its `type` and `value`, each by its case rule; the whole when it has no `value`.
pub(crate) fn identity(value: &Value, attribute: &Attribute) -> String {
    let Value::Object(element) = value else { return key(value, attribute) };
    let (Some(definition), Some(value)) = (attribute.sub("value"), element.get("value")) else {
        return whole(element, attribute);
    };
    let kind = attribute.sub("type").zip(element.get("type"));
    let kind = kind.map(|(definition, kind)| key(kind, definition)).unwrap_or_default();
    format!("{}:{kind}{}", kind.len(), key(value, definition))
}

/// The `value` of a complex value as a string that is equal for equal ones.
pub(crate) fn value_identity(element: &Value, attribute: &Attribute) -> Option<String> {
    attribute.sub("value").zip(element.get("value")).map(|(definition, value)| key(value, definition))
}

/// Merges duplicates, in linear time: the first stays where it is and takes from later ones what it
/// lacks, and `primary` when one of them has it.
pub(crate) fn duplicates(values: &mut Vec<Value>, attribute: &Attribute) {
    if values.len() < 2 {
        return;
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(values.len());
    let mut merged: Vec<Value> = Vec::with_capacity(values.len());
    for value in values.drain(..) {
        match places.entry(identity(&value, attribute)) {
            Entry::Vacant(entry) => {
                entry.insert(merged.len());
                merged.push(value);
            }
            Entry::Occupied(entry) => {
                if let Some(first) = merged.get_mut(*entry.get()) {
                    absorb(first, value);
                }
            }
        }
    }
    *values = merged;
}

/// Gives `first` what it lacks of `later`, the same value once more.
pub(crate) fn absorb(first: &mut Value, later: Value) {
    let (Value::Object(first), Value::Object(later)) = (first, later) else { return };
    for (name, value) in later {
        if name == "primary" && value == Value::Bool(true) {
            first.insert(name, value);
        } else {
            first.entry(name).or_insert(value);
        }
    }
}

/// Whether two values of one attribute are the same by its type and case rule.
pub(crate) fn same(one: &Value, other: &Value, attribute: &Attribute) -> bool {
    if one == other {
        return true;
    }
    match (one, other) {
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(a, b)| same(a, b, attribute))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && whole(one, attribute) == whole(other, attribute)
        }
        _ => !attribute.is_complex() && key(one, attribute) == key(other, attribute),
    }
}

/// A scalar as a string that is equal for equal values.
fn key(value: &Value, attribute: &Attribute) -> String {
    match (attribute.kind, value) {
        (AttributeType::DateTime, Value::String(text)) => {
            parse_instant(text).map_or_else(|| text.clone(), |instant| instant.to_string())
        }
        (_, Value::String(text)) => fold(text, is_case_exact(attribute)).into_owned(),
        (AttributeType::Decimal, Value::Number(number)) => {
            number.as_f64().map_or_else(|| number.to_string(), |float| (float + 0.0).to_string())
        }
        (_, other) => other.to_string(),
    }
}

/// A complex value as a string that is equal for equal values, whatever the order of its parts.
fn whole(element: &Document, attribute: &Attribute) -> String {
    let mut parts: Vec<String> = element
        .iter()
        .map(|(name, value)| {
            let text = attribute.sub(name).map_or_else(|| value.to_string(), |sub| key(value, sub));
            format!("{name}:{}:{text}", text.len())
        })
        .collect();
    parts.sort_unstable();
    parts.concat()
}
