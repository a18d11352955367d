//! What is true of every page: its policy, nothing inline, nothing from elsewhere, and its size.

use rollcall_console::{CONSOLE_BASE, Needs, console_routes};
use rollcall_service::admin::Manager;
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{Shown, Visitor, between};

/// Bytes of the first view of a page, with styles, script and icon.
const MOST_BYTES: usize = 100 * 1024;

/// Every page that an owner or someone with a link can look at.
async fn pages(app: &TestApp) -> Vec<(String, Shown)> {
    app.source("okta", "okta").await;
    let mut shown = Vec::new();
    let mut owner = Visitor::owner(app).await;
    let routes = console_routes().filter(|route| route.method == "GET" && !route.path.contains("{token}"));
    for route in routes.filter(|route| route.needs != Needs::Link) {
        let path = route.path.replace("{source}", "okta");
        let path = path
            .split('/')
            .map(|part| if part.starts_with('{') { "00000000-0000-0000-0000-000000000000" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let mut page = owner.get(&path).await;
        if page.status == 303 {
            page = owner.follow(&page).await;
        }
        shown.push((path, page));
    }
    shown.push(("/nonsense".to_owned(), owner.get("/sources/nonsense").await));
    shown.push(("/sign-in".to_owned(), Visitor::new(app).get("/sign-in").await));
    let (_, token) = app.service.first_run_link(&Manager::operator()).await.expect("a link");
    let mut guest = Visitor::new(app);
    guest.get(&format!("/link/{}", token.reveal())).await.expect(303);
    shown.push(("/welcome".to_owned(), guest.get("/welcome").await));
    let admin = app.admin("default").await;
    let (_, token) = app.service.source_link(&admin, &app.record("okta").await, 7).await.expect("a link");
    guest.get(&format!("/link/{}", token.reveal())).await.expect(303);
    shown.push(("/connect".to_owned(), guest.get("/connect").await));
    shown
}

#[tokio::test]
async fn every_page_has_its_policy_and_nothing_that_the_policy_refuses() {
    let app = TestApp::start().await;
    for (path, page) in pages(&app).await {
        let header = |name: &str| page.headers.get(name).map_or("", |value| value.to_str().unwrap());
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        let html = page.html.to_lowercase();
        for mark in [" style=", "<style", " onclick=", " onload=", "javascript:", "<iframe", "<object"] {
            assert!(!html.contains(mark), "{path}: {mark}");
        }
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script src=\"/console/assets/").count(),
            "{path}"
        );
        for part in html.split(" src=\"").chain(html.split(" href=\"")).skip(1) {
            let url = part.split('"').next().unwrap_or_default();
            assert!(url.starts_with(['/', '#']) || part.starts_with("<!doctype"), "{path}: {url}");
        }
        assert!(
            html.contains("<html lang=\"en\">") && html.contains("<title>") && html.contains("<h1"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_page_shows_the_key_of_a_text() {
    let app = TestApp::start().await;
    for (path, page) in pages(&app).await {
        for table in
            ["frame", "nav", "sources", "check", "access", "manage", "settings", "guide", "own", "role"]
        {
            for before in ['>', ' ', '"'] {
                let key = format!("{before}{table}.");
                let mut found = page.html.match_indices(&key).map(|(at, _)| &page.html[at + key.len()..]);
                let is_key = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase());
                assert!(!found.any(is_key), "{path}: {key}");
            }
        }
    }
}

#[tokio::test]
async fn the_first_view_of_each_page_is_small() {
    let app = TestApp::start().await;
    let pages = pages(&app).await;
    let html = &pages[0].1.html;
    let mut visitor = Visitor::new(&app);
    let mut assets = 0;
    for (before, media) in [
        ("rel=\"stylesheet\" href=\"", "text/css"),
        ("<script src=\"", "text/javascript"),
        ("rel=\"icon\" href=\"", "image/svg+xml"),
    ] {
        let url = between(html, before, "\"").expect("an asset");
        let asset = visitor.get(url.strip_prefix(CONSOLE_BASE).unwrap()).await.expect(200);
        assert!(asset.headers["content-type"].to_str().unwrap().starts_with(media));
        assert_eq!(asset.headers["cache-control"], "public, max-age=31536000, immutable");
        assets += asset.html.len();
    }
    for (path, page) in pages {
        let size = assets + page.html.len();
        assert!(size < MOST_BYTES, "{path}: {size}");
    }
    visitor.get("/assets/0123456789abcdef.css").await.expect(404);
}

#[tokio::test]
async fn the_root_leads_to_the_console() {
    let app = TestApp::start().await;
    let shown = app.client("", "").at("").get("/").await;
    assert_eq!((shown.status, shown.header("location")), (303, Some("/console")));
}
