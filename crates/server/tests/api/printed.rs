//! The example configuration that `configure`, `get`, `status` and `validate` are from, as printed, step by step.

use rollcall_domain::api::ApiScope;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

/// `security` and `profile`, as printed.
fn printed() -> (Value, Value) {
    let text = include_str!("../../../../corpus/printed/configuration.json");
    let mut printed: Value = serde_json::from_str(text).unwrap();
    (printed["security"].take(), printed["profile"].take())
}

/// A user as a directory sends it.
fn user() -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "userName": "ann", "externalId": "00u1", "displayName": "Ann Bee", "active": true,
        "emails": [{ "value": "home@acme.example" }, { "value": "ann@acme.example", "primary": true }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" },
    })
}

async fn configured() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let api = app.api(None, &ApiScope::all().collect::<Vec<_>>()).await;
    let (security, profile) = printed();
    let settings =
        json!({ "max_request_bytes": security["maxRequestSize"], "mapping": { "profile": profile } });
    api.put("/sources/hr", json!({ "settings": settings })).await.expect(201);
    (app, api)
}

/// `configure` gives a token once, `get` the place to send to, and a user sent there is who the mapping says.
#[tokio::test]
async fn what_is_configured_as_printed_provisions_users() {
    let (app, api) = configured().await;
    let token = api.post("/sources/hr/tokens", json!({})).await.expect(201).body["token"].clone();
    let config = api.get("/sources/hr").await.expect(200).body;
    let base = config["base_url"].as_str().unwrap().strip_prefix("http://scim.example.com").unwrap();
    assert!(!config.to_string().contains(token.as_str().unwrap()), "a token is shown once");
    let kept = api.get("/sources/hr/mapping").await.expect(200).body;
    assert_eq!(kept["mapping"]["profile"], printed().1);
    let directory = app.client("hr", token.as_str().unwrap()).at(base);
    directory.post("/Users", user()).await.expect(201);
    let shown = api.get("/identities?name=ann").await.expect(200).body["items"][0].clone();
    let said = |name: &str| shown["attributes"][name]["value"].clone();
    assert_eq!((said("name"), said("email")), (json!("Ann Bee"), json!("ann@acme.example")));
    assert_eq!(said("attributes.department"), json!("Sales"), "elsewhere this path never resolved");
    assert_eq!((&shown["status"], &shown["links"][0]["external_id"]), (&json!("active"), &json!("00u1")));
    let long = json!({ "userName": "bob", "nickName": "x".repeat(200_000) });
    directory.post("/Users", long).await.expect(413);
}

/// `status` and `validate` have what is printed of them: `configured`, `ready`, `capabilities`, `checks`.
#[tokio::test]
async fn status_and_validation_have_what_is_printed_of_them() {
    let (_app, api) = configured().await;
    api.post("/sources/hr/tokens", json!({})).await.expect(201);
    let status = api.get("/sources/hr/status").await.expect(200).body;
    assert_eq!((&status["configured"], &status["ready"]), (&json!(true), &json!(true)));
    let validation = api.get("/sources/hr/validate").await.expect(200).body;
    assert_eq!((&validation["checks"], &validation["ok"]), (&status["checks"], &json!(true)));
    let can = &status["capabilities"];
    assert_eq!(&validation["capabilities"], can);
    for name in ["users", "groups", "patch", "put"] {
        assert_eq!(can[name], true, "{name}");
    }
    let filters: Vec<&str> =
        can["filters"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    for operator in ["eq", "co", "sw", "ew", "pr"] {
        assert!(filters.contains(&operator), "{operator}: {filters:?}");
    }
}

/// Printed: idempotent provisioning by `externalId`. Whoever is deleted and sent again under it is who they were.
#[tokio::test]
async fn a_person_sent_again_under_the_external_id_is_the_same() {
    let (app, api) = configured().await;
    let token = api.post("/sources/hr/tokens", json!({})).await.expect(201).body["token"].clone();
    let directory = app.client("hr", token.as_str().unwrap());
    let first = directory.post("/Users", user()).await.expect(201).id();
    let before = api.get("/identities").await.expect(200).body["items"][0]["id"].clone();
    directory.post("/Users", user()).await.expect(409);
    directory.delete(&format!("/Users/{first}")).await.expect(204);
    directory.post("/Users", user()).await.expect(201);
    let people = api.get("/identities").await.expect(200).body["items"].clone();
    assert_eq!((people.as_array().unwrap().len(), &people[0]["id"]), (1, &before));
}
