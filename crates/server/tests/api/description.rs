//! The OpenAPI description has every route, nothing else, and is the one in the documentation.

use std::collections::BTreeSet;

use rollcall_server::api::{api_openapi, api_routes};
use rollcall_testkit::TestApp;
use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi/admin.json");

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let methods = paths.flat_map(|(path, methods)| {
        methods
            .as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    methods.collect()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = api_openapi();
    let found: BTreeSet<String> = operations(&document).into_iter().map(|(name, _)| name).collect();
    let routed: BTreeSet<String> =
        api_routes().map(|route| format!("{} {}", route.method.to_lowercase(), route.path)).collect();
    assert_eq!(found, routed);
    assert_eq!(routed.len(), api_routes().count(), "a route is there twice");
}

#[test]
fn the_documentation_has_this_description() {
    let text = std::fs::read_to_string(FILE).unwrap();
    let documented: Value = serde_json::from_str(&text).unwrap();
    assert!(documented == api_openapi(), "docs/openapi/admin.json is old: run scripts/generate");
}

#[test]
fn every_reference_leads_somewhere_and_every_name_is_explained() {
    let document = api_openapi();
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
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert_ne!(parameter["description"], "", "{name}: {}", parameter["name"]);
        }
    }
}

#[test]
fn no_operation_id_stands_for_two() {
    let document = api_openapi();
    let ids: Vec<&Value> =
        operations(&document).into_iter().map(|(_, operation)| &operation["operationId"]).collect();
    assert_eq!(ids.iter().map(|id| id.as_str()).collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

#[tokio::test]
async fn the_server_shows_it_to_everybody() {
    let app = TestApp::start().await;
    let client = app.client("", "").at("/api/v1").authorized(None);
    assert_eq!(client.get("/openapi.json").await.expect(200).body, api_openapi());
}
