//! The page of all keys, from the schema.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::load::schema;

/// A page in Markdown: every key with its kind and meaning, in the order of the model.
pub fn keys() -> String {
    let root = schema().as_value();
    let mut page = String::from(
        "# Keys of a profile\n\nWritten by `scripts/generate` from `crates/connector/src/profile/model.rs`; \
         `profile.schema.json` beside this page is the same for programs. Required keys are **bold**.\n\n\
         | Key | Kind | Meaning |\n| --- | --- | --- |\n",
    );
    rows(root, root, "", &mut page);
    page
}

fn rows(root: &Value, schema: &Value, parent: &str, page: &mut String) {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required = schema.get("required").and_then(Value::as_array);
    for (name, property) in properties {
        let key = super::yaml::join(parent, name);
        let is_required = required.is_some_and(|required| required.iter().any(|one| one == name));
        let resolved = resolve(root, property);
        let meaning =
            text(property, "description").or_else(|| text(resolved, "description")).unwrap_or_default();
        let shown = if is_required { format!("**`{key}`**") } else { format!("`{key}`") };
        let meaning = meaning.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ");
        // Writing to a string does not fail.
        let _ = writeln!(page, "| {shown} | {} | {meaning} |", kind(root, resolved, property));
        if resolved.get("properties").is_some() {
            rows(root, resolved, &key, page);
        }
    }
}

/// The schema that is meant: through `$ref`, and through the choice of something or null.
fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'))
    {
        return root.pointer(pointer).unwrap_or(schema);
    }
    let choices = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let mut meant = choices.filter(|choice| choice.get("type").and_then(Value::as_str) != Some("null"));
    meant.next().map_or(schema, |choice| resolve(root, choice))
}

fn kind(root: &Value, resolved: &Value, property: &Value) -> String {
    if let Some(words) = super::check::words(resolved) {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    let name = match resolved.get("type") {
        Some(Value::String(one)) => one.as_str(),
        Some(Value::Array(several)) => {
            several.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap_or("any")
        }
        _ => "any",
    };
    let default = property.get("default").filter(|value| value.is_number() || value.is_boolean());
    let default = default.map_or_else(String::new, |value| format!(", `{value}`"));
    let name = match (text(resolved, "format").as_deref(), name) {
        (Some("json-path"), _) => "path",
        (Some("uri"), _) => "URL",
        (_, "array") => {
            let items = resolved.get("items").map(|items| resolve(root, items));
            return format!("list of {}", items.map_or_else(String::new, |items| kind(root, items, items)));
        }
        (_, "object") => "mapping",
        (_, "string") => "text",
        (_, other) => other,
    };
    format!("{name}{default}")
}

fn text(schema: &Value, key: &str) -> Option<String> {
    schema.get(key).and_then(Value::as_str).map(str::to_owned)
}
