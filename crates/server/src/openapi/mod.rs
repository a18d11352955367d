//! The OpenAPI 3.1 description of the SCIM surface, made from the routes and the schemas.
//!
//! `{endpoint}` becomes one path per resource type of the registry, so that bodies can be described.
//! Everything a source adds at run time is described by the same code.

mod messages;
mod operations;
mod resources;

use rollcall_scim::schema::{Registry, ResolvedType};
use serde_json::{Map, Value, json};

use crate::answer::SCIM_JSON;
use crate::routes::SCIM_ROUTES;
use operations::{Operation, Parameter, Shows, Takes};

/// The base of a source's SCIM 2.0 service, as `servers` of the description that is in the documentation.
pub const SCIM_BASE: &str = "/scim/{source}/v2";
/// Stands for the endpoint of a resource type in [`SCIM_ROUTES`].
const ENDPOINT: &str = "/{endpoint}";

/// The description of a source with these resource types, under this base URL (without a slash at the end).
pub fn scim_openapi(registry: &Registry, base: &str) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rollcall SCIM 2.0",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Users and groups of one source, over SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865).",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [server(base)],
        "security": [{ "bearer": [] }, { "basic": [] }],
        "paths": paths(registry),
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A token of this source" },
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Any user name, and a token of this source as the password",
                },
            },
            "parameters": operations::parameters(),
            "headers": messages::headers(),
            "responses": messages::responses(),
            "schemas": schemas(registry),
        },
    })
}

fn server(base: &str) -> Value {
    let mut server = json!({ "url": base });
    if base.contains("{source}") {
        let slug = json!({ "default": "example", "description": "Slug of the source" });
        set(&mut server, "variables", json!({ "source": slug }));
    }
    server
}

fn schemas(registry: &Registry) -> Value {
    let mut schemas = messages::schemas();
    for name in ["ServiceProviderConfig", "ResourceType", "Schema"] {
        let urn = format!("urn:ietf:params:scim:schemas:core:2.0:{name}");
        if let Some(schema) = registry.schema(&urn) {
            schemas.insert(name.to_owned(), resources::document(schema));
        }
    }
    for kind in registry.types().iter().chain([registry.membership()]) {
        schemas.extend(resources::components(kind));
    }
    Value::Object(schemas)
}

/// Every route with every method, `{endpoint}` once per resource type.
fn paths(registry: &Registry) -> Value {
    let mut paths = Map::new();
    for route in SCIM_ROUTES {
        let kinds: Vec<Option<&ResolvedType>> = if route.path.starts_with(ENDPOINT) {
            registry.types().iter().map(|kind| Some(&**kind)).collect()
        } else if route.path.starts_with(&registry.membership().resource_type.endpoint) {
            vec![Some(&**registry.membership())]
        } else {
            vec![None]
        };
        for kind in kinds {
            let endpoint = kind.map_or(ENDPOINT, |kind| kind.resource_type.endpoint.as_str());
            let path = route.path.replacen(ENDPOINT, endpoint, 1);
            let methods = route.methods.iter().filter_map(|(method, _)| {
                let operation = operations::find(method, route.path)?;
                Some((method.to_ascii_lowercase(), describe(operation, &path, kind)))
            });
            paths.insert(path.clone(), Value::Object(methods.collect()));
        }
    }
    Value::Object(paths)
}

fn describe(operation: &Operation, path: &str, kind: Option<&ResolvedType>) -> Value {
    let name = kind.map_or("Resource", ResolvedType::name);
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let id = std::iter::once(operation.method.to_ascii_lowercase()).chain(words.map(str::to_owned));
    let mut described = json!({
        "operationId": id.collect::<Vec<_>>().join("_"),
        "summary": operation.summary.replace("{type}", name),
        "tags": [kind.map_or("Service", ResolvedType::name)],
    });
    if !operation.parameters.is_empty() {
        let references = operation.parameters.iter().map(|parameter| parameter.reference());
        set(&mut described, "parameters", references.collect::<Value>());
    }
    if let Some(body) = body(operation.takes, kind) {
        set(&mut described, "requestBody", body);
    }
    set(&mut described, "responses", responses(operation, kind));
    described
}

/// The name of a type's component, with what it is used for.
fn component(kind: Option<&ResolvedType>, usage: &str) -> Value {
    // `/Me` stands for a user, listings of all types for any resource.
    let name = kind.map_or_else(|| "AnyResource".to_owned(), |kind| resources::name(kind.name(), usage));
    reference("schemas", &name)
}

fn body(takes: Takes, kind: Option<&ResolvedType>) -> Option<Value> {
    let schema = match takes {
        Takes::Nothing => return None,
        Takes::Resource => component(kind, resources::REQUEST),
        Takes::Patch => reference("schemas", "PatchOp"),
        Takes::Bulk => reference("schemas", "BulkRequest"),
        Takes::Search => reference("schemas", "SearchRequest"),
    };
    Some(json!({ "required": true, "content": content(&schema) }))
}

fn responses(operation: &Operation, kind: Option<&ResolvedType>) -> Value {
    let mut responses = Map::new();
    for (status, shows) in operation.answers {
        responses.insert(status.to_string(), success(*status, *shows, kind));
    }
    for status in operation.refusals() {
        responses.insert(status.to_string(), reference("responses", messages::response(status)));
    }
    responses.insert("default".to_owned(), reference("responses", "Error"));
    Value::Object(responses)
}

fn success(status: u16, shows: Shows, kind: Option<&ResolvedType>) -> Value {
    let schema = match shows {
        Shows::Nothing => {
            return match status {
                202 => json!({
                    "description": "Taken, and done later: a Security Event Token tells the end (RFC 9967 §2.5.1)",
                    "headers": {
                        "Set-Txn": reference("headers", "Set-Txn"),
                        "Location": reference("headers", "Location"),
                    },
                }),
                304 => json!({ "description": "The client has it already" }),
                _ => json!({ "description": "Done" }),
            };
        }
        Shows::Resource => component(kind, resources::RESPONSE),
        Shows::Listing => match kind {
            Some(kind) => listing(&reference("schemas", &resources::name(kind.name(), resources::RESPONSE))),
            None => listing(&reference("schemas", "AnyResource")),
        },
        Shows::Document(name) => reference("schemas", name),
        Shows::Documents(name) => listing(&reference("schemas", name)),
    };
    let description = if status == 201 { "Created" } else { "Done" };
    let mut response = json!({ "description": description, "content": content(&schema) });
    if matches!(shows, Shows::Resource) {
        let names = ["ETag", "Content-Location"].iter().chain((status == 201).then_some(&"Location"));
        let headers = names.map(|name| ((*name).to_owned(), reference("headers", name)));
        set(&mut response, "headers", Value::Object(headers.collect()));
    }
    response
}

fn listing(of: &Value) -> Value {
    json!({
        "allOf": [reference("schemas", "ListResponse")],
        "properties": { "Resources": { "type": "array", "items": of } },
    })
}

fn content(schema: &Value) -> Value {
    json!({ (SCIM_JSON): { "schema": schema } })
}

/// Sets a field of a value that is known to be an object.
fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

/// A reference to a component.
fn reference(section: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{section}/{name}") })
}

impl Parameter {
    fn reference(self) -> Value {
        reference("parameters", self.name())
    }
}
