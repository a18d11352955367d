//! From the set-up link to the first request of a provider; tokens, links, and what their forms say.

use rollcall_domain::account::Role;
use rollcall_service::admin::Manager;
use rollcall_testkit::TestApp;
use rollcall_testkit::browser::{Browser, Scheme, Screen};
use rollcall_testkit::console::{PASSWORD, Visitor};
use serde_json::json;

use crate::signed_in;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_leads_to_the_first_request() {
    let app = TestApp::start().await;
    let (_, token) = app.service.first_run_link(&Manager::operator()).await.expect("a link");
    let browser = Browser::start(app.router()).await;
    browser.open(&format!("/console/link/{}", token.reveal())).await;
    browser.arrives_at("/console/welcome").await;
    browser.is_accessible().await;
    browser.types("Your name", "Ann").await;
    browser.types("Your mail address", "ann@example.com").await;
    browser.types("A password", "short").await;
    browser.clicks("button", "Make my account").await;
    browser.sees("use 12 to 200 characters").await;
    browser.is_accessible().await;
    browser.types("A password", PASSWORD).await;
    browser.clicks("button", "Make my account").await;
    browser.arrives_at("/console/sources/new").await;
    browser.sees("Connect your identity provider next.").await;
    browser.is_accessible().await;
    browser.clicks("radio", "Okta").await;
    browser.types("Name", "Okta").await;
    browser.clicks("button", "Make the source").await;
    browser.arrives_at("/console/sources/okta").await;
    browser.sees("Waiting for Okta: no request has come yet.").await;
    let token = browser.holds("textbox", "Token").await;
    assert!(browser.holds("textbox", "Base URL").await.ends_with("/scim/okta/v2"));
    assert!(browser.has("button", "Copy: Token").await);
    browser.is_accessible().await;
    // Gone by a reload.
    browser.evaluate("document.title = 'the same page'").await;
    app.client("okta", &token).post("/Users", json!({ "userName": "ann" })).await.expect(201);
    browser.sees("Okta was answered 201 to POST").await;
    assert_eq!(browser.title().await, "the same page");
    browser.clicks("button", "Sign out").await;
    browser.sees("You have signed out.").await;
    browser.types("Mail address", "ann@example.com").await;
    browser.types("Password", "wrong horse battery").await;
    browser.clicks("button", "Sign in").await;
    browser.sees("Address or password are wrong.").await;
    browser.is_accessible().await;
    browser.types("Password", PASSWORD).await;
    browser.clicks("button", "Sign in").await;
    browser.sees("Ann").await;
    browser.is_clean_but_for(&[400, 401]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_rotated_and_a_source_deleted_by_its_name() {
    let app = TestApp::start().await;
    let first = app.source("okta", "okta").await;
    let operator = Visitor::with_role(&app, Role::Operator).await;
    let browser = signed_in(&app, &operator).await;
    let prefix = app.store.credentials(app.record("okta").await.key).await.expect("tokens")[0].prefix.clone();
    browser.open("/console/sources/okta/access").await;
    browser.clicks("button", &format!("Rotate the token {prefix}")).await;
    browser.sees("A new token is issued; the old one goes on for a day.").await;
    let second = app.client("okta", &browser.holds("textbox", "Token").await);
    for client in [&first, &second] {
        client.get("/Users").await.expect(200);
    }
    browser.is_accessible().await;
    browser.open("/console/sources/okta/settings").await;
    browser.types("Mapping (optional)", "{").await;
    browser.clicks("button", "Save settings").await;
    browser.sees("This is not JSON: see line 1").await;
    browser.is_accessible().await;
    browser.open("/console/sources/okta/manage").await;
    browser.types("Name in URLs", "entra").await;
    browser.clicks("button", "Delete this source").await;
    browser.sees("This is not the name; type okta.").await;
    browser.is_accessible().await;
    browser.types("Name in URLs", "okta").await;
    browser.clicks("button", "Delete this source").await;
    browser.sees("The source is deleted.").await;
    browser.is_clean_but_for(&[400]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn someone_elses_administrator_connects_by_a_link_on_a_phone_in_the_dark() {
    let app = TestApp::start().await;
    app.source("okta", "okta").await;
    let mut operator = Visitor::with_role(&app, Role::Operator).await;
    operator.get("/sources/okta/access").await.expect(200);
    let shown = operator.submit("/sources/okta/links", &[("days", "7")]).await.expect(200);
    let link = shown.value("link").expect("the link").to_owned();
    let browser = Browser::start(app.router()).await;
    browser.screen(Screen::Phone).await;
    browser.scheme(Scheme::Dark).await;
    browser.open(&format!("/console{}", link.split("/console").nth(1).expect("a path"))).await;
    browser.arrives_at("/console/connect").await;
    browser.sees("Waiting for Okta").await;
    browser.is_accessible().await;
    browser.clicks("button", "Make the token").await;
    browser.sees("The token is shown only this once.").await;
    let client = app.client("okta", &browser.holds("textbox", "Token").await);
    client.get("/Users").await.expect(200);
    browser.sees("Okta got in with its token").await;
    browser.is_accessible().await;
    let wide = browser
        .evaluate("return document.documentElement.scrollWidth > document.documentElement.clientWidth")
        .await;
    assert_eq!(wide, false, "the page is wider than the phone");
    browser.reload().await;
    browser.sees("was made and shown once").await;
    browser.is_clean().await;
}
