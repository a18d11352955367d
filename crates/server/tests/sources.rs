//! Sources as their operator runs them: paused, slowed, deleted, and apart from other tenants' ones.

use rollcall_domain::source::{SourceSettings, SourceStatus};
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_service::admin::{AdminError, Manager, NewCredential, NewSource};
use rollcall_testkit::TestApp;
use serde_json::json;

fn limited(requests_per_second: u32, burst: u32) -> SourceSettings {
    SourceSettings { requests_per_second, burst, ..SourceSettings::default() }
}

#[tokio::test]
async fn a_paused_source_asks_to_come_back_and_loses_nothing() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let other = app.source("b", "generic").await;
    client.user("ann").await;
    app.change("a", |source| source.status = SourceStatus::Paused).await.unwrap();
    for (method, path) in [
        ("GET", "/Users"),
        ("POST", "/Users"),
        ("POST", "/Bulk"),
        ("GET", "/ServiceProviderConfig"),
        ("DELETE", "/Users/00000000-0000-7000-8000-000000000000"),
    ] {
        let body = (method == "POST").then(|| json!({ "userName": "bob" }));
        let reply = client.send(method, path, body).await;
        assert_eq!(reply.outcome(), "503 -", "{method} {path}");
        assert_eq!(reply.header("retry-after"), Some("60"), "{method} {path}");
        assert_eq!(reply.header("content-type"), Some("application/scim+json"));
    }
    let stranger = client.clone().authorized(Some("Bearer rc_nonsense")).get("/Users").await;
    assert_eq!(stranger.outcome(), "401 -", "a stranger is not told that the source is paused");
    other.get("/Users").await.expect(200);
    app.change("a", |source| source.status = SourceStatus::Active).await.unwrap();
    assert_eq!(client.get("/Users").await.expect(200).column("userName"), ["ann"]);
}

#[tokio::test]
async fn requests_above_the_rate_are_told_when_to_come_back() {
    let app = TestApp::alone().await;
    let client = app.source_with("a", "generic", limited(25, 30)).await;
    let second = app.credential("a", NewCredential::default()).await;
    let other = app.source_with("b", "generic", limited(25, 30)).await;
    let stranger = client.clone().authorized(Some("Bearer rc_nonsense"));
    for _ in 0..50 {
        stranger.get("/Users").await.expect(401);
    }
    let mut allowed = 0;
    while client.get("/Users").await.status == 200 {
        allowed += 1;
    }
    assert_eq!(allowed, 30, "the burst");
    for reply in [client.get("/Users").await, second.post("/Users", json!({ "userName": "ann" })).await] {
        assert_eq!(reply.outcome(), "429 -");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.body["status"], "429");
    }
    other.get("/Users").await.expect(200);
    for wait_ms in [1_000, 200, 40] {
        app.clock.advance_ms(wait_ms);
        let mut allowed = 0;
        while client.get("/Users").await.status == 200 {
            allowed += 1;
        }
        assert_eq!(allowed, wait_ms * 25 / 1_000, "after {wait_ms} ms");
    }
    app.clock.advance_ms(3_600_000);
    let mut allowed = 0;
    while client.get("/Users").await.status == 200 {
        allowed += 1;
    }
    assert_eq!(allowed, 30, "an hour of rest is not saved up");
}

/// OpenID IPSIE account-lifecycle profile: 25 requests a second for each tenant.
#[tokio::test]
async fn no_rate_below_25_a_second_can_be_set() {
    let app = TestApp::alone().await;
    let admin = app.admin(DEFAULT_TENANT).await;
    for (rate, allowed) in [(0, true), (1, false), (24, false), (25, true), (2_000, true)] {
        let slug = format!("rate-{rate}");
        let new = NewSource { slug, dialect: "generic".to_owned(), settings: limited(rate, 1) };
        let made = app.service.create_source(&admin, new, NewCredential::default()).await;
        assert_eq!(made.is_ok(), allowed, "{rate} a second");
    }
    app.source("a", "generic").await;
    let changed = app.change("a", |source| source.settings = limited(10, 10)).await;
    assert!(matches!(changed, Err(AdminError::Invalid(_))));
    // A burst below the rate is no way around it.
    let client = app.source_with("small-burst", "generic", limited(25, 1)).await;
    for _ in 0..25 {
        client.get("/Users").await.expect(200);
    }
    client.get("/Users").await.expect(429);
}

#[tokio::test]
async fn new_limits_count_at_once() {
    let app = TestApp::start().await;
    let client = app.source_with("a", "generic", limited(25, 25)).await;
    while client.get("/Users").await.status == 200 {}
    app.change("a", |source| source.settings = limited(0, 0)).await.unwrap();
    for _ in 0..100 {
        client.get("/Users").await.expect(200);
    }
}

#[tokio::test]
async fn a_deleted_source_is_one_that_never_was() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let never = app.client("never", "rc_nonsense");
    let place = format!("/Users/{}", client.user("ann").await);
    client.get(&place).await.expect(200);
    app.service.delete_source(&app.admin(DEFAULT_TENANT).await, &app.record("a").await).await.unwrap();
    for path in [&*place, "/Users", "/ServiceProviderConfig"] {
        let reply = client.get(path).await;
        assert_eq!(reply.outcome(), "401 -", "{path}");
        assert_eq!(reply.body["detail"], never.get(path).await.body["detail"], "{path}");
    }
    // A new source of the old name has neither the old token nor the old users.
    let again = app.source("a", "generic").await;
    client.get("/Users").await.expect(401);
    assert_eq!(again.get("/Users").await.expect(200).body["totalResults"], 0);
    again.get(&place).await.expect(404);
}

#[tokio::test]
async fn a_tenant_s_token_opens_nothing_of_another_tenant() {
    let app = TestApp::start().await;
    let ours = app.source("ours", "generic").await;
    app.service.create_tenant(&Manager::operator(), "acme").await.unwrap();
    let acme = app.admin("acme").await;
    let new = |slug: &str| NewSource {
        slug: slug.to_owned(),
        dialect: "generic".to_owned(),
        settings: limited(0, 0),
    };
    let made = app.service.create_source(&acme, new("theirs"), NewCredential::default()).await;
    let (source, _, token) = made.unwrap();
    let theirs = app.client("acme.theirs", token.reveal());
    let body = json!({ "userName": "ann", "externalId": "e1" });
    let ann = ours.post("/Users", body.clone()).await.expect(201).id();
    let their_ann = theirs.post("/Users", body).await.expect(201).id();
    assert_eq!(theirs.get("/Users").await.column("id"), [their_ann.as_str()]);
    theirs.clone().at("/scim/ours/v2").get(&format!("/Users/{ann}")).await.expect(401);
    ours.clone().at("/scim/acme.theirs/v2").get(&format!("/Users/{their_ann}")).await.expect(401);
    theirs.get(&format!("/Users/{ann}")).await.expect(404);
    theirs.delete(&format!("/Users/{ann}")).await.expect(404);
    let group = json!({ "displayName": "g", "members": [{ "value": ann }] });
    assert_eq!(theirs.post("/Groups", group).await.outcome(), "400 invalidValue");
    // Each tenant has its own sequence of changes.
    for (tenant, id) in [(app.record("ours").await.tenant, &ann), (source.tenant, &their_ann)] {
        let changes = app.store.changes(tenant, 0, 10).await.unwrap();
        let found: Vec<_> =
            changes.iter().map(|change| (change.sequence, change.resource.to_string())).collect();
        assert_eq!(found, [(1, id.clone())]);
    }
    // The name of a source is a tenant's own: whether another has it, nobody is told.
    assert!(matches!(app.service.source(&acme, "ours").await, Err(AdminError::NotFound(_))));
    let (also, ..) = app.service.create_source(&acme, new("ours"), NewCredential::default()).await.unwrap();
    assert_eq!(also.slug, "acme.ours");
    for slug in ["ours", "acme.ours"] {
        assert_eq!(app.service.source(&acme, slug).await.unwrap().slug, "acme.ours");
        let again = app.service.create_source(&acme, new(slug), NewCredential::default()).await;
        assert!(matches!(again, Err(AdminError::Conflict(_))), "{slug}");
    }
    let ours = app.admin(DEFAULT_TENANT).await;
    assert!(matches!(app.service.source(&ours, "acme.ours").await, Err(AdminError::NotFound(_))));
}
