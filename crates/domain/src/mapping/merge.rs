//! Merging what expressions return: objects deeply, lists by union, everything else by the later one.

use rollcall_scim::Document;
use serde_json::Value;

/// Merges `later` into `target`: objects member by member, lists by adding what is not there yet; of
/// anything else the later one stays. `null` takes a member away.
///
/// Merging the same twice changes nothing.
pub fn merge(target: &mut Document, later: Document) {
    for (name, value) in later {
        match (target.get_mut(&name), value) {
            (_, Value::Null) => {
                target.shift_remove(&name);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (Some(Value::Array(old)), Value::Array(new)) => {
                for value in new {
                    if !old.contains(&value) {
                        old.push(value);
                    }
                }
            }
            (_, Value::Object(new)) => {
                // Through the same door, so that `null` inside is nothing here too.
                let mut fresh = Document::new();
                merge(&mut fresh, new);
                target.insert(name, Value::Object(fresh));
            }
            (_, value) => {
                target.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(one: &Value, other: &Value) -> Value {
        let mut target = one.as_object().unwrap().clone();
        merge(&mut target, other.as_object().unwrap().clone());
        Value::Object(target)
    }

    #[test]
    fn later_results_are_merged_into_earlier_ones() {
        for (earlier, later, expected) in [
            (json!({ "a": 1 }), json!({ "a": 2 }), json!({ "a": 2 })),
            (
                json!({ "x": { "a": 1, "b": 2 } }),
                json!({ "x": { "b": 3, "c": 4 } }),
                json!({ "x": { "a": 1, "b": 3, "c": 4 } }),
            ),
            (json!({ "l": ["a", "b"] }), json!({ "l": ["b", "c"] }), json!({ "l": ["a", "b", "c"] })),
            (json!({ "l": ["a"] }), json!({ "l": "b" }), json!({ "l": "b" })),
            (json!({ "a": 1, "b": 2 }), json!({ "a": null, "c": null }), json!({ "b": 2 })),
            (json!({}), json!({ "x": { "y": null, "z": { "n": null } } }), json!({ "x": { "z": {} } })),
        ] {
            assert_eq!(merged(&earlier, &later), expected, "{earlier} and {later}");
            assert_eq!(merged(&expected, &later), expected, "{later} twice");
        }
    }
}
