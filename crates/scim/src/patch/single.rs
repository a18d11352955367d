//! Operations on attributes of one value.

use serde_json::Value;

use super::Verb;
use super::scratch::Scratch;
use super::target::{Edit, change};
use crate::Document;
use crate::error::ScimError;
use crate::rules::ComplexReplace;
use crate::validate::coerce::{self, is_unassigned};
use crate::validate::place::Place;

/// A simple attribute.
pub(super) fn simple(
    edit: &Edit<'_>,
    old: Option<Value>,
    place: &Place<'_>,
) -> Result<Option<Value>, ScimError> {
    match edit.value {
        Some(sent) if edit.verb != Verb::Remove => {
            if adds_nothing(edit.verb, sent) {
                return Ok(old);
            }
            coerce::value(sent.clone(), edit.attribute, edit.rules, place)
        }
        _ => Ok(None),
    }
}

/// A complex attribute, or one of its sub-attributes.
pub(super) fn complex(
    edit: &Edit<'_>,
    old: Option<Value>,
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<Option<Value>, ScimError> {
    scratch.forget();
    let mut object = match old {
        Some(Value::Object(object)) => object,
        _ => Document::new(),
    };
    match (edit.sub, edit.value) {
        (Some(sub), _) => {
            let part = Edit { attribute: sub, sub: None, filter: None, ..*edit };
            let old = object.get(&sub.name).cloned();
            let new = change(&part, old, &place.name(&sub.name), scratch)?;
            set(&mut object, &sub.name, new);
        }
        (None, Some(sent)) if edit.verb != Verb::Remove => {
            if adds_nothing(edit.verb, sent) {
                return Ok((!object.is_empty()).then_some(Value::Object(object)));
            }
            let coerced = coerce::value(sent.clone(), edit.attribute, edit.rules, place)?;
            let is_whole = edit.verb == Verb::Replace && edit.rules.complex_replace == ComplexReplace::Whole;
            match bare(sent) {
                Value::Object(sent) if !is_whole => overlay(&mut object, sent, coerced, edit),
                _ => return Ok(coerced),
            }
        }
        (None, _) => return Ok(None),
    }
    Ok((!object.is_empty()).then_some(Value::Object(object)))
}

/// Sets the sub-attributes sent (`coerced`), unassigns those sent as `null`, and keeps the others.
pub(super) fn overlay(object: &mut Document, sent: &Document, coerced: Option<Value>, edit: &Edit<'_>) {
    for (key, _) in sent.iter().filter(|(_, value)| is_unassigned(value, edit.rules)) {
        let name = edit.attribute.sub(key).map_or(key, |sub| &sub.name);
        object.shift_remove(name);
    }
    if let Some(Value::Object(coerced)) = coerced {
        for (name, value) in coerced {
            object.insert(name, value);
        }
    }
}

/// Sets or removes a sub-attribute.
pub(super) fn set(object: &mut Document, name: &str, value: Option<Value>) {
    match (object.get_mut(name), value) {
        (Some(slot), Some(value)) => *slot = value,
        (Some(_), None) => drop(object.shift_remove(name)),
        (None, Some(value)) => drop(object.insert(name.to_owned(), value)),
        (None, None) => {}
    }
}

/// The object in an array of one.
pub(super) fn bare(sent: &Value) -> &Value {
    match sent {
        Value::Array(items) if items.len() == 1 => items.first().unwrap_or(sent),
        sent => sent,
    }
}

/// Whether the operation adds no value.
pub(super) fn adds_nothing(verb: Verb, sent: &Value) -> bool {
    verb == Verb::Add && (sent.is_null() || sent.as_array().is_some_and(Vec::is_empty))
}
