//! Dialects: the interoperability profile clause by clause, and what Entra ID and Okta are allowed.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use rollcall_domain::api::ApiScope;
use rollcall_domain::source::SourceSettings;
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Ann: two mails, a title, a name.
fn ann() -> Value {
    json!({
        "schemas": [USER], "userName": "Ann", "externalId": "E1", "title": "T", "active": true,
        "name": { "givenName": "Ann", "familyName": "Lee" },
        "emails": [{ "value": "a@work.example", "type": "work", "primary": true },
            { "value": "a@home.example", "type": "home" }, { "value": "b@home.example", "type": "home" }],
    })
}

/// A source of this dialect with Ann; the place of Ann.
async fn start(dialect: &str) -> (TestApp, Client, String) {
    let app = TestApp::start().await;
    let client = app.source("a", dialect).await;
    let place = format!("/Users/{}", client.post("/Users", ann()).await.expect(201).id());
    (app, client, place)
}

/// What one operation on Ann comes to: `status scimType`, or the attribute then.
async fn patched(dialect: &str, operation: Value, attribute: &str) -> String {
    let (_app, client, place) = start(dialect).await;
    let before = client.everything().await;
    let reply = client.patch(&place, json!([operation])).await;
    if reply.status == 200 {
        return reply.body[attribute].to_string();
    }
    assert_eq!(client.everything().await, before, "{operation} failed and left something behind");
    reply.outcome()
}

async fn check(dialect: &str, cases: &[(Value, &str, &str)]) {
    for (operation, attribute, expected) in cases {
        assert_eq!(patched(dialect, operation.clone(), attribute).await, *expected, "{dialect}: {operation}");
    }
}

/// §5.2: one case rule for filter and uniqueness.
#[tokio::test]
async fn strict_has_one_case_rule_for_filters_and_uniqueness() {
    let (_app, client, _) = start("strict").await;
    for (filter, found) in [
        ("userName eq \"ANN\"", 1),
        ("externalId eq \"E1\"", 1),
        ("externalId eq \"e1\"", 0),
        ("userName eq \"ann\" and externalId eq \"E1\"", 1),
        ("userName eq \"ann\" and externalId eq \"e1\"", 0),
    ] {
        let reply = client.get(&format!("/Users?filter={filter}")).await.expect(200);
        assert_eq!(reply.body["totalResults"], found, "{filter}");
    }
    let named =
        |name: &str, external: &str| json!({ "schemas": [USER], "userName": name, "externalId": external });
    assert_eq!(client.post("/Users", named("ANN", "E2")).await.outcome(), "409 uniqueness");
    assert_eq!(client.post("/Users", named("bob", "E1")).await.outcome(), "409 uniqueness");
    let bob = client.post("/Users", named("bob", "e1")).await.expect(201).id();
    // §6.9.1: on PATCH too.
    let operations = json!([{ "op": "replace", "path": "userName", "value": "aNN" }]);
    assert_eq!(client.patch(&format!("/Users/{bob}"), operations).await.outcome(), "409 uniqueness");
}

/// §5.3: what is not defined.
#[tokio::test]
async fn strict_refuses_attributes_and_schemas_that_are_not_defined() {
    let (_app, client, place) = start("strict").await;
    let before = client.everything().await;
    for extra in [
        json!({ "shoeSize": 42 }),
        json!({ "name": { "shoeSize": 42 } }),
        json!({ "emails": [{ "value": "x@x", "shoeSize": 42 }] }),
        json!({ "urn:example:None": { "a": 1 } }),
        json!({ ENTERPRISE: { "shoeSize": 42 } }),
        json!({ "schemas": [USER, "urn:example:None"] }),
        json!({ "schemas": [GROUP] }),
        json!({ "schemas": [] }),
        json!({ "schemas": null }),
    ] {
        let mut body = json!({ "schemas": [USER, ENTERPRISE], "userName": "bob" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(client.post("/Users", body.clone()).await.outcome(), "400 invalidSyntax", "POST {body}");
        assert_eq!(client.put(&place, body.clone()).await.outcome(), "400 invalidSyntax", "PUT {body}");
    }
    for path in ["shoeSize", "name.shoeSize", "urn:example:None:a", &format!("{ENTERPRISE}:shoeSize")] {
        let operations = json!([{ "op": "add", "path": path, "value": "x" }]);
        assert_eq!(client.patch(&place, operations).await.outcome(), "400 invalidSyntax", "PATCH {path}");
    }
    let operations = json!([{ "op": "add", "path": "name", "value": { "shoeSize": 42 } }]);
    assert_eq!(client.patch(&place, operations).await.outcome(), "400 invalidSyntax");
    assert_eq!(client.everything().await, before);
}

/// §6.1, §6.2: one place for a resource, one media type.
#[tokio::test]
async fn strict_has_one_place_for_each_resource_and_one_media_type() {
    let (_app, client, place) = start("strict").await;
    let id = place.trim_start_matches("/Users/").to_owned();
    for path in [format!("/{id}"), format!("/Groups/{id}"), "/Users/Ann".to_owned(), "/Users/E1".to_owned()] {
        let reply = client.get(&path).await.expect(404);
        assert_eq!(reply.header("content-type"), Some("application/scim+json"), "{path}");
    }
    assert_eq!(client.get(&place).await.header("content-type"), Some("application/scim+json"));
}

/// §6.3, §6.4: filters and pages.
#[tokio::test]
async fn strict_filters_by_get_and_pages_by_a_hundred() {
    let (_app, client, _) = start("strict").await;
    for filter in ["shoeSize eq 1", "userName eq \"ann\" and shoeSize eq 1", "urn:example:None:a eq \"x\""] {
        let reply = client.get(&format!("/Users?filter={filter}")).await;
        assert_eq!(reply.outcome(), "400 invalidFilter", "{filter}");
    }
    for number in 0..120 {
        let body = json!({ "schemas": [USER], "userName": format!("u{number}") });
        client.post("/Users", body).await.expect(201);
    }
    for query in ["", "?count=100", "?cursor", "?cursor&count=100"] {
        let reply = client.get(&format!("/Users{query}")).await.expect(200);
        assert_eq!(reply.column("id").len(), 100, "{query}");
    }
    let groups = client.get("/Groups?count=100").await.expect(200);
    assert_eq!(groups.body["totalResults"], 0);
}

/// §6.5.1.1 and the shapes of RFC 7644 §3.5.2 that only tolerance allows.
#[tokio::test]
async fn strict_takes_no_patch_but_the_exact_one() {
    let add = |value: Value| json!({ "op": "add", "value": value });
    check(
        "strict",
        &[
            (add(json!({ "title": "U" })), "", "400 invalidSyntax"),
            (json!({ "op": "replace", "path": "", "value": { "title": "U" } }), "", "400 invalidSyntax"),
            (json!({ "op": "replace", "path": null, "value": { "title": "U" } }), "", "400 invalidSyntax"),
            (json!({ "op": "Replace", "path": "title", "value": "U" }), "", "400 invalidSyntax"),
            (json!({ "op": "replace", "path": "active", "value": "False" }), "", "400 invalidValue"),
            (
                json!({ "op": "remove", "path": "emails", "value": [{ "value": "a@work.example" }] }),
                "",
                "400 invalidSyntax",
            ),
        ],
    )
    .await;
    let (_app, client, place) = start("strict").await;
    let nameless = json!({ "Operations": [{ "op": "replace", "path": "title", "value": "U" }] });
    assert_eq!(client.send("PATCH", &place, Some(nameless)).await.outcome(), "400 invalidSyntax");
    assert_eq!(client.post("/Users", json!({ "userName": "bob" })).await.outcome(), "400 invalidSyntax");
}

/// §6.5.2.1.
#[tokio::test]
async fn strict_replaces_a_complex_value_whole_and_adds_to_it() {
    check(
        "strict",
        &[
            (json!({ "op": "add", "path": "title", "value": "U" }), "title", "\"U\""),
            (json!({ "op": "replace", "path": "title", "value": "U" }), "title", "\"U\""),
            (json!({ "op": "add", "path": "nickName", "value": "N" }), "nickName", "\"N\""),
            (json!({ "op": "replace", "path": "nickName", "value": "N" }), "nickName", "\"N\""),
            (
                json!({ "op": "replace", "path": "name", "value": { "givenName": "B" } }),
                "name",
                r#"{"givenName":"B"}"#,
            ),
            (
                json!({ "op": "add", "path": "name", "value": { "givenName": "B" } }),
                "name",
                r#"{"givenName":"B","familyName":"Lee"}"#,
            ),
            (
                json!({ "op": "replace", "path": "name.givenName", "value": "B" }),
                "name",
                r#"{"givenName":"B","familyName":"Lee"}"#,
            ),
            (json!({ "op": "remove", "path": "name.givenName" }), "name", r#"{"familyName":"Lee"}"#),
            (json!({ "op": "remove", "path": "name" }), "name", "null"),
        ],
    )
    .await;
    // In generic, replace merges (RFC 7644 §3.5.2.3).
    let operation = json!({ "op": "replace", "path": "name", "value": { "givenName": "B" } });
    assert_eq!(patched("generic", operation, "name").await, r#"{"givenName":"B","familyName":"Lee"}"#);
}

/// §6.5.2.2 and §6.5.3.
#[tokio::test]
async fn strict_selects_one_element_and_a_part_of_it() {
    let one = json!([{ "value": "n@x", "type": "other" }]);
    let whole = r#"[{"value":"n@x","type":"other"}]"#;
    let (work, home) = ("emails[type eq \"work\"]", "emails[type eq \"home\"]");
    check(
        "strict",
        &[
            (json!({ "op": "replace", "path": "emails", "value": one }), "emails", whole),
            (json!({ "op": "replace", "path": "emails", "value": one[0] }), "", "400 invalidValue"),
            (json!({ "op": "add", "path": "emails", "value": one[0] }), "", "400 invalidValue"),
            (json!({ "op": "replace", "path": work, "value": one[0] }), "", "400 invalidPath"),
            (json!({ "op": "add", "path": work, "value": { "display": "D" } }), "", "400 invalidPath"),
            (json!({ "op": "remove", "path": work }), "", "400 invalidPath"),
            (
                json!({ "op": "replace", "path": format!("{home}.value"), "value": "n@x" }),
                "",
                "400 invalidFilter",
            ),
            (
                json!({ "op": "replace", "path": "emails[type eq \"x\"].value", "value": "n@x" }),
                "",
                "400 noTarget",
            ),
        ],
    )
    .await;
    let (_app, client, place) = start("strict").await;
    let operations = json!([
        { "op": "add", "path": "emails", "value": one },
        { "op": "replace", "path": format!("{work}.value"), "value": "c@work.example" },
    ]);
    let emails = client.patch(&place, operations).await.expect(200).body["emails"].take();
    let values: Vec<&str> =
        emails.as_array().unwrap().iter().map(|email| email["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["c@work.example", "a@home.example", "b@home.example", "n@x"]);
}

/// Ours: the one way to take one member out of a group, which §6.5.2.2 would forbid.
#[tokio::test]
async fn strict_takes_a_member_out_by_its_value() {
    let (_app, client, place) = start("strict").await;
    let id = place.trim_start_matches("/Users/");
    let body = json!({ "schemas": [GROUP], "displayName": "g", "members": [{ "value": id }] });
    let group = client.post("/Groups", body).await.expect(201).id();
    let operations = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
    client.patch(&format!("/Groups/{group}"), operations).await.expect(200);
    assert_eq!(client.members(&group).await, [""; 0]);
    let single = json!([{ "op": "add", "path": "members", "value": { "value": id } }]);
    assert_eq!(client.patch(&format!("/Groups/{group}"), single).await.outcome(), "400 invalidValue");
}

/// §6.6.
#[tokio::test]
async fn strict_deletes_by_delete_and_by_nothing_else() {
    let (_app, client, place) = start("strict").await;
    let operations = json!([{ "op": "replace", "path": "active", "value": false }]);
    client.patch(&place, operations.clone()).await.expect(200);
    assert_eq!(client.get(&place).await.expect(200).body["active"], false);
    assert_eq!(client.get("/Users?filter=active eq false").await.body["totalResults"], 1);
    client.delete(&place).await.expect(204);
    client.get(&place).await.expect(404);
    client.patch(&place, operations).await.expect(404);
    client.delete(&place).await.expect(404);
    for query in
        ["", "?filter=userName eq \"ann\"", "?filter=externalId eq \"E1\"", "?filter=active eq false"]
    {
        assert_eq!(client.get(&format!("/Users{query}")).await.body["totalResults"], 0, "{query}");
    }
    let again = client.post("/Users", ann()).await.expect(201).id();
    assert_ne!(place, format!("/Users/{again}"));
}

#[tokio::test]
async fn a_replace_that_matches_nothing_makes_the_element_for_entra_only() {
    let operation = json!({ "op": "Replace", "path": "emails[type eq \"other\"].value", "value": "o@x" });
    for dialect in ["generic", "okta", "google", "onelogin", "jumpcloud", "ping"] {
        assert_eq!(patched(dialect, operation.clone(), "").await, "400 noTarget", "{dialect}");
    }
    let (_app, client, place) = start("entra").await;
    let emails = client.patch(&place, json!([operation])).await.expect(200).body["emails"].take();
    assert_eq!(emails[3], json!({ "type": "other", "value": "o@x" }), "made, and not the primary one");
    assert_eq!(emails[0]["primary"], true);
    // An add makes it in every dialect.
    for dialect in ["generic", "okta", "entra"] {
        let operation = json!({ "op": "add", "path": "phoneNumbers[type eq \"work\"].value", "value": "1" });
        assert_eq!(patched(dialect, operation, "phoneNumbers").await, r#"[{"type":"work","value":"1"}]"#);
    }
}

#[tokio::test]
async fn an_empty_string_removes_for_entra_only() {
    for (dialect, expected) in [("entra", "null"), ("generic", "\"\""), ("okta", "\"\"")] {
        let operation = json!({ "op": "Replace", "path": "title", "value": "" });
        assert_eq!(patched(dialect, operation, "title").await, expected, "{dialect}");
    }
    let app = TestApp::start().await;
    let client = app.source("a", "entra").await;
    let made =
        client.post("/Users", json!({ "userName": "ann", "title": "", "name": { "givenName": "" } })).await;
    let made = made.expect(201).body;
    assert!(made.get("title").is_none() && made.get("name").is_none(), "{made}");
}

#[tokio::test]
async fn an_echo_of_what_only_the_server_sets_is_let_pass_where_providers_send_it() {
    for dialect in ["entra", "okta", "google", "onelogin", "jumpcloud", "ping"] {
        let (_app, client, place) = start(dialect).await;
        let operations = json!([
            { "op": "replace", "path": "id", "value": "other" },
            { "op": "replace", "path": "groups", "value": [] },
            { "op": "replace", "value": { "id": "other", "meta": { "version": "x" }, "title": "U" } },
        ]);
        let reply = client.patch(&place, operations).await.expect(200);
        assert_eq!(format!("/Users/{}", reply.id()), place, "{dialect}");
        assert_eq!(reply.body["title"], "U", "{dialect}");
        assert_eq!(reply.body["meta"]["version"], "W/\"2\"", "{dialect}");
    }
    for path in ["id", "meta.version", "groups"] {
        let operation = json!({ "op": "replace", "path": path, "value": "x" });
        assert_eq!(patched("generic", operation, "").await, "400 mutability", "{path}");
    }
}

#[tokio::test]
async fn tolerance_takes_what_providers_write_and_means_the_same() {
    for dialect in ["generic", "entra", "okta", "google", "onelogin", "jumpcloud", "ping"] {
        check(
            dialect,
            &[
                (json!({ "op": "Replace", "path": "active", "value": "False" }), "active", "false"),
                (json!({ "op": "replace", "value": { "active": false } }), "active", "false"),
                (json!({ "op": "REPLACE", "path": "title", "value": "U" }), "title", "\"U\""),
                (
                    json!({ "op": "add", "value": { "name.givenName": "B" } }),
                    "name",
                    r#"{"givenName":"B","familyName":"Lee"}"#,
                ),
                (
                    json!({ "op": "add", "value": { format!("{ENTERPRISE}:department"): "Sales" } }),
                    ENTERPRISE,
                    r#"{"department":"Sales"}"#,
                ),
                (
                    json!({ "op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": "M1" }),
                    ENTERPRISE,
                    r#"{"manager":{"value":"M1"}}"#,
                ),
                (
                    json!({ "op": "remove", "path": "emails", "value": [{ "value": "a@work.example" }, { "value": "b@home.example" }] }),
                    "emails",
                    r#"[{"value":"a@home.example","type":"home"}]"#,
                ),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn two_groups_may_have_one_name() {
    for dialect in ["generic", "strict", "entra", "okta"] {
        let (_app, client, _) = start(dialect).await;
        for _ in 0..2 {
            client.post("/Groups", json!({ "schemas": [GROUP], "displayName": "g" })).await.expect(201);
        }
    }
}

/// A source of a dialect with these switches set otherwise.
async fn switched(app: &TestApp, slug: &str, dialect: &str, switches: &Value) -> Client {
    let switches = switches.as_object().cloned().unwrap();
    let settings = SourceSettings { requests_per_second: 0, switches, ..SourceSettings::default() };
    app.source_with(slug, dialect, settings).await
}

#[tokio::test]
async fn patch_no_content_answers_a_patch_with_204() {
    let app = TestApp::start().await;
    let title = || json!([{ "op": "add", "path": "title", "value": "Dr" }]);
    for (on, status) in [(true, 204), (false, 200)] {
        let client = switched(&app, &format!("s-{on}"), "generic", &json!({ "patch_no_content": on })).await;
        let at = format!("/Users/{}", client.user("ann").await);
        let patched = client.patch(&at, title()).await.expect(status);
        assert_eq!((patched.bytes.is_empty(), patched.header("etag")), (on, Some("W/\"2\"")));
        assert_eq!(client.get(&at).await.body["title"], "Dr");
        // Who asks for attributes gets them.
        let asked = client.patch(&format!("{at}?attributes=title"), title()).await.expect(200);
        assert_eq!(asked.body["title"], "Dr");
    }
}

#[tokio::test]
async fn unique_group_names_refuses_a_second_group_of_a_name() {
    let app = TestApp::start().await;
    let client = switched(&app, "a", "entra", &json!({ "unique_group_names": true })).await;
    let first = client.group("Team", &[]).await;
    let taken = client.post("/Groups", json!({ "displayName": "TEAM" })).await.expect(409);
    assert_eq!(taken.body["scimType"], "uniqueness");
    assert_eq!(taken.diagnostics()["conflictingId"], first.as_str());
    let other = client.group("Other", &[]).await;
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "team" }]);
    client.patch(&format!("/Groups/{other}"), rename).await.expect(409);
    // Users may have the name of a group, and of each other.
    client.post("/Users", json!({ "userName": "ann", "displayName": "Team" })).await.expect(201);
    client.post("/Users", json!({ "userName": "bob", "displayName": "Team" })).await.expect(201);
}

#[tokio::test]
async fn a_switch_counts_for_what_is_there_when_it_is_set() {
    let app = TestApp::start().await;
    let client = switched(&app, "a", "generic", &json!({})).await;
    let first = client.group("Team", &[]).await;
    client.group("Team", &[]).await;
    let api = app.api(Some(DEFAULT_TENANT), &[ApiScope::SourcesWrite, ApiScope::SourcesRead]).await;
    let set =
        async |switches: Value| api.put("/sources/a", json!({ "settings": { "switches": switches } })).await;
    let refused = set(json!({ "unique_group_names": true })).await.expect(400);
    assert!(refused.body["detail"].as_str().unwrap().contains("do not fit"), "{}", refused.body);
    client.group("Team", &[]).await;
    let groups = client.get("/Groups").await.column("id");
    for group in groups.iter().filter(|group| **group != first) {
        client.delete(&format!("/Groups/{group}")).await.expect(204);
    }
    let changed = set(json!({ "unique_group_names": true, "rules.op_any_case": false })).await.expect(200);
    assert_eq!(changed.body["settings"]["switches"]["unique_group_names"], true);
    client.post("/Groups", json!({ "displayName": "Team" })).await.expect(409);
    let upper = json!([{ "op": "Add", "path": "externalId", "value": "e" }]);
    client.patch(&format!("/Groups/{first}"), upper.clone()).await.expect(400);
    let _ = set(json!({ "unique_group_names": null, "rules.op_any_case": null })).await.expect(200);
    client.group("Team", &[]).await;
    client.patch(&format!("/Groups/{first}"), upper).await.expect(200);
    for (switches, said) in [
        (json!({ "nonsense": true }), "there is no switch"),
        (json!({ "patch_no_content": "yes" }), "patch_no_content cannot be"),
    ] {
        let refused = set(switches).await.expect(400);
        assert!(refused.body["detail"].as_str().unwrap().contains(said), "{}", refused.body);
    }
}
