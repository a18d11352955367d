//! Accounts: inviting, roles, and who may decide about whom.

use rollcall_domain::account::Role;
use rollcall_service::admin::Manager;
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{PASSWORD, Visitor};

#[tokio::test]
async fn someone_is_invited_by_a_link_that_is_shown_once() {
    let app = TestApp::start().await;
    let mut owner = Visitor::owner(&app).await;
    owner.get("/accounts").await.expect(200);
    let wrong = owner.post("/accounts", &[("name", "Bob"), ("email", "bob"), ("role", "viewer")]).await;
    assert!(wrong.expect(400).says("write a mail address"));
    let bob = [("name", "Bob"), ("email", "Bob@Example.com"), ("role", "operator")];
    let shown = owner.submit("/accounts", &bob).await.expect(200);
    let link = shown.value("link").expect("the link").to_owned();
    assert!(!owner.get("/accounts").await.says("/console/link/"), "the link is shown again");
    assert!(owner.post("/accounts", &bob).await.expect(400).says("has a role here already"));
    let mut bob = Visitor::new(&app);
    bob.get(link.split("/console").nth(1).unwrap()).await.expect(303);
    assert!(bob.get("/password").await.expect(200).says("bob@example.com"));
    bob.post("/password", &[("password", PASSWORD)]).await.expect(303);
    assert!(bob.get("/account").await.expect(200).says("Operator"));
    bob.get("/accounts").await.expect(403);
}

#[tokio::test]
async fn an_owner_of_one_tenant_decides_about_that_one_only() {
    let app = TestApp::start().await;
    app.service.create_tenant(&Manager::operator(), "acme").await.unwrap();
    let everywhere = Visitor::owner(&app).await.signed(&app).await.account.id;
    let mut owner = Visitor::with_role(&app, Role::Owner).await;
    owner.get("/accounts").await.expect(200);
    for (path, fields) in [
        ("state", [("state", "disabled")]),
        ("sessions", [("", "")]),
        ("password", [("", "")]),
        ("role", [("role", "viewer")]),
    ] {
        owner.post(&format!("/accounts/{everywhere}/{path}"), &fields).await.expect(403);
    }
    let own = owner.signed(&app).await.account.id;
    owner.post(&format!("/accounts/{own}/role"), &[("role", "viewer")]).await.expect(403);
    let all = [("name", "Eve"), ("email", "eve@example.com"), ("role", "owner"), ("everywhere", "on")];
    owner.post("/accounts", &all).await.expect(403);
    owner.post("/tenant", &[("tenant", "acme")]).await.expect(404);
}

#[tokio::test]
async fn a_role_is_changed_and_taken_away_at_once() {
    let app = TestApp::start().await;
    let mut owner = Visitor::owner(&app).await;
    let mut someone = Visitor::with_role(&app, Role::Viewer).await;
    let id = someone.signed(&app).await.account.id;
    someone.get("/sources/new").await.expect(403);
    owner.get("/accounts").await.expect(200);
    owner.submit(&format!("/accounts/{id}/role"), &[("role", "operator")]).await.expect(200);
    someone.get("/sources/new").await.expect(200);
    owner.submit(&format!("/accounts/{id}/role"), &[("role", "")]).await.expect(200);
    assert_eq!(someone.get("/sources").await.status, 303);
}
