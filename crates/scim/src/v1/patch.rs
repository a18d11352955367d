//! PATCH as 1.1 has it: a partial resource, `meta.attributes` to remove, `"operation": "delete"`.

use serde_json::{Map, Value, json};

use super::{decode_urn, is_core, path, resource};
use crate::Document;
use crate::error::ScimError;
use crate::filter::{CompareOp, Filter, Literal};
use crate::patch::PATCH_OP;
use crate::path::{AttributePath, Resolved, ValuePath};
use crate::schema::{Attribute, ENTERPRISE_USER, ResolvedType};

/// Writes a PATCH body from what is to be set and what is to go.
///
/// `set` is a partial resource in the words of 2.0. Its singular attributes replace, the parts of its
/// complex ones are merged, the values of its multi-valued ones are added, or changed where the peer
/// has one of the same `value`; those with `"operation": "delete"` are removed. `removed` are the
/// attributes that the peer clears first, so that one in both is replaced.
///
/// ```
/// use rollcall_scim::{path::AttributePath, schema::Registry, v1};
/// use serde_json::json;
///
/// let registry = Registry::builtin()?;
/// let users = registry.type_named("User").unwrap();
/// let set = json!({"phoneNumbers": [{"value": "+31", "operation": "delete"}]});
/// let body = v1::patch::encode(set.as_object().unwrap(), &[AttributePath::named("title")], users);
/// assert_eq!(
///     serde_json::Value::Object(body),
///     json!({
///         "schemas": ["urn:scim:schemas:core:1.0"],
///         "phoneNumbers": [{"value": "+31", "operation": "delete"}],
///         "meta": {"attributes": ["title"]}
///     })
/// );
/// # Ok::<(), rollcall_scim::schema::RegistryError>(())
/// ```
pub fn encode(set: &Document, removed: &[AttributePath], kind: &ResolvedType) -> Document {
    let mut body = resource::encode(set, kind);
    body.shift_remove("meta");
    if !removed.is_empty() {
        let names: Vec<String> = removed.iter().map(|name| path::encode(name).to_string()).collect();
        body.insert("meta".to_owned(), json!({ "attributes": names }));
    }
    body
}

/// Reads a PATCH body as a `PatchOp` of 2.0, whose operations say the same in order.
///
/// First goes what `meta.attributes` names, then each attribute: a singular one is replaced, the parts
/// of a complex one are merged, a value of a multi-valued one is added, or changed where one with its
/// `value` is there. A value without `value` (an address) is itself as a whole.
///
/// # Errors
///
/// `invalidSyntax`: not an object, or `meta.attributes` is no array of paths.
///
/// ```
/// use rollcall_scim::{schema::Registry, v1};
/// use serde_json::json;
///
/// let registry = Registry::builtin()?;
/// let users = registry.type_named("User").unwrap();
/// let body = json!({"nickName": "Ann", "meta": {"attributes": ["title"]}});
/// let patch = v1::patch::decode(&body, users).unwrap();
/// assert_eq!(patch["Operations"][0], json!({"op": "remove", "path": "title"}));
/// assert_eq!(patch["Operations"][1], json!({"op": "replace", "path": "nickName", "value": "Ann"}));
/// # Ok::<(), rollcall_scim::schema::RegistryError>(())
/// ```
pub fn decode(body: &Value, kind: &ResolvedType) -> Result<Value, ScimError> {
    let Value::Object(body) = body else {
        return Err(ScimError::invalid_syntax("a PATCH body must be a JSON object"));
    };
    let removed: Vec<AttributePath> = removed(body)?.iter().map(path::decode).collect();
    let mut reader = Reader { kind, removed: &removed, operations: Vec::new() };
    for path in &removed {
        reader.operations.push(json!({ "op": "remove", "path": path.to_string() }));
    }
    let left_out = |name: &str| ["schemas", "meta", "id"].iter().any(|own| name.eq_ignore_ascii_case(own));
    for (name, value) in body.iter().filter(|(name, _)| !left_out(name)) {
        match (kind.extension(decode_urn(name)), value) {
            (Some(schema), Value::Object(extension)) => {
                for (name, value) in extension {
                    let path = AttributePath { urn: Some(schema.id.clone()), name: name.clone(), sub: None };
                    reader.attribute(&path, value);
                }
            }
            (None, Value::Object(core)) if is_core(name) => {
                for (name, value) in core {
                    reader.attribute(&AttributePath::named(name), value);
                }
            }
            _ => reader.attribute(&AttributePath::named(name), value),
        }
    }
    Ok(json!({ "schemas": [PATCH_OP], "Operations": reader.operations }))
}

/// What `meta.attributes` names.
fn removed(body: &Document) -> Result<Vec<AttributePath>, ScimError> {
    let member = |object: &Document, wanted: &str| {
        object.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.clone())
    };
    let names =
        member(body, "meta").and_then(|meta| meta.as_object().and_then(|meta| member(meta, "attributes")));
    let fault = |what: String| ScimError::invalid_syntax(format!("meta.attributes: {what}"));
    let names = match names {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(names)) => names,
        Some(_) => return Err(fault("must be an array of attribute names".to_owned())),
    };
    let path = |name: &Value| {
        let text = name.as_str().ok_or_else(|| fault("must be an array of attribute names".to_owned()))?;
        text.parse().map_err(|error| fault(format!("{text}: {error}")))
    };
    names.iter().map(path).collect()
}

/// Makes operations of the attributes of a body, one by one.
struct Reader<'a> {
    kind: &'a ResolvedType,
    removed: &'a [AttributePath],
    operations: Vec<Value>,
}

impl Reader<'_> {
    fn attribute(&mut self, path: &AttributePath, value: &Value) {
        let Ok(Resolved::Attribute(found)) = path.resolve(self.kind) else {
            self.operations.push(set(&path.to_string(), value));
            return;
        };
        let is_enterprise = found.extension.is_some_and(|schema| schema.id == ENTERPRISE_USER);
        let is_manager = is_enterprise && found.attribute.name == "manager";
        match value {
            Value::Array(values) if found.attribute.multi_valued => {
                let values = values.iter().filter(|value| !value.is_null());
                if self.is_removed(path) {
                    let values: Vec<Value> =
                        values.filter_map(|value| whole(value, found.attribute)).collect();
                    self.operations
                        .push(json!({ "op": "replace", "path": path.to_string(), "value": values }));
                    return;
                }
                let is_members = found.extension.is_none() && self.kind.is_detached(&found.attribute.name);
                let with_path = |value: &Value| element(path, value, found.attribute, is_members);
                self.operations.extend(values.map(with_path));
            }
            Value::Object(parts) if found.attribute.is_complex() && !found.attribute.multi_valued => {
                for (name, value) in parts {
                    let is_id = is_manager && name.eq_ignore_ascii_case("managerId");
                    let name = if is_id { "value" } else { name };
                    self.operations.push(set(&format!("{path}.{name}"), value));
                }
            }
            _ => self.operations.push(set(&path.to_string(), value)),
        }
    }

    /// Whether all values go first: those in the body are then all there is.
    fn is_removed(&self, path: &AttributePath) -> bool {
        let name = path.to_string();
        self.removed.iter().any(|removed| removed.to_string().eq_ignore_ascii_case(&name))
    }
}

/// A value of an attribute that is replaced; `None` for one that is to be deleted.
fn whole(value: &Value, attribute: &Attribute) -> Option<Value> {
    match value {
        Value::Object(parts) => {
            let mut parts = parts.clone();
            let operation = parts.shift_remove("operation");
            (!is_delete(operation.as_ref())).then_some(Value::Object(parts))
        }
        bare if attribute.is_complex() => Some(json!({ "value": bare })),
        bare => Some(bare.clone()),
    }
}

fn is_delete(operation: Option<&Value>) -> bool {
    operation.and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case("delete"))
}

fn set(path: &str, value: &Value) -> Value {
    if value.is_null() {
        return json!({ "op": "remove", "path": path });
    }
    json!({ "op": "replace", "path": path, "value": value })
}

/// The operation for one value of a multi-valued attribute.
fn element(path: &AttributePath, value: &Value, attribute: &Attribute, is_members: bool) -> Value {
    let Value::Object(parts) = value else {
        let value = if attribute.is_complex() { json!({ "value": value }) } else { value.clone() };
        return json!({ "op": "add", "path": path.to_string(), "value": [value] });
    };
    let mut parts: Map<String, Value> = parts.clone();
    let operation = parts.shift_remove("operation");
    parts.retain(|_, value| !value.is_null());
    let selected = ValuePath { path: path.clone(), filter: selector(&parts), sub: None }.to_string();
    if is_delete(operation.as_ref()) {
        return json!({ "op": "remove", "path": selected });
    }
    if is_members || !parts.contains_key("value") {
        return json!({ "op": "add", "path": path.to_string(), "value": [parts] });
    }
    json!({ "op": "add", "path": selected, "value": parts })
}

/// What finds the value that is meant: its `value`, else all of its parts.
fn selector(parts: &Document) -> Option<Filter> {
    let literal = |value: &Value| match value {
        Value::String(text) => Some(Literal::String(text.clone())),
        Value::Bool(flag) => Some(Literal::Boolean(*flag)),
        Value::Number(number) => Some(Literal::Number(number.clone())),
        _ => None,
    };
    let term = |name: &str, value: &Value| {
        Some(Filter::Compare(AttributePath::named(name), CompareOp::Eq, literal(value)?))
    };
    if let Some(value) = parts.get("value") {
        return term("value", value);
    }
    let mut terms: Vec<Filter> = parts.iter().filter_map(|(name, value)| term(name, value)).collect();
    if terms.len() == 1 { terms.pop() } else { (!terms.is_empty()).then_some(Filter::And(terms)) }
}
