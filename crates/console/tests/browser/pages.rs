//! What is true of every page, in light and dark, on a desk and on a phone.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rollcall_console::{Needs, console_routes};
use rollcall_domain::account::Role;
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_service::admin::Manager;
use rollcall_testkit::TestApp;
use rollcall_testkit::browser::{Browser, Scheme, Screen};
use rollcall_testkit::console::Visitor;

use crate::sample::fill;
use crate::signed_in;

/// Bytes of a page and all that it needs, the first time.
const MOST_BYTES: f64 = 100.0 * 1024.0;

/// Pages of the table that are looked at, and what is said against them.
#[derive(Default)]
struct Walk {
    complaints: String,
    pages: usize,
}

impl Walk {
    /// Opens a page and looks at it; `name` is what its pictures are called.
    async fn looks_at(&mut self, browser: &Browser, path: &str, name: &str) {
        browser.screen(Screen::Desktop).await;
        browser.open(path).await;
        let bytes = browser.evaluate(
            "return performance.getEntries().reduce((sum, one) => sum + (one.encodedBodySize || 0), 0)",
        );
        let bytes = bytes.await.as_f64().expect("a number");
        assert!(bytes > 0.0 && bytes <= MOST_BYTES, "{path} is {bytes} bytes");
        for complaint in browser.complaints().await.lines() {
            let _ = writeln!(self.complaints, "{path}: {complaint}");
        }
        browser.screen(Screen::Phone).await;
        if let Err(wide) = fits_a_phone(browser).await {
            let _ = writeln!(self.complaints, "{path} is {wide} wide on a phone");
        }
        pictures(browser, name).await;
        self.pages += 1;
    }

    fn ends(self, pages: usize) {
        assert!(self.complaints.is_empty(), "{}", self.complaints);
        assert_eq!(self.pages, pages, "pages were looked at");
    }
}

/// Whether the page gets as narrow as a phone, or how wide it stays. A page is laid out some time after the screen has
/// changed.
async fn fits_a_phone(browser: &Browser) -> Result<(), f64> {
    let mut wide = 0.0;
    for _ in 0..50 {
        let now = browser.evaluate("return document.documentElement.scrollWidth").await;
        wide = now.as_f64().expect("a number");
        if wide <= 390.0 {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(wide)
}

/// Every page of the table: whoever adds one has it looked at, or is told what is missing here.
fn pages(needs: impl Fn(Needs) -> bool) -> Vec<&'static str> {
    let routes = console_routes().filter(|route| route.method == "GET" && needs(route.needs));
    routes.map(|route| route.path).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_light_small_and_asks_nobody_else() {
    let app = TestApp::start().await;
    let sample = fill(&app).await;
    let owner = Visitor::owner(&app).await;
    let browser = signed_in(&app, &owner).await;
    let (mut walk, pages) = (Walk::default(), pages(|needs| matches!(needs, Needs::Role(_))));
    for pattern in &pages {
        let path = format!("/console{}", sample.path(pattern));
        walk.looks_at(&browser, &path, &path).await;
    }
    walk.ends(pages.len());
    browser.is_clean().await;
}

/// The same of pages without anything to show, and of what is not there.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_new_tenant_are_so_too() {
    let app = TestApp::start().await;
    let owner = Visitor::owner(&app).await;
    let browser = signed_in(&app, &owner).await;
    let mut pages = pages(|needs| matches!(needs, Needs::Role(_)));
    pages.retain(|path| !path.contains('{'));
    let mut walk = Walk::default();
    for path in &pages {
        walk.looks_at(&browser, &format!("/console{path}"), &format!("/console/empty{path}")).await;
    }
    walk.looks_at(&browser, "/console/sources/nobody", "/console/not-there").await;
    walk.ends(pages.len() + 1);
    browser.is_clean_but_for(&[404]).await;
}

/// The same of pages for those who are not signed in.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_strangers_and_of_links_are_so_too() {
    let app = TestApp::start().await;
    let (manager, source) = (Manager::operator(), app.source("okta", "okta").await);
    source.user("ann").await;
    let browser = Browser::start(app.router()).await;
    let pages = pages(|needs| !matches!(needs, Needs::Role(_)));
    let mut walk = Walk::default();
    for pattern in &pages {
        let path = format!("/console{pattern}");
        let (_, token) = match *pattern {
            // It leads on; a link that opens nothing stays there.
            "/link/{token}" => {
                walk.looks_at(&browser, "/console/link/rcl_nonsense", "/console/link").await;
                continue;
            }
            "/welcome" => app.service.first_run_link(&manager).await.expect("a link"),
            "/password" => {
                let someone = Visitor::with_role(&app, Role::Viewer).await;
                app.service.reset_password(&manager, someone.email()).await.expect("a link")
            }
            "/connect" => {
                let (admin, source) = (app.admin(DEFAULT_TENANT).await, app.record("okta").await);
                app.service.source_link(&admin, &source, 7).await.expect("a link")
            }
            _ => {
                walk.looks_at(&browser, &path, &path).await;
                continue;
            }
        };
        browser.open(&format!("/console/link/{}", token.reveal())).await;
        browser.arrives_at(&path).await;
        walk.looks_at(&browser, &path, &path).await;
    }
    walk.ends(pages.len());
    // Without an OpenID provider its routes lead nowhere.
    browser.is_clean_but_for(&[404, 410]).await;
}

/// Pictures of what is shown, into the folder that `ROLLCALL_SCREENSHOTS` names: see `scripts/screenshots`.
async fn pictures(browser: &Browser, path: &str) {
    let Some(folder) = std::env::var_os("ROLLCALL_SCREENSHOTS") else { return };
    // From the root of the workspace, wherever the test runs.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let folder = root.join(folder);
    fs::create_dir_all(&folder).expect("a folder");
    // Ids are others each time; a name is to stay.
    let parts = path.trim_start_matches("/console").split('/').filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.map(|part| if part.len() < 20 { part } else { "one" }).collect();
    let name = if parts.is_empty() { "overview".to_owned() } else { parts.join("-") };
    for (screen, on) in [(Screen::Desktop, "desk"), (Screen::Phone, "phone")] {
        for (scheme, colours) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
            browser.screen(screen).await;
            browser.scheme(scheme).await;
            let picture = browser.screenshot(false).await;
            fs::write(folder.join(format!("{name}.{on}.{colours}.png")), picture).expect("a picture");
        }
    }
}
