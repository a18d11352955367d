//! Discovery documents of 1.1: one `ServiceProviderConfigs` document, schemas with their endpoints.

use serde_json::{Value, json};

use super::{CORE, ENTERPRISE, decode_urn, encode_urn, is_core};
use crate::Document;
use crate::schema::{
    Attribute, AttributeType, ENTERPRISE_USER, GROUP, Mutability, ResolvedType, Schema, USER,
};

/// Where 1.1 keeps the document that 2.0 has at `/ServiceProviderConfig`.
pub const CONFIG_ENDPOINT: &str = "/ServiceProviderConfigs";

/// Names that differ: of 2.0, of 1.1.
const RENAMED: &[(&str, &str)] = &[("documentationUri", "documentationUrl"), ("specUri", "specUrl")];

/// Writes the configuration of a service as `/ServiceProviderConfigs` shows it.
pub fn encode_config(config: &Document) -> Document {
    let mut sent = Document::new();
    sent.insert("schemas".to_owned(), json!([CORE]));
    // RFC 9865's `pagination` has no 1.1 form, nor has meta.resourceType.
    let kept = config.iter().filter(|(name, _)| !["schemas", "pagination", "meta"].contains(&name.as_str()));
    sent.extend(kept.map(|(name, value)| (named(name, true), renamed(value, true))));
    sent.insert("xmlDataFormat".to_owned(), json!({ "supported": false }));
    sent
}

/// Reads a `/ServiceProviderConfigs` document as one of 2.0.
///
/// ```
/// use rollcall_scim::v1::discovery::decode_config;
/// use serde_json::json;
///
/// let sent = json!({"schemas": ["urn:scim:schemas:core:1.0"], "documentationUrl": "https://x", "patch": {"supported": true}});
/// let config = decode_config(sent.as_object().unwrap());
/// assert_eq!(config["documentationUri"], "https://x");
/// assert_eq!(config["patch"]["supported"], true);
/// ```
pub fn decode_config(sent: &Document) -> Document {
    let mut config = Document::new();
    config
        .insert("schemas".to_owned(), json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]));
    let kept = sent.iter().filter(|(name, value)| {
        !value.is_null() && !["schemas", "xmlDataFormat"].iter().any(|drop| name.eq_ignore_ascii_case(drop))
    });
    config.extend(kept.map(|(name, value)| (named(name, false), renamed(value, false))));
    config
}

fn named(name: &str, is_encoding: bool) -> String {
    let pair = |(two, one): &&(&str, &str)| name == if is_encoding { *two } else { *one };
    let other = RENAMED.iter().find(pair).map(|(two, one)| if is_encoding { *one } else { *two });
    other.unwrap_or(name).to_owned()
}

/// The same names, also inside the authentication schemes.
fn renamed(value: &Value, is_encoding: bool) -> Value {
    match value {
        Value::Array(values) => {
            Value::Array(values.iter().map(|value| renamed(value, is_encoding)).collect())
        }
        Value::Object(object) => {
            let each =
                |(name, value): (&String, &Value)| (named(name, is_encoding), renamed(value, is_encoding));
            Value::Object(object.iter().map(each).collect())
        }
        other => other.clone(),
    }
}

/// Writes a resource type as one of the schemas of 1.1: its endpoint and all its attributes, extensions' too.
pub fn encode_schema(kind: &ResolvedType) -> Value {
    let own = |schema: &Schema| {
        if matches!(&*schema.id, USER | GROUP) { CORE.to_owned() } else { encode_urn(&schema.id).to_owned() }
    };
    let mut attributes: Vec<Value> = kind
        .attributes()
        .filter(|attribute| attribute.name != "schemas")
        .map(|attribute| encode_attribute(attribute, &own(&kind.core), false))
        .collect();
    for (schema, _) in &kind.extensions {
        attributes.extend(schema.attributes.iter().map(|attribute| {
            let is_manager = schema.id == ENTERPRISE_USER && attribute.name == "manager";
            encode_attribute(attribute, &own(schema), is_manager)
        }));
    }
    json!({
        "id": format!("{CORE}:{}", kind.name()),
        "name": kind.name(),
        "description": kind.core.description,
        "schema": CORE,
        "endpoint": kind.resource_type.endpoint,
        "attributes": attributes,
    })
}

fn encode_attribute(attribute: &Attribute, schema: &str, is_manager: bool) -> Value {
    let mut sent = encode_part(attribute);
    sent.insert("schema".to_owned(), schema.into());
    if attribute.multi_valued {
        sent.insert("multiValuedAttributeChildName".to_owned(), singular(&attribute.name).into());
    }
    if attribute.is_complex() {
        let parts = attribute.sub_attributes.iter().filter(|sub| sub.name != "$ref").map(|sub| {
            let mut part = encode_part(sub);
            if is_manager && sub.name == "value" {
                part.insert("name".to_owned(), "managerId".into());
            }
            Value::Object(part)
        });
        sent.insert("subAttributes".to_owned(), Value::Array(parts.collect()));
    }
    Value::Object(sent)
}

fn encode_part(attribute: &Attribute) -> Document {
    // 1.1 has no references: they are strings.
    let kind =
        if attribute.kind == AttributeType::Reference { AttributeType::String } else { attribute.kind };
    let mut sent = Document::new();
    sent.insert("name".to_owned(), attribute.name.as_str().into());
    sent.insert("type".to_owned(), json!(kind));
    sent.insert("multiValued".to_owned(), attribute.multi_valued.into());
    sent.insert("description".to_owned(), attribute.description.as_str().into());
    sent.insert("readOnly".to_owned(), (attribute.mutability == Mutability::ReadOnly).into());
    sent.insert("required".to_owned(), attribute.required.into());
    sent.insert("caseExact".to_owned(), attribute.case_exact.into());
    if !attribute.canonical_values.is_empty() {
        sent.insert("canonicalValues".to_owned(), json!(attribute.canonical_values));
    }
    sent
}

/// `emails` is a list of `email`, `addresses` of `address`.
fn singular(name: &str) -> &str {
    name.strip_suffix("es").filter(|stem| stem.ends_with("ss")).or(name.strip_suffix('s')).unwrap_or(name)
}

/// Reads a schema of 1.1 as schemas of 2.0, one for each URN that its attributes name.
///
/// Attributes of the core schema come under `core`, the id of the 2.0 schema at that endpoint
/// ([`USER`], [`GROUP`]), or under the schema's own id where it is neither. What says nothing of its
/// schema is of the schema that the document names.
pub fn decode_schema(sent: &Document) -> Vec<Schema> {
    let text = |object: &Document, name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let id = text(sent, "id").unwrap_or_default();
    let endpoint = text(sent, "endpoint").unwrap_or_default();
    let core = match endpoint.trim_start_matches('/') {
        "Users" => USER.to_owned(),
        "Groups" => GROUP.to_owned(),
        _ => id.clone(),
    };
    let default = text(sent, "schema").unwrap_or_else(|| id.clone());
    let mut schemas: Vec<Schema> = Vec::new();
    for item in sent.get("attributes").and_then(Value::as_array).into_iter().flatten() {
        let Value::Object(item) = item else { continue };
        let urn = text(item, "schema").unwrap_or_else(|| default.clone());
        let urn = if is_core(&urn) { core.clone() } else { decode_urn(&urn).to_owned() };
        let Some(attribute) = decode_attribute(item, &urn) else { continue };
        match schemas.iter_mut().find(|schema| schema.id.eq_ignore_ascii_case(&urn)) {
            Some(schema) => schema.attributes.push(attribute),
            None => schemas.push(Schema {
                id: urn,
                name: text(sent, "name").unwrap_or_default(),
                description: text(sent, "description").unwrap_or_default(),
                attributes: vec![attribute],
            }),
        }
    }
    schemas
}

/// `None` when it has no name, or a type that is none.
fn decode_attribute(item: &Document, urn: &str) -> Option<Attribute> {
    let mut item = item.clone();
    let is_read_only = item.get("readOnly") == Some(&Value::Bool(true));
    item.entry("mutability").or_insert_with(|| json!(if is_read_only { "readOnly" } else { "readWrite" }));
    item.retain(|_, value| !value.is_null());
    let subs = item.shift_remove("subAttributes");
    let mut attribute: Attribute = serde_json::from_value(Value::Object(item)).ok()?;
    let subs = subs.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    attribute.sub_attributes = subs.filter_map(|sub| decode_attribute(sub, urn)).collect();
    let is_manager = attribute.name == "manager" && matches!(urn, ENTERPRISE_USER | ENTERPRISE);
    for sub in attribute.sub_attributes.iter_mut().filter(|sub| is_manager && sub.name == "managerId") {
        "value".clone_into(&mut sub.name);
    }
    Some(attribute)
}
