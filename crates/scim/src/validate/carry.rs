//! What a change must leave: immutable values, and on PUT read-only ones (RFC 7644 §3.5.1, §3.5.2).

use serde_json::Value;
use serde_json::map::Entry;

use super::merge::same;
use super::place::Place;
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::schema::{Attribute, Mutability, ResolvedType};

/// Carries immutable and read-only values of `current` over into `document`.
///
/// Elements of multi-valued attributes have no identity of their own: they are replaced as they come (ours).
///
/// # Errors
///
/// `mutability` when an immutable value is sent that is not the current one.
pub(super) fn over(
    document: &mut Document,
    current: &Document,
    kind: &ResolvedType,
) -> Result<(), ScimError> {
    attributes(document, current, &kind.core.attributes, &Place::Root)?;
    for (schema, _) in &kind.extensions {
        let Some(Value::Object(current)) = current.get(&schema.id) else { continue };
        nested(document, &schema.id, current, &schema.attributes, &Place::Extension(&schema.id))?;
    }
    Ok(())
}

/// Checks that no immutable value of `current` is missing or another in `document`. One that is the
/// same by its case rule is put back as it was.
///
/// # Errors
///
/// `mutability`, naming the first that is not.
pub(crate) fn restore(
    document: &mut Document,
    current: &Document,
    kind: &ResolvedType,
) -> Result<(), ScimError> {
    fixed(Some(document), current, &kind.core.attributes, &Place::Root)?;
    for (schema, _) in &kind.extensions {
        let Some(Value::Object(current)) = current.get(&schema.id) else { continue };
        let extension = document.get_mut(&schema.id).and_then(Value::as_object_mut);
        fixed(extension, current, &schema.attributes, &Place::Extension(&schema.id))?;
    }
    Ok(())
}

fn fixed(
    mut document: Option<&mut Document>,
    current: &Document,
    definitions: &[Attribute],
    place: &Place<'_>,
) -> Result<(), ScimError> {
    for definition in definitions {
        let is_immutable = definition.mutability == Mutability::Immutable;
        if !is_immutable && (!definition.is_complex() || definition.multi_valued) {
            continue;
        }
        let Some(old) = current.get(&definition.name) else { continue };
        let new = document.as_mut().and_then(|document| document.get_mut(&definition.name));
        let place = place.name(&definition.name);
        if is_immutable {
            match new.filter(|new| same(new, old, definition)) {
                Some(new) => new.clone_from(old),
                None => return Err(changed(&place)),
            }
        } else if let Value::Object(old) = old {
            fixed(new.and_then(Value::as_object_mut), old, &definition.sub_attributes, &place)?;
        }
    }
    Ok(())
}

/// An immutable value would not stay as it is.
pub(crate) fn changed(place: &Place<'_>) -> ScimError {
    place.error(ErrorType::Mutability, "the value cannot be changed once it is set")
}

fn attributes(
    document: &mut Document,
    current: &Document,
    definitions: &[Attribute],
    place: &Place<'_>,
) -> Result<(), ScimError> {
    for definition in definitions {
        let has_parts = definition.is_complex() && !definition.multi_valued;
        if !is_fixed(definition) && !has_parts {
            continue;
        }
        let Some(now) = current.get(&definition.name) else { continue };
        let place = place.name(&definition.name);
        if is_fixed(definition) {
            keep(document, now, definition, &place)?;
        } else if let Value::Object(now) = now {
            nested(document, &definition.name, now, &definition.sub_attributes, &place)?;
        }
    }
    Ok(())
}

/// The same inside an object of the document. One that was left out comes back when it has something
/// immutable, with that and what it cannot be without.
fn nested(
    document: &mut Document,
    name: &str,
    current: &Document,
    definitions: &[Attribute],
    place: &Place<'_>,
) -> Result<(), ScimError> {
    if let Some(Value::Object(object)) = document.get_mut(name) {
        return attributes(object, current, definitions, place);
    }
    let kept = |definition: &&Attribute| definition.mutability == Mutability::Immutable;
    if !definitions.iter().filter(kept).any(|definition| current.contains_key(&definition.name)) {
        return Ok(());
    }
    let is_needed = |definition: &&Attribute| definition.required || is_fixed(definition);
    let object = definitions.iter().filter(is_needed);
    let object = object.filter_map(|definition| current.get_key_value(&definition.name));
    let object = object.map(|(name, now)| (name.clone(), now.clone())).collect();
    document.insert(name.to_owned(), Value::Object(object));
    Ok(())
}

fn is_fixed(definition: &Attribute) -> bool {
    matches!(definition.mutability, Mutability::Immutable | Mutability::ReadOnly)
}

fn keep(
    document: &mut Document,
    now: &Value,
    definition: &Attribute,
    place: &Place<'_>,
) -> Result<(), ScimError> {
    match document.entry(definition.name.clone()) {
        Entry::Vacant(entry) => {
            entry.insert(now.clone());
        }
        Entry::Occupied(entry) if !same(entry.get(), now, definition) => {
            return Err(changed(place));
        }
        Entry::Occupied(mut entry) => {
            entry.insert(now.clone());
        }
    }
    Ok(())
}
