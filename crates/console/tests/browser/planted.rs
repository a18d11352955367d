//! What no page may do is noticed where a page does it: planted pages, on the policy of the console's own.

use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse as _;
use axum::routing::get;
use rollcall_testkit::TestApp;
use rollcall_testkit::browser::Browser;
use rollcall_testkit::console::Visitor;

/// Path, whether it has the policy, what stands in it, what is told of it; none: it is as it should be.
const PLANTED: &[(&str, bool, &str, Option<&str>)] = &[
    ("/fine", true, "<p>Fine.</p>", None),
    ("/image", false, "<img src=\"http://elsewhere.example/x.png\" alt=\"\">", Some("elsewhere.example")),
    ("/frame", false, "<iframe src=\"http://elsewhere.example/\"></iframe>", Some("elsewhere.example")),
    ("/relative", false, "<img src=\"//elsewhere.example/x.png\" alt=\"\">", Some("elsewhere.example")),
    (
        "/fetched",
        false,
        "<script>fetch('http://elsewhere.example/').catch(() => 1)</script>",
        Some("elsewhere"),
    ),
    (
        "/refused",
        true,
        "<img src=\"https://elsewhere.example/x.png\" alt=\"\">",
        Some("Content Security Policy"),
    ),
    ("/script", true, "<script>document.title = 'ran'</script>", Some("Content Security Policy")),
    (
        "/attribute",
        true,
        "<img src=\"/x\" alt=\"\" onerror=\"document.title = 'ran'\">",
        Some("Content Security Policy"),
    ),
    ("/style", true, "<p style=\"color: red\">Red.</p>", Some("Content Security Policy")),
    ("/broken", false, "<script>nothing.there()</script>", Some("nothing is not defined")),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_asks_another_host_or_has_an_inline_script_is_noticed() {
    let app = TestApp::start().await;
    let ours = Visitor::new(&app).get("/sign-in").await.expect(200);
    let policy = ours.headers.get("content-security-policy").expect("a policy").clone();
    let router = PLANTED.iter().fold(Router::new(), |router, (path, has_policy, inside, _)| {
        let page =
            format!("<!doctype html><html lang=\"en\"><title>Planted</title><body>{inside}</body></html>");
        let policy = has_policy.then(|| policy.clone());
        router.route(
            path,
            get(async move || {
                let mut response = ([(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
                if let Some(policy) = policy {
                    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
                }
                response
            }),
        )
    });
    let browser = Browser::start(router).await;
    for (path, _, _, told) in PLANTED {
        browser.open(path).await;
        match told {
            None => {
                assert_eq!(browser.title().await, "Planted");
                browser.is_clean_but_for(&[404]).await;
            }
            Some(told) => {
                let dirt = browser.becomes_dirty(told).await;
                assert!(dirt, "nothing is told of {path} that says {told:?}");
                assert_eq!(browser.title().await, "Planted", "{path}: what is refused has run");
            }
        }
    }
}
