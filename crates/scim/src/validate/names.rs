//! Keys that are paths: `name.givenName`, `urn:…:User:department`, `urn:…:core:2.0:User:title`.

use serde_json::Value;
use serde_json::map::Entry;

use super::place::Place;
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::path::{AttributePath, AttributeRef, Resolved};
use crate::schema::ResolvedType;

/// Splits `[urn:]name[.sub]`: the URN ends at the last colon, the name at the first dot after it.
pub(crate) fn split(text: &str) -> AttributePath {
    let (urn, rest) = match text.rsplit_once(':') {
        Some((urn, rest)) => (Some(urn.to_owned()), rest),
        None => (None, text),
    };
    let (name, sub) = match rest.split_once('.') {
        Some((name, sub)) => (name, Some(sub.to_owned())),
        None => (rest, None),
    };
    AttributePath { urn, name: name.to_owned(), sub }
}

/// Puts the values of keys that are paths where the paths lead; all other keys stay as they are.
///
/// # Errors
///
/// `invalidSyntax` when there is a value at that place already, or no object to put it in.
pub(crate) fn unfold(mut body: Document, kind: &ResolvedType) -> Result<Document, ScimError> {
    let paths: Vec<(String, AttributeRef<'_>)> = body
        .keys()
        .filter(|key| key.contains(['.', ':']) && kind.extension(key).is_none())
        .filter_map(|key| match split(key).resolve(kind) {
            Ok(Resolved::Attribute(found)) => Some((key.clone(), found)),
            _ => None,
        })
        .collect();
    if paths.is_empty() {
        return Ok(body);
    }
    let mut folded: Vec<Option<Value>> = Vec::with_capacity(paths.len());
    folded.extend(paths.iter().map(|(key, _)| body.get_mut(key).map(Value::take)));
    body.retain(|key, _| !paths.iter().any(|(path, _)| path == key));
    for ((key, found), value) in paths.iter().zip(folded) {
        place(&mut body, *found, value.unwrap_or_default()).ok_or_else(|| {
            Place::Root.name(key).error(ErrorType::InvalidSyntax, "another key gives this value too")
        })?;
    }
    Ok(body)
}

/// Sets the value at the path; `None` when something else is there.
fn place(body: &mut Document, path: AttributeRef<'_>, value: Value) -> Option<()> {
    let target = match path.extension {
        Some(extension) => child(body, &extension.id)?,
        None => body,
    };
    let (target, name) = match path.sub {
        Some(sub) => (child(target, &path.attribute.name)?, &sub.name),
        None => (target, &path.attribute.name),
    };
    if target.keys().any(|key| key.eq_ignore_ascii_case(name)) {
        return None;
    }
    target.insert(name.clone(), value);
    Some(())
}

/// The object under this name, in any case; a new one where there is none.
fn child<'a>(object: &'a mut Document, name: &str) -> Option<&'a mut Document> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    let slot = match object.entry(key.unwrap_or_else(|| name.to_owned())) {
        Entry::Vacant(entry) => entry.insert(Value::Object(Document::new())),
        Entry::Occupied(entry) => entry.into_mut(),
    };
    if slot.is_null() {
        *slot = Value::Object(Document::new());
    }
    slot.as_object_mut()
}
