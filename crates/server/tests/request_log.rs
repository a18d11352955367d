//! What of a request is kept, for whom it is found, and that it tells nobody's name.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rollcall_domain::api::ApiScope;
use rollcall_domain::request_log::{
    Bodies, Kept, KeptBody, KeptHeader, LoggedRequest, RequestLogSettings, RequestSummary,
};
use rollcall_domain::source::SourceSettings;
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_service::admin::Paging;
use rollcall_service::request_log::RequestFilter;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

fn settings(request_log: RequestLogSettings) -> SourceSettings {
    SourceSettings { requests_per_second: 0, request_log, ..SourceSettings::default() }
}

fn keeping(keep: Kept) -> SourceSettings {
    settings(RequestLogSettings { keep, ..RequestLogSettings::default() })
}

/// The latest first.
async fn found(app: &TestApp, slug: &str, filter: RequestFilter) -> Vec<RequestSummary> {
    let admin = app.admin(DEFAULT_TENANT).await;
    app.service.requests(&admin, slug, &filter, &Paging::all()).await.unwrap().items
}

/// `METHOD status`, the oldest first.
async fn kept(app: &TestApp, slug: &str, filter: RequestFilter) -> Vec<String> {
    let mut found = found(app, slug, filter).await;
    found.reverse();
    found.into_iter().map(|request| format!("{} {}", request.method, request.status)).collect()
}

async fn request(app: &TestApp, slug: &str, id: &str) -> Option<LoggedRequest> {
    app.service.request(&app.admin(DEFAULT_TENANT).await, slug, id).await.ok()
}

fn about(user: &str) -> RequestFilter {
    RequestFilter { user: Some(user.to_owned()), ..RequestFilter::default() }
}

async fn latest(app: &TestApp, slug: &str) -> LoggedRequest {
    let found = found(app, slug, RequestFilter::default()).await;
    request(app, slug, &found.first().unwrap().id).await.unwrap()
}

/// A refused credential, a read, a write, a conflict, a search, a deletion of nobody.
async fn a_day(client: &Client) {
    client.clone().authorized(Some("Bearer rc_wrong")).get("/Users").await.expect(401);
    client.get("/Users").await.expect(200);
    client.user("barbara@example.com").await;
    client.post("/Users", json!({ "userName": "barbara@example.com" })).await.expect(409);
    client
        .post("/Users/.search", json!({ "filter": "userName eq \"barbara@example.com\"" }))
        .await
        .expect(200);
    client.delete("/Users/nobody").await.expect(404);
}

#[tokio::test]
async fn what_is_kept_is_the_operators_choice() {
    let app = TestApp::start().await;
    for (slug, keep, expected) in [
        ("nothing", Kept::Nothing, &[][..]),
        ("failures", Kept::Failures, &["GET 401", "POST 409", "DELETE 404"]),
        ("writes", Kept::Writes, &["GET 401", "POST 201", "POST 409", "DELETE 404"]),
        ("all", Kept::All, &["GET 401", "GET 200", "POST 201", "POST 409", "POST 200", "DELETE 404"]),
    ] {
        a_day(&app.source_with(slug, "generic", keeping(keep)).await).await;
        assert_eq!(kept(&app, slug, RequestFilter::default()).await, expected, "{slug}");
    }
}

#[tokio::test]
async fn a_kept_request_says_what_was_sent_and_what_was_answered() {
    let app = TestApp::start().await;
    let client = app.source("okta", "okta").await.header("user-agent", "Okta SCIM Client 1.0.0");
    let body = json!({ "userName": "barbara@example.com", "active": false, "password": "hunter22!" });
    let made = client.post("/Users", body).await.expect(201);
    let first = latest(&app, "okta").await;
    assert_eq!(Some(first.summary.id.as_str()), made.header("x-request-id"));
    assert_eq!(first.summary.user_agent.as_deref(), Some("Okta SCIM Client 1.0.0"));
    assert_eq!(
        first.summary.resource.as_ref().map(|(kind, id)| (kind.as_str(), id.to_string())),
        Some(("User", made.id()))
    );
    assert!(first.summary.credential.is_some());
    let sent = json!({ "userName": "b…@…", "active": false, "password": "•••" });
    assert_eq!(first.detail.request, KeptBody::Json(sent));
    let KeptBody::Json(answer) = first.detail.response else { panic!("the answer is kept") };
    assert_eq!(answer["userName"], "b…@…");
    assert_eq!(answer["id"], made.id());

    client.post("/Users", json!({ "userName": "barbara@example.com" })).await.expect(409);
    let second = latest(&app, "okta").await;
    assert_eq!(second.summary.scim_type.as_deref(), Some("uniqueness"));
    assert!(second.summary.problem.unwrap().contains("userName"));
    client.send_bytes("POST", "/Users", Some(b"{\"userName\": \"barbara\"".to_vec())).await.expect(400);
    assert!(matches!(latest(&app, "okta").await.detail.request, KeptBody::LeftOut(_)));
    let long = "x".repeat(70_000);
    client.post("/Users", json!({ "userName": "long", "title": long })).await.expect(201);
    let third = latest(&app, "okta").await;
    assert!(matches!(third.detail.request, KeptBody::LeftOut(_)) && third.summary.resource.is_some());
}

/// Which headers came is seen, and of those that may say whose they are no value.
#[tokio::test]
async fn headers_are_kept_of_what_is_kept_and_credentials_never() {
    let app = TestApp::start().await;
    for (slug, keep, read) in [("writes", Kept::Writes, false), ("all", Kept::All, true)] {
        let client = app.source_with(slug, "generic", keeping(keep)).await;
        let client = client.header("user-agent", "sync by ann@example.com").header("x-api-key", "hunter22!");
        let client = client.header("cookie", "session=hunter22!").header("x-request-id", "from-okta-1");
        let headers = async || latest(&app, slug).await.detail.headers;
        let value = |headers: &[KeptHeader], name: &str| {
            let found = headers.iter().find(|header| header.name == name);
            found.map(|header| header.value.clone().unwrap_or_else(|| "not kept".to_owned()))
        };
        client.user("ann").await;
        let made = headers().await;
        for (name, expected) in [
            ("authorization", "not kept"),
            ("cookie", "not kept"),
            ("x-api-key", "not kept"),
            ("user-agent", "sync by a…@…"),
            ("content-type", "application/scim+json"),
            ("x-request-id", "from-okta-1"),
        ] {
            assert_eq!(value(&made, name).as_deref(), Some(expected), "{slug}: {name} of {made:?}");
        }
        assert!(!format!("{made:?}").contains("hunter22!"), "{made:?}");
        let stranger = client.clone().authorized(Some("Bearer rc_wrong"));
        stranger.get("/Users").await.expect(401);
        assert_eq!(value(&headers().await, "authorization").as_deref(), Some("not kept"), "{slug}");
        client.get("/Users/nobody").await.expect(404);
        assert_eq!(!headers().await.is_empty(), read, "{slug}: a read that fails");
    }
}

#[tokio::test]
async fn bodies_are_kept_as_the_operator_says_and_secrets_never() {
    let app = TestApp::start().await;
    for (slug, bodies, name) in [
        ("none", Bodies::None, None),
        ("masked", Bodies::Masked, Some("b…@…")),
        ("full", Bodies::Full, Some("barbara@example.com")),
    ] {
        let log = RequestLogSettings { bodies, ..RequestLogSettings::default() };
        let client = app.source_with(slug, "generic", settings(log)).await;
        client.post("/Users", json!({ "userName": "barbara@example.com", "password": "hunter22!" })).await;
        let request = latest(&app, slug).await.detail.request;
        let body = if let KeptBody::Json(body) = &request { body } else { &Value::Null };
        assert_eq!(body["userName"].as_str(), name, "{slug}");
        assert!(!format!("{request:?}").contains("hunter22!"), "{slug}");
    }
}

/// Why is this person not active? One search shows all that was ever sent about them.
#[tokio::test]
async fn a_person_is_found_by_name_address_and_id_also_where_it_failed() {
    let app = TestApp::start().await;
    let client = app.source("okta", "okta").await;
    client.post("/Users", json!({ "userName": "barbara", "active": "perhaps" })).await.expect(400);
    let mail = json!([{ "value": "Barbara@Example.com" }]);
    let body = json!({ "userName": "barbara", "externalId": "00u1", "emails": mail });
    let barbara = client.post("/Users", body).await.expect(201).id();
    let other = client.user("other").await;
    let group = client.group("Sales", &[&other]).await;
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": barbara }] }]);
    client.patch(&format!("/Groups/{group}"), add).await;
    let off = json!([{ "op": "replace", "value": { "active": false } }]);
    client.patch(&format!("/Users/{barbara}"), off.clone()).await.expect(200);
    client.patch(&format!("/Users/{other}"), off).await.expect(200);

    let all = ["POST 400", "POST 201", "PATCH 200", "PATCH 200"];
    for name in ["barbara", "BARBARA", "00u1", &barbara] {
        assert_eq!(kept(&app, "okta", about(name)).await, all, "{name}");
    }
    assert_eq!(kept(&app, "okta", about("barbara@example.com")).await[..1], ["POST 201"]);
    assert_eq!(kept(&app, "okta", about(&group)).await, ["POST 201", "PATCH 200"]);
    assert_eq!(kept(&app, "okta", about("nobody")).await, [""; 0]);
    let failed = RequestFilter { status: Some("4xx".to_owned()), ..about("barbara") };
    assert_eq!(kept(&app, "okta", failed).await, ["POST 400"]);
    client.delete(&format!("/Users/{barbara}")).await.expect(204);
    assert_eq!(kept(&app, "okta", about("barbara")).await.last().unwrap(), "DELETE 204");
}

#[tokio::test]
async fn requests_of_another_source_are_not_found() {
    let app = TestApp::start().await;
    let (one, two) = (app.source("one", "generic").await, app.source("two", "generic").await);
    let made = one.post("/Users", json!({ "userName": "barbara" })).await.expect(201);
    two.user("other").await;
    let id = made.header("x-request-id").unwrap();
    assert!(request(&app, "one", id).await.is_some());
    assert!(request(&app, "two", id).await.is_none());
    assert_eq!(kept(&app, "two", about("barbara")).await, [""; 0]);
}

#[tokio::test]
async fn what_comes_too_fast_is_left_out_and_said() {
    let app = TestApp::start().await;
    let log = RequestLogSettings { max_per_second: 1, ..RequestLogSettings::default() };
    let client = app.source_with("fast", "generic", settings(log)).await;
    for number in 0..15 {
        client.user(&format!("user{number}")).await;
    }
    // Failures have a rate of their own.
    client.get("/Users/nobody").await.expect(404);
    app.clock.advance_ms(1_000);
    client.user("later").await;
    let found = found(&app, "fast", RequestFilter::default()).await;
    let left_out: Vec<u32> = found.iter().map(|request| request.left_out).collect();
    assert_eq!(left_out, [[0, 5].as_slice(), &[0; 10]].concat());
    let counts = app.service.request_log_counts();
    assert_eq!((counts.written, counts.over_rate, counts.queue_full), (12, 5, 0));
    let metrics = client.at("").get("/metrics").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(text.contains("rollcall_request_log_total{outcome=\"over_rate\"} 5"), "{text}");
}

#[tokio::test]
async fn a_full_queue_leaves_out_and_never_waits() {
    let app = TestApp::start().await;
    let log = RequestLogSettings { max_per_second: 0, ..RequestLogSettings::default() };
    let client = app.source_with("fast", "generic", settings(log)).await;
    for _ in 0..2_100 {
        client.get("/Users/nobody").await.expect(404);
    }
    app.service.flush_request_log().await;
    let counts = app.service.request_log_counts();
    assert_eq!((counts.written, counts.queue_full), (2_048, 52));
    client.get("/Users/nobody").await.expect(404);
    assert_eq!(latest(&app, "fast").await.summary.left_out, 52);
}

#[tokio::test]
async fn old_requests_go_also_of_silent_sources() {
    let app = TestApp::start().await;
    let client = app.source("old", "generic").await;
    client.user("barbara").await;
    assert_eq!(kept(&app, "old", RequestFilter::default()).await.len(), 1);
    app.clock.advance_ms(31 * 86_400_000);
    app.service.sweep_request_log().await.unwrap();
    assert_eq!(kept(&app, "old", RequestFilter::default()).await.len(), 0);
}

/// The same through the admin API, page by page.
#[tokio::test]
async fn the_admin_api_lists_and_shows_requests() {
    let app = TestApp::start().await;
    let client = app.source("okta", "okta").await;
    for number in 0..3 {
        client.user(&format!("user{number}")).await;
    }
    let conflict = client.post("/Users", json!({ "userName": "user1" })).await.expect(409);
    let api = app.api(None, &[ApiScope::RequestsRead]).await;
    let page = api.get("/sources/okta/requests?limit=3").await.expect(200).body;
    let statuses = |page: &Value| {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["status"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(&page), [409, 201, 201]);
    let next = page["next_cursor"].as_str().unwrap();
    let rest = api.get(&format!("/sources/okta/requests?limit=3&cursor={next}")).await.expect(200).body;
    assert_eq!((statuses(&rest), &rest["next_cursor"]), (vec![201], &Value::Null));
    let found = api.get("/sources/okta/requests?user=user1&status=4xx&since=2020-01-01T00:00:00Z").await;
    assert_eq!(statuses(&found.expect(200).body), [409]);
    let id = conflict.header("x-request-id").unwrap();
    let shown = api.get(&format!("/sources/okta/requests/{id}")).await.expect(200).body;
    assert_eq!(shown["request"]["json"]["userName"], "u…");
    let headers = shown["headers"].as_array().unwrap();
    assert!(headers.contains(&json!({ "name": "authorization", "value": null })), "{headers:?}");
    assert_eq!(shown["scim_type"], "uniqueness");
    for (path, status) in [
        ("/sources/okta/requests/nothing", 404),
        ("/sources/nothing/requests", 404),
        ("/sources/okta/requests?status=often", 400),
        ("/sources/okta/requests?since=yesterday", 400),
    ] {
        api.get(path).await.expect(status);
    }
}

/// What the corpus sends: of persons, secrets, and the rest.
#[derive(Default)]
struct Sent {
    personal: BTreeSet<String>,
    secret: BTreeSet<String>,
    plain: BTreeSet<String>,
}

impl Sent {
    /// Sorts the strings of a body by a list of names that is this test's own, and not the masker's.
    fn add(&mut self, value: &Value, name: &str) {
        const PERSONAL: &[&str] = &[
            "username",
            "name",
            "nickname",
            "emails",
            "phonenumbers",
            "addresses",
            "ims",
            "photos",
            "givenname",
            "familyname",
            "formatted",
            "profileurl",
            "x509certificates",
            "employeenumber",
        ];
        const KINDS: &[&str] = &["type", "primary", "op", "path", "schemas"];
        match value {
            Value::String(text) => {
                let last = name.rsplit(':').next().unwrap_or_default();
                let first = last.split(['.', '[']).next().unwrap_or_default().to_lowercase();
                let set = match first.as_str() {
                    "password" => &mut self.secret,
                    first if PERSONAL.contains(&first) => &mut self.personal,
                    _ => &mut self.plain,
                };
                set.insert(text.clone());
            }
            Value::Array(values) => values.iter().for_each(|value| self.add(value, name)),
            Value::Object(object) => {
                let path = object.get("path").and_then(Value::as_str).unwrap_or(name);
                for (own, value) in object {
                    match own.as_str() {
                        kind if KINDS.contains(&kind) => self.add(value, kind),
                        "value" => self.add(value, path),
                        // What is in an attribute that is personal is personal.
                        _ if PERSONAL.contains(&name) => self.add(value, name),
                        own => self.add(value, own),
                    }
                }
            }
            _ => {}
        }
    }

    /// Leaves out what is too short to be looked for, or sent as something else too.
    fn settle(&mut self) {
        let plain = &self.plain;
        self.personal.retain(|value| {
            value.chars().count() > 3
                && value != "User"
                && !plain.iter().any(|text| text.contains(value.as_str()))
        });
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Marks strings of digits only, such as a postal code: a time or an identifier would hold them by chance.
fn mark_numbers(value: &mut Value) {
    match value {
        Value::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.insert_str(0, "zq");
        }
        Value::Array(values) => values.iter_mut().for_each(mark_numbers),
        Value::Object(object) => object.values_mut().for_each(mark_numbers),
        _ => {}
    }
}

/// Sends all requests of the corpus to sources that keep everything; what was sent of persons, what the log's
/// files or tables hold, and all log lines.
async fn corpus(bodies: Bodies) -> (Sent, String, String) {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let app = TestApp::start().await;
    let log =
        RequestLogSettings { bodies, keep: Kept::All, max_per_second: 0, ..RequestLogSettings::default() };
    let mut sent = Sent::default();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/idp");
    for (number, provider) in std::fs::read_dir(cases).unwrap().enumerate() {
        let client = app.source_with(&format!("s{number}"), "generic", settings(log.clone())).await;
        sent.secret.insert(client.authorization().unwrap().trim_start_matches("Bearer ").to_owned());
        for file in std::fs::read_dir(provider.unwrap().path()).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let text = text.replace("{{rand}}", "zqx").replace("{{RAND}}", "ZQX");
            let mut case: Value = serde_json::from_str(&text).unwrap();
            mark_numbers(&mut case);
            for setup in case["setup"].as_array().into_iter().flatten() {
                sent.add(&setup["body"], "");
                client.post(setup["path"].as_str().unwrap(), setup["body"].clone()).await;
            }
            sent.add(&case["body"], "");
            let body = (!case["body"].is_null()).then(|| case["body"].clone());
            client.send(case["method"].as_str().unwrap(), case["path"].as_str().unwrap(), body).await;
        }
    }
    app.service.flush_request_log().await;
    sent.settle();
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    (sent, app.kept().request_log().await, lines)
}

fn found_in<'a>(sent: &'a BTreeSet<String>, text: &str) -> Vec<&'a String> {
    sent.iter().filter(|value| text.contains(value.as_str())).collect()
}

#[tokio::test]
async fn nothing_that_providers_send_of_persons_is_in_the_masked_log_or_in_log_lines() {
    let (sent, stored, lines) = corpus(Bodies::Masked).await;
    assert!(sent.personal.len() > 20 && lines.lines().count() > 30, "{:?} {lines}", sent.personal);
    for text in [&stored, &lines] {
        assert_eq!(found_in(&sent.personal, text), [""; 0]);
        assert_eq!(found_in(&sent.secret, text), [""; 0]);
    }
    assert!(!stored.contains("@example"));
}

#[tokio::test]
async fn a_log_that_masks_nothing_has_what_was_sent_but_for_secrets() {
    let (sent, stored, _) = corpus(Bodies::Full).await;
    assert_eq!(found_in(&sent.personal, &stored).len(), sent.personal.len());
    assert!(sent.secret.len() > 5);
    assert_eq!(found_in(&sent.secret, &stored), [""; 0]);
}
