//! Operations on multi-valued attributes: all values, those a filter selects, or a part of each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ptr;

use serde_json::Value;

use super::target::{Edit, change as change_part};
use super::{Verb, create, remove, single};
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::filter::Filter;
use crate::limits::MAX_VALUES;
use crate::schema::{Attribute, Mutability};
use crate::validate::merge::{self, identity, same};
use crate::validate::place::Place;
use crate::validate::{carry, coerce};

/// How many values all operations of one request may look at together. Bounds the time of a hostile one.
const MAX_LOOKS: usize = 2_000_000;

/// What operations remember for the next one, so that thousands of them stay linear.
#[derive(Default)]
pub(super) struct Scratch {
    looks: usize,
    /// Where each value is, by identity, of the attribute that the last operation appended to.
    index: Option<(*const Attribute, HashMap<String, usize>)>,
}

impl Scratch {
    /// Counts work; 413 when the request asks for too much.
    pub(super) fn spend(&mut self, looks: usize) -> Result<(), ScimError> {
        self.looks = self.looks.saturating_add(looks);
        if self.looks > MAX_LOOKS {
            return Err(ScimError::too_large("the operations together look at too many values"));
        }
        Ok(())
    }

    /// Forgets the index: values were changed by other means.
    pub(super) fn forget(&mut self) {
        self.index = None;
    }

    fn index(
        &mut self,
        attribute: &Attribute,
        values: &[Value],
    ) -> Result<&mut HashMap<String, usize>, ScimError> {
        let is_fresh = self
            .index
            .as_ref()
            .is_some_and(|(of, index)| ptr::eq(*of, attribute) && index.len() == values.len());
        if !is_fresh {
            self.spend(values.len())?;
            self.index = None;
        }
        let build = || {
            let entries = values.iter().enumerate();
            (ptr::from_ref(attribute), entries.map(|(at, value)| (identity(value, attribute), at)).collect())
        };
        Ok(&mut self.index.get_or_insert_with(build).1)
    }
}

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
            part(edit, sub, &mut values, &every, place, scratch)?;
        }
        (Some(filter), _) => selected(edit, filter, &mut values, place, scratch)?,
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
    let sent = match sent {
        Value::Array(items) => Value::Array(items.clone()),
        single => Value::Array(vec![single.clone()]),
    };
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

/// The elements that satisfy the filter, or a part of them.
fn selected(
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
    let mut found: Vec<usize> = values.iter().enumerate().filter_map(matches).collect();
    if is_bounded && found.len() > 1 {
        let what = format!("the filter selects {} values, not one", found.len());
        return Err(place.error(ErrorType::InvalidFilter, what));
    }
    let is_new = found.is_empty();
    if is_new {
        if edit.verb == Verb::Remove {
            return Ok(());
        }
        values.push(created(edit, filter, place)?);
        found.push(values.len() - 1);
        only_primary(values, &found, scratch)?;
    }
    match (edit.sub, edit.verb) {
        (Some(sub), _) => part(edit, sub, values, &found, place, scratch),
        (None, Verb::Remove) => {
            take(values, &found);
            scratch.forget();
            Ok(())
        }
        (None, _) => elements(edit, values, &found, is_new, place, scratch),
    }
}

/// The element that the filter describes, where the operation may make one.
fn created(edit: &Edit<'_>, filter: &Filter, place: &Place<'_>) -> Result<Value, ScimError> {
    let may_create = edit.verb == Verb::Add || edit.rules.create_on_replace_miss;
    let element = if may_create { create::element(filter, edit.attribute, edit.rules, place)? } else { None };
    element.ok_or_else(|| place.error(ErrorType::NoTarget, format_args!("no value matches [{filter}]")))
}

/// One sub-attribute of the elements at these places.
fn part(
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

/// When one of the values at `places` is primary, makes all others not (RFC 7644 §3.5.2).
fn only_primary(values: &mut [Value], places: &[usize], scratch: &mut Scratch) -> Result<(), ScimError> {
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

fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

/// Takes the values at these places out; the places ascend.
fn take(values: &mut Vec<Value>, places: &[usize]) {
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
fn put_all(
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

fn guard_all(
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
fn guard(
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
