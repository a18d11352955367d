//! From what is there and what is wanted to what changes.

use rollcall_scim::Document;
use rollcall_scim::path::AttributePath;
use rollcall_scim::schema::{Attribute, Mutability, ResolvedType};
use serde_json::Value;

use super::edit::{Changed, Edit, Removed, Values};
use super::{Wanted, is_echo, is_urn, select};

/// What changes, in the order of `wanted`: replaced first, then added and removed.
pub(super) fn edits(current: Option<&Document>, wanted: &Wanted, kind: &ResolvedType) -> Vec<Edit> {
    let mut edits = Vec::new();
    let source = Source { current, kind };
    source.replaced(&wanted.replace, &mut edits);
    let deltas = [&wanted.add, &wanted.remove].map(|part| leaves(part, kind));
    let mut seen: Vec<String> = Vec::new();
    for (path, _) in deltas.iter().flatten() {
        let name = path.to_string();
        if !seen.contains(&name) {
            let of = |delta: &[(AttributePath, Value)]| {
                delta.iter().find(|(other, _)| other == path).map(|(_, value)| value.clone())
            };
            source.delta(path, of(&deltas[0]), of(&deltas[1]), &mut edits);
            seen.push(name);
        }
    }
    edits
}

/// The attributes of a part of [`Wanted`], those of extensions one by one.
fn leaves(part: &Document, kind: &ResolvedType) -> Vec<(AttributePath, Value)> {
    let mut leaves = Vec::new();
    for (name, value) in part.iter().filter(|(name, _)| !is_echo(name)) {
        match value {
            Value::Object(extension) if is_extension(name, kind) => {
                let path = |attribute: &String| AttributePath {
                    urn: Some(name.clone()),
                    name: attribute.clone(),
                    sub: None,
                };
                leaves.extend(extension.iter().map(|(attribute, value)| (path(attribute), value.clone())));
            }
            _ => leaves.push((AttributePath::named(name), value.clone())),
        }
    }
    leaves
}

fn is_extension(name: &str, kind: &ResolvedType) -> bool {
    kind.extension(name).is_some() || is_urn(name)
}

/// What is known of the resource.
#[derive(Clone, Copy)]
struct Source<'a> {
    current: Option<&'a Document>,
    kind: &'a ResolvedType,
}

impl<'a> Source<'a> {
    fn attribute(self, path: &AttributePath) -> Option<&'a Attribute> {
        match &path.urn {
            Some(urn) => self.kind.extension(urn)?.attribute(&path.name),
            None => self.kind.attribute(&path.name),
        }
    }

    fn value(self, path: &AttributePath) -> Option<&'a Value> {
        let container = match &path.urn {
            Some(urn) => self.current?.get(urn)?.as_object()?,
            None => self.current?,
        };
        container.get(&path.name).filter(|value| !is_nothing(value))
    }

    fn replaced(self, wanted: &Document, edits: &mut Vec<Edit>) {
        for (name, value) in wanted.iter().filter(|(name, _)| !is_echo(name)) {
            if is_nothing(value) && is_extension(name, self.kind) {
                let is_there = self.current.is_none_or(|current| current.contains_key(name));
                let path = name.parse().ok().filter(|_| is_there);
                edits.extend(path.map(Edit::Clear));
            }
        }
        for (path, value) in leaves(wanted, self.kind) {
            let is_multiple = self.attribute(&path).is_some_and(|attribute| attribute.multi_valued);
            match &value {
                _ if is_nothing(&value) && path.urn.is_none() && is_extension(&path.name, self.kind) => {}
                _ if is_nothing(&value) => self.clear(path, edits),
                Value::Object(parts) if !is_multiple => self.parts(&path, parts, edits),
                _ if is_multiple => self.values(&path, as_list(&value), edits),
                _ => self.set(path, &value, edits),
            }
        }
    }

    fn clear(self, path: AttributePath, edits: &mut Vec<Edit>) {
        if self.current.is_none() || self.value(&path).is_some() {
            edits.push(Edit::Clear(path));
        }
    }

    /// A singular complex attribute, by its parts; as a whole when there is none yet.
    fn parts(self, path: &AttributePath, parts: &Document, edits: &mut Vec<Edit>) {
        let known = self.value(path).and_then(Value::as_object);
        if self.current.is_some() && known.is_none() {
            let given = parts.iter().filter(|(_, value)| !is_nothing(value));
            let given: Document = given.map(|(name, value)| (name.clone(), value.clone())).collect();
            if !given.is_empty() {
                edits.push(Edit::Set(path.clone(), Value::Object(given)));
            }
            return;
        }
        for (name, value) in parts {
            let path = AttributePath { sub: Some(name.clone()), ..path.clone() };
            let old = known.and_then(|known| known.get(name)).filter(|old| !is_nothing(old));
            if is_nothing(value) {
                if self.current.is_none() || old.is_some() {
                    edits.push(Edit::Clear(path));
                }
            } else if old != Some(value) {
                edits.push(Edit::Set(path, value.clone()));
            }
        }
    }

    fn set(self, path: AttributePath, value: &Value, edits: &mut Vec<Edit>) {
        if self.value(&path) != Some(value) {
            edits.push(Edit::Set(path, value.clone()));
        }
    }

    /// All values of a multi-valued attribute.
    fn values(self, path: &AttributePath, wanted: Vec<Value>, edits: &mut Vec<Edit>) {
        let (Some(_), Some(attribute)) = (self.current, self.attribute(path)) else {
            edits.push(Edit::Set(path.clone(), Value::Array(wanted)));
            return;
        };
        let before = self.value(path).map(as_list).unwrap_or_default();
        edits.extend(between(path, before, wanted, attribute));
    }

    /// Values that come and values that go.
    fn delta(self, path: &AttributePath, add: Option<Value>, remove: Option<Value>, edits: &mut Vec<Edit>) {
        let attribute = self.attribute(path);
        let is_multiple = attribute.map_or_else(
            || self.value(path).or(add.as_ref()).or(remove.as_ref()).is_some_and(Value::is_array),
            |attribute| attribute.multi_valued,
        );
        if !is_multiple {
            match (add, remove) {
                (Some(Value::Object(parts)), _) => self.parts(path, &parts, edits),
                (Some(value), _) => self.set(path.clone(), &value, edits),
                (None, Some(value)) if self.value(path).is_none_or(|old| *old == value) => {
                    self.clear(path.clone(), edits);
                }
                (None, _) => {}
            }
            return;
        }
        let as_elements = |values: Option<Value>| {
            let values = values.as_ref().map(as_list).unwrap_or_default();
            values.into_iter().map(|value| as_element(value, attribute)).collect::<Vec<_>>()
        };
        let (add, remove) = (as_elements(add), as_elements(remove));
        if let (Some(_), Some(attribute)) = (self.current, attribute) {
            let before = self.value(path).map(as_list).unwrap_or_default();
            let mut after = before.clone();
            after.retain(|value| !remove.iter().any(|gone| is_named(value, gone)));
            for value in add {
                if !after.iter().any(|known| is_same(known, &value, attribute)) {
                    after.push(value);
                }
            }
            edits.extend(between(path, before, after, attribute));
            return;
        }
        let removed = remove.into_iter().map(|element| Removed { select: select::named(&element), element });
        let values = Values {
            path: path.clone(),
            removed: removed.collect(),
            changed: Vec::new(),
            added: add,
            before: None,
            after: None,
        };
        edits.extend(Some(values).filter(|values| !values.is_empty()).map(Edit::Values));
    }
}

/// What changes between two lists of values.
fn between(
    path: &AttributePath,
    before: Vec<Value>,
    after: Vec<Value>,
    attribute: &Attribute,
) -> Option<Edit> {
    let mut old: Vec<Option<&Value>> = before.iter().map(Some).collect();
    let mut new: Vec<Option<&Value>> = after.iter().map(Some).collect();
    pair(&mut old, &mut new, &mut |old, new| is_same(old, new, attribute));
    if old.iter().chain(&new).all(Option::is_none) {
        return None;
    }
    if after.is_empty() {
        return Some(Edit::Clear(path.clone()));
    }
    if !attribute.is_complex() {
        // Values without parts have no names: nothing but additions can be said of one.
        let is_growing = old.iter().all(Option::is_none);
        let added: Vec<Value> = new.into_iter().flatten().cloned().collect();
        return Some(if is_growing {
            let (removed, changed) = (Vec::new(), Vec::new());
            Edit::Values(Values {
                path: path.clone(),
                removed,
                changed,
                added,
                before: Some(before),
                after: Some(after),
            })
        } else {
            Edit::Set(path.clone(), Value::Array(after))
        });
    }
    let mut changes = Vec::new();
    for part in ["value", "type"] {
        changes.extend(pair(&mut old, &mut new, &mut |old, new| {
            old.get(part).is_some() && old.get(part) == new.get(part)
        }));
    }
    let gone: Vec<Value> = old.into_iter().flatten().cloned().collect();
    let added: Vec<Value> = new.into_iter().flatten().cloned().collect();
    Some(Edit::Values(steps(path, before.clone(), after.clone(), &gone, &changes, added, attribute)))
}

/// Takes pairs that belong together out of both lists; a value of which several could be meant stays.
fn pair(
    old: &mut [Option<&Value>],
    new: &mut [Option<&Value>],
    belong: &mut dyn FnMut(&Value, &Value) -> bool,
) -> Vec<(Value, Value)> {
    let mut pairs = Vec::new();
    for slot in old.iter_mut() {
        let Some(value) = *slot else { continue };
        let partner = new.iter_mut().find(|other| other.is_some_and(|other| belong(value, other)));
        if let Some(other) = partner.and_then(Option::take) {
            pairs.push((value.clone(), other.clone()));
            *slot = None;
        }
    }
    pairs
}

/// The steps, each selecting its value among those that are there at that moment.
fn steps(
    path: &AttributePath,
    before: Vec<Value>,
    after: Vec<Value>,
    gone: &[Value],
    pairs: &[(Value, Value)],
    mut added: Vec<Value>,
    attribute: &Attribute,
) -> Values {
    let mut state = before.clone();
    let mut removed = Vec::new();
    let mut take_out = |element: &Value, state: &mut Vec<Value>| {
        let at = state.iter().position(|value| value == element);
        let select = at.and_then(|at| select::only(state, at, attribute, &[]));
        at.map(|at| state.remove(at));
        removed.push(Removed { element: element.clone(), select });
    };
    for element in gone {
        take_out(element, &mut state);
    }
    let mut changed: Vec<Changed> = Vec::new();
    // Who is primary no more goes first, so that there are never two.
    let mut ordered: Vec<&(Value, Value)> = pairs.iter().collect();
    ordered.sort_by_key(|(_, new)| new.get("primary") == Some(&Value::Bool(true)));
    for (old, new) in ordered {
        let (Value::Object(old_parts), Value::Object(new_parts)) = (old, new) else { continue };
        let (set, cleared) = parts_between(old_parts, new_parts, attribute);
        let moving: Vec<&str> =
            set.keys().map(String::as_str).chain(cleared.iter().map(String::as_str)).collect();
        let at = state.iter().position(|value| value == old);
        let select = at.and_then(|at| select::only(&state, at, attribute, &moving));
        if select.is_none() && at.is_some_and(|at| select::only(&state, at, attribute, &[]).is_some()) {
            take_out(old, &mut state);
            added.push(new.clone());
            continue;
        }
        if let Some(slot) = at.and_then(|at| state.get_mut(at)) {
            slot.clone_from(new);
        }
        changed.push(Changed { before: old_parts.clone(), select, set, cleared });
    }
    Values { path: path.clone(), removed, changed, added, before: Some(before), after: Some(after) }
}

/// The parts to set and the parts to clear; what only the application sets is neither.
fn parts_between(old: &Document, new: &Document, attribute: &Attribute) -> (Document, Vec<String>) {
    let is_ours = |name: &str| attribute.sub(name).is_none_or(|sub| sub.mutability != Mutability::ReadOnly);
    let set = new.iter().filter(|(name, value)| is_ours(name) && old.get(*name) != Some(*value));
    let set = set.filter(|(name, value)| !is_unset_flag(name, value, old));
    let set = set.map(|(name, value)| (name.clone(), value.clone())).collect();
    let gone = old
        .iter()
        .filter(|(name, value)| is_ours(name) && !new.contains_key(*name) && !is_false(name, value));
    (set, gone.map(|(name, _)| name.clone()).collect())
}

/// `primary: false` says no more than no `primary`.
fn is_false(name: &str, value: &Value) -> bool {
    name == "primary" && *value == Value::Bool(false)
}

fn is_unset_flag(name: &str, value: &Value, old: &Document) -> bool {
    is_false(name, value) && !old.contains_key(name)
}

/// Whether two values of an attribute differ in nothing that can be set.
fn is_same(one: &Value, other: &Value, attribute: &Attribute) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let (set, cleared) = parts_between(one, other, attribute);
            set.is_empty() && cleared.is_empty()
        }
        _ => one == other,
    }
}

/// Whether a value is the one that is named: by `value`, and `type` where it is given, else by all its parts.
fn is_named(value: &Value, named: &Value) -> bool {
    match (value, named) {
        (Value::Object(value), Value::Object(named)) => named
            .iter()
            .filter(|(name, _)| !named.contains_key("value") || matches!(name.as_str(), "value" | "type"))
            .all(|(name, part)| value.get(name) == Some(part)),
        _ => value == named,
    }
}

/// A bare value as the element that it stands for.
fn as_element(value: Value, attribute: Option<&Attribute>) -> Value {
    match (&value, attribute) {
        (Value::String(_), Some(attribute)) if attribute.is_complex() => {
            Value::Object(std::iter::once(("value".to_owned(), value)).collect())
        }
        _ => value,
    }
}

fn as_list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        single => vec![single.clone()],
    }
}

/// Unassigned (RFC 7643 §2.5).
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        _ => false,
    }
}
