//! The seven defects that a reference has in what it makes of pushes: each is named, and fails its test.

use rollcall_domain::identity::Status;
use rollcall_store::people::IDENTITY;
use rollcall_testkit::{Client, TestApp};
use serde_json::json;

use super::world::{ann, identities, set, source, tenant, told};

/// A user with the role of a group and one of its own, beside another who stays.
async fn world(dialect: &str) -> (TestApp, Client, String, String) {
    let app = TestApp::start().await;
    let policy = json!({ "provisioning": {
        "jit": { "defaultRoleIds": ["member"] },
        "groups": { "mode": "sync", "mapping": { "g1": ["admin"] } },
        "roles": { "mode": "map", "mapping": { "Lead": ["lead"] } },
    } });
    let client = source(&app, "source", dialect, policy).await;
    let user = client.post("/Users", ann()).await.expect(201).id();
    let group = json!({ "displayName": "Admins", "externalId": "g1", "members": [{ "value": user }] });
    let group = client.post("/Groups", group).await.expect(201).id();
    (app, client, user, group)
}

const ALL_ROLES: &str = "active [admin, lead, member] Ann Bee <ann@acme.example>";

/// Defect 1: `active: "False"` was ignored, with 200 and `active: true`.
#[tokio::test]
async fn false_as_text_deactivates() {
    let (app, entra, user, _) = world("entra").await;
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let reply = entra.patch(&format!("/Users/{user}"), off).await.expect(200);
    assert_eq!(reply.body["active"], json!(false));
    assert_eq!(told(&identities(&app).await[0]), "disabled [] Ann Bee <ann@acme.example>");
}

/// Defect 2: any PATCH that does not touch `active` reactivated a member.
#[tokio::test]
async fn a_patch_of_something_else_reactivates_nobody() {
    let (app, okta, user, _) = world("okta").await;
    okta.patch(&format!("/Users/{user}"), set("active", &json!(false))).await.expect(200);
    okta.patch(&format!("/Users/{user}"), set("title", &json!("Lead"))).await.expect(200);
    assert_eq!(identities(&app).await[0].status, Status::Disabled);
}

/// Defect 3: a PATCH computed the roles anew from its own body, and left the default ones.
#[tokio::test]
async fn a_patch_of_something_else_keeps_the_roles() {
    let (app, okta, user, _) = world("okta").await;
    assert_eq!(told(&identities(&app).await[0]), ALL_ROLES);
    okta.patch(&format!("/Users/{user}"), set("title", &json!("Lead"))).await.expect(200);
    okta.patch(&format!("/Users/{user}"), set("displayName", &json!("Ann Bee"))).await.expect(200);
    assert_eq!(told(&identities(&app).await[0]), ALL_ROLES);
}

/// Defect 4: the answer to a PATCH had no `externalId`.
#[tokio::test]
async fn a_patch_answers_with_the_external_id() {
    let (app, okta, user, _) = world("okta").await;
    let reply = okta.patch(&format!("/Users/{user}"), set("title", &json!("Lead"))).await.expect(200);
    assert_eq!(reply.body["externalId"], json!("00u1"));
    assert_eq!(identities(&app).await[0].links[0].external_id.as_deref(), Some("00u1"));
}

/// Defect 5: members of a PATCH without a path were passed over, with 200.
#[tokio::test]
async fn a_patch_without_a_path_changes_the_members() {
    let (app, okta, user, group) = world("okta").await;
    let none = json!([{ "op": "replace", "value": { "members": [] } }]);
    let status = okta.patch(&format!("/Groups/{group}"), none).await.status;
    assert!(status == 200 || status == 204, "{status}");
    assert_eq!(told(&identities(&app).await[0]), "active [lead, member] Ann Bee <ann@acme.example>");
    let one = json!([{ "op": "add", "value": { "members": [{ "value": user }] } }]);
    okta.patch(&format!("/Groups/{group}"), one).await;
    assert_eq!(told(&identities(&app).await[0]), ALL_ROLES);
}

/// Defect 6: `remove` of `members` with an array of values was 400.
#[tokio::test]
async fn members_are_removed_by_an_array_of_values() {
    let (app, entra, user, group) = world("entra").await;
    let remove = json!([{ "op": "Remove", "path": "members", "value": [{ "value": user }] }]);
    let status = entra.patch(&format!("/Groups/{group}"), remove).await.status;
    assert!(status == 200 || status == 204, "{status}");
    assert_eq!(told(&identities(&app).await[0]), "active [lead, member] Ann Bee <ann@acme.example>");
}

/// Defect 7: every list made an event.
#[tokio::test]
async fn a_read_makes_no_event() {
    let (app, okta, user, group) = world("okta").await;
    let changes = async || app.store.changes(tenant(&app).await, 0, 1_000).await.unwrap();
    let before = changes().await;
    assert!(before.iter().any(|change| change.resource_type == IDENTITY));
    for path in ["/Users", "/Groups", &format!("/Users/{user}"), &format!("/Groups/{group}"), "/Schemas"] {
        okta.get(path).await.expect(200);
    }
    assert_eq!(changes().await, before);
}
