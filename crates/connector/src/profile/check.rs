//! Whether a document is what a JSON Schema says: the part of JSON Schema that the profile's schema uses.

use schemars::Schema;
use serde_json::{Map, Value};

use super::path::JsonPath;
use super::yaml::join;

/// What is wrong at a key path.
pub(super) type Complaint = (String, String);

/// Checks `value` against `schema`, and adds what is wrong.
pub(super) fn check(schema: &Schema, value: &Value) -> Vec<Complaint> {
    let mut checker = Checker { root: schema.as_value(), complaints: Vec::new() };
    checker.value(schema.as_value(), value, "");
    checker.complaints
}

struct Checker<'s> {
    root: &'s Value,
    complaints: Vec<Complaint>,
}

impl<'s> Checker<'s> {
    fn complain(&mut self, path: &str, reason: String) {
        self.complaints.push((path.to_owned(), reason));
    }

    /// The schema that a `$ref` names, with nothing of what stands beside it.
    fn resolve(&self, schema: &'s Value) -> &'s Value {
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
        reference.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }

    fn value(&mut self, schema: &'s Value, value: &Value, path: &str) {
        let schema = self.resolve(schema);
        if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
            // An optional object: something, or null.
            let choice = choices.iter().find(|choice| is_null(choice) == value.is_null());
            return choice.into_iter().for_each(|choice| self.value(choice, value, path));
        }
        if let Some(words) = words(schema) {
            return self.word(&words, value, path);
        }
        if !self.kind(schema, value, path) {
            return;
        }
        match value {
            Value::Object(members) => self.object(schema, members, path),
            Value::Array(items) => {
                let Some(each) = schema.get("items") else { return };
                for (at, item) in items.iter().enumerate() {
                    self.value(each, item, &format!("{path}[{at}]"));
                }
            }
            Value::String(text) => self.text(schema, text, path),
            Value::Number(_) => self.number(schema, value, path),
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// Whether `value` has a type that `schema` allows.
    fn kind(&mut self, schema: &Value, value: &Value, path: &str) -> bool {
        let allowed: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let fits = allowed.contains(&found) || found == "integer" && allowed.contains(&"number");
        if !fits {
            let wanted: Vec<&str> =
                allowed.iter().filter(|one| **one != "null").map(|one| plain(one)).collect();
            self.complain(path, format!("is {}, not {}", plain(found), wanted.join(" or ")));
        }
        fits
    }

    fn object(&mut self, schema: &'s Value, members: &Map<String, Value>, path: &str) {
        let known = schema.get("properties").and_then(Value::as_object);
        let other = schema.get("additionalProperties");
        for (key, value) in members {
            let path = join(path, key);
            match (known.and_then(|known| known.get(key)), other) {
                (None, Some(Value::Bool(false))) => self.complain(&path, unknown(key, known)),
                (Some(schema), _) | (None, Some(schema)) => self.value(schema, value, &path),
                (None, None) => {}
            }
        }
        for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let name = required.as_str().unwrap_or_default();
            if !members.contains_key(name) {
                self.complain(&join(path, name), "is missing".to_owned());
            }
        }
    }

    fn word(&mut self, words: &[&str], value: &Value, path: &str) {
        if !value.as_str().is_some_and(|text| words.contains(&text)) {
            self.complain(path, format!("is {}, not one of {}", shown(value), words.join(", ")));
        }
    }

    fn text(&mut self, schema: &Value, text: &str, path: &str) {
        match schema.get("format").and_then(Value::as_str) {
            Some("json-path") => {
                if let Err(error) = JsonPath::parse(text) {
                    self.complain(path, error.to_string());
                }
            }
            Some("uri") => {
                if let Err(reason) = url(text) {
                    self.complain(path, reason);
                }
            }
            _ => {}
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, path: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let (least, most) = (bound("minimum").unwrap_or(f64::MIN), bound("maximum").unwrap_or(f64::MAX));
        if value.as_f64().is_some_and(|number| number < least || number > most) {
            self.complain(path, format!("is {value}, not between {least} and {most}"));
        }
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

/// The values of an enumeration, written as `enum` or as `oneOf` with a `const` each.
pub(super) fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(words.iter().filter_map(Value::as_str).collect());
    }
    let choices = schema.get("oneOf")?.as_array()?;
    Some(
        choices
            .iter()
            .flat_map(|choice| match choice.get("const").and_then(Value::as_str) {
                Some(word) => vec![word],
                None => words(choice).unwrap_or_default(),
            })
            .collect(),
    )
}

fn unknown(key: &str, known: Option<&Map<String, Value>>) -> String {
    let same = |name: &&String| name.eq_ignore_ascii_case(key) || distance(name, key) <= 2;
    let near = known.into_iter().flat_map(Map::keys).find(same);
    near.map_or_else(|| "is not a key here".to_owned(), |near| format!("is not a key here; {near} is"))
}

/// Letters to change, add or take away.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut next = vec![at + 1];
        for (((diagonal, above), theirs), column) in row.iter().zip(row.iter().skip(1)).zip(&other).zip(0..) {
            let left = next.get(column).copied().unwrap_or_default();
            next.push((diagonal + usize::from(letter != *theirs)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Whether `text` is an absolute URL with a host.
fn url(text: &str) -> Result<(), String> {
    let parsed = text.parse::<hyper::Uri>().map_err(|_| format!("{text:?} is not a URL"))?;
    let host = parsed.host().is_some_and(|host| !host.is_empty());
    match parsed.scheme_str() {
        Some("http" | "https" | "socks5" | "socks5h") if host => Ok(()),
        _ => Err(format!(
            "{text:?} is not a URL with scheme and host, such as https://api.example.com/scim/v2"
        )),
    }
}

fn plain(kind: &str) -> &str {
    match kind {
        "null" => "nothing",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "text",
        "array" => "a list",
        _ => "a mapping",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}
