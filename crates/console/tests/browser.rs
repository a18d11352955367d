//! The console in a real browser. `scripts/test` installs it.

#![allow(clippy::expect_used, reason = "a helper for tests may stop a test")]

#[path = "browser/errors.rs"]
mod errors;
#[path = "browser/follow.rs"]
mod follow;
#[path = "browser/forms.rs"]
mod forms;
#[path = "browser/journey.rs"]
mod journey;
#[path = "browser/openid.rs"]
mod openid;
#[path = "console/openid_world.rs"]
#[expect(dead_code, reason = "a browser goes there and back by itself")]
mod openid_world;
#[path = "browser/pages.rs"]
mod pages;
#[path = "browser/planted.rs"]
mod planted;
#[path = "console/sample.rs"]
mod sample;
#[path = "browser/scriptless.rs"]
mod scriptless;

use rollcall_testkit::TestApp;
use rollcall_testkit::browser::Browser;
use rollcall_testkit::console::Visitor;

/// A browser in which someone is signed in.
pub(crate) async fn signed_in(app: &TestApp, visitor: &Visitor) -> Browser {
    let browser = Browser::start(app.router()).await;
    let name = "rollcall";
    browser.has_cookie(name, visitor.cookie(name).expect("a session")).await;
    browser
}
