//! Mapping, policy and people by the admin API.

use rollcall_domain::identity::Status;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

use super::world::{ann, identities, source, tenant, told};

/// A client of the admin API that may do everything about people.
pub(crate) async fn api(app: &TestApp) -> Client {
    use rollcall_domain::api::ApiScope;
    app.api(None, &ApiScope::all().collect::<Vec<_>>()).await
}

#[tokio::test]
async fn mapping_and_policy_are_set_by_the_api_and_what_cannot_be_is_told_at_once() {
    let app = TestApp::start().await;
    app.source("okta", "okta").await;
    let api = api(&app).await;
    for (path, body, told) in [
        (
            "/sources/okta/policy",
            json!({ "provisioning": { "jit": { "mode": "maybe" } } }),
            "provisioning.jit.mode takes",
        ),
        ("/sources/okta/policy", json!({ "provision": {} }), "provision is not a key of a policy"),
        ("/policy", json!([]), "a policy is an object"),
        (
            "/sources/okta/mapping",
            json!({ "profile": { "mapping": { "mail": "emails" } } }),
            "mapping.mail is not a key",
        ),
        ("/sources/okta/mapping", json!({ "profile": { "mapping": { "name": "emails[" } } }), "mapping.name"),
        (
            "/sources/okta/mapping",
            json!({ "expressions": { "users": [{ "name": "a", "expression": "return {}" }] } }),
            "evaluates no expressions",
        ),
    ] {
        let reply = api.put(path, body).await.expect(400);
        assert!(reply.body["detail"].as_str().unwrap().contains(told), "{}", reply.body);
    }
    let mapping =
        json!({ "profile": { "mapping": { "name": "nickName" }, "extraFields": { "team": "title" } } });
    api.put("/sources/okta/mapping", mapping.clone()).await.expect(200);
    let kept = api.get("/sources/okta/mapping").await.expect(200);
    assert_eq!(kept.body["mapping"]["profile"], mapping["profile"]);
    assert!(app.record("okta").await.settings.has_identities());
    api.delete("/sources/okta/mapping").await.expect(204);
    assert!(!app.record("okta").await.settings.has_identities());
}

#[tokio::test]
async fn another_policy_is_shown_before_it_is_set_and_then_holds_for_everyone() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({})).await;
    let api = api(&app).await;
    for number in 0..250 {
        let body = json!({ "userName": format!("u{number}"), "roles": [{ "value": "Lead" }] });
        okta.post("/Users", body).await.expect(201);
    }
    let policy = json!({ "provisioning": { "roles": { "mode": "map", "mapping": { "Lead": ["lead"] } } } });
    let preview = api.post("/sources/okta/preview", json!({ "policy": policy })).await.expect(200).body;
    assert_eq!((preview["seen"].clone(), preview["next"].clone()), (json!(250), Value::Null));
    assert_eq!(preview["changes"].as_array().unwrap().len(), 250);
    assert_eq!(preview["changes"][7]["gained"], json!(["lead"]));
    assert_eq!(identities(&app).await.iter().filter(|one| !one.grants.is_empty()).count(), 0, "a preview");
    api.put("/sources/okta/policy", policy).await.expect(200);
    let part = app.service.recompute().await.unwrap();
    assert!(part, "there is more to do after the first part");
    let first = api.get("/sources/okta/recomputation").await.expect(200).body;
    let in_part = if app.store.is_shared() { 20 } else { 100 };
    assert_eq!(first["recomputation"]["seen"], json!(in_part));
    // Someone is pushed meanwhile, by the policy that holds now.
    let late = okta.post("/Users", json!({ "userName": "late", "roles": [{ "value": "Lead" }] })).await;
    late.expect(201);
    while app.service.recompute().await.unwrap() {}
    let done = api.get("/sources/okta/recomputation").await.expect(200).body["recomputation"].clone();
    assert_eq!((done["seen"].clone(), done["changed"].clone()), (json!(251), json!(250)));
    assert!(done["finished"].is_string());
    assert!(identities(&app).await.iter().all(|one| one.roles().contains("lead")));
    assert!(!app.service.recompute().await.unwrap());
}

#[tokio::test]
async fn what_was_there_before_a_policy_is_decided_about_when_it_is_set() {
    let app = TestApp::start().await;
    let okta = app.source("okta", "okta").await;
    let user = okta.post("/Users", ann()).await.expect(201).id();
    let group = json!({ "displayName": "A", "externalId": "g1", "members": [{ "value": user }] });
    okta.post("/Groups", group).await.expect(201);
    let api = api(&app).await;
    let policy = json!({ "provisioning": { "groups": { "mode": "sync", "mapping": { "g1": ["admin"] } } } });
    api.put("/sources/okta/policy", policy).await.expect(200);
    while app.service.recompute().await.unwrap() {}
    assert_eq!(told(&identities(&app).await[0]), "active [admin] Ann Bee <ann@acme.example>");
}

#[tokio::test]
async fn a_mass_of_leavers_waits_for_approval_by_the_api() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({ "provisioning": { "breaker": { "count": 2 } } })).await;
    let api = api(&app).await;
    let mut users = Vec::new();
    for number in 0..6 {
        users.push(okta.post("/Users", json!({ "userName": format!("u{number}") })).await.expect(201).id());
    }
    for user in &users {
        okta.delete(&format!("/Users/{user}")).await.expect(204);
    }
    let active = async || identities(&app).await.iter().filter(|one| one.status == Status::Active).count();
    let state = api.get("/sources/okta/breaker").await.expect(200).body;
    assert_eq!((state["held"].clone(), state["active"].clone(), active().await), (json!(4), json!(4), 4));
    let held = api.get("/sources/okta/breaker/held?limit=3").await.expect(200).body;
    assert_eq!(
        (held["items"].as_array().unwrap().len(), held["items"][0]["removed"].clone()),
        (3, json!(true))
    );
    assert!(held["next_cursor"].is_string());
    let done = api.send("POST", "/sources/okta/breaker/approve", None).await.expect(200).body;
    assert_eq!((done, active().await), (json!({ "done": 4 }), 0));
}

#[tokio::test]
async fn who_waits_is_answered_by_the_api() {
    let app = TestApp::start().await;
    source(&app, "okta", "okta", json!({})).await.post("/Users", ann()).await.expect(201);
    let entra = source(&app, "entra", "entra", json!({})).await;
    let waiting = entra.post("/Users", ann()).await.expect(201).id();
    let api = api(&app).await;
    let queue = api.get("/sources/entra/matches").await.expect(200).body;
    assert_eq!(queue["items"][0]["resource"], json!(waiting));
    let who = queue["items"][0]["candidates"][0].clone();
    let path = format!("/sources/entra/matches/{waiting}");
    for (body, status) in [
        (json!({ "answer": "perhaps" }), 400),
        (json!({ "answer": "this" }), 400),
        (json!({ "answer": "this", "identity": "00000000-0000-7000-8000-000000000000" }), 404),
        (json!({ "answer": "this", "identity": who }), 200),
        (json!({ "answer": "new" }), 404),
    ] {
        api.post(&path, body).await.expect(status);
    }
    assert_eq!(identities(&app).await[0].links.len(), 2);
}

#[tokio::test]
async fn the_application_has_its_own_say_about_an_identity() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({})).await;
    let user = okta.post("/Users", ann()).await.expect(201).id();
    let api = api(&app).await;
    let found = api.get("/identities?name=ANN@acme.example").await.expect(200).body;
    let path = format!("/identities/{}", found["items"][0]["id"].as_str().unwrap());
    for (body, status) in [
        (json!({ "status": "gone" }), 400),
        (json!({ "attributes": { "colour": "red" } }), 400),
        (json!({ "attributes": { "phone": 7 } }), 400),
        (json!({ "status": "disabled", "roles": ["auditor"], "attributes": { "phone": "1" } }), 200),
    ] {
        api.send("PATCH", &path, Some(body)).await.expect(status);
    }
    // A push neither brings the person back nor takes what the application gave.
    okta.put(&format!("/Users/{user}"), ann()).await.expect(200);
    assert_eq!(told(&identities(&app).await[0]), "disabled [auditor] Ann Bee <ann@acme.example>");
    let shown = api.get(&path).await.expect(200).body;
    assert_eq!(shown["attributes"]["phone"]["origin"], json!("app"));
    assert_eq!(api.get("/identities?status=active").await.expect(200).body["items"], json!([]));
}

#[tokio::test]
async fn a_sample_is_tried_over_what_is_stored_and_touches_nothing() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", json!({})).await;
    let user = okta.post("/Users", ann()).await.expect(201).id();
    let before = app.store.changes(tenant(&app).await, 0, 100).await.unwrap();
    let mut sample = ann();
    sample["displayName"] = json!("Ann C");
    let api = api(&app).await;
    let tried = api.post("/sources/okta/mapping/test", json!({ "payload": sample })).await.expect(200).body;
    assert_eq!(tried["decision"]["outcome"], json!("updated"));
    let steps = tried["trace"].as_array().unwrap();
    let change = steps.iter().find_map(|step| step.get("change")).unwrap();
    assert_eq!(change["difference"]["name"], json!({ "before": "Ann Bee", "after": "Ann C" }));
    assert_eq!(app.store.changes(tenant(&app).await, 0, 100).await.unwrap(), before);
    let refused = api.post("/sources/okta/mapping/test", json!({ "payload": { "id": user } })).await;
    refused.expect(400);
}
