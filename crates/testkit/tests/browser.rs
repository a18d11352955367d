//! That the browser of the tests sees what it is there to see.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use rollcall_testkit::browser::{Browser, Screen};

const GOOD: &str = "<!doctype html><html lang=en><title>Good</title><main><h1>Good</h1><form><label>Name <input \
                    name=name></label><label>Which <select name=which><option>One</option><option>Two</option>\
                    </select></label><button>Send</button></form></main>";
const FAINT: &str = "<!doctype html><html lang=en><title>Faint</title><style>p { color: black } @media \
                     (prefers-color-scheme: dark) { p { color: #ddd } }</style><main><h1>Faint</h1><p>Text</p></main>";
const LATE: &str = "<!doctype html><html lang=en><title>Late</title><main><h1>Late</h1><p></p></main><script>\
                    setTimeout(() => { document.querySelector('p').innerText = 'here' }, 200)</script>";
const FOREIGN: &str =
    "<!doctype html><html lang=en><title>Foreign</title><img src='http://127.0.0.2:1/x.png' alt=''>";

fn pages() -> Router {
    let policy = [("content-security-policy", "script-src 'none'")];
    Router::new()
        .route("/good", get(async || Html(GOOD)))
        .route("/faint", get(async || Html(FAINT)))
        .route("/late", get(async || Html(LATE)))
        .route("/foreign", get(async || Html(FOREIGN)))
        .route("/strict", get(async move || (policy, Html(LATE))))
}

async fn refused(check: impl Future<Output = ()> + Send + 'static) -> String {
    let error = tokio::spawn(check).await.expect_err("a complaint");
    error.into_panic().downcast_ref::<String>().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_form_is_filled_by_what_its_fields_are_called() {
    let browser = Browser::start(pages()).await;
    browser.screen(Screen::Phone).await;
    browser.open("/good").await;
    browser.types("Name", "Ann").await;
    browser.chooses("Which", "Two").await;
    assert_eq!(browser.holds("textbox", "Name").await, "Ann");
    browser.clicks("button", "Send").await;
    browser.arrives_at("/good?name=Ann&which=Two").await;
    assert!(!browser.has("button", "Name").await);
    browser.is_accessible().await;
    browser.is_clean_but_for(&[404]).await;
    browser.open("/late").await;
    browser.sees("here").await;
    browser.scripting(false).await;
    browser.reload().await;
    browser.sees("Late").await;
    browser.misses("here").await;
    let picture = browser.screenshot(true).await;
    assert!(picture.starts_with(b"\x89PNG"), "{} bytes", picture.len());
}

#[tokio::test]
async fn what_is_wrong_in_the_dark_another_host_and_a_refused_script_are_noticed() {
    let browser = std::sync::Arc::new(Browser::start(pages()).await);
    browser.open("/faint").await;
    let complaints = browser.complaints().await;
    assert!(complaints.contains("Dark \"color-contrast\" [\"p\"]"), "{complaints}");
    assert!(!complaints.contains("Light"), "{complaints}");
    browser.is_clean_but_for(&[404]).await;
    for (path, expected) in
        [("/foreign", "another host was asked: http://127.0.0.2:1/x.png"), ("/strict", "script-src 'none'")]
    {
        browser.open(path).await;
        let again = std::sync::Arc::clone(&browser);
        let complaint = refused(async move { again.is_clean_but_for(&[404]).await }).await;
        assert!(complaint.contains(expected), "{path}: {complaint}");
    }
}
