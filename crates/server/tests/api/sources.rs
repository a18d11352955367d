//! Sources through the admin API: configured, looked at, validated; their tokens and schemas; what the audit tells.

use rollcall_domain::api::ApiScope;
use rollcall_domain::audit::{Draft, Head, Verifier};
use rollcall_service::admin::Manager;
use rollcall_testkit::{Client, Reply, TestApp};
use serde_json::{Value, json};

async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let client = app.api(None, &ApiScope::all().collect::<Vec<_>>()).await;
    (app, client)
}

/// A client of the source's SCIM endpoint with the token of a reply.
fn scim(app: &TestApp, slug: &str, reply: &Reply) -> Client {
    app.client(slug, reply.body["token"].as_str().unwrap())
}

#[tokio::test]
async fn a_made_source_answers_with_the_token_that_was_shown() {
    let (app, client) = start().await;
    let made = client.post("/sources", json!({ "slug": "okta", "dialect": "okta" })).await.expect(201);
    assert_eq!(made.body["base_url"], "http://scim.example.com/scim/okta/v2");
    assert_eq!(made.body["status"], "active");
    scim(&app, "okta", &made).get("/Users").await.expect(200);
    let shown = client.get("/sources/okta").await.expect(200);
    assert_eq!(shown.body["id"], made.body["id"]);
    assert_eq!(shown.body["token"], Value::Null, "a token is shown once");
    client.post("/sources", json!({ "slug": "okta" })).await.expect(409);
    client.delete("/sources/okta").await.expect(204);
    client.get("/sources/okta").await.expect(404);
}

/// In the reference, every `configure` replaced the token, and what was left out was erased.
#[tokio::test]
async fn configuring_touches_no_token_and_erases_nothing() {
    let (app, client) = start().await;
    let made = client.put("/sources/okta", json!({ "dialect": "okta", "settings": { "burst": 7 } })).await;
    assert_eq!((made.status, &made.body["token"]), (201, &Value::Null));
    let issued = client.post("/sources/okta/tokens", json!({})).await.expect(201);
    let scim = scim(&app, "okta", &issued);
    scim.get("/Users").await.expect(200);
    let paused = client.put("/sources/okta", json!({ "status": "paused" })).await.expect(200);
    assert_eq!(paused.body["settings"]["burst"], 7);
    assert_eq!(paused.body["dialect"], "okta");
    scim.get("/Users").await.expect(503);
    let changes = json!({ "status": "active", "settings": { "burst": null, "max_page_size": 50, "default_page_size": 5 } });
    let active = client.put("/sources/okta", changes).await.expect(200);
    assert_eq!(active.body["settings"]["burst"], 4_000);
    scim.get("/Users").await.expect(200);
    for (settings, part) in [
        (json!({ "bursts": 1 }), "unknown field `bursts`"),
        (json!({ "burst": "x" }), "invalid type"),
        (json!({ "requests_per_second": 5 }), "below 25"),
        (json!({ "default_page_size": 51 }), "at most max_page_size"),
    ] {
        let refused = client.put("/sources/okta", json!({ "settings": settings })).await.expect(400);
        assert!(refused.body["detail"].as_str().unwrap().contains(part), "{}", refused.body);
    }
    let refused = client.put("/sources/okta", json!({ "status": "draft" })).await.expect(400);
    assert!(refused.body["detail"].as_str().unwrap().contains("draft"), "an unknown value is an error");
}

/// In the reference, `security.maxRequestSize` was stored and never read. 200,000 is the value of its example.
#[tokio::test]
async fn the_largest_request_is_enforced() {
    let (app, client) = start().await;
    client.put("/sources/okta", json!({ "settings": { "max_request_bytes": 200_000 } })).await.expect(201);
    let issued = client.post("/sources/okta/tokens", json!({})).await.expect(201);
    let scim = scim(&app, "okta", &issued);
    let user = |length: usize| json!({ "userName": "ann", "nickName": "x".repeat(length) });
    assert_eq!(scim.post("/Users", user(200_000)).await.status, 413);
    scim.post("/Users", user(190_000)).await.expect(201);
    let config = scim.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.body["bulk"]["maxPayloadSize"], 200_000);
}

/// The names of failing checks, `ready` and `ok` agreeing.
async fn failing(client: &Client) -> Vec<String> {
    let status = client.get("/sources/okta/status").await.expect(200);
    let validation = client.get("/sources/okta/validate").await.expect(200);
    assert_eq!(status.body["checks"], validation.body["checks"]);
    assert_eq!(status.body["ready"], validation.body["ok"]);
    let checks = status.body["checks"].as_array().unwrap();
    let failing = checks.iter().filter(|check| check["ok"] == false);
    let names: Vec<String> = failing.map(|check| check["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.is_empty(), status.body["ready"] == true);
    names
}

#[tokio::test]
async fn a_source_is_ready_when_every_check_is_ok() {
    let (app, client) = start().await;
    client.put("/sources/okta", json!({})).await.expect(201);
    assert_eq!(failing(&client).await, ["token_hash_set"]);
    let read_only = json!({ "scopes": ["read"] });
    client.post("/sources/okta/tokens", read_only).await.expect(201);
    assert_eq!(failing(&client).await, ["token_hash_set"]);
    client.post("/sources/okta/tokens", json!({ "expires_in_seconds": 86_400 })).await.expect(201);
    assert_eq!(failing(&client).await, [""; 0]);
    let status = client.get("/sources/okta/status").await.expect(200);
    let names: Vec<&str> = status.body["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    for name in [
        "scim_config_exists",
        "scim_config_active",
        "token_hash_set",
        "base_path_matches_route",
        "user_external_id_reuse_enabled",
        "filter_subset_supported",
        "protocol_capabilities_declared",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    // A token that ends soon is told of before the provider stands outside.
    let lasts = status.body["checks"].as_array().unwrap().iter().find(|check| check["name"] == "token_lasts");
    assert!(lasts.unwrap()["message"].as_str().unwrap().contains("rotate it"), "{lasts:?}");
    app.clock.advance_ms(86_400_000);
    assert_eq!(failing(&client).await, ["token_hash_set"]);
    client.put("/sources/okta", json!({ "status": "paused" })).await.expect(200);
    assert_eq!(failing(&client).await, ["scim_config_active", "token_hash_set"]);
}

/// In the reference, capabilities said `put` of groups, which had none. Ours are what discovery and requests say.
#[tokio::test]
async fn capabilities_are_what_the_endpoint_does() {
    let (app, client) = start().await;
    let made = client.post("/sources", json!({ "slug": "okta" })).await.expect(201);
    let can = client.get("/sources/okta/validate").await.expect(200).body["capabilities"].clone();
    let scim = scim(&app, "okta", &made);
    let config = scim.get("/ServiceProviderConfig").await.expect(200).body;
    for name in ["patch", "bulk", "etag", "sort"] {
        assert_eq!(can[name], config[name]["supported"], "{name}");
    }
    assert_eq!(can["cursor"], config["pagination"]["cursor"]);
    for operator in can["filters"].as_array().unwrap() {
        let operator = operator.as_str().unwrap();
        let operand = if operator == "pr" { "" } else { " \"a\"" };
        scim.get(&format!("/Users?filter=userName {operator}{operand}")).await.expect(200);
    }
    let types = scim.get("/ResourceTypes").await.expect(200).column("name");
    let listed: Vec<&str> =
        can["resource_types"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(listed, types);
    for (endpoint, name, body) in [
        ("/Users", "users", json!({ "userName": "ann" })),
        ("/Groups", "groups", json!({ "displayName": "g" })),
    ] {
        assert_eq!(can[name], true);
        let made = scim.post(endpoint, body.clone()).await.expect(201);
        assert_eq!(can["put"], true);
        scim.put(&format!("{endpoint}/{}", made.id()), body).await.expect(200);
    }
}

#[tokio::test]
async fn tokens_overlap_when_rotated_and_end_when_revoked() {
    let (app, client) = start().await;
    let made = client.post("/sources", json!({ "slug": "okta" })).await.expect(201);
    let old = scim(&app, "okta", &made);
    let id = client.get("/sources/okta/tokens").await.expect(200).body["items"][0]["id"].clone();
    let path = format!("/sources/okta/tokens/{}", id.as_str().unwrap());
    let rotated = client.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 60 })).await.expect(201);
    let new = scim(&app, "okta", &rotated);
    old.get("/Users").await.expect(200);
    new.get("/Users").await.expect(200);
    app.clock.advance_ms(60_000);
    old.get("/Users").await.expect(401);
    client.post(&format!("{path}/rotate"), json!({})).await.expect(409);
    let path = format!("/sources/okta/tokens/{}", rotated.body["prefix"].as_str().unwrap());
    let revoked = client.delete(&path).await.expect(200);
    assert!(revoked.body["revoked"].is_string());
    new.get("/Users").await.expect(401);
    client.delete("/sources/okta/tokens/none").await.expect(404);
    client.post("/sources/okta/tokens", json!({ "scopes": [] })).await.expect(400);
    client.post("/sources/okta/tokens", json!({ "scopes": ["admin"] })).await.expect(400);
}

#[tokio::test]
async fn schemas_are_added_and_read_back() {
    let (app, client) = start().await;
    let made = client.post("/sources", json!({ "slug": "okta" })).await.expect(201);
    let schemas: Value =
        serde_json::from_str(include_str!("../../../../corpus/test-resource/schemas.json")).unwrap();
    let types: Value =
        serde_json::from_str(include_str!("../../../../corpus/test-resource/resource-types.json")).unwrap();
    let urn = schemas[0]["id"].as_str().unwrap();
    client.get(&format!("/sources/okta/schemas/{urn}")).await.expect(404);
    let body = json!({ "schemas": schemas, "resource_types": types });
    let added = client.post("/sources/okta/schemas", body).await.expect(200);
    assert_eq!(added.body["schemas"][0]["id"], urn);
    let shown = client.get(&format!("/sources/okta/schemas/{urn}")).await.expect(200);
    assert_eq!(shown.body["id"], urn);
    let listed = client.get("/sources/okta/resource-types").await.expect(200);
    let names: Vec<&Value> =
        listed.body["items"].as_array().unwrap().iter().map(|kind| &kind["name"]).collect();
    assert!(names.contains(&&types[0]["name"]), "{names:?}");
    let endpoint = types[0]["endpoint"].as_str().unwrap();
    scim(&app, "okta", &made).get(endpoint).await.expect(200);
    client.post("/sources/okta/schemas", json!({ "schemas": [{ "id": 7 }] })).await.expect(400);
    let missing = json!({ "resource_types": [{ "name": "A", "endpoint": "/As", "schema": "urn:none" }] });
    client.post("/sources/okta/schemas", missing).await.expect(400);
}

#[tokio::test]
async fn the_audit_tells_who_changed_what_and_never_a_secret() {
    let (app, client) = start().await;
    let made = client.post("/sources", json!({ "slug": "okta" })).await.expect(201);
    let put = client.put("/sources/okta", json!({ "settings": { "burst": 9 } })).await.expect(200);
    client.put("/sources/okta", json!({})).await.expect(200);
    client.put("/sources/okta", json!({ "settings": { "burst": "x" } })).await.expect(400);
    let audit = client.get("/audit?subject=sources/okta").await.expect(200);
    let entries = audit.body["items"].as_array().unwrap();
    let actions: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["source.update", "token.issue", "source.create"],
        "what changes nothing is no entry"
    );
    let update = &entries[0];
    assert_eq!(
        (&update["before"]["settings"]["burst"], &update["after"]["settings"]["burst"]),
        (&json!(4_000), &json!(9))
    );
    assert_eq!(update["request_id"].as_str(), put.header("x-request-id"));
    assert!(update["actor"].as_str().unwrap().starts_with("api-token/"));
    let text = String::from_utf8(client.get("/audit").await.expect(200).bytes).unwrap();
    let shown = [made.body["token"].as_str().unwrap(), client.authorization().unwrap()];
    for secret in shown.iter().filter_map(|token| token.splitn(3, '_').nth(2)) {
        assert!(!text.contains(secret), "the audit holds a secret");
    }
    assert!(!text.contains("digest"));
    // What whoever holds the database does is there too.
    app.service.create_tenant(&Manager::operator(), "acme").await.unwrap();
    let by_hand = client.get("/audit?actor=cli&action=tenant.create").await.expect(200);
    assert_eq!(by_hand.body["items"][0]["subject"], "tenants/acme");
    assert_eq!(by_hand.body["items"][0]["request_id"], Value::Null);
    let end = app.service.verify_audit(&Manager::operator(), None).await.unwrap().unwrap();
    assert_eq!(end, app.store.audit_head().await.unwrap());
    let other = Head { hash: [1; 32], ..end };
    assert!(app.service.verify_audit(&Manager::operator(), Some(other)).await.unwrap().is_err());
    let later = Head { sequence: end.sequence + 1, ..end };
    assert!(app.service.verify_audit(&Manager::operator(), Some(later)).await.unwrap().is_err());
}

/// The chain is the store's, not the reader's: what is read twice verifies twice.
#[tokio::test]
async fn a_chain_under_another_secret_does_not_hold() {
    let (app, client) = start().await;
    client.put("/sources/okta", json!({})).await.expect(201);
    let chain = app.store.audit_chain(0, 100).await.unwrap();
    let key = rollcall_domain::audit::ChainKey::derive(&[8; 32]);
    assert!(Verifier::new(key.clone()).next(&chain[0]).is_err());
    let forged = Draft { event: chain[0].event.clone(), key }.after(&Head::default());
    assert_ne!(forged.hash, chain[0].hash);
}
