//! The OpenAPI description has every route, nothing else, and is the one in the documentation.

use std::collections::BTreeSet;

use rollcall_scim::schema::{Registry, ResourceType};
use rollcall_server::SCIM_ROUTES;
use rollcall_server::openapi::{SCIM_BASE, scim_openapi};
use serde_json::{Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi/scim.json");

fn described(registry: &Registry) -> Value {
    scim_openapi(registry, SCIM_BASE)
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let registry = Registry::builtin().unwrap();
    let endpoints: Vec<&str> = registry.types().iter().map(|kind| &*kind.resource_type.endpoint).collect();
    let mut routed = BTreeSet::new();
    for route in SCIM_ROUTES {
        for endpoint in if route.path.starts_with("/{endpoint}") { &endpoints[..] } else { &[""] } {
            for (method, _) in route.methods {
                let path = route.path.replacen("/{endpoint}", endpoint, 1);
                routed.insert(format!("{} {path}", method.to_lowercase()));
            }
        }
    }
    let mut found = BTreeSet::new();
    for (path, methods) in described(&registry)["paths"].as_object().unwrap() {
        found.extend(methods.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    assert_eq!(found, routed);
}

#[test]
fn the_documentation_has_this_description() {
    let text = std::fs::read_to_string(FILE).unwrap();
    let documented: Value = serde_json::from_str(&text).unwrap();
    let registry = Registry::builtin().unwrap();
    assert!(documented == described(&registry), "docs/openapi/scim.json is old: run scripts/generate");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = described(&Registry::builtin().unwrap());
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
        match value {
            Value::Object(fields) => waiting.extend(fields.values()),
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
}

#[test]
fn no_operation_id_stands_for_two() {
    let document = described(&Registry::builtin().unwrap());
    let paths = document["paths"].as_object().unwrap().values();
    let ids: Vec<&str> = paths
        .flat_map(|methods| methods.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

#[test]
fn a_type_added_at_run_time_is_described_too() {
    let schema = serde_json::from_value(json!({
        "id": "urn:example:Badge",
        "attributes": [
            { "name": "number", "type": "integer", "required": true },
            { "name": "pin", "mutability": "writeOnly", "returned": "never" },
        ],
    }));
    let badge: ResourceType = serde_json::from_value(
        json!({ "name": "Badge", "endpoint": "/Badges", "schema": "urn:example:Badge" }),
    )
    .unwrap();
    let registry = Registry::builtin().unwrap().extended(&[schema.unwrap()], &[badge]).unwrap();
    let document = described(&registry);
    let schemas = &document["components"]["schemas"];
    assert!(document["paths"]["/Badges/{id}"]["patch"].is_object());
    assert_eq!(schemas["BadgeRequest"]["required"], json!(["schemas", "number"]));
    assert_eq!(schemas["Badge"]["properties"]["number"]["type"], "integer");
    assert_eq!(schemas["Badge"]["properties"]["pin"]["writeOnly"], true);
}
