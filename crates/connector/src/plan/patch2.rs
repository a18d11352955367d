//! PATCH bodies of 2.0 (RFC 7644 §3.5.2): every operation has a path, and none is empty.

use rollcall_scim::patch::PATCH_OP;
use rollcall_scim::path::{AttributePath, ValuePath};
use serde_json::{Value, json};

use super::edit::{Edit, Values};
use super::members::Changes;
use super::{How, members};

/// The bodies, in order: one with all attributes and the first members, then the other members.
pub(super) fn bodies(edits: &[Edit], members: &Changes, how: &How) -> Vec<Value> {
    let operations: Vec<Value> = edits.iter().flat_map(operations).collect();
    let mut bodies: Vec<Vec<Value>> =
        members.batches(how).iter().map(|batch| members::operations(batch, how)).collect();
    match bodies.first_mut() {
        Some(first) => drop(first.splice(..0, operations)),
        None => bodies.push(operations),
    }
    let bodies = bodies.into_iter().filter(|operations| !operations.is_empty());
    bodies.map(|operations| json!({ "schemas": [PATCH_OP], "Operations": operations })).collect()
}

fn operations(edit: &Edit) -> Vec<Value> {
    match edit {
        Edit::Set(path, value) => vec![replace(&path.to_string(), value)],
        Edit::Clear(path) => vec![remove(&path.to_string())],
        Edit::Values(values) => self::values(values),
    }
}

fn values(values: &Values) -> Vec<Value> {
    let path = &values.path;
    if let Some(after) = values.after.as_ref().filter(|_| !values.is_selectable()) {
        return vec![replace(&path.to_string(), &json!(after))];
    }
    let mut operations: Vec<Value> = Vec::new();
    for removed in &values.removed {
        match &removed.select {
            Some(_) => operations.push(remove(&selected(path, removed.select.as_ref(), None))),
            // A value that nothing selects is named whole; there is no other way.
            None => operations
                .push(json!({ "op": "remove", "path": path.to_string(), "value": [removed.element] })),
        }
    }
    for changed in &values.changed {
        let at = |name: &str| selected(path, changed.select.as_ref(), Some(name));
        operations.extend(changed.cleared.iter().map(|name| remove(&at(name))));
        operations.extend(changed.set.iter().map(|(name, value)| replace(&at(name), value)));
    }
    if !values.added.is_empty() {
        operations.push(json!({ "op": "add", "path": path.to_string(), "value": values.added }));
    }
    operations
}

fn selected(
    path: &AttributePath,
    filter: Option<&rollcall_scim::filter::Filter>,
    sub: Option<&str>,
) -> String {
    ValuePath { path: path.clone(), filter: filter.cloned(), sub: sub.map(str::to_owned) }.to_string()
}

fn replace(path: &str, value: &Value) -> Value {
    json!({ "op": "replace", "path": path, "value": value })
}

fn remove(path: &str) -> Value {
    json!({ "op": "remove", "path": path })
}
