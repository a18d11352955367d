//! SCIM 1.1 at `/scim/{source}/v1`: the same resources as at `/v2`, in the words of 1.1.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rollcall_testkit::{Client, Reply, TestApp};
use serde_json::{Value, json};

const CORE: &str = "urn:scim:schemas:core:1.0";
const ENTERPRISE: &str = "urn:scim:schemas:extension:enterprise:1.0";
const ENTERPRISE_2: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A client of each version of one source.
async fn both(app: &TestApp, slug: &str, dialect: &str) -> (Client, Client) {
    let two = app.source(slug, dialect).await;
    (two.clone().at(&format!("/scim/{slug}/v1")), two)
}

/// What a 1.1 client sends to make Ann.
fn ann() -> Value {
    json!({
        "schemas": [CORE, ENTERPRISE],
        "userName": "ann",
        "name": { "givenName": "Ann", "familyName": "Lee" },
        "emails": ["ann@example.com", { "value": "a@home.example", "type": "home" }],
        "locale": "en_US",
        "photos": null,
        "active": true,
        ENTERPRISE: { "department": "D", "manager": { "managerId": "26118915", "displayName": "Boss" } },
    })
}

/// The error of a reply, which has to be one of 1.1: `404 no such resource`.
#[track_caller]
fn fault(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), Some("application/json"), "{}", reply.body);
    assert!(reply.body.get("schemas").is_none(), "{}", reply.body);
    let error = &reply.body["Errors"][0];
    assert_eq!(error["code"], reply.status.to_string(), "{}", reply.body);
    format!("{} {}", reply.status, error["description"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn what_1_1_writes_2_0_reads_and_back() {
    let app = TestApp::start().await;
    let (one, two) = both(&app, "a", "generic").await;
    let made = one.post("/Users", ann()).await.expect(201);
    let id = made.id();
    let place = format!("http://scim.example.com/scim/a/v1/Users/{id}");
    assert_eq!(made.header("content-type"), Some("application/json"));
    assert_eq!(made.header("location"), Some(&*place));
    assert_eq!(made.body["meta"]["location"], Value::from(place));
    assert!(made.body["meta"].get("resourceType").is_none());
    assert_eq!(made.body["schemas"], json!([CORE, ENTERPRISE]));
    assert_eq!(made.body["locale"], "en_US");
    assert_eq!(made.body[ENTERPRISE]["manager"]["managerId"], "26118915");

    let shown = two.get(&format!("/Users/{id}")).await.expect(200).body;
    assert_eq!(shown["schemas"][1], ENTERPRISE_2);
    assert_eq!(shown["locale"], "en-US");
    assert_eq!(shown["emails"][0], json!({ "value": "ann@example.com" }));
    assert_eq!(shown[ENTERPRISE_2]["manager"]["value"], "26118915");
    // A read shows what the write has shown.
    assert_eq!(one.get(&format!("/Users/{id}")).await.expect(200).body, made.body);

    let group = two.group("G", &[&id]).await;
    let shown = one.get(&format!("/Groups/{group}")).await.expect(200).body;
    assert_eq!(shown["schemas"], json!([CORE]));
    assert_eq!(shown["members"], json!([{ "value": id, "type": "User" }]));
    let user = one.get(&format!("/Users/{id}")).await.expect(200).body;
    assert_eq!(user["groups"], json!([{ "value": group, "type": "direct", "display": "G" }]));

    let mut changed = ann();
    changed["title"] = "Dr".into();
    changed["id"] = id.clone().into();
    let put = one.put(&format!("/Users/{id}"), changed).await.expect(200);
    assert_eq!((&put.body["title"], &put.body["schemas"]), (&json!("Dr"), &json!([CORE, ENTERPRISE])));
    let _ = one.delete(&format!("/Users/{id}")).await.expect(204);
    let _ = two.get(&format!("/Users/{id}")).await.expect(404);
}

#[tokio::test]
async fn a_patch_is_a_partial_resource_in_every_dialect() {
    let app = TestApp::start().await;
    for dialect in ["generic", "strict", "okta", "entra"] {
        let (one, two) = both(&app, dialect, dialect).await;
        let other = one.post("/Users", json!({ "userName": "bob" })).await.expect(201).id();
        let id = one.post("/Users", ann()).await.expect(201).id();
        let at = format!("/Users/{id}");
        for (patch, path, expected) in [
            (json!({ "active": false }), "/active", json!(false)),
            (json!({ "schemas": [CORE], "id": id, "nickName": "A" }), "/nickName", json!("A")),
            (json!({ "meta": { "attributes": ["nickName"] } }), "/nickName", Value::Null),
            (
                json!({ "name": { "givenName": "Anne" } }),
                "/name",
                json!({ "givenName": "Anne", "familyName": "Lee" }),
            ),
            (
                json!({ "emails": [{ "value": "a@home.example", "operation": "delete" }] }),
                "/emails",
                json!([{ "value": "ann@example.com" }]),
            ),
            (
                json!({ "emails": [{ "value": "ann@example.com", "type": "work" }, { "value": "n@x", "type": "other" }] }),
                "/emails",
                json!([{ "value": "ann@example.com", "type": "work" }, { "value": "n@x", "type": "other" }]),
            ),
            (
                json!({ "meta": { "attributes": ["emails"] }, "emails": [{ "value": "o@x" }] }),
                "/emails",
                json!([{ "value": "o@x" }]),
            ),
            (
                json!({ ENTERPRISE: { "manager": { "managerId": "7" } } }),
                &format!("/{ENTERPRISE}/manager/managerId"),
                json!("7"),
            ),
            (
                json!({ "meta": { "attributes": [format!("{ENTERPRISE}:department")] } }),
                &format!("/{ENTERPRISE}/department"),
                Value::Null,
            ),
            // What a client may not change is nothing.
            (json!({ "groups": [{ "value": other }], "title": "Dr" }), "/title", json!("Dr")),
        ] {
            let reply = one.send("PATCH", &at, Some(patch.clone())).await;
            assert!(matches!(reply.status, 200 | 204), "{dialect}: {patch}: {} {}", reply.status, reply.body);
            let shown = one.get(&at).await.expect(200).body;
            let found = shown.pointer(path).cloned().unwrap_or_default();
            assert_eq!(found, expected, "{dialect}: {patch}");
        }
        let group = json!({ "displayName": "G", "members": [id] });
        let group = one.post("/Groups", group).await.expect(201).id();
        let members = json!({ "members": [{ "value": other }, { "value": id, "operation": "delete" }] });
        for _ in 0..2 {
            // To add who is a member and to remove who is none is no error.
            let reply = one.send("PATCH", &format!("/Groups/{group}"), Some(members.clone())).await;
            assert!(matches!(reply.status, 200 | 204), "{dialect}: {}", reply.body);
            assert_eq!(two.members(&group).await, [&*other], "{dialect}");
        }
    }
}

#[tokio::test]
async fn listings_have_the_core_urn_and_take_the_names_of_1_1() {
    let app = TestApp::start().await;
    let (one, _) = both(&app, "a", "generic").await;
    let _ = one.post("/Users", ann()).await.expect(201);
    let _ = one.post("/Users", json!({ "userName": "bob", "title": "Dr" })).await.expect(201);
    for (query, names) in [
        ("", &["ann", "bob"][..]),
        (r#"?filter=userName eq "ANN""#, &["ann"]),
        (r#"?filter=userName Eq "nobody""#, &[]),
        (r#"?filter=urn:scim:schemas:core:1.0:userName eq "bob""#, &["bob"]),
        (r#"?filter=urn:scim:schemas:extension:enterprise:1.0:department eq "d""#, &["ann"]),
        (r#"?filter=urn:scim:schemas:extension:enterprise:1.0:manager.managerId eq "26118915""#, &["ann"]),
        (r#"?filter=emails co "home""#, &["ann"]),
        (r#"?filter=title pr or userName sw "a""#, &["ann", "bob"]),
        ("?sortBy=urn:scim:schemas:core:1.0:userName&sortOrder=descending", &["bob", "ann"]),
        ("?startIndex=2&count=1", &["bob"]),
        // There are no cursors in 1.1: this is the first page by index.
        ("?cursor=&count=1", &["ann"]),
        ("?attributes=urn:scim:schemas:core:1.0:userName", &["ann", "bob"]),
    ] {
        let listed = one.get(&format!("/Users{query}")).await.expect(200);
        assert_eq!(listed.column("userName"), names, "{query}");
        assert_eq!(listed.body["schemas"], json!([CORE]), "{query}");
        assert_eq!(listed.body["itemsPerPage"], names.len(), "{query}");
        assert!(listed.body["startIndex"].is_number() && listed.body["totalResults"].is_number(), "{query}");
        assert!(!listed.body.to_string().contains("urn:ietf"), "{query}: {}", listed.body);
    }
    let shown = one.get(&format!("/Users?attributes={ENTERPRISE}:manager.managerId")).await.expect(200).body;
    assert_eq!(shown["Resources"][0][ENTERPRISE], json!({ "manager": { "managerId": "26118915" } }));
    assert!(shown["Resources"][0].get("userName").is_none());
}

#[tokio::test]
async fn a_group_of_many_is_streamed_in_the_words_of_1_1() {
    let app = TestApp::start().await;
    let (one, two) = both(&app, "a", "generic").await;
    let mut ids = Vec::new();
    for batch in 0..12 {
        let operations: Vec<Value> = (0..400)
            .map(|at| {
                let name = format!("u{batch}-{at}");
                json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": { "userName": name } })
            })
            .collect();
        let made = two.post("/Bulk", json!({ "Operations": operations })).await.expect(200);
        for made in made.body["Operations"].as_array().into_iter().flatten() {
            ids.extend(made["location"].as_str().and_then(|url| url.rsplit('/').next()).map(str::to_owned));
        }
    }
    let group = two.group("G", &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let shown = one.get(&format!("/Groups/{group}")).await.expect(200);
    assert!(shown.header("content-length").is_none(), "it was not streamed");
    assert_eq!(shown.body["members"].as_array().map(Vec::len), Some(4_800));
    assert!(!shown.body.to_string().contains("$ref"));
    assert_eq!(shown.body["schemas"], json!([CORE]));
}

#[tokio::test]
async fn errors_are_a_list_with_the_status_as_text() {
    let app = TestApp::start().await;
    let (one, _) = both(&app, "a", "generic").await;
    let _ = one.post("/Users", ann()).await.expect(201);
    let users = || Some(json!({ "schemas": [CORE] }));
    for (method, path, body, expected) in [
        ("GET", "/Users/00000000-0000-7000-8000-000000000000", None, "404 no such resource"),
        ("GET", "/Nothing", None, "404 no such resource"),
        ("GET", "/Users/a/b", None, "404 there is nothing at this path"),
        ("GET", "/ResourceTypes", None, "404 no such resource"),
        ("GET", "/Me", None, "404 no such resource"),
        ("GET", "/Schemas/Nothing", None, "404 no such resource"),
        ("POST", "/Schemas", users(), "405 this path does not take this method"),
        ("POST", "/ServiceProviderConfigs", users(), "405 this path does not take this method"),
        ("POST", "/Users", Some(ann()), "409 another resource has this userName"),
        ("POST", "/Users", users(), "400 userName"),
        ("POST", "/Users", Some(json!([])), "400 the body must be"),
        ("GET", "/Users?filter=userName", None, "400 "),
        ("GET", "/Schemas?filter=attributes pr", None, "400 schemas are found by id"),
    ] {
        let reply = one.send(method, path, body).await;
        let found = fault(&reply);
        assert!(found.starts_with(expected), "{method} {path}: {found}");
    }
    let stranger = one.clone().authorized(None).get("/Users").await;
    assert!(fault(&stranger).starts_with("401 "));
    let nowhere = one.at("/scim/none/v1").get("/Users").await;
    assert!(fault(&nowhere).starts_with("401 "));
}

#[tokio::test]
async fn versions_and_preconditions_are_those_of_2_0() {
    let app = TestApp::start().await;
    let (one, _) = both(&app, "a", "generic").await;
    let made = one.post("/Users", ann()).await.expect(201);
    let at = format!("/Users/{}", made.id());
    let tag = made.header("etag").map(str::to_owned).unwrap_or_default();
    assert_eq!(made.body["meta"]["version"], Value::from(tag.clone()));
    assert_eq!(one.clone().header("if-none-match", &tag).get(&at).await.status, 304);
    let patch = || Some(json!({ "title": "Dr" }));
    let _ = one.clone().header("if-match", &tag).send("PATCH", &at, patch()).await.expect(200);
    let late = one.clone().header("if-match", &tag).send("PATCH", &at, Some(json!({ "title": "X" }))).await;
    assert!(fault(&late).starts_with("412 "));
}

#[tokio::test]
async fn a_post_stands_for_the_method_that_its_header_names() {
    let app = TestApp::start().await;
    let (one, _) = both(&app, "a", "generic").await;
    let made = one.post("/Users", ann()).await.expect(201);
    let at = format!("/Users/{}", made.id());
    let over = |method: &str| one.clone().header("X-HTTP-Method-Override", method);
    let patched = over("patch").post(&at, json!({ "title": "Dr" })).await.expect(200);
    assert_eq!(patched.body["title"], "Dr");
    let put = over("PUT").post(&at, json!({ "userName": "ann" })).await.expect(200);
    assert!(put.body.get("title").is_none());
    assert!(fault(&over("GET").post(&at, json!({})).await).starts_with("405 "));
    assert!(fault(&one.post(&at, json!({})).await).starts_with("405 "));
    let _ = over("DELETE").send("POST", &at, None).await.expect(204);
    let _ = one.get(&at).await.expect(404);
}

#[tokio::test]
async fn discovery_is_that_of_1_1() {
    let app = TestApp::start().await;
    let (one, _) = both(&app, "a", "strict").await;
    let config = one.get("/ServiceProviderConfigs").await.expect(200).body;
    assert_eq!(config["schemas"], json!([CORE]));
    for name in ["patch", "bulk", "filter", "changePassword", "sort", "etag", "xmlDataFormat"] {
        assert!(config[name]["supported"].is_boolean(), "{name}: {config}");
    }
    assert!(config["authenticationSchemes"][0]["specUrl"].is_string());
    for name in ["pagination", "securityEvents", "interopProfileConformant", "documentationUri", "meta"] {
        assert!(config.get(name).is_none(), "{name}: {config}");
    }
    let schemas = one.get("/Schemas").await.expect(200);
    assert_eq!(schemas.column("id"), [format!("{CORE}:User"), format!("{CORE}:Group")]);
    assert_eq!(schemas.column("endpoint"), ["/Users", "/Groups"]);
    for (filter, found) in [
        (format!(r#"name eq "User" and schema eq "{CORE}""#), &["User"][..]),
        (r#"endpoint eq "/Groups""#.to_owned(), &["Group"]),
        (r#"name eq "Robot""#.to_owned(), &[]),
    ] {
        assert_eq!(one.get(&format!("/Schemas?filter={filter}")).await.expect(200).column("name"), found);
    }
    for id in ["urn:scim:schemas:core:1.0:User", "User"] {
        let schema = one.get(&format!("/Schemas/{id}")).await.expect(200).body;
        assert_eq!((&schema["name"], &schema["endpoint"]), (&json!("User"), &json!("/Users")), "{id}");
    }
}

#[tokio::test]
async fn bulk_takes_and_answers_with_the_forms_of_1_1() {
    let app = TestApp::start().await;
    let (one, two) = both(&app, "a", "generic").await;
    let operations = json!([
        { "method": "POST", "path": "/Groups", "bulkId": "g",
          "data": { "schemas": [CORE], "displayName": "G", "members": [{ "value": "bulkId:u", "type": "user" }] } },
        { "method": "POST", "path": "/Users", "bulkId": "u", "data": ann() },
        { "method": "POST", "path": "/v1/Users", "bulkId": "again", "data": ann() },
        { "method": "PATCH", "path": "/Users/bulkId:u", "data": { "title": "Dr", "meta": { "attributes": ["locale"] } } },
        { "method": "DELETE", "path": "/Users/00000000-0000-7000-8000-000000000000" },
    ]);
    let reply = one.post("/Bulk", json!({ "schemas": [CORE], "Operations": operations })).await.expect(200);
    assert_eq!(reply.body["schemas"], json!([CORE]));
    let codes: Vec<&str> = reply.body["Operations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|operation| operation["status"]["code"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(codes, ["201", "201", "409", "200", "404"], "{}", reply.body);
    assert!(!reply.body.to_string().contains("urn:ietf"), "{}", reply.body);
    let failed = &reply.body["Operations"][2]["status"];
    assert!(failed["description"].as_str().is_some_and(|text| text.contains("userName")), "{failed}");
    let shown = two.get(r#"/Users?filter=userName eq "ann""#).await.expect(200).body;
    let user = &shown["Resources"][0];
    assert_eq!((&user["title"], user.get("locale")), (&json!("Dr"), None));
    assert_eq!(user["groups"][0]["display"], "G");
    assert!(
        fault(&one.post("/Bulk", json!({ "schemas": [CORE], "Operations": [] })).await).starts_with("400 ")
    );
}

#[tokio::test]
async fn types_that_are_added_at_run_time_are_there_too() {
    let app = TestApp::start().await;
    let (one, _) = both(&app, "a", "generic").await;
    let admin = app.admin("default").await;
    let record = app.record("a").await;
    let schema = json!({ "id": "urn:example:Robot", "name": "Robot", "description": "",
        "attributes": [{ "name": "serial", "type": "string", "uniqueness": "server", "required": true }] });
    let kind =
        json!({ "id": "Robot", "name": "Robot", "endpoint": "/Robots", "schema": "urn:example:Robot" });
    let (schema, kind) = (serde_json::from_value(schema).unwrap(), serde_json::from_value(kind).unwrap());
    app.service.add_schemas(&admin, &record, vec![schema], vec![kind]).await.unwrap();
    let made = one.post("/Robots", json!({ "serial": "r1" })).await.expect(201);
    assert_eq!(made.body["schemas"], json!([CORE]));
    assert_eq!(one.get("/Robots").await.expect(200).column("serial"), ["r1"]);
    assert_eq!(one.get("/Schemas").await.expect(200).column("name"), ["User", "Group", "Robot"]);
}
