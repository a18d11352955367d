//! A resource in the words of 1.1, and back.

use serde_json::{Value, json};

use super::{CORE, ENTERPRISE, decode_urn, is_core};
use crate::Document;
use crate::schema::{Attribute, ENTERPRISE_USER, ResolvedType};

/// Attributes whose language tags are written with `_` in 1.1 and with `-` in 2.0 (BCP 47).
const LANGUAGES: &[&str] = &["locale", "preferredLanguage"];

/// Writes a resource, or a part of one, in the words of 1.1.
///
/// `schemas` is computed: the core URN, then that of each extension that has a value. `$ref` and
/// `meta.resourceType` have no 1.1 form and are left out; of the manager `value` becomes `managerId`.
///
/// ```
/// use rollcall_scim::{schema::Registry, v1};
/// use serde_json::json;
///
/// let registry = Registry::builtin()?;
/// let users = registry.type_named("User").unwrap();
/// let user = json!({"userName": "ann", "locale": "en-US"});
/// let sent = v1::encode(user.as_object().unwrap(), users);
/// assert_eq!(sent["schemas"], json!(["urn:scim:schemas:core:1.0"]));
/// assert_eq!(sent["locale"], "en_US");
/// # Ok::<(), rollcall_scim::schema::RegistryError>(())
/// ```
pub fn encode(resource: &Document, kind: &ResolvedType) -> Document {
    let mut sent = Document::with_capacity(resource.len() + 1);
    sent.insert("schemas".to_owned(), Value::Null);
    for (name, value) in resource {
        match name.as_str() {
            "schemas" => {}
            "meta" => {
                let mut meta = value.clone();
                meta.as_object_mut().map(|meta| meta.shift_remove("resourceType"));
                sent.insert(name.clone(), meta);
            }
            _ if name.eq_ignore_ascii_case(ENTERPRISE_USER) => {
                sent.insert(ENTERPRISE.to_owned(), encode_enterprise(value));
            }
            _ if kind.has_groups() && LANGUAGES.contains(&name.as_str()) => {
                sent.insert(name.clone(), language(value, '-', '_'));
            }
            _ => {
                sent.insert(name.clone(), without_references(value));
            }
        }
    }
    let extensions = sent.keys().filter(|name| is_urn(name) && !is_core(name)).cloned();
    let schemas: Vec<Value> = std::iter::once(CORE.to_owned()).chain(extensions).map(Value::from).collect();
    sent.insert("schemas".to_owned(), Value::Array(schemas));
    sent
}

/// Reads a resource that a 1.1 peer sent.
///
/// `schemas` and `meta.resourceType` are computed, `null` is no value, a bare `"a@x"` among the values
/// of a complex attribute is `{"value": "a@x"}`; `operation` and `meta.attributes` belong to PATCH
/// ([`super::patch::decode`]) and are dropped. Names match in any case and come out in schema case;
/// what no schema defines stays as it is.
///
/// ```
/// use rollcall_scim::{schema::Registry, v1};
/// use serde_json::json;
///
/// let registry = Registry::builtin()?;
/// let users = registry.type_named("User").unwrap();
/// let sent = json!({"userName": "ann", "emails": ["a@x"], "photos": null});
/// let user = v1::decode(sent.as_object().unwrap(), users);
/// assert_eq!(user["emails"], json!([{"value": "a@x"}]));
/// assert!(!user.contains_key("photos"));
/// # Ok::<(), rollcall_scim::schema::RegistryError>(())
/// ```
pub fn decode(sent: &Document, kind: &ResolvedType) -> Document {
    let mut resource = Document::with_capacity(sent.len() + 1);
    resource.insert("schemas".to_owned(), Value::Null);
    for (name, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
        if name.eq_ignore_ascii_case("schemas") {
            continue;
        }
        if let Some(schema) = kind.extension(decode_urn(name)) {
            resource.insert(schema.id.clone(), decode_extension(value, &schema.id, &schema.attributes));
        } else if name.eq_ignore_ascii_case("meta") {
            resource.insert("meta".to_owned(), decode_meta(value, kind));
        } else if let Some(attribute) = kind.attribute(name) {
            let value = if kind.has_groups() && LANGUAGES.contains(&attribute.name.as_str()) {
                language(value, '_', '-')
            } else {
                decode_value(value, attribute)
            };
            resource.insert(attribute.name.clone(), value);
        } else {
            resource.insert(name.clone(), value.clone());
        }
    }
    let known = |name: &&String| is_urn(name) && !is_core(name);
    let extensions = resource.keys().filter(known).cloned();
    let schemas = std::iter::once(kind.core.id.clone()).chain(extensions).map(Value::from).collect();
    resource.insert("schemas".to_owned(), Value::Array(schemas));
    resource
}

fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

fn encode_enterprise(value: &Value) -> Value {
    let Value::Object(extension) = value else { return value.clone() };
    let renamed = extension.iter().map(|(name, value)| {
        let value = if name == "manager" { rename(value, "value", "managerId") } else { value.clone() };
        (name.clone(), without_references(&value))
    });
    Value::Object(renamed.collect())
}

fn decode_extension(value: &Value, urn: &str, attributes: &[Attribute]) -> Value {
    let Value::Object(extension) = value else { return value.clone() };
    let mut decoded = Document::with_capacity(extension.len());
    for (name, value) in extension.iter().filter(|(_, value)| !value.is_null()) {
        let attribute = attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name));
        let Some(attribute) = attribute else {
            decoded.insert(name.clone(), value.clone());
            continue;
        };
        let is_manager = urn == ENTERPRISE_USER && attribute.name == "manager";
        let value = if is_manager { rename(value, "managerId", "value") } else { value.clone() };
        decoded.insert(attribute.name.clone(), decode_value(&value, attribute));
    }
    Value::Object(decoded)
}

fn decode_meta(value: &Value, kind: &ResolvedType) -> Value {
    let Value::Object(meta) = value else { return value.clone() };
    let mut decoded = Document::with_capacity(meta.len() + 1);
    decoded.insert("resourceType".to_owned(), json!(kind.name()));
    let kept = |(name, value): &(&String, &Value)| {
        !value.is_null() && !["resourceType", "attributes"].iter().any(|drop| name.eq_ignore_ascii_case(drop))
    };
    decoded.extend(meta.iter().filter(kept).map(|(name, value)| (name.clone(), value.clone())));
    Value::Object(decoded)
}

/// A value with names of sub-attributes in schema case, bare values as objects, nothing that is `null`.
fn decode_value(value: &Value, attribute: &Attribute) -> Value {
    match value {
        Value::Array(values) => {
            let values = values.iter().filter(|value| !value.is_null());
            Value::Array(values.map(|value| decode_element(value, attribute)).collect())
        }
        single if attribute.multi_valued => Value::Array(vec![decode_element(single, attribute)]),
        single if attribute.is_complex() && single.is_object() => decode_element(single, attribute),
        single => single.clone(),
    }
}

fn decode_element(value: &Value, attribute: &Attribute) -> Value {
    match value {
        Value::Object(element) if attribute.is_complex() => {
            let kept = |(name, value): &(&String, &Value)| {
                !(value.is_null() || name.eq_ignore_ascii_case("operation") && attribute.multi_valued)
            };
            let named = |(name, value): (&String, &Value)| {
                let name = attribute.sub(name).map_or(name, |sub| &sub.name);
                (name.clone(), value.clone())
            };
            Value::Object(element.iter().filter(kept).map(named).collect())
        }
        Value::String(_) if attribute.is_complex() && attribute.multi_valued => json!({ "value": value }),
        other => other.clone(),
    }
}

/// The object with one member under another name, in its place.
fn rename(value: &Value, from: &str, to: &str) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let renamed = |(name, value): (&String, &Value)| {
        let name = if name.eq_ignore_ascii_case(from) { to } else { name };
        (name.to_owned(), value.clone())
    };
    Value::Object(object.iter().map(renamed).collect())
}

/// The value without the `$ref` of it and of its elements: XML names cannot begin with `$`.
fn without_references(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, _)| *name != "$ref");
            Value::Object(kept.map(|(name, value)| (name.clone(), without_references(value))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(without_references).collect()),
        other => other.clone(),
    }
}

/// A language tag with another separator; anything that is no plain tag (`en-US, en;q=0.5`) stays.
fn language(value: &Value, from: char, to: char) -> Value {
    let plain = value.as_str().filter(|text| text.chars().all(|c| c.is_ascii_alphanumeric() || c == from));
    plain.map_or_else(|| value.clone(), |text| Value::from(text.replace(from, &to.to_string())))
}
