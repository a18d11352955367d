//! Keys that are paths: `name.givenName`, `urn:…:User:department`, `urn:…:core:2.0:User:title`.

use serde_json::Value;
use serde_json::map::Entry;

use super::place::Place;
use crate::Document;
use crate::error::{ErrorType, ScimError};
use crate::path::{AttributePath, Resolved};
use crate::schema::ResolvedType;

/// Where the value of a path is kept: the objects that it is in, from the top, and its name there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Home<'a> {
    /// Extension, complex attribute: names in schema case.
    pub(crate) keys: Vec<&'a str>,
    /// In schema case, or as written when no schema defines it.
    pub(crate) name: &'a str,
}

/// The home of a path into this type. Also of one that is not defined, when what it is a part of is an
/// extension or a complex attribute of one value; `None` for any other.
pub(crate) fn home<'a>(path: &'a AttributePath, kind: &'a ResolvedType) -> Option<Home<'a>> {
    if let Ok(Resolved::Attribute(found)) = path.resolve(kind) {
        let extension = found.extension.map(|schema| schema.id.as_str());
        let parent = found.sub.map(|_| found.attribute.name.as_str());
        return Some(Home { keys: extension.into_iter().chain(parent).collect(), name: &found.leaf().name });
    }
    let extension = path.urn.as_ref().and_then(|urn| kind.extension(urn));
    let Some(sub) = &path.sub else {
        return extension.map(|schema| Home { keys: vec![&schema.id], name: &path.name });
    };
    let is_core = path.urn.as_ref().is_none_or(|urn| urn.eq_ignore_ascii_case(&kind.core.id));
    let parent = match extension {
        Some(schema) => schema.attribute(&path.name),
        None => kind.attribute(&path.name).filter(|_| is_core),
    };
    let parent = parent.filter(|parent| parent.is_complex() && !parent.multi_valued)?;
    let keys = extension.map(|schema| schema.id.as_str()).into_iter().chain([parent.name.as_str()]);
    Some(Home { keys: keys.collect(), name: sub })
}

/// Puts the values of keys that are paths where the paths lead; all other keys stay as they are.
///
/// # Errors
///
/// `invalidSyntax` when there is a value at that place already, or no object to put it in.
pub(crate) fn unfold(mut body: Document, kind: &ResolvedType) -> Result<Document, ScimError> {
    let is_path = |key: &String| key.contains(['.', ':']) && kind.extension(key).is_none();
    if !body.keys().any(is_path) {
        return Ok(body);
    }
    let mut unfolded = Vec::new();
    let mut rest = Document::with_capacity(body.len());
    for (key, value) in body {
        let path = Some(&key).filter(|key| is_path(key)).and_then(|key| AttributePath::from_word(key).ok());
        if path.as_ref().is_some_and(|path| home(path, kind).is_some()) {
            unfolded.extend(path.map(|path| (path, value)));
        } else {
            rest.insert(key, value);
        }
    }
    body = rest;
    for (path, value) in unfolded {
        let placed = home(&path, kind).and_then(|home| place(&mut body, &home, value));
        let what = "another key gives this value too";
        placed.ok_or_else(|| Place::Root.name(&path.to_string()).error(ErrorType::InvalidSyntax, what))?;
    }
    Ok(body)
}

/// Sets the value at its home; `None` when something else is there.
fn place(body: &mut Document, home: &Home<'_>, value: Value) -> Option<()> {
    let target = home.keys.iter().try_fold(body, |object, key| child(object, key))?;
    if target.keys().any(|key| key.eq_ignore_ascii_case(home.name)) {
        return None;
    }
    target.insert(home.name.to_owned(), value);
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
