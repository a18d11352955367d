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

/// Checks that no immutable value of `current` is missing or another in `document`.
///
/// # Errors
///
/// `mutability`, naming the first that is.
pub(crate) fn unchanged(
    document: &Document,
    current: &Document,
    kind: &ResolvedType,
) -> Result<(), ScimError> {
    fixed(Some(document), current, &kind.core.attributes, &Place::Root)?;
    for (schema, _) in &kind.extensions {
        let Some(Value::Object(current)) = current.get(&schema.id) else { continue };
        let extension = document.get(&schema.id).and_then(Value::as_object);
        fixed(extension, current, &schema.attributes, &Place::Extension(&schema.id))?;
    }
    Ok(())
}

fn fixed(
    document: Option<&Document>,
    current: &Document,
    definitions: &[Attribute],
    place: &Place<'_>,
) -> Result<(), ScimError> {
    for definition in definitions {
        let Some(old) = current.get(&definition.name) else { continue };
        let new = document.and_then(|document| document.get(&definition.name));
        let place = place.name(&definition.name);
        if definition.mutability == Mutability::Immutable {
            if !new.is_some_and(|new| same(new, old, definition)) {
                return Err(changed(&place));
            }
        } else if let (Value::Object(old), true) = (old, definition.is_complex()) {
            fixed(new.and_then(Value::as_object), old, &definition.sub_attributes, &place)?;
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
        let is_fixed = matches!(definition.mutability, Mutability::Immutable | Mutability::ReadOnly);
        let has_parts = definition.is_complex() && !definition.multi_valued;
        if !is_fixed && !has_parts {
            continue;
        }
        let Some(now) = current.get(&definition.name) else { continue };
        let place = place.name(&definition.name);
        if is_fixed {
            keep(document, now, definition, &place)?;
        } else if let Value::Object(now) = now {
            nested(document, &definition.name, now, &definition.sub_attributes, &place)?;
        }
    }
    Ok(())
}

/// The same inside an object of the document, which is made only when something is carried into it.
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
    let mut object = Document::new();
    let immutable = definitions.iter().filter(|definition| definition.mutability == Mutability::Immutable);
    for definition in immutable {
        if let Some(now) = current.get(&definition.name) {
            object.insert(definition.name.clone(), now.clone());
        }
    }
    if !object.is_empty() {
        document.insert(name.to_owned(), Value::Object(object));
    }
    Ok(())
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
