//! JSON for people: as text, and as rows of paths and values.

use serde_json::Value;

/// Characters of one value that a row shows.
const MOST_SHOWN: usize = 2_000;

/// A path below something, and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Indented text.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// One value in a line: text without quotes, lists of simple values with commas between.
pub(crate) fn line(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(is_simple) => {
            items.iter().map(line).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Every simple value with its path: `name.givenName`, `emails[0].value`.
pub(crate) fn facts(value: &Value) -> Vec<Fact> {
    let mut found = Vec::new();
    collect(String::new(), value, &mut found);
    found
}

fn collect(path: String, value: &Value, found: &mut Vec<Fact>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(path, value, found);
            }
        }
        Value::Array(items) if !items.iter().all(is_simple) => {
            for (at, item) in items.iter().enumerate() {
                collect(format!("{path}[{at}]"), item, found);
            }
        }
        value => found.push(Fact { name: path, value: line(value) }),
    }
}

fn is_simple(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_has_its_path() {
        let value = json!({
            "userName": "ann", "active": true, "name": { "givenName": "Ann" },
            "emails": [{ "value": "a@example.com", "primary": true }], "tags": ["a", "b"], "none": [],
        });
        let found: Vec<_> = facts(&value).into_iter().map(|fact| (fact.name, fact.value)).collect();
        let expected = [
            ("userName", "ann"),
            ("active", "true"),
            ("name.givenName", "Ann"),
            ("emails[0].value", "a@example.com"),
            ("emails[0].primary", "true"),
            ("tags", "a, b"),
            ("none", ""),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(line(&json!("ä".repeat(3_000))).chars().count(), MOST_SHOWN + 1);
    }
}
