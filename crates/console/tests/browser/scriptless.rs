//! Everything is done without a script, but what only a script can do: copying, and following what happens.

use rollcall_domain::account::Role;
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{PASSWORD, Visitor};
use serde_json::json;

use crate::sample::{fill, user};
use crate::signed_in;

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_connected_without_a_script() {
    let app = TestApp::start().await;
    let browser = signed_in(&app, &Visitor::owner(&app).await).await;
    browser.scripting(false).await;
    browser.open("/console/sources/new").await;
    browser.clicks("radio", "Okta").await;
    browser.types("Name", "Okta").await;
    browser.clicks("button", "Make the source").await;
    browser.reads("Waiting for Okta").await;
    assert!(!browser.has("button", "Copy: Token").await, "a button that does nothing is shown");
    let token = browser.holds("textbox", "Token").await;
    app.client("okta", &token).post("/Users", json!({ "userName": "ann" })).await.expect(201);
    browser.clicks("link", "Look again").await;
    browser.reads("Okta was answered 201 to POST").await;
    browser.clicks("link", "Users").await;
    browser.reads("ann").await;
    browser.clicks("button", "Sign out").await;
    browser.reads("You have signed out.").await;
    browser.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_is_tried_and_saved_and_the_breaker_answered_without_a_script() {
    let app = TestApp::start().await;
    fill(&app).await;
    let operator = Visitor::with_role(&app, Role::Operator).await;
    let browser = signed_in(&app, &operator).await;
    browser.scripting(false).await;
    browser.open("/console/mapping/okta").await;
    browser.types("Sample", &user("zoe").to_string()).await;
    let mapping = json!({ "profile": { "mapping": { "name": "userName" } } }).to_string();
    browser.types("Mapping", &mapping).await;
    browser.clicks("button", "Try").await;
    browser.reads("zoe@example.com").await;
    browser.reads("Would come to: created").await;
    browser.clicks("button", "Save and decide anew").await;
    browser.reads("The mapping is saved.").await;
    browser.open("/console/approvals/okta").await;
    browser.types("Write the name of the source to approve (optional)", "okta").await;
    browser.clicks("button", "Approve: they lose access").await;
    browser.reads("Nobody is held.").await;
    browser.open("/console/account").await;
    browser.types("Present password", PASSWORD).await;
    browser.types("New password", "another horse battery").await;
    browser.clicks("button", "Change password").await;
    browser.reads("Your password is changed.").await;
    browser.is_clean().await;
}
