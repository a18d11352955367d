//! Flat names and SCIM resources, both ways; filters and what of them is pushed.

mod filters;
mod flat;
mod generated;
mod schema;
mod wanted;

use rollcall_scim::Document;
use rollcall_scim::schema::{ENTERPRISE_USER, USER};
use serde_json::{Value, json};

use super::names::Names;
use super::schema::{Class, Kinds};

const LUCKY: &str = "urn:mem:params:scim:schemas:extension:LuckyNumberExtension";

/// Both classes, with what seed 001 adds by `customAttributesJSON`: one schema of each version.
fn kinds() -> Kinds {
    let mut kinds = Kinds::builtin().unwrap();
    let attribute = |name: &str, kind: &str| json!({"name": name, "type": kind, "multiValued": false});
    let badge = json!({"name": "badge", "type": "complex", "multiValued": false, "subAttributes": [attribute("number", "integer"), attribute("colour", "string")]});
    let cars = json!({"name": "cars", "type": "complex", "multiValued": true, "subAttributes": [attribute("value", "string"), attribute("type", "string")]});
    let tags = json!({"name": "tags", "type": "string", "multiValued": true});
    let custom = json!([
        {"id": LUCKY, "name": "Lucky", "endpoint": "/Users",
         "attributes": [attribute("luckyNumber", "integer"), attribute("ratio", "decimal"), badge, cars, tags]},
        {"id": "urn:scim:schemas:core:1.0:User", "schema": "urn:scim:schemas:core:1.0", "endpoint": "/Users",
         "attributes": [{"name": "myCustomName", "type": "string", "schema": "urn:scim:schemas:core:1.0"}]},
        {"id": "urn:mem:params:scim:schemas:extension:Group", "endpoint": "/Groups", "attributes": [attribute("owner", "string")]}
    ]);
    kinds.customize(&custom.to_string()).unwrap();
    kinds
}

fn names(kinds: &Kinds, class: Class) -> Names<'_> {
    Names { kind: kinds.of(class), colon: true, top_level: &kinds.top_level, entitlement_ids: false }
}

fn document(value: &Value) -> Document {
    value.as_object().cloned().unwrap_or_default()
}

fn alice() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE_USER, LUCKY], "id": "u1", "externalId": "e", "userName": "alice", "active": false,
        "name": {"givenName": "Al", "familyName": "Smith"},
        "emails": [{"value": "w1@x", "type": "work"}, {"value": "w2@x", "type": "work", "primary": true}, {"value": "n@x"},
                   {"value": "p@x", "type": "personal"}, {"value": "W@x", "type": "Work"}],
        "addresses": [{"locality": "Rome", "type": "home"}],
        "roles": [{"value": "r1"}],
        "groups": [{"value": "g1", "display": "G 1", "$ref": "https://x/Groups/g1"}, {"value": "g2"}],
        "myCustomName": "Frank",
        ENTERPRISE_USER: {"costCenter": "cc", "manager": {"value": "b", "$ref": "../Users/b"}},
        LUCKY: {"luckyNumber": 7, "ratio": 0.5, "badge": {"number": 1, "colour": "red"}, "cars": [{"value": "vw", "type": "blue"}], "tags": ["a"]},
        "meta": {"resourceType": "User", "created": "2020-01-01T00:00:00Z", "version": "W/\"1\""}
    })
}
