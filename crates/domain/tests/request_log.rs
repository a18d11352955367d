//! What the request log keeps of bodies, queries, paths, texts and traces.

#![allow(clippy::unwrap_used, reason = "tests")]

use expect_test::{Expect, expect};
use rollcall_domain::pipeline::{Step, Trace};
use rollcall_domain::request_log::mask::{Masker, Side};
use rollcall_scim::schema::{Registry, Schema};
use serde_json::{Value, json};

fn registry() -> Registry {
    let schema: Schema = serde_json::from_value(json!({
        "id": "urn:example:Badge", "name": "Badge", "attributes": [
            { "name": "color", "type": "string" },
            { "name": "pin", "type": "string", "returned": "never" },
            { "name": "number", "type": "integer" },
            { "name": "isVisitor", "type": "boolean" },
        ],
    }))
    .unwrap();
    let user = serde_json::from_value(json!({
        "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
        "schemaExtensions": [
            { "schema": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User" },
            { "schema": "urn:example:Badge" },
        ],
    }))
    .unwrap();
    Registry::builtin().unwrap().extended(&[schema], &[user]).unwrap()
}

fn masked(endpoint: &str, side: Side, body: Value) -> String {
    let registry = registry();
    Masker::new(&registry, false).body(endpoint, side, body).to_string()
}

fn check(endpoint: &str, body: Value, expected: &Expect) {
    expected.assert_eq(&masked(endpoint, Side::Sent, body));
}

#[test]
fn a_resource_keeps_its_shape_and_loses_its_person() {
    check(
        "Users",
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "barbara@example.com", "externalId": "00u1abc", "active": true, "title": "Director",
            "name": { "givenName": "Barbara", "familyName": "" },
            "emails": [{ "value": "barbara@example.com", "type": "work", "primary": true }],
            "password": "hunter22", "roles": ["admin"],
            "addresses": [{ "locality": "Berlin", "type": "home" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Sales", "employeeNumber": "70112",
                "manager": { "value": "0198", "displayName": "Bob Boss" },
            },
            "urn:example:Badge": { "color": "red", "pin": "1234", "number": 77, "isVisitor": false },
        }),
        &expect![[
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"b…@…","externalId":"00u1abc","active":true,"title":"Director","name":{"givenName":"B…","familyName":""},"emails":[{"value":"b…@…","type":"work","primary":true}],"password":"•••","roles":["admin"],"addresses":[{"locality":"B…","type":"home"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales","employeeNumber":"7…","manager":{"value":"0198","displayName":"B…"}},"urn:example:Badge":{"color":"r…","pin":"•••","number":"…","isVisitor":false}}"#
        ]],
    );
}

#[test]
fn what_no_schema_knows_is_masked() {
    check(
        "Users",
        json!({ "nickname": "Babs", "favourite": { "food": ["toast"] }, "apiToken": "t0ps3cret", "title": "to bob@example.com" }),
        &expect![[r#"{"nickname":"B…","favourite":{"food":["t…"]},"apiToken":"•••","title":"to b…@…"}"#]],
    );
    check("Nothing", json!({ "id": "7", "any": "thing" }), &expect![[r#"{"id":"7","any":"t…"}"#]]);
    check("Users", json!("Barbara"), &expect![[r#""B…""#]]);
}

#[test]
fn patch_values_are_masked_by_their_paths() {
    check(
        "Users",
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "barbara@example.com" },
            { "op": "add", "value": { "name.givenName": "Barbara", "active": "True", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Sales" } },
            { "op": "remove", "path": "emails[value eq \"barbara@example.com\"" },
            { "op": "replace", "path": "password", "value": "hunter22" },
            { "op": "replace", "path": "urn:example:Badge:pin", "value": "1234" },
            { "op": "Barbara", "path": "nothing.known", "value": ["Barbara"] },
        ] }),
        &expect![[
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"b…@…"},{"op":"add","value":{"name.givenName":"B…","active":"True","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Sales"}},{"op":"remove","path":"emails[value eq \"b…@…\""},{"op":"replace","path":"password","value":"•••"},{"op":"replace","path":"urn:example:Badge:pin","value":"•••"},{"op":"B…","path":"nothing.known","value":["B…"]}]}"#
        ]],
    );
    check(
        "Groups",
        json!({ "Operations": [{ "op": "add", "path": "members", "value": [
            { "value": "01980000-0000-7000-8000-000000000001", "display": "Barbara Jensen", "$ref": "https://x/Users/0198" },
        ] }] }),
        &expect![[
            r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"01980000-0000-7000-8000-000000000001","display":"B…","$ref":"https://x/Users/0198"}]}]}"#
        ]],
    );
}

#[test]
fn bulk_operations_are_masked_by_their_endpoints() {
    check(
        "Bulk",
        json!({ "failOnErrors": 1, "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "q1", "data": { "userName": "barbara" } },
            { "method": "POST", "path": "/Groups", "data": { "displayName": "Sales", "members": [{ "value": "bulkId:q1" }] } },
            { "method": "DELETE", "path": "/Users/barbara" },
        ] }),
        &expect![[
            r#"{"failOnErrors":"…","Operations":[{"method":"POST","path":"/Users","bulkId":"q1","data":{"userName":"b…"}},{"method":"POST","path":"/Groups","data":{"displayName":"Sales","members":[{"value":"bulkId:q1"}]}},{"method":"DELETE","path":"/Users/b…"}]}"#
        ]],
    );
}

#[test]
fn a_message_hides_nothing_behind_another_messages_name() {
    for body in [
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": "Barbara" }),
        json!({ "Resources": [], "userName": "Barbara" }),
        json!({ "Operations": "Barbara" }),
        json!({ "Operations": ["Barbara", { "op": "add", "other": "Barbara" }], "x": "Barbara" }),
        json!({ "filter": "Barbara" }),
    ] {
        let kept = masked("Users", Side::Sent, body);
        assert!(!kept.contains("Barbara"), "{kept}");
    }
}

#[test]
fn answers_are_masked_and_errors_keep_what_helps() {
    let registry = registry();
    let mut masker = Masker::new(&registry, false);
    masker.body(
        "Users",
        Side::Sent,
        json!({ "userName": "Barbara", "password": "hunter22", "name": { "familyName": "use" } }),
    );
    let error = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400",
        "detail": "userName \"barbara\" cannot be used with hunter22; ask admin@example.com",
    });
    expect![[r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"userName \"B…\" cannot be used with •••; ask a…@…"}"#]]
        .assert_eq(&masker.body("Users", Side::Answered, error).to_string());
    let list = json!({ "totalResults": 1, "Resources": [{ "id": "7", "userName": "Barbara" }] });
    expect![[r#"{"totalResults":1,"Resources":[{"id":"7","userName":"B…"}]}"#]]
        .assert_eq(&masker.body("Users", Side::Answered, list).to_string());
}

#[test]
fn queries_and_paths_are_masked() {
    let registry = registry();
    let mut masker = Masker::new(&registry, false);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let query = [
        pair("filter", "userName eq \"Barbara\" and id eq \"01980000-0000-7000-8000-000000000001\""),
        pair("attributes", "userName"),
        pair("count", "1"),
        pair("access_token", "abc"),
        pair("q", "Barbara"),
        pair("flag", ""),
    ];
    expect![[r#"filter=userName eq "B…" and id eq "01980000-0000-7000-8000-000000000001"&attributes=userName&count=1&access_token=•••&q=B…&flag"#]]
        .assert_eq(&masker.query(&query));
    for (path, expected) in [
        ("/scim/okta/v2/Users/01980000-0000-7000-8000-000000000001", None),
        ("/scim/okta/v2/Users/.search", None),
        ("/scim/okta/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", None),
        ("/scim/okta/v2/ResourceTypes/User", None),
        ("/scim/okta/v1/Users/barbara", Some("/scim/okta/v1/Users/b…")),
        ("/scim/okta/v2/Users/barbara@example.com", Some("/scim/okta/v2/Users/b…@…")),
    ] {
        assert_eq!(masker.path(path), expected.unwrap_or(path));
    }
}

#[test]
fn whom_a_request_was_about_is_told_by_name_address_and_id() {
    let registry = registry();
    let mut masker = Masker::new(&registry, false);
    masker.body(
        "Users",
        Side::Sent,
        json!({ "userName": "Barbara", "emails": [{ "value": "b@x.org" }], "title": "T" }),
    );
    masker.body(
        "Groups",
        Side::Sent,
        json!({ "Operations": [{ "op": "remove", "path": "members[value eq \"7\"]" }] }),
    );
    masker.query(&[("filter".to_owned(), "externalId eq \"e1\"".to_owned())]);
    masker.path("/scim/okta/v2/Users/someone");
    assert_eq!(masker.subjects().collect::<Vec<_>>(), ["7", "Barbara", "b@x.org", "e1", "someone"]);
}

#[test]
fn without_masking_only_secrets_go() {
    let registry = registry();
    let mut masker = Masker::new(&registry, true);
    let body = json!({ "userName": "barbara@example.com", "password": "hunter22", "other": 5 });
    expect![[r#"{"userName":"barbara@example.com","password":"•••","other":5}"#]]
        .assert_eq(&masker.body("Users", Side::Sent, body).to_string());
    assert_eq!(masker.text("barbara@example.com said hunter22"), "barbara@example.com said •••");
}

#[test]
fn a_trace_says_what_was_decided_and_about_nobody() {
    let registry = registry();
    let document = json!({ "userName": "barbara", "name": { "givenName": "Barbara" }, "active": true });
    let profile = serde_json::from_value(
        json!({ "email": "barbara@example.com", "firstName": "Barbara", "active": true, "roles": ["admin"], "attributes": { "shoe": 42 } }),
    );
    let extraction = serde_json::from_value(json!([
        { "field": "firstName", "path": "name.givenName", "value": "Barbara" },
        { "field": "active", "path": "active", "value": true, "note": "Barbara is" },
    ]));
    let policy = serde_json::from_value(
        json!({ "policy": { "rules": [{ "key": "linking", "value": "off", "effect": "Barbara is new" }], "outcome": "created" } }),
    );
    let change = serde_json::from_value(
        json!({ "change": { "difference": { "email": { "after": "barbara@example.com" }, "status": { "after": "active" } }, "roles": {"gained": [], "lost": []} } }),
    );
    let steps = vec![
        Step::Resource(document.as_object().unwrap().clone()),
        Step::Extraction(extraction.unwrap()),
        Step::Profile(profile.unwrap()),
        policy.unwrap(),
    ];
    let steps = steps.into_iter().chain([change.unwrap()]).collect();
    let kept = Masker::new(&registry, false).trace(&Trace { steps }, Some("User")).to_string();
    expect![[r#"[{"resource":{"userName":"b…","name":{"givenName":"B…"},"active":true}},{"extraction":[{"field":"firstName","path":"name.givenName","value":"B…"},{"field":"active","path":"active","value":true,"note":"B… is"}]},{"profile":{"email":"b…@…","firstName":"B…","active":true,"roles":["admin"],"attributes":{"shoe":"…"}}},{"policy":{"rules":[{"key":"linking","value":"off","effect":"B… is new"}],"outcome":"created"}},{"change":{"difference":{"email":{"after":"b…@…"},"status":{"after":"active"}},"roles":{"gained":[],"lost":[]}}}]"#]].assert_eq(&kept);
}
