//! What must be true of a whole document: required attributes, one `primary`, `schemas`.

use serde_json::Value;

use super::place::Place;
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::schema::{Attribute, Mutability, ResolvedType};

/// Why a document cannot stand as it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// Something required is missing.
    Missing(ScimError),
    /// Anything else.
    Other(ScimError),
}

impl From<Fault> for ScimError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Missing(error) | Fault::Other(error) => error,
        }
    }
}

/// Checks the document against all its schemas. `written` says which write-only attributes of the
/// core were sent; `None` when they are not asked for.
pub(crate) fn check(
    document: &Document,
    kind: &ResolvedType,
    written: Option<&dyn Fn(&Attribute) -> bool>,
) -> Result<(), Fault> {
    attributes(document, &kind.core.attributes, &Place::Root, &|attribute| match attribute.mutability {
        Mutability::ReadOnly => true,
        Mutability::WriteOnly => written.is_none_or(|written| written(attribute)),
        _ => kind.is_detached(&attribute.name),
    })?;
    for (schema, required) in &kind.extensions {
        let place = Place::Extension(&schema.id);
        match document.get(&schema.id) {
            Some(Value::Object(extension)) => {
                attributes(extension, &schema.attributes, &place, &|attribute| is_not_shown(attribute))?;
            }
            _ if *required => return Err(missing(&place)),
            _ => {}
        }
    }
    Ok(())
}

/// Sets `schemas`: the core URN, then each extension that has a value or is required (RFC 7643 §3).
pub(crate) fn set_schemas(document: &mut Document, kind: &ResolvedType) {
    let mut schemas = vec![Value::String(kind.core.id.clone())];
    for (schema, required) in &kind.extensions {
        if *required || document.contains_key(&schema.id) {
            schemas.push(Value::String(schema.id.clone()));
        }
    }
    // What no schema defines yet is kept, and named as what it may become.
    let is_kept = |(name, value): &(&String, &Value)| {
        value.is_object()
            && name.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:"))
            && kind.extension(name).is_none()
    };
    schemas.extend(document.iter().filter(is_kept).map(|(name, _)| Value::String(name.clone())));
    document.insert("schemas".to_owned(), Value::Array(schemas));
}

fn is_not_shown(attribute: &Attribute) -> bool {
    matches!(attribute.mutability, Mutability::ReadOnly | Mutability::WriteOnly)
}

fn attributes(
    object: &Document,
    definitions: &[Attribute],
    place: &Place<'_>,
    is_excused: &dyn Fn(&Attribute) -> bool,
) -> Result<(), Fault> {
    for definition in definitions {
        // Most attributes ask for nothing: do not look them up.
        let has_primary = definition.multi_valued && definition.sub("primary").is_some();
        let has_required = definition.sub_attributes.iter().any(|sub| sub.required);
        if !definition.required && !has_primary && !has_required {
            continue;
        }
        let place = place.name(&definition.name);
        match object.get(&definition.name) {
            None if definition.required && !is_excused(definition) => return Err(missing(&place)),
            Some(Value::String(text)) if definition.required && text.is_empty() => {
                return Err(missing(&place));
            }
            Some(Value::Array(elements)) if definition.multi_valued => {
                if has_required {
                    for (at, element) in elements.iter().enumerate() {
                        required_parts(element, definition, &place.index(at))?;
                    }
                }
                if has_primary {
                    one_primary(elements, &place)?;
                }
            }
            Some(value) if has_required => required_parts(value, definition, &place)?,
            _ => {}
        }
    }
    Ok(())
}

fn required_parts(value: &Value, definition: &Attribute, place: &Place<'_>) -> Result<(), Fault> {
    let Value::Object(object) = value else { return Ok(()) };
    let mut needed = definition.sub_attributes.iter().filter(|sub| sub.required && !is_not_shown(sub));
    match needed.find(|sub| !object.contains_key(&sub.name)) {
        Some(sub) => Err(missing(&place.name(&sub.name))),
        None => Ok(()),
    }
}

fn one_primary(elements: &[Value], place: &Place<'_>) -> Result<(), Fault> {
    let is_primary = |element: &&Value| element.get("primary") == Some(&Value::Bool(true));
    if elements.iter().filter(is_primary).count() > 1 {
        let many = "at most one value can be primary";
        return Err(Fault::Other(place.error(ErrorType::InvalidValue, many)));
    }
    Ok(())
}

fn missing(place: &Place<'_>) -> Fault {
    Fault::Missing(place.error(ErrorType::InvalidValue, "a value is required"))
}
