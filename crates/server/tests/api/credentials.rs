//! Every endpoint and method against every kind of token: none is forgotten, and nothing is told to strangers.

use rollcall_domain::api::ApiScope;
use rollcall_domain::clock::{Clock as _, Timestamp};
use rollcall_domain::credential::{Token, TokenKind};
use rollcall_domain::delivery::{EndpointKind, EndpointSettings};
use rollcall_domain::source::SourceSettings;
use rollcall_server::api::{API_BASE, ApiRoute, Needs, api_routes};
use rollcall_service::admin::{Manager, NewApiToken, NewEndpoint, Paging};
use rollcall_service::people::IdentityFilter;
use rollcall_service::system::SystemIds;
use rollcall_testkit::{Client, Reply, TestApp};
use serde_json::{Value, json};

/// For each route, a body that it takes, and what the right token gets. A route without a row fails.
fn row(route: &ApiRoute) -> (Value, u16) {
    match format!("{} {}", route.method, route.path).as_str() {
        "POST /sources" => (json!({ "slug": "new" }), 201),
        "PUT /sources/{source}" => (json!({ "settings": { "burst": 7 } }), 200),
        "DELETE /sources/{source}" => (Value::Null, 204),
        "POST /sources/{source}/tokens" => (json!({ "scopes": ["read"] }), 201),
        "POST /sources/{source}/tokens/{token}/rotate" => (json!({ "overlap_seconds": 1 }), 201),
        "POST /sources/{source}/schemas" => {
            (json!({ "schemas": [{ "id": "urn:x:y", "attributes": [] }] }), 200)
        }
        "POST /tenants" => (json!({ "name": "new" }), 201),
        "POST /api-tokens" => (json!({ "name": "new", "scopes": ["api-tokens:write"] }), 201),
        "POST /webhooks" => (json!({ "url": "https://a.example/" }), 201),
        "POST /hooks" => (json!({ "kind": "before_provision", "url": "https://a.example/" }), 201),
        "POST /streams" => (json!({ "kind": "set_poll" }), 201),
        "POST /webhooks/{webhook}/replay" | "POST /streams/{stream}/replay" => (json!({ "after": 0 }), 200),
        "POST /streams/{stream}/poll" => (json!({ "returnImmediately": true }), 200),
        "POST /hooks/{hook}/rotate"
        | "POST /signing-keys/rotate"
        | "POST /sources/{source}/preview"
        | "POST /sources/{source}/recomputation"
        | "POST /streams/{stream}/discard"
        | "POST /streams/{stream}/release"
        | "POST /webhooks/{webhook}/discard"
        | "POST /webhooks/{webhook}/release"
        | "POST /webhooks/{webhook}/rotate"
        | "PATCH /hooks/{hook}"
        | "PATCH /streams/{stream}"
        | "PATCH /webhooks/{webhook}" => (json!({}), 200),
        "POST /api-tokens/{token}/rotate" => (json!({}), 201),
        "PUT /sources/{source}/mapping" => (json!({ "profile": { "mapping": { "name": "nickName" } } }), 200),
        "PUT /sources/{source}/policy" | "PUT /policy" => (json!({ "version": 1 }), 200),
        "POST /sources/{source}/mapping/test" => (json!({ "payload": { "userName": "ann" } }), 200),
        "POST /sources/{source}/matches/{resource}" => (json!({ "answer": "new" }), 200),
        "POST /sources/{source}/sign-ins" => {
            (json!({ "protocol": "oidc", "profile": { "subject": "s" } }), 200)
        }
        "PATCH /identities/{identity}" => (json!({ "status": "disabled" }), 200),
        "DELETE /sources/{source}/mapping" | "DELETE /sources/{source}/policy" | "DELETE /policy" => {
            (Value::Null, 204)
        }
        "GET /identities"
        | "GET /identities/{identity}"
        | "GET /policy"
        | "GET /sources/{source}/breaker"
        | "GET /sources/{source}/breaker/held"
        | "GET /sources/{source}/mapping"
        | "GET /sources/{source}/matches"
        | "GET /sources/{source}/policy"
        | "GET /sources/{source}/recomputation"
        | "POST /sources/{source}/breaker/approve"
        | "POST /sources/{source}/breaker/reject"
        | "DELETE /api-tokens/{token}"
        | "GET /api-tokens"
        | "GET /api-tokens/{token}"
        | "DELETE /hooks/{hook}"
        | "DELETE /streams/{stream}"
        | "DELETE /webhooks/{webhook}"
        | "GET /audit"
        | "GET /audit/verification"
        | "GET /changes"
        | "GET /hooks"
        | "GET /hooks/{hook}"
        | "GET /streams"
        | "GET /streams/{stream}"
        | "GET /streams/{stream}/attempts"
        | "GET /streams/{stream}/deliveries"
        | "GET /streams/{stream}/status"
        | "GET /webhooks"
        | "GET /webhooks/{webhook}"
        | "GET /webhooks/{webhook}/attempts"
        | "GET /webhooks/{webhook}/deliveries"
        | "GET /webhooks/{webhook}/status"
        | "GET /openapi.json"
        | "GET /sources"
        | "DELETE /sources/{source}/tokens/{token}"
        | "GET /sources/{source}"
        | "GET /sources/{source}/requests"
        | "GET /sources/{source}/requests/{request}"
        | "GET /sources/{source}/resource-types"
        | "GET /sources/{source}/schemas"
        | "GET /sources/{source}/schemas/{urn}"
        | "GET /sources/{source}/status"
        | "GET /sources/{source}/tokens"
        | "GET /sources/{source}/validate"
        | "GET /tenants"
        | "GET /tenants/{tenant}" => (Value::Null, 200),
        route => panic!("{route} has no row: add one"),
    }
}

/// Things of the default tenant to be named in paths, each with a name of the same length that is nothing.
pub(crate) struct World {
    pub(crate) app: TestApp,
    names: Vec<(&'static str, String, String)>,
    /// A token of the source.
    token: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let app = TestApp::start().await;
        // Who waits at okta may be the identity that the other source made.
        let settings = SourceSettings { policy: Some(json!({})), ..SourceSettings::default() };
        let other = app.source_with("other", "generic", settings.clone()).await;
        other.post("/Users", json!({ "userName": "ann" })).await.expect(201);
        let okta = app.source_with("okta", "okta", settings).await;
        let made = okta.post("/Users", json!({ "userName": "ann" })).await.expect(201);
        let (waiting, request) = (made.id(), made.header("x-request-id").unwrap().to_owned());
        let admin = app.admin("default").await;
        let people =
            app.service.identities(&admin, &IdentityFilter::default(), &Paging::all()).await.unwrap();
        let nobody = |last: u8| format!("00000000-0000-7000-8000-00000000000{last}");
        app.service.create_tenant(&Manager::operator(), "acme").await.unwrap();
        let new =
            NewApiToken { name: "victim".to_owned(), scopes: vec![ApiScope::ApiTokensWrite], expires: None };
        let (token, _) =
            app.service.issue_api_token(&Manager::operator(), Some("default"), new).await.unwrap();
        let mut endpoints = Vec::new();
        for (place, kind) in [
            ("{webhook}", EndpointKind::Webhook),
            ("{hook}", EndpointKind::BeforeProvision),
            ("{stream}", EndpointKind::SetPoll),
        ] {
            let url = if kind == EndpointKind::SetPoll { "" } else { "https://a.example/" };
            let settings = EndpointSettings { url: url.to_owned(), ..EndpointSettings::default() };
            let new = NewEndpoint { kind, settings, authorization: None, after: None };
            let (endpoint, _) = app.service.create_endpoint(&admin, new).await.unwrap();
            let nothing = "00000000-0000-7000-8000-000000000000".to_owned();
            endpoints.push((place, endpoint.id.to_string(), nothing));
        }
        let mut names = vec![
            ("{source}", "okta".to_owned(), "nope".to_owned()),
            ("{request}", request.clone(), "0".repeat(request.len())),
            ("{token}", token.id.to_string(), "00000000-0000-7000-8000-000000000000".to_owned()),
            (
                "{urn}",
                "urn:ietf:params:scim:schemas:core:2.0:User".to_owned(),
                "urn:ietf:params:scim:schemas:core:2.0:Nope".to_owned(),
            ),
            ("{tenant}", "default".to_owned(), "nothing".to_owned()),
            ("{resource}", waiting, nobody(1)),
            ("{identity}", people.items[0].identity.id.to_string(), nobody(2)),
        ];
        names.extend(endpoints);
        let (admin, source) = (app.admin("default").await, app.record("okta").await);
        let token = app.service.credentials(&admin, &source).await.unwrap().remove(0).id.to_string();
        Self { app, names, token }
    }

    /// The route's path with the names of what is there, or of nothing.
    pub(crate) fn path(&self, route: &ApiRoute, there: bool) -> String {
        let fill = |path: String, (place, real, none): &(&str, String, String)| {
            path.replace(place, if there { real } else { none })
        };
        let mut path = route.path.to_owned();
        if there && path.starts_with("/sources/") {
            path = path.replace("{token}", &self.token);
        }
        let path = self.names.iter().fold(path, fill);
        assert!(!path.contains('{'), "{path}: add the name to World::names");
        path
    }

    pub(crate) async fn send(&self, client: &Client, route: &ApiRoute, path: &str) -> Reply {
        let (body, _) = row(route);
        let reply = client.send(route.method, path, (!body.is_null()).then_some(body)).await;
        let media = if reply.status < 400 { "application/json" } else { "application/problem+json" };
        let media = (reply.status != 204).then_some(media);
        assert_eq!(reply.header("content-type"), media, "{} {path}", route.method);
        reply
    }
}

pub(crate) fn all() -> Vec<ApiScope> {
    ApiScope::all().collect()
}

#[tokio::test]
async fn nothing_answers_without_a_valid_token() {
    let world = World::new().await;
    let app = &world.app;
    let good = app.api(None, &all()).await;
    let stranger = |header: Option<&str>| good.clone().authorized(header);
    let unknown = Token::generate(TokenKind::Api, &SystemIds);
    let operator = Manager::operator();
    let new = |expires| NewApiToken { name: "t".to_owned(), scopes: all(), expires };
    let soon = Some(Timestamp(app.clock.now().0 + 1));
    let (_, expired) = app.service.issue_api_token(&operator, None, new(soon)).await.unwrap();
    app.clock.advance_ms(2);
    let (kept, revoked) = app.service.issue_api_token(&operator, None, new(None)).await.unwrap();
    app.service.revoke_api_token(&operator, &kept.prefix).await.unwrap();
    let mut forged = good.authorization().unwrap().to_owned();
    forged.replace_range(forged.len() - 2.., "AA");
    let strangers = [
        ("no header", stranger(None)),
        ("another scheme", stranger(Some("Basic YTpi"))),
        ("nonsense", stranger(Some("Bearer rca_nonsense"))),
        ("an unknown token", stranger(Some(&format!("Bearer {}", unknown.reveal())))),
        ("a known prefix with another secret", stranger(Some(&forged))),
        ("an expired token", stranger(Some(&format!("Bearer {}", expired.reveal())))),
        ("a revoked token", stranger(Some(&format!("Bearer {}", revoked.reveal())))),
    ];
    for route in api_routes().filter(|route| route.needs != Needs::Nothing) {
        let mut told = Vec::new();
        for (who, client) in &strangers {
            for there in [true, false] {
                let reply = world.send(client, route, &world.path(route, there)).await;
                assert_eq!(reply.status, 401, "{} {} with {who}", route.method, route.path);
                assert!(reply.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
                told.push(reply.body["detail"].clone());
            }
        }
        told.dedup();
        assert_eq!(told.len(), 1, "strangers are told apart: {told:?}");
    }
    // The token of a source opens nothing here, and the other way round.
    let source = app.credential("okta", rollcall_service::admin::NewCredential::default()).await;
    let reply = source.clone().at(API_BASE).get("/sources").await;
    assert_eq!(reply.status, 401);
    assert!(reply.body["detail"].as_str().unwrap().contains("token of a source"), "{}", reply.body);
    good.clone().at("/scim/okta/v2").get("/Users").await.expect(401);
}

#[tokio::test]
async fn a_scope_opens_its_routes_and_no_others() {
    let world = World::new().await;
    let read: Vec<ApiScope> = all().into_iter().filter(|scope| scope.is_read()).collect();
    for route in api_routes() {
        let Some(scope) = route.needs.scope() else { continue };
        let name = format!("{} {}", route.method, route.path);
        assert_eq!(scope.is_read(), route.method == "GET", "{name}: its scope is of the other kind");
        let others: Vec<ApiScope> = all().into_iter().filter(|other| *other != scope).collect();
        for scopes in [&others, &read].into_iter().filter(|scopes| !scopes.contains(&scope)) {
            let client = world.app.api(None, scopes).await;
            let mut told = Vec::new();
            for there in [true, false] {
                let reply = world.send(&client, route, &world.path(route, there)).await.expect(403);
                assert!(
                    reply.body["detail"].as_str().unwrap().contains(scope.name()),
                    "{name}: {}",
                    reply.body
                );
                told.push(reply.body["detail"].clone());
            }
            assert_eq!(told[0], told[1], "{name}: a token without the scope learns what is there");
        }
    }
}

#[tokio::test]
async fn the_right_token_gets_what_it_asks_for() {
    for route in api_routes() {
        let (_, expected) = row(route);
        let name = format!("{} {}", route.method, route.path);
        for bound in [None, Some("default")] {
            let world = World::new().await;
            let scopes: Vec<ApiScope> = route.needs.scope().into_iter().collect();
            let scopes = if scopes.is_empty() { all() } else { scopes };
            let client = world.app.api(bound, &scopes).await;
            let reply = world.send(&client, route, &world.path(route, true)).await;
            let refused = bound.is_some() && matches!(route.needs, Needs::Installation(_));
            assert_eq!(reply.status, if refused { 403 } else { expected }, "{name}: {}", reply.body);
        }
    }
}

/// What another tenant has and what nobody has are answered alike, in status and words.
#[tokio::test]
async fn another_tenant_s_things_are_not_there() {
    for route in api_routes().filter(|route| !matches!(route.needs, Needs::Nothing | Needs::Installation(_)))
    {
        let world = World::new().await;
        let client = world.app.api(Some("acme"), &all()).await;
        let name = format!("{} {}", route.method, route.path);
        let mut paths = vec![(world.path(route, true), world.path(route, false))];
        if matches!(route.needs, Needs::Tenant(_)) {
            let [(real, _)] = &paths[..] else { unreachable!() };
            paths =
                vec![paths[0].clone(), (format!("{real}?tenant=default"), format!("{real}?tenant=nothing"))];
        }
        for (real, none) in paths.iter().filter(|(real, none)| real != none) {
            let before = world.app.store.audit_head().await.unwrap();
            if route.operation == "configure_source" && !real.contains("tenant=") {
                // It makes its own of that name, and learns nothing.
                world.send(&client, route, real).await.expect(201);
                continue;
            }
            let (real, none) =
                (world.send(&client, route, real).await, world.send(&client, route, none).await);
            assert_eq!((real.status, none.status), (404, 404), "{name}: {} {}", real.body, none.body);
            let detail = |reply: &Reply| {
                let mut text = reply.body["detail"].as_str().unwrap().to_owned();
                let token = world.names.iter().find(|(place, ..)| *place == "{token}").unwrap();
                text = text.replace(&world.token, &token.2);
                for (_, real, none) in &world.names {
                    text = text.replace(none, real);
                }
                text
            };
            assert_eq!(detail(&real), detail(&none), "{name}");
            assert_eq!(world.app.store.audit_head().await.unwrap(), before, "{name} changed something");
        }
    }
}

/// A token of one tenant sees its own in every list, and never learns of another's by a conflict.
#[tokio::test]
async fn lists_and_conflicts_stay_within_the_tenant() {
    let world = World::new().await;
    let client = world.app.api(Some("acme"), &all()).await;
    let within = |needs| !matches!(needs, Needs::Installation(_));
    for route in
        api_routes().filter(|route| route.method == "GET" && !route.path.contains('{') && within(route.needs))
    {
        let reply = client.get(route.path).await.expect(200);
        let text = String::from_utf8(reply.bytes).unwrap();
        if route.needs != Needs::Nothing {
            assert!(!text.contains("okta") && !text.contains("victim"), "{}: {text}", route.path);
        }
    }
    // Not even how much others change: numbers of the chain are the installation's.
    client.post("/sources", json!({ "slug": "own" })).await.expect(201);
    let own = client.get("/audit?action=source.create").await.expect(200);
    assert_eq!(own.body["items"][0]["subject"], "sources/acme.own");
    assert_eq!(
        (&own.body["items"][0]["sequence"], &own.body["items"][0]["hash"]),
        (&Value::Null, &Value::Null)
    );
    let tenants = client.get("/tenants").await.expect(200);
    assert_eq!(tenants.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(tenants.body["items"][0]["name"], "acme");
}

#[tokio::test]
async fn nobody_gives_a_scope_that_he_has_not() {
    let world = World::new().await;
    let client = world.app.api(Some("acme"), &[ApiScope::ApiTokensWrite, ApiScope::SourcesRead]).await;
    for (body, status) in [
        (json!({ "name": "t", "scopes": ["sources:read"] }), 201),
        (json!({ "name": "t", "scopes": ["sources:write"] }), 403),
        (json!({ "name": "t", "scopes": ["sources:read"], "tenant": "acme" }), 201),
        (json!({ "name": "t", "scopes": ["sources:read"], "tenant": "default" }), 404),
        (json!({ "name": "t", "scopes": ["sources"] }), 400),
        (json!({ "name": "t", "scopes": [] }), 400),
        (json!({ "name": "", "scopes": ["sources:read"] }), 400),
        (json!({ "name": "t", "scopes": ["sources:read"], "expires_in_seconds": 0 }), 400),
    ] {
        let reply = client.post("/api-tokens", body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.body);
        if status == 201 {
            assert_eq!(reply.body["bound"], true);
            let token = format!("Bearer {}", reply.body["token"].as_str().unwrap());
            client.clone().authorized(Some(&token)).get("/sources").await.expect(200);
        }
    }
    // To rotate is to give.
    let operator = Manager::operator();
    let new = NewApiToken { name: "more".to_owned(), scopes: all(), expires: None };
    let (more, _) = world.app.service.issue_api_token(&operator, Some("acme"), new).await.unwrap();
    client.post(&format!("/api-tokens/{}/rotate", more.id), json!({})).await.expect(403);
}

#[tokio::test]
async fn a_rotated_token_goes_on_for_a_while() {
    let world = World::new().await;
    let client = world.app.api(Some("acme"), &[ApiScope::ApiTokensWrite, ApiScope::ApiTokensRead]).await;
    let listed = client.get("/api-tokens").await.expect(200);
    let path = format!("/api-tokens/{}/rotate", listed.body["items"][0]["id"].as_str().unwrap());
    let rotated = client.post(&path, json!({ "overlap_seconds": 60 })).await.expect(201);
    let fresh = format!("Bearer {}", rotated.body["token"].as_str().unwrap());
    client.get("/api-tokens").await.expect(200);
    world.app.clock.advance_ms(60_000);
    client.get("/api-tokens").await.expect(401);
    let fresh = client.authorized(Some(&fresh));
    fresh.get("/api-tokens").await.expect(200);
    fresh.post(&path, json!({})).await.expect(409);
    // Its use is noted, to the minute.
    world.app.service.flush_last_used().await.unwrap();
    let listed = fresh.get("/api-tokens").await.expect(200);
    assert!(listed.body["items"][1]["last_used"].is_string(), "{}", listed.body);
}
