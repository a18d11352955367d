//! Every endpoint and method against every kind of credential: none is forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

use rollcall_domain::clock::{Clock as _, Timestamp};
use rollcall_domain::credential::Scope;
use rollcall_domain::source::SourceSettings;
use rollcall_server::{SCIM_ROUTES, SCIM_V1_ROUTES, ScimRoute};
use rollcall_service::admin::NewCredential;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

/// A path of this route that exists, or could.
fn path(route: &str) -> String {
    let id =
        if route.starts_with("/Schemas") { "urn:ietf:params:scim:schemas:core:2.0:User" } else { "User" };
    route
        .replace("/{endpoint}/{id}", "/Users/00000000-0000-7000-8000-000000000000")
        .replace("{endpoint}", "Users")
        .replace("{id}", id)
}

/// The version in the URL, its routes, and the media type that they answer with.
const TABLES: [(&str, &[ScimRoute], &str); 2] =
    [("v2", SCIM_ROUTES, "application/scim+json"), ("v1", SCIM_V1_ROUTES, "application/json")];

/// The status of every route and method of a source, in the order of the tables, and whether it writes.
async fn statuses(client: &Client, slug: &str) -> Vec<(String, u16, bool)> {
    let mut found = Vec::new();
    for (version, routes, media) in TABLES {
        let client = client.clone().at(&format!("/scim/{slug}/{version}"));
        found.extend(statuses_of(&client, version, routes, media).await);
    }
    found
}

async fn statuses_of(
    client: &Client,
    version: &str,
    routes: &[ScimRoute],
    media: &str,
) -> Vec<(String, u16, bool)> {
    let mut found = Vec::new();
    for route in routes {
        for (method, writes) in route.methods {
            let body = matches!(*method, "POST" | "PUT" | "PATCH").then(|| json!({}));
            let reply = client.send(method, &path(route.path), body).await;
            assert_eq!(reply.header("content-type"), Some(media), "{method} {}", route.path);
            found.push((format!("{version}: {method} {}", route.path), reply.status, *writes));
        }
    }
    found
}

#[tokio::test]
async fn nothing_answers_without_a_valid_credential_of_its_source() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let other = app.source("b", "generic").await.at("/scim/a/v2");
    let foreign = app.source_within("acme", "a", "generic", SourceSettings::default()).await;
    let foreign = foreign.at("/scim/a/v2");
    let expired =
        NewCredential { expires: Some(Timestamp(app.clock.now().0 + 1)), ..NewCredential::default() };
    let expired = app.credential("a", expired).await;
    app.clock.advance_ms(2);
    let revoked = app.credential("a", NewCredential::default()).await;
    let record = app.record("a").await;
    let admin = app.admin("default").await;
    let last = app.service.credentials(&admin, &record).await.unwrap().pop().unwrap();
    app.service.revoke_token(&admin, &record, &last.prefix).await.unwrap();
    let strangers = [
        ("no header", "a", client.clone().authorized(None)),
        ("another scheme", "a", client.clone().authorized(Some("Digest abc"))),
        ("nonsense", "a", client.clone().authorized(Some("Bearer rc_nonsense"))),
        ("another source's token", "a", other),
        ("another tenant's token", "a", foreign),
        ("an expired token", "a", expired),
        ("a revoked token", "a", revoked),
        ("no such source", "none", client.clone()),
    ];
    let mut bodies = Vec::new();
    for (who, slug, stranger) in strangers {
        for (route, status, _) in statuses(&stranger, slug).await {
            assert_eq!(status, 401, "{route} with {who}");
        }
        let reply = stranger.at(&format!("/scim/{slug}/v2")).get("/Users").await;
        assert!(reply.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")), "{who}");
        assert_eq!(reply.body["status"], "401");
        bodies.push(reply.body["detail"].clone());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "strangers are told apart");
}

#[tokio::test]
async fn a_scope_opens_its_methods_and_no_others() {
    let app = TestApp::start().await;
    app.source("a", "generic").await;
    for scope in [Scope::Read, Scope::Write] {
        let client =
            app.credential("a", NewCredential { scopes: vec![scope], ..NewCredential::default() }).await;
        for (route, status, write) in statuses(&client, "a").await {
            let allowed = write == (scope == Scope::Write);
            // A credential bound to no user gets 501 from /Me before its scope counts, and a POST that does not
            // say which method it stands for 405.
            let earlier = route.ends_with("/Me") || route == "v1: POST /{endpoint}/{id}";
            assert_eq!(status == 403, !allowed && !earlier, "{route} with {scope:?}: {status}");
        }
    }
}

/// For each version, method and route, a body that it takes, and what the right credential gets. One without a row
/// fails.
fn row(version: &str, route: &str) -> (Value, u16) {
    let user = json!({ "userName": "bob" });
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "POST", "path": "/Users", "bulkId": "1", "data": user }],
    });
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "title", "value": "x" }],
    });
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
    match (version, route) {
        (
            _,
            "GET /"
            | "GET /Me"
            | "GET /ResourceTypes"
            | "GET /ResourceTypes/{id}"
            | "GET /Schemas"
            | "GET /ServiceProviderConfig"
            | "GET /ServiceProviderConfigs"
            | "GET /Schemas/{id}"
            | "GET /{endpoint}"
            | "GET /GroupMemberships"
            | "GET /{endpoint}/{id}",
        ) => (Value::Null, 200),
        ("v2", "POST /.search" | "POST /GroupMemberships/.search" | "POST /{endpoint}/.search") => {
            (search, 200)
        }
        // There is no group here.
        ("v2", "POST /GroupMemberships") => (user, 400),
        ("v2", "GET /GroupMemberships/{id}" | "DELETE /GroupMemberships/{id}") => (Value::Null, 404),
        ("v2", "POST /Bulk") => (bulk, 200),
        ("v1", "POST /Bulk") => (json!({ "Operations": bulk["Operations"] }), 200),
        (_, "POST /{endpoint}") => (user, 201),
        (_, "PUT /Me" | "PUT /{endpoint}/{id}") => (user, 200),
        ("v2", "PATCH /Me" | "PATCH /{endpoint}/{id}") => (patch, 200),
        ("v1", "PATCH /{endpoint}/{id}") => (json!({ "title": "x" }), 200),
        (_, "DELETE /Me" | "DELETE /{endpoint}/{id}") => (Value::Null, 204),
        // Whoever is somebody already is not made again.
        ("v2", "POST /Me") => (user, 501),
        // Another method is named in a header, which is missing here.
        ("v1", "POST /{endpoint}/{id}") => (user, 405),
        _ => panic!("{version}: {route} has no row: add one"),
    }
}

#[tokio::test]
async fn the_right_credential_gets_what_it_asks_for() {
    for (version, routes, _) in TABLES {
        for (route, (method, write)) in
            routes.iter().flat_map(|route| route.methods.iter().map(move |method| (route, method)))
        {
            let app = TestApp::start().await;
            let ann = app.source("a", "generic").await.user("ann").await;
            let scopes = vec![if *write { Scope::Write } else { Scope::Read }];
            let new =
                NewCredential { scopes, subject: Some(ann.parse().unwrap()), ..NewCredential::default() };
            let client = app.credential("a", new).await.at(&format!("/scim/a/{version}"));
            let name = format!("{method} {}", route.path);
            let (body, expected) = row(version, &name);
            let path = path(route.path).replace("00000000-0000-7000-8000-000000000000", &ann);
            let path =
                if version == "v1" { path.replace("ietf:params:", "").replace("2.0", "1.0") } else { path };
            let reply = client.send(method, &path, (!body.is_null()).then_some(body)).await;
            assert_eq!(reply.status, expected, "{version}: {name}: {}", reply.body);
        }
    }
}

#[tokio::test]
async fn basic_credentials_and_the_second_url_work_too() {
    use base64::Engine as _;
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let record = app.record("a").await;
    let (_, token) = app
        .service
        .issue_token(&app.admin("default").await, &record, NewCredential::default())
        .await
        .unwrap();
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("scim:{}", token.reveal()));
    let _ = client.clone().authorized(Some(&format!("Basic {pair}"))).get("/Users").await.expect(200);
    let moved = client.clone().at("/source/scim/a/v2");
    let made = moved.post("/Users", json!({ "userName": "ann" })).await.expect(201);
    let location = format!("http://scim.example.com/source/scim/a/v2/Users/{}", made.id());
    assert_eq!(made.body["meta"]["location"], Value::from(location));
    let location = format!("http://scim.example.com/scim/a/v2/Users/{}", made.id());
    let shown = client.get(&format!("/Users/{}", made.id())).await.expect(200);
    assert_eq!(shown.body["meta"]["location"], Value::from(location));
}

#[tokio::test]
async fn what_is_no_route_or_method_is_told_in_scim_json() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    for (method, path, outcome) in [
        ("GET", "/Nothing", "404 -"),
        ("GET", "/Users/a/b/c", "404 -"),
        ("GET", "/Users/not-a-uuid", "404 -"),
        ("GET", "/Schemas/urn:none", "404 -"),
        ("GET", "/ResourceTypes/None", "404 -"),
        ("POST", "/Schemas", "405 -"),
        ("DELETE", "/ServiceProviderConfig", "405 -"),
        ("PUT", "/ResourceTypes/User", "405 -"),
        ("GET", "/Bulk", "405 -"),
        ("PUT", "/Users", "405 -"),
        ("GET", "/Me", "501 -"),
        ("GET", "/GroupMemberships/not-an-id", "404 -"),
        ("PUT", "/GroupMemberships/not-an-id", "405 -"),
        ("PATCH", "/GroupMemberships/not-an-id", "405 -"),
    ] {
        let reply = client.send(method, path, (method != "GET").then(|| json!({}))).await;
        assert_eq!(reply.outcome(), outcome, "{method} {path}: {}", reply.body);
        let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:Error"]);
        assert_eq!(reply.body["schemas"], schemas, "{method} {path}");
        assert_eq!(reply.diagnostics(), &Value::Null, "{method} {path}");
        assert!(reply.header("x-request-id").is_some_and(|id| !id.is_empty()), "{method} {path}");
    }
}

#[tokio::test]
async fn me_stands_for_the_user_that_the_credential_is_bound_to() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let ann = client.post("/Users", json!({ "userName": "ann" })).await.expect(201).id();
    let credential = NewCredential { subject: Some(ann.parse().unwrap()), ..NewCredential::default() };
    let me = app.credential("a", credential).await;
    let shown = me.get("/Me").await.expect(200);
    assert_eq!(shown.body["userName"], "ann");
    assert!(
        shown.header("content-location").is_some_and(|location| location.ends_with(&format!("/Users/{ann}")))
    );
    let _ = me.patch("/Me", json!([{ "op": "replace", "path": "nickName", "value": "A" }])).await.expect(200);
    assert_eq!(client.get(&format!("/Users/{ann}")).await.body["nickName"], "A");
    let _ = me.delete("/Me").await.expect(204);
    let _ = me.get("/Me").await.expect(404);
}
