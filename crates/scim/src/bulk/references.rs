//! bulkIds inside bodies: finding them, and putting ids in their place (RFC 7644 §3.7.2).

use std::collections::HashMap;
use std::hash::BuildHasher;

use serde_json::Value;

use super::PREFIX;

/// What stands before a bulkId in the filter of a PATCH path.
const QUOTED: &str = "\"bulkId:";

/// The bulkIds that a value refers to, in order: `"bulkId:qwerty"` anywhere as a whole string, and
/// quoted in the `path` of a PATCH operation, `members[value eq "bulkId:qwerty"]`.
pub fn references(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = vec![("", value)];
    while let Some((key, value)) = rest.pop() {
        match value {
            Value::String(text) => match text.strip_prefix(PREFIX) {
                Some(bulk_id) => found.push(bulk_id),
                None if is_path(key) => found.extend(quoted(text)),
                None => {}
            },
            Value::Array(items) => rest.extend(items.iter().rev().map(|item| ("", item))),
            Value::Object(object) => {
                rest.extend(object.iter().rev().map(|(key, item)| (key.as_str(), item)));
            }
            _ => {}
        }
    }
    found
}

/// Puts ids in the place of references. Those that `ids` does not have are returned, and stay.
///
/// ```
/// use std::collections::HashMap;
///
/// let mut group = serde_json::json!({"members": [{"value": "bulkId:u"}, {"value": "bulkId:gone"}]});
/// let ids = HashMap::from([("u".to_owned(), "2819c223".to_owned())]);
/// assert_eq!(rollcall_scim::bulk::substitute(&mut group, &ids), ["gone"]);
/// assert_eq!(group["members"][0]["value"], "2819c223");
/// ```
pub fn substitute<S: BuildHasher>(value: &mut Value, ids: &HashMap<String, String, S>) -> Vec<String> {
    let mut missing = Vec::new();
    let mut rest = vec![(false, value)];
    while let Some((is_path, value)) = rest.pop() {
        match value {
            Value::String(text) => match text.strip_prefix(PREFIX).map(|bulk_id| (bulk_id, ids.get(bulk_id)))
            {
                Some((_, Some(id))) => text.clone_from(id),
                Some((bulk_id, None)) => missing.push(bulk_id.to_owned()),
                None if is_path && text.contains(QUOTED) => *text = substituted(text, ids, &mut missing),
                None => {}
            },
            Value::Array(items) => rest.extend(items.iter_mut().rev().map(|item| (false, item))),
            Value::Object(object) => {
                let mut members: Vec<_> =
                    object.iter_mut().map(|(key, item)| (self::is_path(key), item)).collect();
                members.reverse();
                rest.extend(members);
            }
            _ => {}
        }
    }
    missing
}

fn is_path(key: &str) -> bool {
    key.eq_ignore_ascii_case("path")
}

/// The bulkIds that stand in quotes.
fn quoted(path: &str) -> impl Iterator<Item = &str> {
    path.split(QUOTED).skip(1).filter_map(|rest| rest.split_once('"').map(|(bulk_id, _)| bulk_id))
}

fn substituted<S: BuildHasher>(
    path: &str,
    ids: &HashMap<String, String, S>,
    missing: &mut Vec<String>,
) -> String {
    let mut parts = path.split(QUOTED);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('"').map(|(bulk_id, tail)| (bulk_id, ids.get(bulk_id), tail)) {
            Some((_, Some(id), tail)) => {
                result.extend(["\"", id, "\"", tail]);
                continue;
            }
            Some((bulk_id, None, _)) => missing.push(bulk_id.to_owned()),
            None => {}
        }
        result.extend([QUOTED, part]);
    }
    result
}
