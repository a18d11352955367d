//! What is true of every page, in light and dark, on a desk and on a phone.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rollcall_console::{Needs, console_routes};
use rollcall_testkit::TestApp;
use rollcall_testkit::browser::{Browser, Scheme, Screen};
use rollcall_testkit::console::Visitor;

use crate::sample::fill;
use crate::signed_in;

/// Bytes of a page and all that it needs, the first time.
const MOST_BYTES: f64 = 100.0 * 1024.0;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_light_small_and_asks_nobody_else() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let owner = Visitor::owner(&app).await;
    let browser = signed_in(&app, &owner).await;
    let mut complaints = String::new();
    let pages =
        console_routes().filter(|route| route.method == "GET" && matches!(route.needs, Needs::Role(_)));
    for route in pages {
        let path = format!("/console{}", sample.path(route.path));
        browser.screen(Screen::Desktop).await;
        browser.open(&path).await;
        let bytes = browser.evaluate(
            "return performance.getEntries().reduce((sum, one) => sum + (one.encodedBodySize || 0), 0)",
        );
        let bytes = bytes.await.as_f64().expect("a number");
        assert!(bytes > 0.0 && bytes <= MOST_BYTES, "{path} is {bytes} bytes");
        for complaint in browser.complaints().await.lines() {
            let _ = writeln!(complaints, "{path}: {complaint}");
        }
        browser.screen(Screen::Phone).await;
        let wide = browser.evaluate("return document.documentElement.scrollWidth").await;
        if wide.as_f64().unwrap_or_default() > 390.0 {
            let _ = writeln!(complaints, "{path} is {wide} wide on a phone");
        }
        pictures(&browser, &path).await;
    }
    assert!(complaints.is_empty(), "{complaints}");
    browser.is_clean().await;
}

/// Pictures of what is shown, into the folder that `ROLLCALL_SCREENSHOTS` names: see `scripts/screenshots`.
async fn pictures(browser: &Browser, path: &str) {
    let Some(folder) = std::env::var_os("ROLLCALL_SCREENSHOTS") else { return };
    // From the root of the workspace, wherever the test runs.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let folder = root.join(folder);
    fs::create_dir_all(&folder).expect("a folder");
    let name = path.trim_start_matches("/console").trim_matches('/').replace(['/', '?', '&', '='], "-");
    // Ids are others each time; a name is to stay.
    let name: Vec<&str> =
        name.split('-').filter(|part| part.len() < 12 && !part.starts_with("019")).collect();
    let name = if name.concat().is_empty() { "overview".to_owned() } else { name.join("-") };
    for (screen, on) in [(Screen::Desktop, "desk"), (Screen::Phone, "phone")] {
        for (scheme, colours) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
            browser.screen(screen).await;
            browser.scheme(scheme).await;
            let picture = browser.screenshot(false).await;
            fs::write(folder.join(format!("{name}.{on}.{colours}.png")), picture).expect("a picture");
        }
    }
}
