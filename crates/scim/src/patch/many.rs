//! Operations on multi-valued attributes: all values, those a filter selects, or a part of each.

use std::collections::hash_map::Entry;

use serde_json::Value;

use super::elements::{is_primary, only_primary, put_all};
use super::scratch::Scratch;
use super::target::Edit;
use super::{Verb, remove, select};
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::limits::MAX_VALUES;
use crate::validate::coerce;
use crate::validate::merge::identity;
use crate::validate::place::Place;

/// The new values; `None` when there are none any more.
pub(super) fn change(
    edit: &Edit<'_>,
    old: Option<Value>,
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<Option<Value>, ScimError> {
    let mut values = match old {
        Some(Value::Array(values)) => values,
        Some(other) => vec![other],
        None => Vec::new(),
    };
    match (edit.filter, edit.sub) {
        (None, None) => all(edit, &mut values, place, scratch)?,
        (None, Some(sub)) => {
            if values.is_empty() && edit.verb != Verb::Remove {
                values.push(Value::Object(Document::new()));
            }
            let every: Vec<usize> = (0..values.len()).collect();
            select::part(edit, sub, &mut values, &every, place, scratch)?;
        }
        (Some(filter), _) => select::selected(edit, filter, &mut values, place, scratch)?,
    }
    if values.len() > MAX_VALUES {
        let many = format!("expected at most {MAX_VALUES} values, found {}", values.len());
        return Err(place.error(ErrorType::InvalidValue, many));
    }
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

/// The attribute as a whole.
fn all(
    edit: &Edit<'_>,
    values: &mut Vec<Value>,
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<(), ScimError> {
    let sent = edit.value.filter(|value| !value.is_null());
    match (edit.verb, sent) {
        (Verb::Add, None) => return Ok(()),
        (Verb::Add, Some(sent)) => return append(edit, sent, values, place, scratch),
        (Verb::Remove, Some(sent)) => {
            scratch.spend(values.len())?;
            remove::named(values, sent, edit.attribute, edit.rules, place)?;
        }
        (Verb::Remove | Verb::Replace, None) => values.clear(),
        (Verb::Replace, Some(sent)) => {
            *values = match coerce::value(sent.clone(), edit.attribute, edit.rules, place)? {
                Some(Value::Array(values)) => values,
                _ => Vec::new(),
            };
        }
    }
    scratch.forget();
    Ok(())
}

/// Appends values; one that is there already takes over what is sent of it.
fn append(
    edit: &Edit<'_>,
    sent: &Value,
    values: &mut Vec<Value>,
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<(), ScimError> {
    let is_single = !sent.is_array() && edit.rules.bare_complex_value;
    let sent = if is_single { Value::Array(vec![sent.clone()]) } else { sent.clone() };
    let Some(Value::Array(sent)) = coerce::value(sent, edit.attribute, edit.rules, place)? else {
        return Ok(());
    };
    let index = scratch.index(edit.attribute, values)?;
    let mut primary = Vec::new();
    for value in sent {
        let is_primary = is_primary(&value);
        let at = match index.entry(identity(&value, edit.attribute)) {
            Entry::Vacant(entry) => {
                values.push(value);
                *entry.insert(values.len() - 1)
            }
            Entry::Occupied(entry) => {
                if let (Some(Value::Object(known)), Value::Object(value)) =
                    (values.get_mut(*entry.get()), value)
                {
                    put_all(known, value, edit.attribute, place)?;
                }
                *entry.get()
            }
        };
        if is_primary {
            primary.push(at);
        }
    }
    primary.sort_unstable();
    only_primary(values, &primary, scratch)
}
