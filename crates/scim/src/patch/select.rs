//! The elements of a multi-valued attribute that a filter selects, or a part of each.

use serde_json::Value;

use super::elements::{guard, guard_all, only_primary, take};
use super::scratch::Scratch;
use super::target::{Edit, change as change_part};
use super::{Verb, create, single};
use crate::error::{ErrorType, ScimError};
use crate::filter::{Bound, Filter};
use crate::schema::Attribute;
use crate::validate::coerce::{self, is_unassigned};
use crate::validate::merge;
use crate::validate::place::Place;

/// The elements that satisfy the filter, or a part of them.
pub(super) fn selected(
    edit: &Edit<'_>,
    filter: &Filter,
    values: &mut Vec<Value>,
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<(), ScimError> {
    let is_bounded = edit.rules.value_path_needs_sub_attribute;
    if is_bounded && edit.sub.is_none() {
        let what = "a path with a filter must end in a sub-attribute";
        return Err(place.error(ErrorType::InvalidPath, what));
    }
    scratch.spend(values.len())?;
    let bound = filter.bind_element(edit.attribute)?;
    let matches = |(at, value): (usize, &Value)| bound.matches_element(value).then_some(at);
    let found: Vec<usize> = values.iter().enumerate().filter_map(matches).collect();
    if is_bounded && found.len() > 1 {
        let what = format!("the filter selects {} values, not one", found.len());
        return Err(place.error(ErrorType::InvalidFilter, what));
    }
    if found.is_empty() {
        return make(edit, filter, &bound, values, place, scratch);
    }
    match (edit.sub, edit.verb) {
        (Some(sub), _) => part(edit, sub, values, &found, place, scratch),
        (None, Verb::Remove) => {
            take(values, &found);
            scratch.forget();
            Ok(())
        }
        (None, _) => elements(edit, values, &found, false, place, scratch),
    }
}

/// Makes the element that a filter without match describes, with what the operation sets in it.
///
/// One that would not satisfy the filter is not made: a request sent twice must not add twice.
fn make(
    edit: &Edit<'_>,
    filter: &Filter,
    bound: &Bound,
    values: &mut Vec<Value>,
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<(), ScimError> {
    if edit.verb == Verb::Remove {
        return Ok(());
    }
    let mut fresh = vec![created(edit, filter, place)?];
    if edit.value.is_none_or(|value| is_unassigned(value, edit.rules)) {
        return Ok(());
    }
    match edit.sub {
        Some(sub) => part(edit, sub, &mut fresh, &[0], place, scratch)?,
        None => elements(edit, &mut fresh, &[0], true, place, scratch)?,
    }
    if !fresh.iter().all(|value| bound.matches_element(value)) {
        return Err(no_target(filter, place));
    }
    let at = values.len();
    values.append(&mut fresh);
    only_primary(values, &[at], scratch)?;
    scratch.spend(values.len())?;
    merge::duplicates(values, edit.attribute);
    Ok(())
}

/// The element that the filter describes, where the operation may make one.
fn created(edit: &Edit<'_>, filter: &Filter, place: &Place<'_>) -> Result<Value, ScimError> {
    let may_create = edit.verb == Verb::Add || edit.rules.create_on_replace_miss;
    let element = if may_create { create::element(filter, edit.attribute, edit.rules, place)? } else { None };
    element.ok_or_else(|| no_target(filter, place))
}

fn no_target(filter: &Filter, place: &Place<'_>) -> ScimError {
    place.error(ErrorType::NoTarget, format_args!("no value matches [{filter}]"))
}

/// One sub-attribute of the elements at these places.
pub(super) fn part(
    edit: &Edit<'_>,
    sub: &Attribute,
    values: &mut Vec<Value>,
    places: &[usize],
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<(), ScimError> {
    scratch.spend(places.len())?;
    let part = Edit { attribute: sub, sub: None, filter: None, ..*edit };
    let name = place.name(&sub.name);
    for at in places {
        let Some(Value::Object(element)) = values.get_mut(*at) else { continue };
        scratch.forget();
        let new = change_part(&part, element.get(&sub.name).cloned(), &name, scratch)?;
        guard(sub, element.get(&sub.name), new.as_ref(), &name)?;
        single::set(element, &sub.name, new);
    }
    if sub.name == "primary" {
        only_primary(values, places, scratch)?;
    }
    scratch.forget();
    values.retain(|value| value.as_object().is_none_or(|element| !element.is_empty()));
    if matches!(sub.name.as_str(), "value" | "type") {
        scratch.spend(values.len())?;
        merge::duplicates(values, edit.attribute);
    }
    Ok(())
}

/// Whole elements: `replace` puts the value in their place, `add` sets the parts that it has.
fn elements(
    edit: &Edit<'_>,
    values: &mut Vec<Value>,
    places: &[usize],
    is_new: bool,
    place: &Place<'_>,
    scratch: &mut Scratch,
) -> Result<(), ScimError> {
    let sent = single::bare(edit.value.unwrap_or(&Value::Null));
    scratch.forget();
    scratch.spend(values.len())?;
    let coerced = coerce::single(sent.clone(), edit.attribute, edit.rules, place)?;
    for at in places {
        match (values.get_mut(*at), &coerced, sent) {
            (Some(Value::Object(element)), Some(Value::Object(_)), Value::Object(sent))
                if is_new || edit.verb == Verb::Add =>
            {
                let before = element.clone();
                single::overlay(element, sent, coerced.clone(), edit);
                guard_all(edit.attribute, &before, element, place)?;
            }
            (Some(slot), Some(value), _) => {
                if let (Value::Object(old), Value::Object(new)) = (&*slot, value) {
                    guard_all(edit.attribute, old, new, place)?;
                }
                slot.clone_from(value);
            }
            _ => {}
        }
    }
    if coerced.is_none() && edit.verb == Verb::Replace {
        take(values, places);
        return Ok(());
    }
    only_primary(values, places, scratch)?;
    values.retain(|value| value.as_object().is_none_or(|element| !element.is_empty()));
    merge::duplicates(values, edit.attribute);
    Ok(())
}
