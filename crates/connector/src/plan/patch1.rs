//! PATCH bodies of 1.1: a partial resource, `meta.attributes`, `operation: delete`.

use std::collections::HashSet;

use rollcall_scim::Document;
use rollcall_scim::path::AttributePath;
use rollcall_scim::schema::ResolvedType;
use rollcall_scim::v1;
use serde_json::{Value, json};

use super::edit::{Edit, Values};
use super::members::{Batch, Changes, element};
use super::{How, merge};

/// The bodies, in order: one with all attributes and the first members, then the other members.
pub(super) fn bodies(edits: &[Edit], members: &Changes, kind: &ResolvedType, how: &How) -> Vec<Value> {
    let mut part = Part::default();
    for edit in edits {
        part.edit(edit);
    }
    let mut parts = vec![part];
    for (at, batch) in members.batches(how).iter().enumerate() {
        if at > 0 {
            parts.push(Part::default());
        }
        if let Some(part) = parts.last_mut() {
            part.set.insert("members".to_owned(), deltas(batch));
        }
    }
    let parts = parts.into_iter().filter(|part| !(part.set.is_empty() && part.removed.is_empty()));
    parts.map(|part| Value::Object(v1::patch::encode(&part.set, &part.removed, kind))).collect()
}

fn deltas(batch: &Batch<'_>) -> Value {
    let added = batch.added.iter().map(element);
    let removed = batch.removed.iter().map(|member| json!({ "value": member.value, "operation": "delete" }));
    Value::Array(added.chain(removed).collect())
}

/// A partial resource, and what is cleared before it is merged.
#[derive(Default)]
struct Part {
    set: Document,
    removed: Vec<AttributePath>,
}

impl Part {
    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Set(path, value) => {
                // Values of a list are added to those that are there.
                if value.is_array() {
                    self.removed.push(path.clone());
                }
                merge::set(&mut self.set, path, value.clone());
            }
            Edit::Clear(path) => self.removed.push(path.clone()),
            Edit::Values(values) => {
                let sent = elements(values).unwrap_or_else(|| {
                    self.removed.push(values.path.clone());
                    values.after.clone().unwrap_or_default()
                });
                merge::set(&mut self.set, &values.path, Value::Array(sent));
            }
        }
    }
}

/// The values to send beside those that stay; `None` when the peer, which knows them by `value`, would
/// take one for another, or would keep a part that is to go.
fn elements(values: &Values) -> Option<Vec<Value>> {
    let key = |element: &Value| element.get("value").map(|value| value.to_string().to_lowercase());
    if let Some(before) = &values.before {
        let mut seen = HashSet::new();
        let mut keys = before.iter().chain(&values.added).filter_map(key);
        if !keys.all(|key| seen.insert(key)) {
            return None;
        }
    }
    let mut elements = Vec::new();
    for removed in &values.removed {
        let mut element = match &removed.element {
            Value::Object(parts) if parts.contains_key("value") || values.before.is_none() => parts.clone(),
            Value::Object(_) => return None,
            bare => std::iter::once(("value".to_owned(), bare.clone())).collect(),
        };
        element.insert("operation".to_owned(), "delete".into());
        elements.push(Value::Object(element));
    }
    for changed in &values.changed {
        if !changed.cleared.is_empty() || changed.set.contains_key("value") {
            return None;
        }
        let mut element = changed.set.clone();
        element.shift_insert(0, "value".to_owned(), changed.before.get("value")?.clone());
        elements.push(Value::Object(element));
    }
    elements.extend(values.added.iter().cloned());
    Some(elements)
}
