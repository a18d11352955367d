//! Schemas and resource types that an operator adds: every characteristic is enforced as the built-in ones' are.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rollcall_domain::api::ApiScope;
use rollcall_scim::schema::{ResourceType, Schema};
use rollcall_service::admin::AdminError;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const TEST: &str = "urn:example:params:scim:schemas:Test";
const MORE: &str = "urn:example:params:scim:schemas:More";
const BADGE: &str = "urn:example:params:scim:schemas:Badge";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn schema(id: &str, name: &str, attributes: Value) -> Schema {
    let mut schema = json!({ "id": id, "name": name, "description": "" });
    schema["attributes"] = attributes;
    serde_json::from_value(schema).unwrap()
}

fn kind(name: &str, endpoint: &str, schema: &str, extensions: Value) -> ResourceType {
    let mut kind = json!({ "id": name, "name": name, "endpoint": endpoint, "schema": schema });
    kind["schemaExtensions"] = extensions;
    serde_json::from_value(kind).unwrap()
}

/// One attribute for each characteristic.
fn test_schema() -> Schema {
    let part = json!([
        { "name": "text", "type": "string", "required": true },
        { "name": "size", "type": "integer" },
        { "name": "fixed", "type": "string", "mutability": "immutable" },
    ]);
    let attributes = json!([
        { "name": "code", "type": "string", "required": true, "uniqueness": "server" },
        { "name": "exactCode", "type": "string", "caseExact": true, "uniqueness": "server" },
        { "name": "exact", "type": "string", "caseExact": true },
        { "name": "loose", "type": "string" },
        { "name": "whole", "type": "integer" },
        { "name": "number", "type": "integer", "uniqueness": "server" },
        { "name": "fraction", "type": "decimal" },
        { "name": "flag", "type": "boolean" },
        { "name": "at", "type": "dateTime" },
        { "name": "bytes", "type": "binary", "caseExact": true },
        { "name": "link", "type": "reference", "referenceTypes": ["external"] },
        { "name": "given", "type": "string", "mutability": "readOnly" },
        { "name": "once", "type": "string", "mutability": "immutable" },
        { "name": "hidden", "type": "string", "mutability": "writeOnly", "returned": "never" },
        { "name": "never", "type": "string", "returned": "never" },
        { "name": "asked", "type": "string", "returned": "request" },
        { "name": "always", "type": "string", "returned": "always" },
        { "name": "tags", "type": "string", "multiValued": true },
        { "name": "numbers", "type": "integer", "multiValued": true },
        { "name": "part", "type": "complex", "subAttributes": part.clone() },
        { "name": "parts", "type": "complex", "multiValued": true, "subAttributes": part },
    ]);
    schema(TEST, "Test", attributes)
}

fn more_schema() -> Schema {
    schema(
        MORE,
        "More",
        json!([{ "name": "need", "type": "string", "required": true }, { "name": "want", "type": "integer" }]),
    )
}

/// A source with `/TestResources`, whose extension `More` is required.
async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let tests = kind("TestResource", "/TestResources", TEST, json!([{ "schema": MORE, "required": true }]));
    let record = app.record("a").await;
    app.service
        .add_schemas(&app.admin("default").await, &record, vec![test_schema(), more_schema()], vec![tests])
        .await
        .unwrap();
    (app, client)
}

/// A body with these attributes, and what is required.
fn body(attributes: Value) -> Value {
    let mut body = json!({ "code": "c", MORE: { "need": "n" } });
    if let (Value::Object(body), Value::Object(attributes)) = (&mut body, attributes) {
        body.extend(attributes);
    }
    body
}

#[tokio::test]
async fn changes_show_nothing_that_is_never_returned() {
    let (app, client) = start().await;
    let api = app.api(Some("default"), &[ApiScope::ChangesRead]).await;
    let secrets = json!({ "loose": "seen", "never": "secret-1", "hidden": "secret-2" });
    let place =
        format!("/TestResources/{}", client.post("/TestResources", body(secrets)).await.expect(201).id());
    client.put(&place, body(json!({ "loose": "new", "never": "secret-3" }))).await.expect(200);
    let operations = json!([{ "op": "replace", "value": { "loose": "newer", "never": "secret-4" } }]);
    client.patch(&place, operations).await.expect(200);
    client.delete(&place).await.expect(204);
    let changes = api.get("/changes").await.expect(200).body.to_string();
    assert!(changes.contains("newer") && !changes.contains("secret"), "{changes}");
}

#[tokio::test]
async fn a_new_type_is_discovered_and_has_all_methods() {
    let (_app, client) = start().await;
    let shown = client.get("/ResourceTypes/TestResource").await.expect(200).body;
    assert_eq!(shown["schemaExtensions"], json!([{ "schema": MORE, "required": true }]));
    assert_eq!(client.get(&format!("/Schemas/{MORE}")).await.expect(200).body["name"], "More");
    let all = json!({
        "exact": "E", "whole": -7, "fraction": 1.5, "flag": true, "at": "2026-01-01T10:00:00+01:00",
        "bytes": "AAEC", "link": "https://example.com/", "tags": ["x", "y"], "numbers": [1, 2],
        "part": { "text": "t", "size": 1 }, "parts": [{ "text": "a" }, { "text": "b", "size": 2 }],
    });
    let made = client.post("/TestResources", body(all.clone())).await.expect(201);
    let place = format!("/TestResources/{}", made.id());
    assert_eq!(made.body["schemas"], json!([TEST, MORE]));
    assert_eq!(made.body["meta"]["resourceType"], "TestResource");
    for (name, value) in all.as_object().unwrap() {
        assert_eq!(made.body[name], *value, "{name}");
    }
    assert_eq!(client.get(&place).await.expect(200).body, made.body);
    let operations = json!([
        { "op": "add", "path": "tags", "value": ["z"] },
        { "op": "replace", "path": "parts[text eq \"b\"].size", "value": 3 },
        { "op": "replace", "path": format!("{MORE}:want"), "value": 9 },
    ]);
    let patched = client.patch(&place, operations).await.expect(200).body;
    assert_eq!(patched["tags"], json!(["x", "y", "z"]));
    assert_eq!(patched["parts"][1], json!({ "text": "b", "size": 3 }));
    assert_eq!(patched[MORE], json!({ "need": "n", "want": 9 }));
    client.put(&place, body(json!({ "loose": "l" }))).await.expect(200);
    client.delete(&place).await.expect(204);
    client.get(&place).await.expect(404);
    client.get("/Users").await.expect(200);
}

#[tokio::test]
async fn values_have_the_type_of_their_attribute() {
    let (_app, client) = start().await;
    let place = format!("/TestResources/{}", client.post("/TestResources", body(json!({}))).await.id());
    let before = client.everything().await;
    for (name, value) in [
        ("code", json!(7)),
        ("whole", json!("7")),
        ("whole", json!(1.5)),
        ("whole", json!(true)),
        ("fraction", json!("1.5")),
        ("flag", json!("perhaps")),
        ("flag", json!(0)),
        ("at", json!("yesterday")),
        ("at", json!(1_767_225_600)),
        ("bytes", json!("not base64!")),
        ("bytes", json!(1)),
        ("link", json!(1)),
        ("tags", json!([1])),
        ("tags", json!([{ "value": "x" }])),
        ("numbers", json!(["1"])),
        ("part", json!({ "size": 1 })),
        ("part", json!({ "text": "t", "size": "1" })),
        ("part", json!([{ "text": "t" }, { "text": "u" }])),
        ("parts", json!([{ "size": 1 }])),
        ("parts", json!(["t", 1])),
    ] {
        let wrong = body(json!({ name: value }));
        assert_eq!(
            client.post("/TestResources", wrong.clone()).await.outcome(),
            "400 invalidValue",
            "{wrong}"
        );
        assert_eq!(client.put(&place, wrong.clone()).await.outcome(), "400 invalidValue", "PUT {wrong}");
        let operations = json!([{ "op": "replace", "path": name, "value": value }]);
        assert_eq!(
            client.patch(&place, operations).await.outcome(),
            "400 invalidValue",
            "PATCH {name} {value}"
        );
    }
    assert_eq!(client.everything().await, before);
}

#[tokio::test]
async fn required_attributes_and_extensions_must_be_there_and_stay() {
    let (_app, client) = start().await;
    for wrong in [
        json!({ MORE: { "need": "n" } }),
        json!({ "code": null, MORE: { "need": "n" } }),
        json!({ "code": "c" }),
        json!({ "code": "c", MORE: null }),
        json!({ "code": "c", MORE: {} }),
        json!({ "code": "c", MORE: { "want": 1 } }),
    ] {
        assert_eq!(
            client.post("/TestResources", wrong.clone()).await.outcome(),
            "400 invalidValue",
            "{wrong}"
        );
    }
    let place = format!("/TestResources/{}", client.post("/TestResources", body(json!({}))).await.id());
    for path in ["code", MORE, &format!("{MORE}:need")] {
        let reply = client.patch(&place, json!([{ "op": "remove", "path": path }])).await;
        assert_eq!(reply.outcome(), "400 mutability", "{path}: {}", reply.body);
    }
}

#[tokio::test]
async fn mutability_is_kept() {
    let (_app, client) = start().await;
    let first = json!({ "given": "mine", "once": "o", "part": { "text": "t", "fixed": "f" } });
    let made = client.post("/TestResources", body(first)).await.expect(201);
    assert!(made.body.get("given").is_none());
    let place = format!("/TestResources/{}", made.id());
    let put = client.put(&place, body(json!({ "given": "mine", "loose": "l" }))).await.expect(200).body;
    assert_eq!((&put["given"], &put["once"]), (&Value::Null, &json!("o")), "PUT keeps what cannot change");
    assert_eq!(put["part"]["fixed"], "f");
    let same = body(json!({ "once": "o", "part": { "text": "u", "fixed": "f" } }));
    assert_eq!(client.put(&place, same).await.expect(200).body["part"], json!({ "text": "u", "fixed": "f" }));
    for wrong in [json!({ "once": "p" }), json!({ "once": "o", "part": { "text": "u", "fixed": "g" } })] {
        assert_eq!(client.put(&place, body(wrong.clone())).await.outcome(), "400 mutability", "{wrong}");
    }
    for (op, path, value, outcome) in [
        ("replace", "once", json!("p"), "400 mutability"),
        ("remove", "once", Value::Null, "400 mutability"),
        ("replace", "once", json!("o"), "200 -"),
        ("replace", "part.fixed", json!("g"), "400 mutability"),
        ("add", "given", json!("g"), "400 mutability"),
        ("remove", "given", Value::Null, "400 mutability"),
    ] {
        let operations = json!([{ "op": op, "path": path, "value": value }]);
        assert_eq!(client.patch(&place, operations).await.outcome(), outcome, "{op} {path} {value}");
    }
    let bare = client.post("/TestResources", body(json!({ "code": "d" }))).await.expect(201).id();
    let operations = json!([{ "op": "add", "path": "once", "value": "late" }]);
    let set = client.patch(&format!("/TestResources/{bare}"), operations).await.expect(200);
    assert_eq!(set.body["once"], "late", "what is not set yet may be set once");
}

#[tokio::test]
async fn returned_says_when_a_value_is_shown() {
    let (app, client) = start().await;
    let secret =
        json!({ "hidden": "secret-1", "never": "secret-2", "asked": "a", "always": "w", "loose": "l" });
    let made = client.post("/TestResources", body(secret)).await.expect(201);
    let place = format!("/TestResources/{}", made.id());
    for (query, names) in [
        ("", "always loose"),
        ("?attributes=loose", "always loose"),
        ("?attributes=asked", "always asked"),
        ("?attributes=hidden,never,code", "always"),
        ("?attributes=exact", "always"),
        ("?excludedAttributes=always,loose", "always"),
        ("?excludedAttributes=asked", "always loose"),
    ] {
        for reply in [
            client.get(&format!("{place}{query}")).await,
            client.get(&format!("/TestResources{query}")).await,
        ] {
            let shown = reply.body["Resources"].get(0).unwrap_or(&reply.body);
            let found = ["always", "asked", "loose", "hidden", "never"].into_iter();
            let found: Vec<&str> = found.filter(|name| !shown[*name].is_null()).collect();
            assert_eq!(found.join(" "), names, "{query}");
            assert!(!String::from_utf8(reply.bytes).unwrap().contains("secret-"), "{query}");
        }
    }
    let source = app.record("a").await;
    let row = app.store.get(source.key, "TestResource", made.id().parse().unwrap()).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&row.body).contains("secret-1"), "a write-only value was stored");
}

#[tokio::test]
async fn unique_values_are_one_resource_s_by_their_case_rule() {
    let (_app, client) = start().await;
    let first =
        client.post("/TestResources", body(json!({ "exactCode": "X", "number": 7 }))).await.expect(201);
    let second =
        client.post("/TestResources", body(json!({ "code": "d", "exactCode": "x" }))).await.expect(201);
    let place = format!("/TestResources/{}", second.id());
    for (name, value, taken) in [
        ("code", json!("C"), true),
        ("code", json!("e"), false),
        ("exactCode", json!("X"), true),
        ("exactCode", json!("xX"), false),
        ("number", json!(7), true),
        ("number", json!(8), false),
    ] {
        let operations = json!([{ "op": "replace", "path": name, "value": value }]);
        let reply = client.patch(&place, operations).await;
        assert_eq!(reply.outcome(), if taken { "409 uniqueness" } else { "200 -" }, "{name} {value}");
        if taken {
            assert_eq!(reply.diagnostics()["attribute"], name);
            assert_eq!(reply.diagnostics()["conflictingId"], first.id());
        }
    }
    assert_eq!(client.post("/TestResources", body(json!({}))).await.outcome(), "409 uniqueness");
}

#[tokio::test]
async fn filters_and_sorting_go_by_the_type() {
    let (_app, client) = start().await;
    for (code, rest) in [
        (
            "a",
            json!({ "whole": 9, "fraction": 1.5, "at": "2026-01-01T00:00:00Z", "exact": "Ab", "loose": "Ab",
            "tags": ["red", "blue"], "numbers": [1, 20] }),
        ),
        (
            "b",
            json!({ "whole": 10, "fraction": -0.5, "at": "2026-01-01T00:30:00+01:00", "exact": "ab", "loose": "ab",
            "tags": ["Red"], "flag": true, "bytes": "AAEC" }),
        ),
        (
            "c",
            json!({ "whole": -3, "fraction": 10, "at": "2025-12-31T20:00:00-05:00", "exact": "b", "loose": "B",
            "part": { "text": "t", "size": 5 }, "flag": false }),
        ),
        (
            "d",
            json!({ "asked": "q", "always": "w", "parts": [{ "text": "x", "size": 1 }, { "text": "y", "size": 2 }] }),
        ),
    ] {
        let mut made = body(rest);
        made["code"] = code.into();
        made[MORE]["want"] = json!(code.as_bytes()[0]);
        client.post("/TestResources", made).await.expect(201);
    }
    for (query, expected) in [
        ("filter=whole gt 9", "b"),
        ("filter=whole ge 9", "ab"),
        ("filter=whole lt 0", "c"),
        ("filter=whole eq 10", "b"),
        ("filter=whole eq 10.0", "b"),
        ("filter=whole lt 9.5", "ac"),
        ("filter=fraction lt 2", "ab"),
        ("filter=fraction eq 10.0", "c"),
        ("filter=at eq \"2025-12-31T23:30:00Z\"", "b"),
        ("filter=at gt \"2026-01-01T00:00:00Z\"", "c"),
        ("filter=at le \"2026-01-01T01:00:00+01:00\"", "ab"),
        ("filter=exact eq \"ab\"", "b"),
        ("filter=loose eq \"ab\"", "ab"),
        ("filter=tags eq \"red\"", "ab"),
        ("filter=tags co \"lu\"", "a"),
        ("filter=tags[value eq \"blue\"]", "a"),
        ("filter=numbers gt 10", "a"),
        ("filter=flag eq true", "b"),
        ("filter=flag ne true", "acd"),
        ("filter=bytes eq \"AAEC\"", "b"),
        ("filter=part.size ge 5", "c"),
        ("filter=parts[text eq \"x\" and size eq 1]", "d"),
        ("filter=parts[text eq \"x\" and size eq 2]", ""),
        ("filter=parts.size gt 1", "d"),
        ("filter=asked eq \"q\"", "d"),
        ("filter=urn:example:params:scim:schemas:More:want ge 99", "cd"),
        ("filter=URN:EXAMPLE:params:scim:schemas:MORE:WANT eq 97", "a"),
        ("sortBy=whole", "cabd"),
        ("sortBy=whole&sortOrder=descending", "dbac"),
        ("sortBy=fraction", "bacd"),
        ("sortBy=at", "bacd"),
        ("sortBy=at&sortOrder=descending", "dcab"),
        ("sortBy=exact", "abcd"),
        ("sortBy=urn:example:params:scim:schemas:More:want&sortOrder=descending", "dcba"),
        ("sortBy=part.size", "cabd"),
    ] {
        let reply = client.get(&format!("/TestResources?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.body);
        assert_eq!(reply.column("code").concat(), expected, "{query}");
    }
    for filter in
        ["hidden eq \"x\"", "never pr", "whole eq \"9\"", "whole co 1", "tags.shoe pr", "flag gt true"]
    {
        let reply = client.get(&format!("/TestResources?filter={filter}")).await;
        assert_eq!(reply.outcome(), "400 invalidFilter", "{filter}");
    }
}

fn badge() -> (Schema, ResourceType) {
    let attributes = json!([
        { "name": "colour", "type": "string" },
        { "name": "number", "type": "integer", "uniqueness": "server" },
    ]);
    let extensions =
        json!([{ "schema": ENTERPRISE, "required": false }, { "schema": BADGE, "required": false }]);
    (schema(BADGE, "Badge", attributes), kind("User", "/Users", USER, extensions))
}

#[tokio::test]
async fn an_extension_finds_what_was_kept_before_it_was_known() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    for (name, badge) in [
        ("ann", json!({ "colour": "Blue", "number": 10 })),
        ("bob", json!({ "colour": "red", "number": 9 })),
        ("carl", json!({ "colour": 7, "number": "ten" })),
        ("dave", Value::Null),
    ] {
        client.post("/Users", json!({ "userName": name, BADGE: badge })).await.expect(201);
    }
    let colour = format!("/Users?filter={BADGE}:colour eq \"BLUE\"");
    assert_eq!(client.get(&colour).await.outcome(), "400 invalidFilter");
    let (schema, users) = badge();
    app.service
        .add_schemas(&app.admin("default").await, &app.record("a").await, vec![schema], vec![users])
        .await
        .unwrap();
    assert_eq!(client.get(&colour).await.expect(200).column("userName"), ["ann"]);
    let number = client.get(&format!("/Users?filter={BADGE}:number gt 9")).await.expect(200);
    assert_eq!(number.column("userName"), ["ann"]);
    let sorted = client.get(&format!("/Users?sortBy={BADGE}:number&filter={BADGE}:colour pr")).await;
    assert_eq!(sorted.expect(200).column("userName")[..2], ["bob", "ann"]);
    let ann = client.get(&colour).await.body["Resources"][0].take();
    assert_eq!(ann[BADGE], json!({ "colour": "Blue", "number": 10 }));
    assert_eq!(ann["schemas"], json!([USER, BADGE]), "a resource names the extensions that it has");
    let taken = client.post("/Users", json!({ "userName": "eve", BADGE: { "number": 10 } })).await;
    assert_eq!(taken.outcome(), "409 uniqueness");
    // What does not fit the schema is still there, and does not stand in the way of other changes.
    let carl = client.get("/Users?filter=userName eq \"carl\"").await.expect(200).body["Resources"][0].take();
    let place = format!("/Users/{}", carl["id"].as_str().unwrap());
    client.patch(&place, json!([{ "op": "add", "path": "title", "value": "T" }])).await.expect(200);
    let operations = json!([{ "op": "replace", "path": format!("{BADGE}:number"), "value": 11 },
        { "op": "remove", "path": format!("{BADGE}:colour") }]);
    assert_eq!(client.patch(&place, operations).await.expect(200).body[BADGE], json!({ "number": 11 }));
}

#[tokio::test]
async fn an_extension_that_what_is_there_contradicts_is_refused() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    for name in ["ann", "bob"] {
        client.post("/Users", json!({ "userName": name, BADGE: { "number": 10 } })).await.expect(201);
    }
    let before = client.everything().await;
    let (schema, users) = badge();
    let record = app.record("a").await;
    let refused =
        app.service.add_schemas(&app.admin("default").await, &record, vec![schema], vec![users]).await;
    assert!(matches!(refused, Err(AdminError::Invalid(_))), "{refused:?}");
    assert_eq!(app.record("a").await, record);
    assert_eq!(client.everything().await, before);
    client.get(&format!("/Schemas/{BADGE}")).await.expect(404);
    assert_eq!(client.get("/Users?filter=userName eq \"bob\"").await.body["totalResults"], 1);
}

#[tokio::test]
async fn another_source_does_not_have_them() {
    let (app, client) = start().await;
    let other = app.source("b", "generic").await;
    client.get("/TestResources").await.expect(200);
    other.get("/TestResources").await.expect(404);
    other.get(&format!("/Schemas/{TEST}")).await.expect(404);
    assert_eq!(other.get("/ResourceTypes").await.body["totalResults"], 3);
}
