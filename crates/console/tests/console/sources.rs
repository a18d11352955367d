//! Sources: making one, its token, what is set, set-up links.

use rollcall_domain::account::Role;
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{PASSWORD, Visitor};
use serde_json::json;

async fn operator() -> (TestApp, Visitor) {
    let app = TestApp::start().await;
    let visitor = Visitor::with_role(&app, Role::Operator).await;
    (app, visitor)
}

#[tokio::test]
async fn a_source_is_made_in_one_form_and_its_token_shown_once() {
    let (app, mut visitor) = operator().await;
    visitor.get("/sources/new").await.expect(200);
    let wrong = visitor.post("/sources/new", &[("name", ""), ("dialect", "okta")]).await.expect(400);
    assert!(wrong.says("Write a name.") && wrong.says("value=\"okta\" id=\"provider-okta\" checked"));
    let odd = [("name", "Okta"), ("slug", "Not A Slug"), ("dialect", "okta")];
    assert!(visitor.post("/sources/new", &odd).await.expect(400).says("is not a slug"));
    let posted =
        visitor.post("/sources/new", &[("name", "Okta (prod)"), ("dialect", "okta")]).await.expect(303);
    assert_eq!(posted.location(), Some("/console/sources/okta-prod"));
    assert!(!format!("{:?}", posted.headers).contains("rc_"), "the token is in a header");
    let shown = visitor.follow(&posted).await.expect(200);
    let token = shown.value("token").expect("the token").to_owned();
    assert_eq!(shown.value("base-url"), Some("http://rollcall.example.com/scim/okta-prod/v2"));
    assert!(shown.says("SCIM connector base URL") && shown.says("Waiting for Okta"));
    assert!(!visitor.get("/sources/okta-prod").await.says("rc_"), "the token is shown again");
    app.client("okta-prod", &token).get("/Users").await.expect(200);
    let again = [("name", "Okta (prod)"), ("slug", "okta-prod"), ("dialect", "okta")];
    assert!(visitor.post("/sources/new", &again).await.expect(400).says("exists already"));
}

#[tokio::test]
async fn the_live_check_turns_when_the_provider_comes() {
    let (app, mut visitor) = operator().await;
    let client = app.source("okta", "okta").await;
    let mut live = async || visitor.get("/sources/okta").await.expect(200).html;
    assert!(live().await.contains("Waiting for Okta: no request has come yet."));
    client.clone().authorized(Some("Bearer rc_wrong")).get("/Users").await.expect(401);
    let refused = live().await;
    assert!(refused.contains("came with a token that is not valid (401)") && refused.contains("pulse bad"));
    app.clock.advance_ms(120_000);
    // A read that succeeds is not in the request log; the token's last use tells of it.
    client.get("/Users").await.expect(200);
    let read = live().await;
    assert!(read.contains("Okta got in with its token") && read.contains("pulse good"), "{read}");
    app.clock.advance_ms(120_000);
    client.post("/Users", json!({ "userName": "ann" })).await.expect(201);
    app.clock.advance_ms(3_000);
    let wrote = live().await;
    assert!(wrote.contains("Okta was answered 201 to POST") && wrote.contains("3 seconds ago"), "{wrote}");
}

#[tokio::test]
async fn a_token_is_issued_rotated_and_revoked() {
    let (app, mut visitor) = operator().await;
    let first = app.source("okta", "okta").await;
    visitor.get("/sources/okta/access").await.expect(200);
    let wrong = visitor.post("/sources/okta/tokens", &[("expires", "0")]).await.expect(400);
    assert!(wrong.says("Write a whole number of days from 1 to 3650"));
    let shown = visitor.submit("/sources/okta/tokens", &[("expires", "30"), ("read_only", "on")]).await;
    let reader = app.client("okta", shown.value("token").expect("the token"));
    reader.get("/Users").await.expect(200);
    reader.post("/Users", json!({ "userName": "ann" })).await.expect(403);
    let source = app.record("okta").await;
    let ids = app.store.credentials(source.key).await.unwrap();
    let (old, short) = (ids[0].id, ids[1].id);
    let shown = visitor.submit(&format!("/sources/okta/tokens/{old}/rotate"), &[]).await.expect(200);
    let second = app.client("okta", shown.value("token").expect("the token"));
    assert!(!visitor.get("/sources/okta/access").await.says("value=\"rc_"), "the token is shown again");
    for client in [&first, &second] {
        client.get("/Users").await.expect(200);
    }
    app.clock.advance_ms(86_400_001);
    first.get("/Users").await.expect(401);
    second.get("/Users").await.expect(200);
    let email = visitor.email().to_owned();
    visitor.sign_in(&email, PASSWORD).await.expect(303);
    visitor.get("/sources/okta/access").await.expect(200);
    visitor.submit(&format!("/sources/okta/tokens/{short}/revoke"), &[]).await.expect(200);
    reader.get("/Users").await.expect(401);
    visitor.post(&format!("/sources/okta/tokens/{short}/rotate"), &[]).await.expect(409);
}

#[tokio::test]
async fn settings_are_checked_as_the_api_checks_them_and_at_their_field() {
    let (app, mut visitor) = operator().await;
    app.source("okta", "okta").await;
    visitor.get("/sources/okta/settings").await.expect(200);
    let usual = [
        ("name", "Okta"),
        ("dialect", "okta"),
        ("requests_per_second", "100"),
        ("burst", "10"),
        ("max_request_bytes", "1000000"),
        ("max_bulk_operations", "10"),
        ("max_page_size", "100"),
        ("default_page_size", "50"),
        ("max_members", "1000"),
        ("request_log.keep", "all"),
        ("request_log.bodies", "none"),
        ("request_log.max_days", "3"),
        ("request_log.max_mib", "8"),
        ("request_log.max_per_second", "5"),
        ("mapping", ""),
        ("policy", ""),
        ("switches", ""),
        ("generation", "1"),
    ];
    let with = |name: &str, value: &'static str| {
        let mut fields = usual;
        fields.iter_mut().find(|(known, _)| *known == name).unwrap().1 = value;
        fields
    };
    for (name, value, problem) in [
        ("requests_per_second", "3", "3 is below 25"),
        ("burst", "many", "Write a whole number."),
        ("default_page_size", "5000", "at most max_page_size"),
        ("mapping", "{", "This is not JSON: see line 1"),
        ("policy", "{\"nonsense\": 1}", "nonsense"),
        ("dialect", "martian", "there is no dialect"),
    ] {
        let shown = visitor.post("/sources/okta/settings", &with(name, value)).await.expect(400);
        assert!(shown.says(problem), "{name}: {}", shown.html);
        assert!(
            name == "dialect" || shown.says("class=\"problem\"") || shown.says("role=\"alert\""),
            "{name}"
        );
    }
    assert_eq!(app.record("okta").await.settings.request_log.max_days, 30, "a refused form was saved");
    visitor.submit("/sources/okta/settings", &usual).await.expect(200);
    let set = app.record("okta").await.settings;
    assert_eq!((set.name.as_str(), set.burst, set.max_members), ("Okta", 10, 1_000));
    let log = set.request_log;
    assert_eq!((log.max_days, log.max_mib, log.max_per_second), (3, 8, 5));
    assert!(visitor.get("/sources").await.says(">Okta</a>"));
    // What was saved meanwhile is not overwritten by a form that was opened before.
    let late = visitor.post("/sources/okta/settings", &with("name", "Late")).await.expect(409);
    assert!(late.says("Someone else has changed the settings") && late.value("name") == Some("Late"));
    assert_eq!(late.value("generation"), Some("2"));
    assert_eq!(app.record("okta").await.settings.name, "Okta");
    visitor.submit("/sources/okta/settings", &with("generation", "2")).await.expect(200);
}

#[tokio::test]
async fn a_source_is_paused_resumed_and_deleted_by_its_name() {
    let (app, mut visitor) = operator().await;
    let client = app.source("okta", "okta").await;
    assert!(visitor.get("/sources/okta/manage").await.expect(200).says("Nobody is changed"));
    visitor.submit("/sources/okta/status", &[("status", "paused")]).await.expect(200);
    client.get("/Users").await.expect(503);
    assert!(visitor.get("/sources/okta").await.says("the source is paused"));
    visitor.submit("/sources/okta/status", &[("status", "active")]).await.expect(200);
    client.get("/Users").await.expect(200);
    let wrong = visitor.post("/sources/okta/delete", &[("confirm", "okt")]).await.expect(400);
    assert!(wrong.says("This is not the name; type okta."));
    client.get("/Users").await.expect(200);
    visitor.submit("/sources/okta/delete", &[("confirm", "okta")]).await.expect(200);
    visitor.get("/sources/okta").await.expect(404);
    client.get("/Users").await.expect(401);
}

#[tokio::test]
async fn a_set_up_link_shows_one_source_makes_one_token_and_ends() {
    let (app, mut visitor) = operator().await;
    app.source("okta", "okta").await;
    visitor.get("/sources/okta/access").await.expect(200);
    assert!(visitor.post("/sources/okta/links", &[("days", "500")]).await.expect(400).says("give 1 to 90"));
    let shown = visitor.submit("/sources/okta/links", &[("days", "7")]).await.expect(200);
    let link = shown.value("link").expect("the link").split("/console").nth(1).unwrap().to_owned();
    let mut guest = Visitor::new(&app);
    let opened = guest.get(&link).await.expect(303);
    assert_eq!(opened.location(), Some("/console/connect"));
    let page = guest.get("/connect").await.expect(200);
    assert!(page.says("/scim/okta/v2") && page.says("Waiting for Okta") && !page.says("rc_"));
    assert!(!page.says("<nav class=\"side\""), "someone else's administrator is led into the console");
    let made = guest.submit("/connect/token", &[]).await.expect(200);
    let client = app.client("okta", made.value("token").expect("the token"));
    client.get("/Users").await.expect(200);
    assert!(guest.get("/connect").await.says("was made and shown once"));
    guest.post("/connect/token", &[]).await.expect(409);
    let mut second = Visitor::new(&app);
    second.get(&link).await.expect(303);
    second.get("/connect").await.expect(200);
    second.set_form_token(guest.form_token());
    second.post("/connect/token", &[]).await.expect(409);
    for path in ["/sources", "/sources/okta", "/account", "/welcome", "/password"] {
        let status = guest.get(path).await.status;
        assert!([303, 404, 410].contains(&status), "{path}: {status}");
    }
    let source = app.record("okta").await;
    let links = app.store.links(rollcall_domain::account::Purpose::Source(source.id)).await.unwrap();
    visitor.get("/sources/okta/access").await.expect(200);
    visitor.submit(&format!("/sources/okta/links/{}/revoke", links[0].id), &[]).await.expect(200);
    guest.get("/connect").await.expect(410);
    client.get("/Users").await.expect(200);
}

#[tokio::test]
async fn a_set_up_link_ends_by_time_and_with_its_source() {
    let (app, mut visitor) = operator().await;
    app.source("okta", "okta").await;
    app.source("entra", "entra").await;
    visitor.get("/sources/okta/access").await.expect(200);
    let mut guests = Vec::new();
    for slug in ["okta", "entra"] {
        let shown = visitor.submit(&format!("/sources/{slug}/links"), &[("days", "7")]).await.expect(200);
        let mut guest = Visitor::new(&app);
        guest.get(shown.value("link").unwrap().split("/console").nth(1).unwrap()).await.expect(303);
        guest.get("/connect").await.expect(200);
        guests.push(guest);
    }
    visitor.post("/sources/okta/delete", &[("confirm", "okta")]).await.expect(303);
    guests[0].get("/connect").await.expect(410);
    guests[1].get("/connect").await.expect(200);
    app.clock.advance_ms(7 * 86_400_000);
    guests[1].get("/connect").await.expect(410);
}

#[tokio::test]
async fn another_tenants_source_is_not_there() {
    let app = TestApp::start().await;
    let settings = rollcall_domain::source::SourceSettings::default();
    app.source_within("acme", "okta", "okta", settings).await;
    let mut visitor = Visitor::with_role(&app, Role::Owner).await;
    for slug in ["acme.okta", "okta"] {
        for page in ["", "/access", "/settings", "/manage"] {
            visitor.get(&format!("/sources/{slug}{page}")).await.expect(404);
        }
        visitor.get("/account").await.expect(200);
        visitor.post(&format!("/sources/{slug}/tokens"), &[]).await.expect(404);
        visitor.post(&format!("/sources/{slug}/delete"), &[("confirm", slug)]).await.expect(404);
    }
}
