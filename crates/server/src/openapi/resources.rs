//! JSON Schema of resources, derived from their SCIM schemas.

use rollcall_scim::schema::{
    Attribute, AttributeType, Mutability, ResolvedType, Returned, Schema, Uniqueness,
};
use serde_json::{Map, Value, json};

use super::{reference, set};

/// What a component describes beside the attributes: those a request must have.
pub(super) const REQUEST: &str = "Request";
/// Those a response has always.
pub(super) const RESPONSE: &str = "Response";

/// The component of a type for this usage.
pub(super) fn name(kind: &str, usage: &str) -> String {
    let plain = kind.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    plain.chain(usage.chars()).collect()
}

/// The components of a type: its attributes, and what of them requests and responses must have.
pub(super) fn components(kind: &ResolvedType) -> Vec<(String, Value)> {
    let whole = name(kind.name(), "");
    let with = |names: &[&str]| json!({ "allOf": [reference("schemas", &whole)], "required": names });
    let extensions = kind.extensions.iter().filter(|(_, required)| *required);
    let wanted: Vec<&str> = kind
        .attributes()
        .filter(|attribute| attribute.required && attribute.mutability != Mutability::ReadOnly)
        .map(|attribute| attribute.name.as_str())
        .chain(extensions.map(|(schema, _)| schema.id.as_str()))
        .collect();
    let always: Vec<&str> = kind
        .attributes()
        .filter(|attribute| attribute.returned == Returned::Always)
        .filter(|attribute| attribute.required || attribute.name == "id")
        .map(|attribute| attribute.name.as_str())
        .collect();
    let request = (name(kind.name(), REQUEST), with(&wanted));
    let response = (name(kind.name(), RESPONSE), with(&always));
    vec![(whole.clone(), attributes(kind)), request, response]
}

fn attributes(kind: &ResolvedType) -> Value {
    let mut properties: Map<String, Value> = kind.attributes().map(property).collect();
    if let Some(schemas) = properties.get_mut("schemas") {
        let extensions = kind.extensions.iter().map(|(schema, _)| &schema.id);
        let examples: Vec<&String> = std::iter::once(&kind.core.id).chain(extensions).collect();
        set(schemas, "items", json!({ "type": "string", "format": "uri", "examples": examples }));
        set(schemas, "contains", json!({ "const": kind.core.id }));
    }
    for (schema, _) in &kind.extensions {
        properties.insert(schema.id.clone(), object(&schema.attributes, &schema.description));
    }
    json!({
        "type": "object",
        "description": kind.resource_type.description,
        "properties": properties,
    })
}

/// A discovery document, whose schema describes it fully.
pub(super) fn document(schema: &Schema) -> Value {
    object(&schema.attributes, &schema.description)
}

fn object(attributes: &[Attribute], description: &str) -> Value {
    let is_wanted =
        |attribute: &&Attribute| attribute.required && attribute.mutability != Mutability::ReadOnly;
    let required: Vec<&str> =
        attributes.iter().filter(is_wanted).map(|attribute| attribute.name.as_str()).collect();
    let mut object = json!({ "type": "object" });
    if !description.is_empty() {
        set(&mut object, "description", description);
    }
    set(&mut object, "properties", Value::Object(attributes.iter().map(property).collect()));
    if !required.is_empty() {
        set(&mut object, "required", required);
    }
    object
}

fn property(attribute: &Attribute) -> (String, Value) {
    let mut schema = one(attribute);
    if attribute.multi_valued {
        schema = json!({ "type": "array", "items": schema });
    }
    if !attribute.description.is_empty() {
        set(&mut schema, "description", attribute.description.as_str());
    }
    let never = attribute.returned == Returned::Never;
    match attribute.mutability {
        Mutability::ReadOnly => set(&mut schema, "readOnly", true),
        Mutability::WriteOnly => set(&mut schema, "writeOnly", true),
        Mutability::Immutable => set(&mut schema, "x-scim-mutability", "immutable"),
        Mutability::ReadWrite if never => set(&mut schema, "writeOnly", true),
        Mutability::ReadWrite => {}
    }
    if attribute.returned == Returned::Request {
        set(&mut schema, "x-scim-returned", "request");
    }
    if attribute.uniqueness != Uniqueness::None {
        set(&mut schema, "x-scim-uniqueness", "server");
    }
    (attribute.name.clone(), schema)
}

/// One value.
fn one(attribute: &Attribute) -> Value {
    let mut schema = match attribute.kind {
        AttributeType::String => json!({ "type": "string" }),
        AttributeType::Boolean => json!({ "type": "boolean" }),
        AttributeType::Decimal => json!({ "type": "number" }),
        AttributeType::Integer => json!({ "type": "integer" }),
        AttributeType::DateTime => json!({ "type": "string", "format": "date-time" }),
        AttributeType::Binary => json!({ "type": "string", "contentEncoding": "base64" }),
        AttributeType::Reference => json!({ "type": "string", "format": "uri-reference" }),
        AttributeType::Complex => return object(&attribute.sub_attributes, ""),
    };
    if !attribute.canonical_values.is_empty() {
        set(&mut schema, "examples", attribute.canonical_values.clone());
    }
    schema
}
