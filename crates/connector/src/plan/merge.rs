//! The resource after an edit: what a PUT sends.

use rollcall_scim::Document;
use rollcall_scim::path::{AttributePath, Resolved};
use rollcall_scim::schema::ResolvedType;
use serde_json::Value;

use super::edit::Edit;

/// Makes the edit in the document.
pub(super) fn apply(document: &mut Document, edit: &Edit, kind: &ResolvedType) {
    match edit {
        Edit::Set(path, value) => set(document, path, value.clone()),
        Edit::Clear(path) => match path.resolve(kind) {
            Ok(Resolved::Extension(schema)) => drop(document.shift_remove(&schema.id)),
            _ => clear(document, path),
        },
        Edit::Values(values) => {
            let after = values.after.clone().unwrap_or_default();
            set(document, &values.path, Value::Array(after));
        }
    }
}

/// Sets the value at a path; what contains it is made.
pub(super) fn set(document: &mut Document, path: &AttributePath, value: Value) {
    let keys = [path.urn.as_deref(), Some(path.name.as_str()), path.sub.as_deref()];
    let keys: Vec<&str> = keys.into_iter().flatten().collect();
    insert(document, &keys, value);
}

fn insert(object: &mut Document, keys: &[&str], value: Value) {
    match keys {
        [] => {}
        [last] => drop(object.insert((*last).to_owned(), value)),
        [first, rest @ ..] => {
            let inner = object.entry(*first).or_insert_with(|| Value::Object(Document::new()));
            if !inner.is_object() {
                *inner = Value::Object(Document::new());
            }
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn clear(document: &mut Document, path: &AttributePath) {
    // A whole extension that no schema defines: its URN is read as a path.
    if document.shift_remove(&path.to_string()).is_some() {
        return;
    }
    let keys = [path.urn.as_deref(), Some(path.name.as_str()), path.sub.as_deref()];
    let keys: Vec<&str> = keys.into_iter().flatten().collect();
    remove(document, &keys);
}

/// Removes what is under the keys, and what is left empty above it.
fn remove(object: &mut Document, keys: &[&str]) {
    match keys {
        [] => {}
        [last] => drop(object.shift_remove(*last)),
        [first, rest @ ..] => {
            if let Some(Value::Object(inner)) = object.get_mut(*first) {
                remove(inner, rest);
                if inner.is_empty() {
                    object.shift_remove(*first);
                }
            }
        }
    }
}
