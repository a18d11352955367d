//! Signing in, sessions, form tokens.

use rollcall_console::{Console, Settings};
use rollcall_domain::account::Role;
use rollcall_service::admin::Manager;
use rollcall_store::administration::AuditQuery;
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{PASSWORD, Visitor};
use std::sync::Arc;

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn the_first_one_signs_in_and_is_led_on() {
    let app = TestApp::start().await;
    let (_, token) = app.service.first_run_link(&Manager::operator()).await.unwrap();
    let mut visitor = Visitor::new(&app);
    // Whoever only looks, as mail programs do, uses nothing up.
    for _ in 0..2 {
        let opened = visitor.get(&format!("/link/{}", token.reveal())).await.expect(303);
        assert_eq!(opened.location(), Some("/console/welcome"), "the token stays in the address line");
    }
    visitor.get("/welcome").await.expect(200);
    let first = [("name", "Ann"), ("email", "ann@example.com"), ("password", "short")];
    let wrong = visitor.post("/welcome", &first).await.expect(400);
    assert!(wrong.says("use 12 to 200 characters") && wrong.says("aria-invalid=\"true\""));
    assert_eq!((wrong.value("email"), wrong.value("password")), (Some("ann@example.com"), None));
    let right = [("name", "Ann"), ("email", "ann@example.com"), ("password", PASSWORD)];
    let shown = visitor.submit("/welcome", &right).await.expect(200);
    assert!(shown.says("Your account is made") && shown.says("Which identity provider?"));
    assert_eq!(visitor.cookie("rollcall-link"), None);
    let again = Visitor::new(&app).get(&format!("/link/{}", token.reveal())).await.expect(410);
    assert!(again.says("This link opens nothing any more"));
}

#[tokio::test]
async fn links_end_by_time_and_by_the_next_one() {
    let app = TestApp::start().await;
    let link = async || app.service.first_run_link(&Manager::operator()).await.unwrap().1;
    let (first, second) = (link().await, link().await);
    let open = async |token: &str| Visitor::new(&app).get(&format!("/link/{token}")).await.status;
    assert_eq!(open(first.reveal()).await, 410);
    assert_eq!(open("rcl_nonsense").await, 410);
    let changed: String = second.reveal().chars().rev().collect();
    assert_eq!(open(&changed).await, 410);
    let mut visitor = Visitor::new(&app);
    visitor.get(&format!("/link/{}", second.reveal())).await.expect(303);
    visitor.get("/welcome").await.expect(200);
    app.clock.advance_ms(3 * 24 * HOUR + 1);
    assert_eq!(open(second.reveal()).await, 410);
    let late = [("name", "Ann"), ("email", "ann@example.com"), ("password", PASSWORD)];
    visitor.post("/welcome", &late).await.expect(410);
}

#[tokio::test]
async fn a_session_is_a_new_cookie_that_scripts_and_other_sites_do_not_get() {
    let app = TestApp::start().await;
    let owner = Visitor::owner(&app).await;
    let mut visitor = Visitor::new(&app);
    visitor.set_cookie("rollcall", Some("rcs_fixed"));
    let shown = visitor.sign_in(owner.email(), PASSWORD).await.expect(303);
    let set: Vec<&str> =
        shown.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let session = set.iter().find(|line| line.starts_with("rollcall=")).unwrap();
    assert!(session.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800"), "{session}");
    assert_ne!(visitor.cookie("rollcall"), Some("rcs_fixed"));
    // Signing in again ends the session before.
    let before = visitor.cookie("rollcall").unwrap().to_owned();
    visitor.sign_in(owner.email(), PASSWORD).await.expect(303);
    let mut old = Visitor::new(&app);
    old.set_cookie("rollcall", Some(&before));
    assert_eq!(old.get("/account").await.status, 303);
    visitor.get("/account").await.expect(200);
}

#[tokio::test]
async fn by_tls_cookies_are_of_this_host_alone() {
    let app = TestApp::start().await;
    let owner = Visitor::owner(&app).await;
    let public_url = Some("https://rollcall.example.com".to_owned());
    let console = Console::new(Arc::clone(&app.service), Settings { public_url, ..Settings::default() });
    let mut visitor = Visitor::new(&app).at(rollcall_console::router(&console));
    let shown = visitor.sign_in(owner.email(), PASSWORD).await.expect(303);
    let lines: Vec<&str> =
        shown.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    for line in &lines {
        assert!(line.starts_with("__Host-rollcall") && line.contains("; Secure"), "{line}");
    }
    // A cookie of the other name, which another host may have set, is no session.
    let token = visitor.cookie("__Host-rollcall").unwrap().to_owned();
    let mut other = Visitor::new(&app).at(rollcall_console::router(&console));
    other.set_cookie("rollcall", Some(&token));
    assert_eq!(other.get("/account").await.status, 303);
}

#[tokio::test]
async fn sessions_end_unused_and_in_any_case_after_a_week() {
    let app = TestApp::start().await;
    let mut idle = Visitor::owner(&app).await;
    app.clock.advance_ms(8 * HOUR - 1);
    idle.get("/account").await.expect(200);
    app.clock.advance_ms(8 * HOUR);
    assert_eq!(idle.get("/account").await.status, 303);
    let mut busy = Visitor::owner(&app).await;
    for _ in 0..(7 * 24 / 7 - 1) {
        app.clock.advance_ms(7 * HOUR);
        busy.get("/account").await.expect(200);
    }
    app.clock.advance_ms(7 * HOUR);
    assert_eq!(busy.get("/account").await.status, 303);
}

#[tokio::test]
async fn a_page_that_follows_what_happens_does_not_prolong_a_session() {
    let app = TestApp::start().await;
    let mut visitor = Visitor::owner(&app).await;
    for _ in 0..4 {
        app.clock.advance_ms(2 * HOUR - 1);
        visitor.clone().header("rollcall-live", "sources").get("/sources").await.expect(200);
    }
    app.clock.advance_ms(8);
    let live = visitor.clone().header("rollcall-live", "sources").get("/sources").await;
    assert_eq!(live.status, 401, "the script has to know that it is over");
    assert_eq!(visitor.get("/sources").await.status, 303);
}

#[tokio::test]
async fn signing_out_a_new_password_and_disabling_end_sessions() {
    let app = TestApp::start().await;
    let mut left = Visitor::owner(&app).await;
    let kept = left.clone();
    left.get("/account").await;
    left.submit("/sign-out", &[]).await.expect(200);
    assert_eq!(kept.clone().get("/account").await.status, 303, "the cookie still opens something");

    let mut here = Visitor::owner(&app).await;
    let mut there = Visitor::new(&app);
    there.sign_in(here.email(), PASSWORD).await.expect(303);
    here.get("/account").await.expect(200);
    let wrong =
        here.post("/account/password", &[("present", "wrong"), ("new", "another horse battery")]).await;
    assert!(wrong.expect(400).says("this is not your password"));
    here.submit("/account/password", &[("present", PASSWORD), ("new", "another horse battery")])
        .await
        .expect(200);
    assert_eq!(there.get("/account").await.status, 303);
    here.get("/account").await.expect(200);

    let mut someone = Visitor::with_role(&app, Role::Operator).await;
    let id = someone.signed(&app).await.account.id;
    here.get("/accounts").await.expect(200);
    here.submit(&format!("/accounts/{id}/state"), &[("state", "disabled")]).await.expect(200);
    assert_eq!(someone.get("/account").await.status, 303);
    let email = someone.email().to_owned();
    someone.sign_in(&email, PASSWORD).await.expect(401);
}

#[tokio::test]
async fn after_ten_attempts_an_account_waits_and_nobody_learns_whether_it_is_there() {
    let app = TestApp::start().await;
    let owner = Visitor::owner(&app).await;
    let mut pages = Vec::new();
    for email in [owner.email(), "nobody@example.com"] {
        let mut visitor = Visitor::new(&app);
        for _ in 0..10 {
            let shown = visitor.sign_in(email, "wrong horse battery").await.expect(401);
            assert!(shown.says("Address or password are wrong."));
        }
        let shown = visitor.sign_in(email, PASSWORD).await.expect(429);
        let told = shown.html.split("role=\"alert\">").nth(1).unwrap();
        pages.push(told.split('<').next().unwrap().to_owned());
    }
    assert_eq!(pages[0], pages[1]);
    app.clock.advance_ms(HOUR / 4);
    Visitor::new(&app).sign_in(owner.email(), PASSWORD).await.expect(303);
    let query = AuditQuery { action: Some("account.locked".to_owned()), ..AuditQuery::default() };
    assert_eq!(app.store.audit(&query, None, 9).await.unwrap().len(), 2);
}

/// Attempts count for where they come from, whomever they name; what is not the nearest proxy's word is not believed.
#[tokio::test]
async fn after_a_hundred_attempts_an_address_waits() {
    let app = TestApp::start().await;
    let owner = Visitor::owner(&app).await;
    let address_header = Some("x-forwarded-for".to_owned());
    let console = Console::new(Arc::clone(&app.service), Settings { address_header, ..Settings::default() });
    let from = |list: &str| {
        Visitor::new(&app).at(rollcall_console::router(&console)).header("x-forwarded-for", list)
    };
    let mut guesser = from("198.51.100.7");
    for number in 0..100 {
        let status = guesser.sign_in("nobody@example.com", "wrong horse battery").await.status;
        assert_eq!(status, if number < 10 { 401 } else { 429 }, "attempt {number}");
    }
    let shown = from("203.0.113.9, 198.51.100.7").sign_in(owner.email(), PASSWORD).await.expect(429);
    assert!(shown.says("Too many attempts.") && shown.headers.contains_key("retry-after"));
    from("198.51.100.7, 203.0.113.9").sign_in(owner.email(), PASSWORD).await.expect(303);
    // Where nobody says so, it is the connection's address that counts.
    Visitor::new(&app)
        .header("x-forwarded-for", "198.51.100.7")
        .sign_in(owner.email(), PASSWORD)
        .await
        .expect(303);
    app.clock.advance_ms(HOUR / 4);
    from("198.51.100.7").sign_in(owner.email(), PASSWORD).await.expect(303);
}

#[tokio::test]
async fn sign_ins_are_in_the_audit_without_address_or_secret() {
    let app = TestApp::start().await;
    let owner = Visitor::owner(&app).await;
    Visitor::new(&app).sign_in(owner.email(), "wrong horse battery").await.expect(401);
    let all = app.store.audit(&AuditQuery::default(), None, 50).await.unwrap();
    let actions: Vec<&str> = all.iter().map(|entry| entry.event.action.as_str()).collect();
    for action in ["account.create", "account.sign_in", "account.sign_in_failed", "link.create"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    for entry in all {
        let text = format!("{} {} {}", entry.event.subject, entry.event.before, entry.event.after);
        assert!(!text.contains('@') && !text.contains("argon2") && !text.contains("rcl_"), "{text}");
    }
}

#[tokio::test]
async fn form_tokens_are_of_one_session_one_tenant_and_this_server() {
    let app = TestApp::start().await;
    app.service.create_tenant(&Manager::operator(), "acme").await.unwrap();
    let mut ann = Visitor::owner(&app).await;
    let mut bob = Visitor::owner(&app).await;
    ann.get("/account").await.expect(200);
    bob.get("/account").await.expect(200);
    let name = [("name", "Mallory")];
    let mut with_bobs = ann.clone();
    with_bobs.set_form_token(bob.form_token());
    with_bobs.post("/account/name", &name).await.expect(403);
    ann.clone().header("origin", "https://evil.example").post("/account/name", &name).await.expect(403);
    ann.clone().header("origin", "null").post("/account/name", &name).await.expect(403);
    ann.clone().header("sec-fetch-site", "cross-site").post("/account/name", &name).await.expect(403);
    let before = ann.form_token().to_owned();
    ann.post("/tenant", &[("tenant", "acme")]).await.expect(303);
    ann.set_form_token(&before);
    ann.post("/account/name", &name).await.expect(403);
    assert!(!ann.get("/account").await.says("Mallory"));
    ann.post("/account/name", &name).await.expect(303);
    assert!(ann.get("/account").await.says("Mallory"));
}

#[tokio::test]
async fn after_the_sign_in_one_goes_on_where_one_wanted_to_and_nowhere_else() {
    let app = TestApp::start().await;
    let owner = Visitor::owner(&app).await;
    for (next, leads) in [
        ("/console/settings", "/console/settings"),
        ("https://evil.example/", "/console"),
        ("//evil.example/console/", "/console"),
    ] {
        let mut visitor = Visitor::new(&app);
        visitor.get("/sign-in").await;
        let fields = [("email", owner.email()), ("password", PASSWORD), ("next", next)];
        assert_eq!(visitor.post("/sign-in", &fields).await.expect(303).location(), Some(leads), "{next}");
    }
    let asked = Visitor::new(&app).get("/sources/new?a=b").await;
    assert_eq!(asked.location(), Some("/console/sign-in?next=%2Fconsole%2Fsources%2Fnew%3Fa%3Db"));
}
