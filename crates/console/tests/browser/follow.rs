//! What comes is shown without a reload.

use rollcall_testkit::TestApp;
use rollcall_testkit::console::Visitor;
use serde_json::json;

use crate::sample::{source, user};
use crate::signed_in;

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_user_and_its_request_appear_without_a_reload() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", None).await;
    let browser = signed_in(&app, &Visitor::owner(&app).await).await;
    for (path, before, after) in [
        ("/console/users", "No user has been pushed yet", "ann@example.com"),
        ("/console/requests", "ann", "POST /scim/okta/v2/Users"),
    ] {
        browser.open(path).await;
        if path.ends_with("users") {
            browser.sees(before).await;
        }
        // Gone by a reload.
        browser.evaluate("document.title = 'the same page'").await;
        let name = if path.ends_with("users") { "ann" } else { "bob" };
        okta.post("/Users", user(name)).await.expect(201);
        browser.sees(after).await;
        assert_eq!(browser.title().await, "the same page");
    }
    okta.post("/Users", user("bob")).await.expect(409);
    browser.sees("409").await;
    assert_eq!(browser.title().await, "the same page");
    let unknown = okta.clone().authorized(Some("Bearer nobody"));
    unknown.get("/Users").await.expect(401);
    browser.sees("401").await;
    browser.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_a_reload_shows_it() {
    let app = TestApp::start().await;
    let okta = source(&app, "okta", None).await;
    let browser = signed_in(&app, &Visitor::owner(&app).await).await;
    browser.scripting(false).await;
    browser.open("/console/users").await;
    okta.post("/Users", json!({ "userName": "ann@example.com" })).await.expect(201);
    browser.reload().await;
    let html = browser.text("main").await;
    assert!(html.contains("ann@example.com"), "{html}");
}
