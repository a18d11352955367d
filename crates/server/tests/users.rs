//! Users from creation to deletion, and what of them is kept, shown and refused.

use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BASE: &str = "http://scim.example.com/scim/a/v2/Users";

async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    (app, client)
}

#[tokio::test]
async fn a_user_is_created_read_replaced_changed_and_deleted() {
    let (_app, client) = start().await;
    let body = json!({ "userName": "ann", "externalId": "e1", "name": { "givenName": "Ann" }, "title": "T" });
    let made = client.post("/Users", body).await.expect(201);
    let place = format!("/Users/{}", made.id());
    let meta = json!({
        "resourceType": "User",
        "created": "2026-01-01T00:00:00.000Z",
        "lastModified": "2026-01-01T00:00:00.000Z",
        "version": "W/\"1\"",
        "location": format!("{BASE}/{}", made.id()),
    });
    let shown = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": made.id(),
        "userName": "ann",
        "externalId": "e1",
        "name": { "givenName": "Ann" },
        "title": "T",
        "meta": meta,
    });
    assert_eq!(made.body, shown);
    assert_eq!(client.get(&place).await.expect(200).body, shown);

    let replaced = client.put(&place, json!({ "userName": "anna", "externalId": "e1" })).await.expect(200);
    assert_eq!(replaced.body["userName"], "anna");
    assert_eq!((&replaced.body["name"], &replaced.body["title"]), (&Value::Null, &Value::Null));
    assert_eq!(replaced.body["meta"]["version"], "W/\"2\"");

    let operation = json!([{ "op": "add", "path": "name.familyName", "value": "Lee" }]);
    let patched = client.patch(&place, operation).await.expect(200);
    assert_eq!(patched.body["name"], json!({ "familyName": "Lee" }));
    assert_eq!(client.get(&place).await.body, patched.body);

    assert_eq!(client.delete(&place).await.expect(204).bytes, b"");
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let body = match method {
            "PUT" => Some(json!({ "userName": "ann" })),
            "PATCH" => Some(json!({ "Operations": [{ "op": "remove", "path": "title" }] })),
            _ => None,
        };
        let reply = client.send(method, &place, body).await;
        assert_eq!(reply.outcome(), "404 -", "{method} after DELETE");
    }
    assert_eq!(client.get("/Users").await.body["totalResults"], 0);
}

#[tokio::test]
async fn every_answer_names_its_place_its_version_its_type_and_its_request() {
    let (_app, client) = start().await;
    let made = client.post("/Users", json!({ "userName": "ann" })).await.expect(201);
    let (place, url) = (format!("/Users/{}", made.id()), format!("{BASE}/{}", made.id()));
    assert_eq!(made.header("location"), Some(&*url));
    let operation = json!([{ "op": "add", "path": "title", "value": "T" }]);
    let replies = [
        ("POST", made),
        ("GET", client.get(&place).await),
        ("PUT", client.put(&place, json!({ "userName": "ann", "nickName": "A" })).await),
        ("PATCH", client.patch(&place, operation).await),
    ];
    let mut requests = Vec::new();
    for (method, reply) in &replies {
        assert_eq!(reply.header("content-location"), Some(&*url), "{method}");
        assert_eq!(reply.header("content-type"), Some("application/scim+json"), "{method}");
        assert_eq!(reply.header("etag"), reply.body["meta"]["version"].as_str(), "{method}");
        requests.push(reply.header("x-request-id").unwrap());
    }
    requests.sort_unstable();
    requests.dedup();
    assert_eq!(requests.len(), replies.len(), "two requests share an id");
    let listed = client.get("/Users").await.expect(200);
    assert_eq!(listed.header("content-type"), Some("application/scim+json"));
    let gone = client.delete(&place).await.expect(204);
    assert_eq!(gone.header("content-type"), None);
}

#[tokio::test]
async fn attribute_names_match_in_any_case_and_come_back_in_that_of_the_schema() {
    let (_app, client) = start().await;
    let body = json!({
        "SCHEMAS": ["urn:ietf:params:scim:schemas:core:2.0:user"],
        "USERNAME": "Ann",
        "Name": { "GIVENNAME": "Ann" },
        "eMails": [{ "Value": "ann@example.com", "TYPE": "work" }],
        ENTERPRISE.to_uppercase(): { "DEPARTMENT": "Sales" },
    });
    let made = client.post("/Users", body).await.expect(201);
    assert_eq!(made.body["userName"], "Ann");
    assert_eq!(made.body["name"]["givenName"], "Ann");
    assert_eq!(made.body["emails"], json!([{ "value": "ann@example.com", "type": "work" }]));
    assert_eq!(made.body[ENTERPRISE]["department"], "Sales");
    let place = format!("/Users/{}", made.id());
    let operations = json!([
        { "op": "replace", "path": "NAME.givenname", "value": "Anna" },
        { "op": "replace", "path": format!("{}:department", ENTERPRISE.to_lowercase()), "value": "Law" },
        { "op": "add", "path": "EMAILS[Type EQ \"work\"].Display", "value": "A" },
    ]);
    let patched = client.patch(&place, operations).await.expect(200);
    assert_eq!(patched.body["name"], json!({ "givenName": "Anna" }));
    assert_eq!(patched.body[ENTERPRISE]["department"], "Law");
    assert_eq!(patched.body["emails"][0]["display"], "A");
    let found = client.get("/Users?filter=username eq \"ann\"&attributes=USERname").await.expect(200);
    assert_eq!(found.column("userName"), ["Ann"]);
}

#[tokio::test]
async fn a_taken_name_or_external_id_is_refused_by_every_write_and_named() {
    let (_app, client) = start().await;
    let body = json!({ "userName": "Ann", "externalId": "e1" });
    let ann = client.post("/Users", body).await.expect(201).id();
    let body = json!({ "userName": "bob", "externalId": "e2" });
    let bob = format!("/Users/{}", client.post("/Users", body).await.expect(201).id());
    let patch = |path, value| json!({ "Operations": [{ "op": "replace", "path": path, "value": value }] });
    let before = client.everything().await;
    for (method, path, body, attribute) in [
        ("POST", "/Users", json!({ "userName": "Ann" }), "userName"),
        ("POST", "/Users", json!({ "userName": "ANN" }), "userName"),
        ("POST", "/Users", json!({ "userName": "carl", "externalId": "e1" }), "externalId"),
        ("PUT", &bob, json!({ "userName": "aNN", "externalId": "e2" }), "userName"),
        ("PUT", &bob, json!({ "userName": "bob", "externalId": "e1" }), "externalId"),
        ("PATCH", &bob, patch("userName", "ANn"), "userName"),
        ("PATCH", &bob, patch("externalId", "e1"), "externalId"),
    ] {
        let reply = client.send(method, path, Some(body.clone())).await;
        assert_eq!(reply.outcome(), "409 uniqueness", "{method} {body}");
        assert_eq!(reply.body["status"], "409");
        assert_eq!(reply.diagnostics()["attribute"], attribute, "{method} {body}");
        assert_eq!(reply.diagnostics()["conflictingId"], ann, "{method} {body}");
    }
    assert_eq!(client.everything().await, before, "a refused write left something behind");
}

#[tokio::test]
async fn what_is_not_the_same_value_is_no_conflict() {
    let (app, client) = start().await;
    let body = json!({ "userName": "ann", "externalId": "e1" });
    let ann = client.post("/Users", body.clone()).await.expect(201);
    // externalId is caseExact (RFC 7643 §3.1), and a group's is another one.
    client.post("/Users", json!({ "userName": "bob", "externalId": "E1" })).await.expect(201);
    client.post("/Groups", json!({ "displayName": "ann", "externalId": "e1" })).await.expect(201);
    let other = app.source("b", "generic").await;
    other.post("/Users", body.clone()).await.expect(201);
    let place = format!("/Users/{}", ann.id());
    let renamed = client.put(&place, json!({ "userName": "ANN", "externalId": "e1" })).await.expect(200);
    assert_eq!(renamed.body["userName"], "ANN", "a user may change the case of its own name");
    client.delete(&place).await.expect(204);
    let again = client.post("/Users", body).await.expect(201);
    assert_ne!(again.id(), ann.id(), "an id was given twice");
}

#[tokio::test]
async fn what_only_the_server_sets_is_ignored_in_a_body_and_refused_in_a_path() {
    let (_app, client) = start().await;
    let body = |name| {
        json!({
            "userName": name,
            "id": "mine",
            "meta": { "created": "1999-01-01T00:00:00.000Z", "version": "W/\"99\"", "location": "elsewhere" },
            "groups": [{ "value": "admins" }],
        })
    };
    let made = client.post("/Users", body("ann")).await.expect(201);
    assert_ne!(made.body["id"], "mine");
    assert_eq!(made.body["meta"]["created"], "2026-01-01T00:00:00.000Z");
    assert_eq!((&made.body["meta"]["version"], &made.body["groups"]), (&json!("W/\"1\""), &Value::Null));
    let place = format!("/Users/{}", made.id());
    let replaced = client.put(&place, body("anna")).await.expect(200);
    assert_eq!(replaced.id(), made.id());
    assert_eq!(replaced.body["meta"]["created"], "2026-01-01T00:00:00.000Z");
    assert_eq!(replaced.body["groups"], Value::Null);
    for path in ["id", "meta.version", "meta", "groups"] {
        let operations = json!([{ "op": "replace", "path": path, "value": "x" }]);
        assert_eq!(client.patch(&place, operations).await.outcome(), "400 mutability", "{path}");
    }
}

#[tokio::test]
async fn a_password_is_never_shown_stored_or_told() {
    let (app, client) = start().await;
    let made = client.post("/Users?attributes=password,userName", secret("one")).await.expect(201);
    let place = format!("/Users/{}", made.id());
    let operations = json!([{ "op": "replace", "path": "password", "value": "secret-three" }]);
    let shown = [
        made.clone(),
        client.put(&place, secret("two")).await.expect(200),
        client.patch(&place, operations).await.expect(200),
        client
            .patch(&place, json!([{ "op": "add", "value": { "password": "secret-four" } }]))
            .await
            .expect(200),
        client.get(&format!("{place}?attributes=password")).await.expect(200),
        client.get("/Users?attributes=password").await.expect(200),
    ];
    for reply in shown {
        assert!(!String::from_utf8(reply.bytes).unwrap().contains("secret-"), "a password was shown");
    }
    let source = app.record("a").await;
    let row = app.store.get(source.key, "User", made.id().parse().unwrap()).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&row.body).contains("secret-"), "a password was stored");
    let changes = app.store.changes(source.tenant, 0, 100).await.unwrap();
    assert!(changes.iter().all(|change| !change.detail.contains("secret-")), "a password is in a change");
    let filtered = client.get("/Users?filter=password eq \"secret-four\"").await;
    assert_eq!(filtered.outcome(), "400 invalidFilter");
}

fn secret(which: &str) -> Value {
    json!({ "userName": "ann", "password": format!("secret-{which}") })
}

#[tokio::test]
async fn a_write_that_changes_nothing_leaves_version_and_time_alone() {
    let (app, client) = start().await;
    let body = json!({
        "userName": "ann",
        "active": true,
        "title": "T",
        "emails": [{ "value": "a@example.com", "type": "work" }],
    });
    let made = client.post("/Users", body.clone()).await.expect(201);
    let place = format!("/Users/{}", made.id());
    app.clock.advance_ms(60_000);
    client.put(&place, body.clone()).await.expect(200);
    for operations in [
        json!([{ "op": "replace", "path": "title", "value": "T" }]),
        json!([{ "op": "add", "path": "active", "value": true }]),
        json!([{ "op": "add", "path": "emails", "value": [{ "value": "a@example.com", "type": "work" }] }]),
        json!([{ "op": "remove", "path": "nickName" }]),
        json!([{ "op": "add", "value": { "title": "T" } }]),
        json!([{ "op": "add", "path": "nickName", "value": "x" }, { "op": "remove", "path": "nickName" }]),
    ] {
        let reply = client.patch(&place, operations.clone()).await.expect(200);
        assert_eq!(reply.body["meta"], made.body["meta"], "{operations}");
    }
    assert_eq!(client.get(&place).await.body, made.body);
    let changes = app.store.changes(app.record("a").await.tenant, 0, 100).await.unwrap();
    assert_eq!(changes.len(), 1, "only the creation is a change");
    let operations = json!([{ "op": "replace", "path": "title", "value": "U" }]);
    let renewed = client.patch(&place, operations).await.expect(200);
    assert_eq!(renewed.body["meta"]["lastModified"], "2026-01-01T00:01:00.000Z");
    assert_eq!(renewed.body["meta"]["created"], "2026-01-01T00:00:00.000Z");
    assert_eq!(renewed.body["meta"]["version"], "W/\"2\"");
}

#[tokio::test]
async fn attributes_that_no_schema_defines_are_kept_or_refused_by_the_dialect() {
    let (app, client) = start().await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:Extra"],
        "userName": "ann",
        "shoeSize": 42,
        "urn:example:Extra": { "colour": "blue" },
    });
    let made = client.post("/Users", body.clone()).await.expect(201);
    assert_eq!(made.body["shoeSize"], 42);
    assert_eq!(made.body["urn:example:Extra"], json!({ "colour": "blue" }));
    assert_eq!(made.body["schemas"], body["schemas"]);
    let place = format!("/Users/{}", made.id());
    let operations = json!([{ "op": "add", "path": "hatSize", "value": 7 }]);
    let patched = client.patch(&place, operations.clone()).await.expect(200);
    assert_eq!((&patched.body["shoeSize"], &patched.body["hatSize"]), (&json!(42), &json!(7)));
    let replaced = client.put(&place, json!({ "userName": "ann", "hatSize": 8 })).await.expect(200);
    assert_eq!((&replaced.body["shoeSize"], &replaced.body["hatSize"]), (&Value::Null, &json!(8)));

    let strict = app.source("b", "strict").await;
    let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:User"]);
    let made = strict.post("/Users", json!({ "schemas": schemas, "userName": "ann" })).await.expect(201);
    let place = format!("/Users/{}", made.id());
    assert_eq!(strict.post("/Users", body.clone()).await.outcome(), "400 invalidSyntax");
    let unknown = json!({ "schemas": schemas, "userName": "ann", "shoeSize": 42 });
    assert_eq!(strict.put(&place, unknown).await.outcome(), "400 invalidSyntax");
    assert_eq!(strict.patch(&place, operations).await.outcome(), "400 invalidSyntax");
    assert_eq!(strict.get(&place).await.body, made.body);
}

#[tokio::test]
async fn booleans_may_be_written_as_strings() {
    let (app, client) = start().await;
    for (sent, kept) in
        [(json!("True"), true), (json!("FALSE"), false), (json!("true"), true), (json!(false), false)]
    {
        let body = json!({ "userName": "ann", "active": sent });
        let made = client.post("/Users", body).await.expect(201);
        assert_eq!(made.body["active"], kept, "{sent}");
        client.delete(&format!("/Users/{}", made.id())).await.expect(204);
    }
    let place = format!("/Users/{}", client.user("bob").await);
    for sent in [json!("yes"), json!(1), json!("")] {
        let operations = json!([{ "op": "replace", "path": "active", "value": sent }]);
        assert_eq!(client.patch(&place, operations).await.outcome(), "400 invalidValue", "{sent}");
    }
    let strict = app.source("b", "strict").await;
    let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:User"]);
    let body = json!({ "schemas": schemas, "userName": "ann", "active": "True" });
    assert_eq!(strict.post("/Users", body).await.outcome(), "400 invalidValue");
}

#[tokio::test]
async fn null_and_empty_arrays_unassign() {
    let (_app, client) = start().await;
    let body = json!({
        "userName": "ann", "title": "T", "name": { "givenName": "A" }, "nickName": null, "roles": [],
        "emails": [{ "value": "a@example.com" }], "phoneNumbers": [{ "value": "1" }],
    });
    let made = client.post("/Users", body).await.expect(201);
    assert!(made.body.get("nickName").is_none() && made.body.get("roles").is_none());
    let place = format!("/Users/{}", made.id());
    let operations = json!([
        { "op": "replace", "path": "title", "value": null },
        { "op": "replace", "path": "emails", "value": [] },
        { "op": "replace", "value": { "name": null } },
    ]);
    let patched = client.patch(&place, operations).await.expect(200);
    for name in ["title", "emails", "name"] {
        assert!(patched.body.get(name).is_none(), "{name} is still there: {}", patched.body);
    }
    let body = json!({ "userName": "ann", "phoneNumbers": [] });
    assert!(client.put(&place, body).await.expect(200).body.get("phoneNumbers").is_none());
    for body in [json!({ "userName": null }), json!({}), json!({ "userName": "" })] {
        assert_eq!(client.put(&place, body.clone()).await.outcome(), "400 invalidValue", "{body}");
    }
}

#[tokio::test]
async fn put_makes_no_user_and_needs_all_that_is_required() {
    let (_app, client) = start().await;
    let body = json!({ "userName": "ann" });
    let reply = client.put("/Users/00000000-0000-7000-8000-000000000000", body).await;
    assert_eq!(reply.outcome(), "404 -");
    assert_eq!(client.post("/Users", json!({ "displayName": "Ann" })).await.outcome(), "400 invalidValue");
    assert_eq!(client.get("/Users").await.body["totalResults"], 0);
}

/// Each of these is a fault that another server had.
#[tokio::test]
async fn a_patch_touches_only_what_it_names() {
    let (app, client) = start().await;
    let body = json!({
        "userName": "ann", "externalId": "e1", "active": true,
        "roles": [{ "value": "admin" }, { "value": "editor" }],
        "emails": [{ "value": "w@example.com", "type": "work", "primary": true }],
    });
    let made = client.post("/Users", body).await.expect(201);
    let place = format!("/Users/{}", made.id());
    let operations = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    assert_eq!(client.patch(&place, operations).await.expect(200).body["active"], false);
    let operations = json!([{ "op": "replace", "path": "displayName", "value": "Ann" }]);
    let patched = client.patch(&place, operations).await.expect(200);
    assert_eq!(patched.body["active"], false, "a change of the name activated the user");
    assert_eq!(patched.body["externalId"], "e1");
    assert_eq!(patched.body["roles"], made.body["roles"]);
    let path = "emails[type eq \"work\"].value";
    let operations = json!([{ "op": "replace", "path": path, "value": "x@example.com" }]);
    let patched = client.patch(&place, operations).await.expect(200);
    let email = json!({ "value": "x@example.com", "type": "work", "primary": true });
    assert_eq!(patched.body["emails"], json!([email]));
    let tenant = app.record("a").await.tenant;
    let before = app.store.changes(tenant, 0, 100).await.unwrap().len();
    client.get("/Users").await.expect(200);
    client.get(&place).await.expect(200);
    assert_eq!(app.store.changes(tenant, 0, 100).await.unwrap().len(), before, "a read is a change");
}
