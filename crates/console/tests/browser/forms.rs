//! What is typed and clicked.

use rollcall_testkit::TestApp;
use rollcall_testkit::console::Visitor;
use serde_json::json;

use crate::sample::{fill, user};
use crate::signed_in;

#[tokio::test(flavor = "multi_thread")]
async fn the_mapping_editor_shows_what_comes_of_what_is_typed() {
    let app = TestApp::start().await;
    fill(&app).await;
    let browser = signed_in(&app, &Visitor::owner(&app).await).await;
    browser.open("/console/mapping/okta").await;
    browser.sees("The same profile.").await;
    browser.types("Sample", &user("zoe").to_string()).await;
    browser.sees("zoe@example.com").await;
    let mapping = json!({ "profile": { "mapping": { "name": "userName" } } }).to_string();
    browser.types("Mapping", &mapping).await;
    browser.sees("Would come to: created").await;
    browser.misses("The same profile.").await;
    browser.types("Mapping", "{ \"profile\": ").await;
    browser.sees("Mapping: line 1, column").await;
    browser.is_accessible().await;
    browser.types("Mapping", &mapping).await;
    browser.sees("Would come to: created").await;
    browser.clicks("button", "Save and decide anew").await;
    browser.sees("The mapping is saved.").await;
    // What cannot be is answered with 400, on purpose.
    browser.is_clean_but_for(&[400]).await;
    assert_eq!(app.record("okta").await.settings.mapping.unwrap().profile.mapping["name"], "userName");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_breaker_shows_who_would_lose_access_and_does_what_is_said() {
    let app = TestApp::start().await;
    fill(&app).await;
    let browser = signed_in(&app, &Visitor::owner(&app).await).await;
    browser.open("/console").await;
    browser.clicks("link", "okta: 2 people would lose access, and wait for approval").await;
    browser.sees("2 of 3 active people would lose access.").await;
    browser.sees("cem").await;
    browser.types("Write the name of the source to approve (optional)", "otka").await;
    browser.clicks("button", "Approve: they lose access").await;
    browser.sees("Write okta to approve.").await;
    browser.is_accessible().await;
    browser.types("Write the name of the source to approve (optional)", "okta").await;
    browser.clicks("button", "Approve: they lose access").await;
    browser.sees("Nobody is held.").await;
    browser.is_clean_but_for(&[400]).await;
}
