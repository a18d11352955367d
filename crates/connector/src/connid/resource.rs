//! A resource as an application sent it, in the words of the schema.

use rollcall_scim::Document;
use rollcall_scim::schema::{Attribute, AttributeType, ResolvedType};
use rollcall_scim::v1;
use serde_json::Value;

use crate::profile::ScimVersion;

/// Reads a resource: names in schema case, nothing that is `null`, booleans that came as text. What no schema
/// knows stays as it is; a `type` that is not canonical is a type like any other.
pub(super) fn read(sent: &Value, kind: &ResolvedType, version: ScimVersion) -> Document {
    let Value::Object(sent) = sent else { return Document::new() };
    if version == ScimVersion::V1 {
        return v1::decode(sent, kind);
    }
    let mut resource = Document::with_capacity(sent.len());
    for (name, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
        if let (Some(schema), Value::Object(extension)) = (kind.extension(name), value) {
            resource.insert(schema.id.clone(), Value::Object(parts(extension, &schema.attributes)));
        } else if let Some(attribute) = kind.attribute(name) {
            resource.insert(attribute.name.clone(), read_value(value, attribute));
        } else {
            resource.insert(name.clone(), value.clone());
        }
    }
    resource
}

fn parts(sent: &Document, attributes: &[Attribute]) -> Document {
    let each = sent.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        match attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name)) {
            Some(attribute) => (attribute.name.clone(), read_value(value, attribute)),
            None => (name.clone(), value.clone()),
        }
    });
    each.collect()
}

fn read_value(value: &Value, attribute: &Attribute) -> Value {
    match value {
        Value::Array(values) => {
            values.iter().filter(|value| !value.is_null()).map(|value| read_value(value, attribute)).collect()
        }
        Value::Object(object) if attribute.is_complex() => {
            Value::Object(parts(object, &attribute.sub_attributes))
        }
        Value::String(text) if attribute.kind == AttributeType::Boolean => {
            let word = |word: &str| text.trim().eq_ignore_ascii_case(word);
            if word("true") || word("false") { Value::Bool(word("true")) } else { value.clone() }
        }
        other => other.clone(),
    }
}
