//! List responses: one core URN over all, and the resources in their own words.

use serde_json::{Value, json};

use super::{CORE, resource};
use crate::Document;
use crate::list::LIST_RESPONSE;
use crate::schema::ResolvedType;

/// Writes a 2.0 list response as a 1.1 peer reads it; cursors have no 1.1 form.
pub fn encode(list: &Document, kind: &ResolvedType) -> Document {
    let kept = list.iter().filter(|(name, _)| !["nextCursor", "previousCursor"].contains(&name.as_str()));
    translated(kept, CORE, &|document| resource::encode(document, kind))
}

/// Reads a list response that a 1.1 peer sent, where `schemas` and counts may be missing.
///
/// ```
/// use rollcall_scim::{schema::Registry, v1};
/// use serde_json::json;
///
/// let registry = Registry::builtin()?;
/// let users = registry.type_named("User").unwrap();
/// let sent = json!({"totalResults": 1, "Resources": [{"userName": "ann", "emails": null}]});
/// let list = v1::list::decode(sent.as_object().unwrap(), users);
/// assert_eq!(list["Resources"][0]["userName"], "ann");
/// # Ok::<(), rollcall_scim::schema::RegistryError>(())
/// ```
pub fn decode(sent: &Document, kind: &ResolvedType) -> Document {
    translated(sent.iter(), LIST_RESPONSE, &|document| resource::decode(document, kind))
}

fn translated<'a>(
    members: impl Iterator<Item = (&'a String, &'a Value)>,
    schema: &str,
    resource: &dyn Fn(&Document) -> Document,
) -> Document {
    let mut list = Document::new();
    list.insert("schemas".to_owned(), json!([schema]));
    for (name, value) in members {
        if name.eq_ignore_ascii_case("schemas") {
            continue;
        }
        let value = match value {
            Value::Array(items) if name.eq_ignore_ascii_case("Resources") => {
                let item = |item: &Value| match item {
                    Value::Object(document) => Value::Object(resource(document)),
                    other => other.clone(),
                };
                Value::Array(items.iter().map(item).collect())
            }
            other => other.clone(),
        };
        list.insert(name.clone(), value);
    }
    list
}
