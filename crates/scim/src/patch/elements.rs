//! What holds among the elements of a multi-valued attribute: one primary, immutable parts.

use serde_json::Value;

use super::scratch::Scratch;
use crate::Document;
use crate::error::ScimError;
use crate::schema::{Attribute, Mutability};
use crate::validate::carry;
use crate::validate::merge::same;
use crate::validate::place::Place;

/// When one of the values at `places` is primary, makes all others not (RFC 7644 §3.5.2).
pub(super) fn only_primary(
    values: &mut [Value],
    places: &[usize],
    scratch: &mut Scratch,
) -> Result<(), ScimError> {
    if !places.iter().any(|at| values.get(*at).is_some_and(is_primary)) {
        return Ok(());
    }
    scratch.spend(values.len())?;
    let mut chosen = places.iter().copied().peekable();
    for (at, value) in values.iter_mut().enumerate() {
        if chosen.next_if_eq(&at).is_some() {
            continue;
        }
        if let Some(flag) = value.get_mut("primary").filter(|flag| **flag == Value::Bool(true)) {
            *flag = Value::Bool(false);
        }
    }
    Ok(())
}

pub(super) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

/// Takes the values at these places out; the places ascend.
pub(super) fn take(values: &mut Vec<Value>, places: &[usize]) {
    let mut chosen = places.iter().copied().peekable();
    let mut at = 0;
    values.retain(|_| {
        let is_chosen = chosen.next_if_eq(&at).is_some();
        at += 1;
        !is_chosen
    });
}

/// Sets the parts of an element that is there. One that is the same by its case rule stays as it is:
/// adding what is there already changes nothing (RFC 7644 §3.5.2.1).
pub(super) fn put_all(
    element: &mut Document,
    sent: Document,
    attribute: &Attribute,
    place: &Place<'_>,
) -> Result<(), ScimError> {
    for (name, value) in sent {
        if let (Some(sub), Some(old)) = (attribute.sub(&name), element.get(&name)) {
            if same(old, &value, sub) {
                continue;
            }
            guard(sub, Some(old), Some(&value), &place.name(&name))?;
        }
        element.insert(name, value);
    }
    Ok(())
}

pub(super) fn guard_all(
    attribute: &Attribute,
    old: &Document,
    new: &Document,
    place: &Place<'_>,
) -> Result<(), ScimError> {
    attribute
        .sub_attributes
        .iter()
        .try_for_each(|sub| guard(sub, old.get(&sub.name), new.get(&sub.name), &place.name(&sub.name)))
}

/// Refuses to change an immutable part that has a value.
pub(super) fn guard(
    sub: &Attribute,
    old: Option<&Value>,
    new: Option<&Value>,
    place: &Place<'_>,
) -> Result<(), ScimError> {
    let Some(old) = old.filter(|_| sub.mutability == Mutability::Immutable) else { return Ok(()) };
    if new.is_some_and(|new| same(old, new, sub)) {
        return Ok(());
    }
    Err(carry::changed(place))
}
