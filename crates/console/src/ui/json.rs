//! JSON for people: as text, and as rows of paths and values.

use rollcall_domain::text::cut;
use serde_json::Value;

use crate::text;

/// Characters of one value that a row shows, of one in a list, and of a document.
const MOST_SHOWN: usize = 500;
const MOST_IN_LISTS: usize = 100;
const MOST_OF_DOCUMENT: usize = 10_000;
/// Values of one thing that are shown.
const MOST_FACTS: usize = 150;

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

/// The same, as far as a page shows it at first sight, and whether that is all of it.
pub(crate) fn excerpt(value: &Value) -> (String, bool) {
    let text = pretty(value);
    let cut = cut(&text, MOST_OF_DOCUMENT);
    let is_whole = cut == text;
    (cut, is_whole)
}

/// A text as a list shows it.
pub(crate) fn brief(text: &str) -> String {
    cut(text, MOST_IN_LISTS)
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
    cut(&text, MOST_SHOWN)
}

/// Every simple value with its path: `name.givenName`, `emails[0].value`; of very many, how many more there are.
pub(crate) fn facts(value: &Value) -> Vec<Fact> {
    let mut found = Vec::new();
    collect(String::new(), value, &mut found);
    let more = found.len().saturating_sub(MOST_FACTS);
    if more > 0 {
        found.truncate(MOST_FACTS);
        found.push(Fact { name: "…".to_owned(), value: text::fill("look.more", &[&more]) });
    }
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
        let (text, is_whole) = excerpt(&json!({ "title": "ä".repeat(30_000) }));
        assert_eq!((text.chars().count(), is_whole), (MOST_OF_DOCUMENT + 1, false));
        assert_eq!(excerpt(&json!([1])), ("[\n  1\n]".to_owned(), true));
    }

    #[test]
    fn of_very_many_values_some_are_shown() {
        let many: serde_json::Map<_, _> = (0..1_000).map(|at| (format!("a{at}"), json!(at))).collect();
        let found = facts(&Value::Object(many));
        assert_eq!((found.len(), &*found[MOST_FACTS].value), (MOST_FACTS + 1, "and 850 more"));
    }
}
