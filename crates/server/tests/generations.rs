//! Settings that change while a request is under way: it is done by those that hold when it is written.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is not as it should be"
)]

use std::sync::Arc;

use rollcall_domain::source::{Source, SourceSettings, SourceStatus};
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_scim::error::ScimError;
use rollcall_scim::schema::{ResourceType, Schema};
use rollcall_service::{Body, Caller, Notes, Precondition, Presented, Protocol, Representation, Shape};
use rollcall_store::people::IdentityQuery;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const BADGE: &str = "urn:example:params:scim:schemas:Badge";

fn policy(role: &str) -> Value {
    json!({ "provisioning": { "jit": { "defaultRoleIds": [role] } } })
}

async fn world() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let settings =
        SourceSettings { requests_per_second: 0, policy: Some(policy("old")), ..SourceSettings::default() };
    let client = app.source_with("a", "generic", settings).await;
    (app, client)
}

/// A caller that was let in, with this body, under the settings that hold now.
async fn let_in(app: &TestApp, client: &Client, body: &Value) -> Caller {
    let notes = Arc::new(Notes::new("request".to_owned()));
    notes.sent(&body.to_string().into());
    let token = client.authorization().unwrap().strip_prefix("Bearer ").unwrap();
    let base_url = "http://scim.example.com/scim/a/v2";
    let protocol = Protocol::Two;
    let presented = Presented { token: Some(token), source: "a", base_url, protocol, notes: &notes };
    app.service.authenticate(presented).await.unwrap()
}

async fn set(app: &TestApp, change: impl FnOnce(&mut Source)) {
    app.change("a", change).await.unwrap();
}

async fn roles(app: &TestApp) -> Vec<String> {
    let tenant = app.store.tenant(DEFAULT_TENANT).await.unwrap().unwrap().key;
    let query = IdentityQuery { limit: 10, ..IdentityQuery::default() };
    let all = app.store.identities(tenant, &query).await.unwrap();
    all.iter().flat_map(|stored| stored.identity.roles()).map(str::to_owned).collect()
}

fn id(shown: Result<Representation, ScimError>) -> String {
    let Ok(Representation { body: Body::Whole(text), .. }) = shown else { panic!("no resource") };
    serde_json::from_slice::<Value>(&text).unwrap()["id"].as_str().unwrap().to_owned()
}

/// Requests that were let in before a policy changed decide by the new one, each kind of them.
#[tokio::test]
async fn a_push_begun_under_an_old_policy_decides_by_the_new_one() {
    let shape = Shape::default();
    for kind in ["POST", "PUT", "PATCH", "Bulk"] {
        let (app, client) = world().await;
        let user = json!({ "userName": "ann" });
        let place = if kind == "PUT" || kind == "PATCH" { client.user("ann").await } else { String::new() };
        let title = json!([{ "op": "add", "path": "title", "value": "Dr" }]);
        let body = match kind {
            "PATCH" => json!({ "Operations": title }),
            "Bulk" => {
                json!({ "Operations": [{ "method": "POST", "path": "/Users", "bulkId": "u", "data": user }] })
            }
            "PUT" => json!({ "userName": "ann", "title": "Dr" }),
            _ => user,
        };
        let caller = let_in(&app, &client, &body).await;
        set(&app, |source| source.settings.policy = Some(policy("new"))).await;
        let (service, at, none) = (&app.service, ("Users", place.as_str()), Precondition::None);
        match kind {
            "POST" => drop(service.create(&caller, "Users", body, &shape).await.unwrap()),
            "PUT" => drop(service.replace(&caller, at, body, &shape, &none).await.unwrap()),
            "PATCH" => drop(service.patch(&caller, at, body, &shape, &none).await.unwrap()),
            _ => {
                let answer = service.bulk(&caller, body).await.unwrap().0;
                assert_eq!(answer["Operations"][0]["status"], "201", "{answer}");
            }
        }
        // Before the recomputation has come to anyone.
        assert_eq!(roles(&app).await, ["new"], "{kind}");
    }
}

#[tokio::test]
async fn a_tenant_s_policy_counts_for_requests_under_way_too() {
    let (app, client) = world().await;
    set(&app, |source| source.settings.policy = Some(json!({}))).await;
    let body = json!({ "userName": "ann" });
    let caller = let_in(&app, &client, &body).await;
    let admin = app.admin(DEFAULT_TENANT).await;
    app.service.set_tenant_policy(&admin, Some(&policy("tenant"))).await.unwrap();
    app.service.create(&caller, "Users", body, &Shape::default()).await.unwrap();
    assert_eq!(roles(&app).await, ["tenant"]);
}

/// Index rows are those of the schemas that hold: what is new is found by a new attribute, and its values are unique.
#[tokio::test]
async fn a_request_begun_under_old_schemas_is_indexed_by_the_new_ones() {
    let (app, client) = world().await;
    let user = |name: &str| json!({ "userName": name, BADGE: { "number": "7" } });
    let caller = let_in(&app, &client, &user("ann")).await;
    let late = let_in(&app, &client, &user("bob")).await;
    let schema: Schema = serde_json::from_value(json!({ "id": BADGE, "name": "Badge", "description": "",
        "attributes": [{ "name": "number", "type": "string", "uniqueness": "server" }] }))
    .unwrap();
    let kind: ResourceType =
        serde_json::from_value(json!({ "id": "User", "name": "User", "endpoint": "/Users",
        "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
        "schemaExtensions": [{ "schema": BADGE, "required": false }] }))
        .unwrap();
    let (admin, record) = (app.admin(DEFAULT_TENANT).await, app.record("a").await);
    app.service.add_schemas(&admin, &record, vec![schema], vec![kind]).await.unwrap();
    let shape = Shape::default();
    let made = id(app.service.create(&caller, "Users", user("ann"), &shape).await);
    let found = client.get(&format!(r#"/Users?filter={BADGE}:number eq "7""#)).await.expect(200);
    assert_eq!(found.column("id"), [made]);
    let second = app.service.create(&late, "Users", user("bob"), &shape).await.err().unwrap();
    assert_eq!((second.status(), second.attribute), (409, Some(format!("{BADGE}:number"))));
}

#[tokio::test]
async fn a_request_begun_before_a_pause_is_not_done_after_it() {
    let (app, client) = world().await;
    let body = json!({ "userName": "ann" });
    let caller = let_in(&app, &client, &body).await;
    set(&app, |source| source.status = SourceStatus::Paused).await;
    let refused = app.service.create(&caller, "Users", body.clone(), &Shape::default()).await.err().unwrap();
    assert_eq!(refused.status(), 503);
    set(&app, |source| source.status = SourceStatus::Active).await;
    assert_eq!(client.get("/Users").await.expect(200).body["totalResults"], 0);
    app.service.create(&caller, "Users", body, &Shape::default()).await.unwrap();
}
