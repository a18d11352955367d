//! How identity providers write their PATCH requests, and what each must come to.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rollcall_scim::patch::{MembersOperation, Patch};
use rollcall_scim::rules::Rules;
use rollcall_scim::schema::{ENTERPRISE_USER as E, Registry};
use serde_json::{Value, json};

/// What Entra ID's dialect adds to the default.
fn entra() -> Rules {
    Rules { create_on_replace_miss: true, empty_string_removes: true, ..Rules::default() }
}

fn ann() -> Value {
    json!({
        "userName": "ann", "active": true, "title": "T", "externalId": "x",
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [{"value": "ann@example.com", "type": "work", "primary": true}],
        E: {"department": "d", "manager": {"value": "m1"}},
    })
}

fn manager() -> String {
    format!("{E}:manager")
}

/// Applies the operations to Ann; each pointer must then give the value, `null` when it is gone.
fn check(what: &str, rules: &Rules, operations: &Value, expected: &[(&str, Value)]) {
    let registry = Registry::builtin().unwrap();
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    let patch = Patch::parse(body, rules).unwrap();
    let kind = registry.type_named("User").unwrap();
    let patched = patch.apply(ann().as_object().unwrap(), kind, rules).unwrap();
    let document = Value::Object(patched.document);
    for (pointer, value) in expected {
        let pointer = pointer.replace('~', E);
        assert_eq!(document.pointer(&pointer).unwrap_or(&Value::Null), value, "{what}: {pointer}");
    }
}

#[test]
fn users_of_entra() {
    let rules = &entra();
    check(
        "capital verbs, one path an operation",
        rules,
        &json!([
            {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@example.com"},
            {"op": "Replace", "path": "name.familyName", "value": "Ho"},
            {"op": "Replace", "path": "active", "value": "False"},
        ]),
        &[
            ("/emails/0/value", json!("new@example.com")),
            ("/emails/0/primary", json!(true)),
            ("/name/familyName", json!("Ho")),
            ("/active", json!(false)),
        ],
    );
    check(
        "one element made by the first of several operations",
        rules,
        &json!([
            {"op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Zurich"},
            {"op": "Add", "path": "addresses[type eq \"work\"].country", "value": "CH"},
            {"op": "Replace", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "1"},
        ]),
        &[
            ("/addresses", json!([{"type": "work", "locality": "Zurich", "country": "CH"}])),
            ("/phoneNumbers", json!([{"type": "mobile", "value": "1"}])),
        ],
    );
    check(
        "a boolean compared with a string",
        rules,
        &json!([
            {"op": "Add", "path": "roles[primary eq \"True\"].display", "value": "Admin"},
            {"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "admin"},
        ]),
        &[("/roles", json!([{"primary": true, "display": "Admin", "value": "admin"}]))],
    );
    check(
        "an empty string where an element is not there",
        rules,
        &json!([{"op": "Add", "path": "phoneNumbers[type eq \"work\"].value", "value": ""}]),
        &[("/phoneNumbers", Value::Null)],
    );
    check(
        "keys that are paths",
        rules,
        &json!([{"op": "replace", "value": {
            "name.givenName": "Bo",
            "displayName": "Bo",
            format!("{E}:employeeNumber"): "7",
        }}]),
        &[
            ("/name/givenName", json!("Bo")),
            ("/name/familyName", json!("Lee")),
            ("/displayName", json!("Bo")),
            ("/~/employeeNumber", json!("7")),
            ("/~/department", json!("d")),
        ],
    );
}

#[test]
fn managers_in_every_shape() {
    let rules = &entra();
    for (value, expected) in [
        (json!("m2"), json!("m2")),
        (json!({"value": "m2"}), json!("m2")),
        (json!([{"$ref": "https://example.com/Users/m2", "value": "m2"}]), json!("m2")),
        (json!(""), Value::Null),
        (json!(null), Value::Null),
    ] {
        let operations = json!([{"op": "Replace", "path": manager(), "value": value}]);
        check(
            "manager",
            rules,
            &operations,
            &[("/~/manager/value", expected), ("/~/department", json!("d"))],
        );
    }
    check("removed", rules, &json!([{"op": "Remove", "path": manager()}]), &[("/~/manager", Value::Null)]);
}

#[test]
fn users_of_others() {
    let rules = &Rules::default();
    check(
        "Okta: deactivate",
        rules,
        &json!([{"op": "replace", "value": {"active": false}}]),
        &[("/active", json!(false))],
    );
    check(
        "Okta: password, which is not kept",
        rules,
        &json!([{"op": "replace", "value": {"password": "secret"}}]),
        &[("/password", Value::Null)],
    );
    check(
        "SailPoint: part of a name",
        rules,
        &json!([{"op": "replace", "path": "name", "value": {"givenName": "Bo"}}]),
        &[("/name", json!({"givenName": "Bo", "familyName": "Lee"}))],
    );
    check(
        "three operations on one attribute",
        rules,
        &json!([
            {"op": "remove", "path": "externalId"},
            {"op": "add", "path": "externalId", "value": "a"},
            {"op": "replace", "path": "externalId", "value": "b"},
        ]),
        &[("/externalId", json!("b"))],
    );
}

#[test]
fn groups_of_all() {
    use MembersOperation::{Add, Clear, Remove, Replace};
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    for (what, operations, expected) in [
        (
            "Entra: a null reference",
            json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": "1"}]}]),
            vec![Add(values(&["1"]))],
        ),
        (
            "Entra, JumpCloud: removal by value",
            json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "1"}]}]),
            vec![Remove(values(&["1"]))],
        ),
        (
            "Entra: a bare string",
            json!([{"op": "add", "path": "members", "value": "1"}]),
            vec![Add(values(&["1"]))],
        ),
        (
            "Okta: three verbs in one request",
            json!([
                {"op": "remove", "path": "members[value eq \"2\"]"},
                {"op": "add", "path": "members", "value": [{"value": "1", "display": "a"}]},
                {"op": "replace", "path": "members", "value": [{"value": "1"}, {"value": "2"}]},
            ]),
            vec![Remove(values(&["2"])), Add(values(&["1"])), Replace(values(&["1", "2"]))],
        ),
        (
            "Okta, AWS: a rename that echoes the id",
            json!([{"op": "replace", "value": {"id": "g", "displayName": "N"}}]),
            vec![],
        ),
        (
            "Salesforce: no path",
            json!([{"op": "Add", "value": {"members": [{"$ref": null, "value": "1"}]}}]),
            vec![Add(values(&["1"]))],
        ),
        ("all members", json!([{"op": "remove", "path": "members"}]), vec![Clear]),
    ] {
        let registry = Registry::builtin().unwrap();
        let rules = Rules::default();
        let patch = Patch::parse(json!({"Operations": operations}), &rules).unwrap();
        let group = json!({"displayName": "G"});
        let kind = registry.type_named("Group").unwrap();
        let patched = patch.apply(group.as_object().unwrap(), kind, &rules).unwrap();
        assert_eq!(patched.members, expected, "{what}");
        assert!(!patched.document.contains_key("id"), "{what}");
        assert_eq!(patched.changed, patched.document["displayName"] == "N", "{what}");
    }
}
