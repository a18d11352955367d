//! What a source that is deleted leaves.

use rollcall_domain::identity::{Owner, Status};
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_testkit::TestApp;
use serde_json::json;

use super::world::{ann, identities, source, told};

/// What a source granted goes with it; whom another source wants active stays so, with what that one granted.
#[tokio::test]
async fn a_deleted_source_leaves_no_links_and_no_roles() {
    let roles = |role: &str| json!({ "provisioning": { "jit": { "defaultRoleIds": [role] } } });
    let by_name = |role: &str| {
        let mut policy = roles(role);
        policy["identity"] = json!({ "match": { "by": ["userName"] } });
        policy
    };
    let app = TestApp::start().await;
    let okta = source(&app, "okta", "okta", roles("from-okta")).await;
    okta.post("/Users", ann()).await.expect(201);
    for number in 0..250 {
        okta.user(&format!("u{number}")).await;
    }
    let entra = source(&app, "entra", "entra", by_name("from-entra")).await;
    entra.post("/Users", ann()).await.expect(201);
    let find = async |name: &str| {
        let all = identities(&app).await;
        all.into_iter().find(|identity| identity.text("userName") == Some(name)).unwrap()
    };
    assert_eq!(
        told(&find("ann@acme.example").await),
        "active [from-entra, from-okta] Ann Bee <ann@acme.example>"
    );
    let gone = app.record("okta").await;
    app.service.delete_source(&app.admin(DEFAULT_TENANT).await, &gone).await.unwrap();
    let ann = find("ann@acme.example").await;
    assert_eq!(told(&ann), "active [from-entra] Ann Bee <ann@acme.example>");
    assert_eq!(ann.links.len(), 1);
    for identity in identities(&app).await.iter().filter(|identity| identity.id != ann.id) {
        assert_eq!((identity.status, identity.links.len()), (Status::Disabled, 0));
        assert!(identity.roles().is_empty());
    }
    assert!(app.store.source("okta").await.unwrap().is_none());
}

/// Who is protected or kept by policy stays as they are; what was granted is the application's then.
#[tokio::test]
async fn what_policy_keeps_of_a_deleted_source_becomes_the_application_s() {
    let kept = json!({ "deprovision": { "mode": "keep" } });
    for policy in
        [json!({ "identity": { "protected": ["ann@acme.example"] } }), json!({ "provisioning": kept })]
    {
        let app = TestApp::start().await;
        let mut policy = policy;
        policy["provisioning"]["jit"] = json!({ "defaultRoleIds": ["member"] });
        let okta = source(&app, "okta", "okta", policy.clone()).await;
        okta.post("/Users", ann()).await.expect(201);
        let gone = app.record("okta").await;
        app.service.delete_source(&app.admin(DEFAULT_TENANT).await, &gone).await.unwrap();
        let identity = identities(&app).await.remove(0);
        assert_eq!(told(&identity), "active [member] Ann Bee <ann@acme.example>", "{policy}");
        assert_eq!(identity.links.len(), 0);
        assert!(identity.grants.iter().all(|grant| grant.owner == Owner::App), "{policy}");
    }
}
