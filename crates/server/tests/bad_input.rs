//! What is sent to do harm: each is refused with a reason, and nothing has changed.

use rollcall_domain::source::SourceSettings;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

async fn start() -> (TestApp, Client, String) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let ann = client.user("ann").await;
    client.group("g", &[&ann]).await;
    (app, client, format!("/Users/{ann}"))
}

/// `text` for a case's message.
fn short(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..80).unwrap_or(bytes)).into_owned()
}

#[tokio::test]
async fn a_body_that_is_no_resource_changes_nothing() {
    let (_app, client, place) = start().await;
    let before = client.everything().await;
    let nested = |depth: usize| {
        format!(r#"{{"userName":"x","deep":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth)).into_bytes()
    };
    let many = |count: usize| vec![r#"{"value":"x"}"#; count].join(",");
    let long = "x".repeat(10 * 1024 * 1024);
    for (body, outcome) in [
        (b"".to_vec(), "400 invalidSyntax"),
        (b" ".to_vec(), "400 invalidSyntax"),
        (b"{".to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"#.to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"x"}}"#.to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"x"} {"userName":"y"}"#.to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"x",}"#.to_vec(), "400 invalidSyntax"),
        (br#"{userName:"x"}"#.to_vec(), "400 invalidSyntax"),
        (br"{'userName':'x'}".to_vec(), "400 invalidSyntax"),
        (b"<user/>".to_vec(), "400 invalidSyntax"),
        (b"null".to_vec(), "400 invalidSyntax"),
        (b"7".to_vec(), "400 invalidSyntax"),
        (br#""userName""#.to_vec(), "400 invalidSyntax"),
        (b"[]".to_vec(), "400 invalidSyntax"),
        (br#"[{"userName":"x"}]"#.to_vec(), "400 invalidSyntax"),
        (b"\xff\xfe".to_vec(), "400 invalidSyntax"),
        (b"{\"userName\":\"\xff\"}".to_vec(), "400 invalidSyntax"),
        (b"{\"userName\":\"x\x00\"}".to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"\ud800"}"#.to_vec(), "400 invalidSyntax"),
        (b"\xef\xbb\xbf{\"userName\":\"x\"}".to_vec(), "400 invalidSyntax"),
        (nested(100), "400 invalidSyntax"),
        (nested(10_000), "400 invalidSyntax"),
        (br#"{"userName":1e999}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","shoe":1e999}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","shoe":[{"size":-1e999}]}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":1}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":["x","y"]}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":{"a":1}}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":null}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","active":"perhaps"}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","active":2}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","name":7}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","name":{"givenName":7}}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","emails":7}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","emails":[7]}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","emails":[[{"value":"x"}]]}"#.to_vec(), "400 invalidValue"),
        (
            br#"{"userName":"x","emails":[{"value":"x","primary":true},{"value":"y","primary":true}]}"#
                .to_vec(),
            "400 invalidValue",
        ),
        (br#"{"userName":"x","profileUrl":7}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","password":7}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","externalId":7}"#.to_vec(), "400 invalidValue"),
        (br#"{"userName":"x","schemas":{}}"#.to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"x","schemas":[7]}"#.to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"x","USERNAME":"y"}"#.to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"x","name":{"givenName":"a","GivenName":"b"}}"#.to_vec(), "400 invalidSyntax"),
        (br#"{"userName":"x","SCHEMAS":[],"schemas":[]}"#.to_vec(), "400 invalidSyntax"),
        (format!(r#"{{"userName":"{long}"}}"#).into_bytes(), "400 invalidValue"),
        (format!(r#"{{"userName":"x","shoe":"{long}"}}"#).into_bytes(), "400 invalidValue"),
        (format!(r#"{{"userName":"x","emails":[{}]}}"#, many(10_001)).into_bytes(), "400 invalidValue"),
        (format!(r#"{{"userName":"x","more":"{}"}}"#, long.repeat(2)).into_bytes(), "413 -"),
    ] {
        for (method, path) in [("POST", "/Users"), ("PUT", &*place)] {
            let reply = client.send_bytes(method, path, Some(body.clone())).await;
            assert_eq!(reply.outcome(), outcome, "{method} {}: {}", short(&body), reply.body);
            let detail = reply.body["detail"].as_str().unwrap();
            assert!(!detail.is_empty() && detail.len() < 1_000, "{}: {detail}", short(&body));
            assert!(!detail.contains("xxxxxxxxxx"), "an error echoes what was sent");
        }
    }
    assert_eq!(client.everything().await, before);
}

#[tokio::test]
async fn a_patch_that_is_none_changes_nothing() {
    let (_app, client, place) = start().await;
    let before = client.everything().await;
    let operations = |operations: Value| json!({ "schemas": [PATCH], "Operations": operations });
    let path = |path: &str| operations(json!([{ "op": "replace", "path": path, "value": "x" }]));
    let one = json!({ "op": "replace", "path": "title", "value": "x" });
    for (body, outcome) in [
        (json!([]), "400 invalidSyntax"),
        (json!({}), "400 invalidSyntax"),
        (json!({ "schemas": ["urn:other"], "Operations": [one] }), "400 invalidSyntax"),
        (operations(json!({})), "400 invalidSyntax"),
        (operations(json!("x")), "400 invalidSyntax"),
        (operations(json!([7])), "400 invalidSyntax"),
        (operations(json!([{}])), "400 invalidSyntax"),
        (operations(json!([{ "op": "move", "path": "title", "value": "x" }])), "400 invalidSyntax"),
        (operations(json!([{ "op": 7, "path": "title", "value": "x" }])), "400 invalidSyntax"),
        (operations(json!([{ "op": "replace", "path": 7, "value": "x" }])), "400 invalidPath"),
        (operations(json!([{ "op": "replace", "value": "x" }])), "400 invalidValue"),
        (operations(json!([{ "op": "remove" }])), "400 noTarget"),
        (operations(json!([{ "op": "add", "path": "title" }])), "400 invalidValue"),
        (operations(vec![one.clone(); 10_001].into()), "413 -"),
        (operations(vec![one.clone(); 100_000].into()), "413 -"),
        (
            operations(json!([one, { "op": "replace", "path": "active", "value": "perhaps" }])),
            "400 invalidValue",
        ),
        (operations(json!([one, { "op": "remove", "path": "userName" }])), "400 mutability"),
        (operations(json!([one, { "op": "replace", "path": "userName", "value": [1] }])), "400 invalidValue"),
        (path("emails["), "400 invalidPath"),
        (path("emails[]"), "400 invalidPath"),
        (path("emails[type eq]"), "400 invalidPath"),
        (path("emails[type eq \"work\""), "400 invalidPath"),
        (path("emails[type eq \"work\"]value"), "400 invalidPath"),
        (path("emails[type eq \"work\"].."), "400 invalidPath"),
        (path("title."), "400 invalidPath"),
        (path(".title"), "400 invalidPath"),
        (path("a b"), "400 invalidPath"),
        (path("title\u{0}"), "400 invalidPath"),
        (path(&"[".repeat(10_000)), "400 invalidPath"),
        (path(&format!("emails{}", "[type eq \"x\"]".repeat(10_000))), "400 invalidPath"),
        (path(&format!("emails[{}type pr{}]", "(".repeat(10_000), ")".repeat(10_000))), "400 invalidPath"),
        (path(&"a.".repeat(10_000)), "400 invalidPath"),
        (path(&"x".repeat(100_000)), "400 invalidPath"),
    ] {
        let reply = client.send("PATCH", &place, Some(body.clone())).await;
        assert_eq!(
            reply.outcome(),
            outcome,
            "{}: {}",
            short(body.to_string().as_bytes()),
            short(&reply.bytes)
        );
        assert!(reply.bytes.len() < 2_000, "{}", short(body.to_string().as_bytes()));
    }
    assert_eq!(client.everything().await, before);
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let (_app, client, place) = start().await;
    let before = client.everything().await;
    let body = br#"{"userName":"bob"}"#.to_vec();
    for kind in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "json",
        "",
    ] {
        for (method, path) in [
            ("POST", "/Users"),
            ("PUT", &*place),
            ("PATCH", &*place),
            ("POST", "/Bulk"),
            ("POST", "/.search"),
        ] {
            let reply = client
                .clone()
                .header("content-type", kind)
                .send_bytes(method, path, Some(body.clone()))
                .await;
            assert_eq!(reply.outcome(), "415 -", "{method} {path} as {kind:?}");
        }
    }
    assert_eq!(client.everything().await, before);
    for (at, kind) in [
        "application/scim+json",
        "application/json",
        "application/scim+json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!(r#"{{"userName":"u{at}"}}"#).into_bytes();
        let reply =
            client.clone().header("content-type", kind).send_bytes("POST", "/Users", Some(body)).await;
        assert_eq!(reply.status, 201, "{kind}");
    }
}

#[tokio::test]
async fn the_limit_of_a_source_s_requests_is_kept_to_the_byte() {
    let app = TestApp::start().await;
    let settings =
        SourceSettings { requests_per_second: 0, max_request_bytes: 200, ..SourceSettings::default() };
    let client = app.source_with("a", "generic", settings).await;
    let body = |bytes: usize| {
        let mut body = br#"{"userName":"ann"}"#.to_vec();
        body.resize(bytes, b' ');
        Some(body)
    };
    for (method, path) in [("POST", "/Users"), ("POST", "/Bulk"), ("POST", "/Users/.search")] {
        let reply = client.send_bytes(method, path, body(201)).await;
        assert_eq!(reply.outcome(), "413 -", "{method} {path}");
        let announced =
            client.clone().header("content-length", "201").send_bytes(method, path, body(201)).await;
        assert_eq!(announced.outcome(), "413 -", "{method} {path}");
    }
    client.send_bytes("POST", "/Users", body(200)).await.expect(201);
}

#[tokio::test]
async fn queries_that_are_none_are_refused() {
    let (_app, client, place) = start().await;
    let paths = vec!["title"; 501].join(",");
    for (path, status) in [
        ("/Users?filter=%FF".to_owned(), 400),
        ("/Users?%FF=1".to_owned(), 400),
        (format!("{place}?attributes=%C3%28"), 400),
        ("/Users?filter=userName%20eq%20%22%00%22".to_owned(), 400),
        ("/Users?filter=userName%20eq%20%22%5Cu0000%22".to_owned(), 200),
        ("/Users?filter=userName%00eq".to_owned(), 400),
        ("/Users?count=%00".to_owned(), 400),
        (format!("/Users?attributes={paths}"), 400),
        (format!("{place}?excludedAttributes={paths}"), 400),
        ("/Users?attributes=..,,%00,[,urn:,".to_owned(), 200),
        ("/Users?=&&==&filter".to_owned(), 200),
        (format!("/Users?cursor={}", "A".repeat(20_000)), 400),
    ] {
        let reply = client.get(&path).await;
        assert_eq!(reply.status, status, "{}: {}", short(path.as_bytes()), reply.body);
    }
}

#[tokio::test]
async fn ids_that_are_none_are_not_found() {
    let (_app, client, place) = start().await;
    let before = client.everything().await;
    let id = place.trim_start_matches("/Users/").to_owned();
    for id in [
        "%00".to_owned(),
        format!("{id}%00"),
        format!("%00{id}"),
        format!("{id}%20"),
        format!("{{{id}}}"),
        format!("urn:uuid:{id}"),
        id.replace('-', ""),
        format!("{id}%2F"),
        "%2e%2e".to_owned(),
        "..%2fUsers".to_owned(),
        "%FF".to_owned(),
        "0".to_owned(),
        "1%20OR%201=1".to_owned(),
        "'".to_owned(),
        "*".to_owned(),
        "x".repeat(10_000),
    ] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let body = match method {
                "PUT" => Some(json!({ "userName": "x" })),
                "PATCH" => Some(json!({ "Operations": [{ "op": "add", "path": "title", "value": "x" }] })),
                _ => None,
            };
            for endpoint in ["Users", "Groups"] {
                let reply = client.send(method, &format!("/{endpoint}/{id}"), body.clone()).await;
                let shown = short(id.as_bytes());
                assert!([400, 404].contains(&reply.status), "{method} {endpoint} {shown}: {}", reply.body);
                assert_eq!(reply.header("content-type"), Some("application/scim+json"), "{method} {shown}");
            }
        }
    }
    assert_eq!(client.everything().await, before);
}

#[tokio::test]
async fn another_source_s_resources_are_not_found_wherever_they_are_named() {
    let (app, client, place) = start().await;
    let group = client.get("/Groups").await.body["Resources"][0]["id"].as_str().unwrap().to_owned();
    let id = place.trim_start_matches("/Users/").to_owned();
    let before = client.everything().await;
    let other = app.source("b", "generic").await;
    let own = other.group("own", &[]).await;
    let patch = json!({ "Operations": [{ "op": "add", "path": "title", "value": "x" }] });
    for place in [
        format!("/Users/{id}"),
        format!("/Groups/{group}"),
        format!("/Groups/{id}"),
        format!("/Users/{group}"),
    ] {
        let rename = json!({ "userName": "x", "displayName": "x" });
        for (method, body) in
            [("GET", None), ("PUT", Some(rename)), ("PATCH", Some(patch.clone())), ("DELETE", None)]
        {
            assert_eq!(other.send(method, &place, body).await.outcome(), "404 -", "{method} {place}");
        }
        let operations = json!([
            { "method": "DELETE", "path": place },
            { "method": "PATCH", "path": place, "data": patch },
        ]);
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
        let answers = other.post("/Bulk", body).await.expect(200);
        assert_eq!(answers.body["Operations"][0]["status"], "404", "{place}");
        assert_eq!(answers.body["Operations"][1]["status"], "404", "{place}");
    }
    for member in [&id, &group] {
        let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }]);
        let reply = other.patch(&format!("/Groups/{own}"), operations).await;
        assert_eq!(reply.outcome(), "400 invalidValue");
        let operations = json!([{ "op": "remove", "path": format!("members[value eq \"{member}\"]") }]);
        other.patch(&format!("/Groups/{own}"), operations).await.expect(200);
    }
    for query in [
        format!("/Users?filter=id eq \"{id}\""),
        format!("/Users?filter=groups.value eq \"{group}\""),
        format!("/Groups?filter=members.value eq \"{id}\""),
    ] {
        assert_eq!(other.get(&query).await.expect(200).body["totalResults"], 0, "{query}");
    }
    assert_eq!(client.everything().await, before);
    // The two types of one source are as far apart.
    client.get(&format!("/Groups/{id}")).await.expect(404);
    client.delete(&format!("/Groups/{id}")).await.expect(404);
    client.get(&format!("/Users/{group}")).await.expect(404);
    assert_eq!(client.everything().await, before);
}
