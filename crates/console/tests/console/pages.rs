//! What is true of every page: its policy, nothing inline, nothing from elsewhere, and its size.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper for tests may stop a test")]

use std::fmt::Write as _;

use rollcall_console::{CONSOLE_BASE, Needs, console_routes};
use rollcall_service::admin::{Manager, NewCredential};
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{Shown, Visitor, between};
use serde_json::{Value, json};

use crate::sample::{fill, user};

/// Bytes of the first view of a page, with styles, script and icon.
pub(crate) const MOST_BYTES: usize = 100 * 1024;

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

/// What a page in small letters has that no page may: scripts and styles of its own, and whatever is not of this server,
/// so that by TLS nothing of it can come without.
fn refused(html: &str) -> Vec<String> {
    let inline = [" style=", "<style", "javascript:", "<iframe", "<object", "<embed", "<base", "http-equiv"];
    let mut refused: Vec<String> =
        inline.into_iter().filter(|mark| html.contains(mark)).map(str::to_owned).collect();
    let tags = html.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag));
    for tag in tags {
        if tag.split_whitespace().any(|word| word.starts_with("on") && word.contains('=')) {
            refused.push(tag.to_owned());
        }
        if tag.split_whitespace().next() == Some("script") && !tag.contains(" src=\"/console/assets/") {
            refused.push(tag.to_owned());
        }
        for attribute in ["src", "href", "action", "formaction", "srcset", "poster", "data", "background"] {
            let Some(url) = between(tag, &format!(" {attribute}=\""), "\"") else { continue };
            let is_own = (url.starts_with('/') && !url.starts_with("//")) || url.starts_with('#');
            if !is_own {
                refused.push(tag.to_owned());
            }
        }
    }
    refused
}

#[test]
fn what_no_page_may_have_is_noticed() {
    for planted in [
        "<script>1</script>",
        "<script src=\"/elsewhere.js\"></script>",
        "<script src=\"//elsewhere.example/console/assets/x.js\"></script>",
        "<p style=\"color: red\">",
        "<img src=\"http://elsewhere.example/x.png\">",
        "<img src=\"//elsewhere.example/x.png\">",
        "<link rel=\"stylesheet\" href=\"https://elsewhere.example/x.css\">",
        "<form action=\"http://elsewhere.example/\">",
        "<button formaction=\"//elsewhere.example/\">",
        "<a href=\"javascript:1\">",
        "<body onload=\"x()\">",
        "<base href=\"/elsewhere/\">",
        "<meta http-equiv=\"refresh\">",
        "<iframe src=\"/console\">",
    ] {
        assert_ne!(refused(planted), [""; 0], "{planted}");
    }
    let fine =
        "<a href=\"#main\"><img src=\"/x.svg\"><p>http://example.com on=off <input value=\"http://e.com\">";
    assert_eq!(refused(fine), [""; 0]);
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
        assert_eq!(refused(&html), [""; 0], "{path}");
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
    let mut visitor = Visitor::new(&app);
    let assets = assets(&pages[0].1.html, &mut visitor).await;
    for (path, page) in pages {
        let size = assets + page.html.len();
        assert!(size < MOST_BYTES, "{path}: {size}");
    }
    visitor.get("/assets/0123456789abcdef.css").await.expect(404);
}

/// Of long names, large users and bodies, and many of each, a page shows a part, and says so.
#[tokio::test]
async fn a_page_stays_small_however_much_there_is_to_show() {
    let app = TestApp::start().await;
    let mut sample = fill(&app).await;
    let okta = app.credential("okta", NewCredential::default()).await;
    let mails: Vec<Value> = (0..100).map(|at| json!({ "value": format!("z{at}@example.com") })).collect();
    let mut large = user("zoe");
    large["title"] = "\"x\"".repeat(10_000).into();
    large["emails"] = mails.into();
    let made = okta.post("/Users", large.clone()).await.expect(201);
    sample.request = made.header("x-request-id").unwrap().to_owned();
    sample.user = made.id();
    let mut members = vec![json!({ "value": sample.user })];
    for number in 0..60 {
        let mut user = user(&format!("{}{number}", "long-name-".repeat(12)));
        for attribute in ["nickName", "title", "userType", "preferredLanguage", "locale", "timezone"] {
            user[attribute] = "words ".repeat(30).into();
        }
        members.push(json!({ "value": okta.post("/Users", user).await.expect(201).id() }));
        large["title"] = format!("{number}{}", "y".repeat(5_000)).into();
        okta.put(&format!("/Users/{}", sample.user), large.clone()).await.expect(200);
    }
    let group = json!({ "displayName": "words ".repeat(500), "members": members });
    sample.group = okta.post("/Groups", group).await.expect(201).id();
    let mut owner = Visitor::owner(&app).await;
    let assets = assets(&owner.get("").await.expect(200).html, &mut owner.clone()).await;
    let mut large = String::new();
    let routes =
        console_routes().filter(|route| route.method == "GET" && matches!(route.needs, Needs::Role(_)));
    for path in routes.map(|route| sample.path(route.path)) {
        let mut shown = owner.get(&path).await;
        if shown.status == 303 {
            shown = owner.follow(&shown).await;
        }
        let size = assets + shown.expect(200).html.len();
        if size > MOST_BYTES {
            let _ = writeln!(large, "{path}: {size}");
        }
    }
    assert!(large.is_empty(), "{large}");
    let request = format!("/requests/okta/{}", sample.request);
    let part = owner.get(&request).await.expect(200);
    assert!(part.says("Show all that was sent"), "{}", part.html);
    let whole = owner.get(&format!("{request}?whole=1")).await.expect(200);
    assert!(whole.html.len() > part.html.len() + 10_000 && !whole.says("Show all that was sent"));
}

/// Of many accounts and sources each page has a part, and all of them together have everyone once.
#[tokio::test]
async fn lists_of_accounts_and_sources_are_walked_in_small_pages() {
    let app = TestApp::start().await;
    let mut owner = Visitor::owner(&app).await;
    for number in 0..120 {
        app.source(&format!("s{number:03}"), "okta").await;
    }
    owner.get("/accounts").await.expect(200);
    for number in 0..70 {
        let email = format!("person{number:03}@example.com");
        let name = "a long name ".repeat(8);
        let fields = [("name", name.as_str()), ("email", &email), ("role", "operator")];
        owner.post("/accounts", &fields).await.expect(303);
    }
    let assets = assets(&owner.get("").await.expect(200).html, &mut owner.clone()).await;
    for (path, mark, end, count) in [
        ("/accounts", "person", "@example.com</span>", 70),
        ("/sources", "href=\"/console/sources/s", "\">", 120),
    ] {
        let (mut next, mut seen, mut pages) = (path.to_owned(), Vec::new(), 0);
        loop {
            let shown = owner.get(&next).await.expect(200);
            assert!(assets + shown.html.len() <= MOST_BYTES, "{next}: {}", assets + shown.html.len());
            let named = shown.html.split(mark).skip(1).filter_map(|rest| rest.split_once(end));
            seen.extend(named.map(|(name, _)| name.to_owned()).filter(|name| name.len() == 3));
            pages += 1;
            let last = shown.html.rsplit("<a class=\"button\" href=\"/console").next().unwrap();
            let Some((url, _)) = last.split_once("\" rel=\"next\"") else { break };
            url.clone_into(&mut next);
        }
        let expected: Vec<String> = (0..count).map(|number| format!("{number:03}")).collect();
        assert_eq!(seen, expected, "{path}");
        assert!(pages > 1, "{path} has one page");
    }
}

/// Bytes of styles, script and icon that a page asks for.
pub(crate) async fn assets(html: &str, visitor: &mut Visitor) -> usize {
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
        let content = asset.html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for mark in ["http:", "https:", "url(", "@import", "//", "eval(", "innerHTML ="] {
            let comments = mark == "//" && media == "text/javascript";
            assert!(comments || !content.contains(mark), "{url} has {mark}");
        }
        assets += asset.html.len();
    }
    assets
}

#[tokio::test]
async fn the_root_leads_to_the_console() {
    let app = TestApp::start().await;
    let shown = app.client("", "").at("").get("/").await;
    assert_eq!((shown.status, shown.header("location")), (303, Some("/console")));
}
