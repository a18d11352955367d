//! Errors are problem details (RFC 9457) that a person can act on.

use rollcall_domain::api::ApiScope;
use rollcall_testkit::TestApp;
use serde_json::json;

#[tokio::test]
async fn every_error_says_what_to_do_and_names_the_request() {
    let app = TestApp::start().await;
    let client = app.api(None, &ApiScope::all().collect::<Vec<_>>()).await;
    for (method, path, body, status, name, part) in [
        ("GET", "/nothing", None, 404, "not-found", "/api/v1/openapi.json"),
        ("GET", "/tenants/none", None, 404, "not-found", "no tenant \"none\""),
        ("GET", "/sources?tenant=none", None, 404, "not-found", "no tenant \"none\""),
        ("DELETE", "/tenants", None, 405, "method-not-allowed", "this method"),
        ("GET", "/sources?state=x", None, 400, "invalid", "there are tenant, status, dialect, limit, cursor"),
        ("GET", "/sources?status=x", None, 400, "invalid", "give active or paused"),
        ("GET", "/sources?limit=0", None, 400, "invalid", "from 1 to 1000"),
        ("GET", "/sources?limit=1&limit=2", None, 400, "invalid", "given twice"),
        ("GET", "/sources?cursor=x", None, 400, "invalid", "begin again without it"),
        ("GET", "/sources?dialect=%25FF", None, 200, "", ""),
        ("POST", "/tenants", Some("{\"name\":\"acme\"}"), 201, "", ""),
        ("POST", "/tenants", Some("{\"name\":\"acme\"}"), 409, "conflict", "choose another name"),
        ("POST", "/tenants", Some("{\"name\":\"A b\"}"), 400, "invalid", "use 1 to 63 of a-z"),
        ("POST", "/tenants", Some("{\"nam\":\"x\"}"), 400, "invalid", "unknown field `nam`"),
        ("POST", "/tenants", Some("{"), 400, "invalid", "line 1 column 1"),
    ] {
        let reply = client.send_bytes(method, path, body.map(|text| text.as_bytes().to_vec())).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        if status < 400 {
            continue;
        }
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{method} {path}");
        assert_eq!(reply.body["type"], format!("urn:rollcall:problem:{name}"), "{method} {path}");
        assert_eq!(reply.body["status"], status);
        assert_eq!(reply.body["request_id"].as_str(), reply.header("x-request-id"), "{method} {path}");
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{method} {path}: {detail}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_json() {
    let app = TestApp::start().await;
    let client = app.api(None, &[ApiScope::TenantsWrite]).await;
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    assert_eq!(client.send_bytes("POST", "/tenants", Some(large)).await.status, 413);
    let deep = "[".repeat(10_000).into_bytes();
    assert_eq!(client.send_bytes("POST", "/tenants", Some(deep)).await.status, 400);
    let form = client.clone().header("content-type", "text/plain");
    assert_eq!(form.post("/tenants", json!({ "name": "a" })).await.status, 415);
    // Without a token, nothing is read.
    let stranger = client.authorized(None);
    assert_eq!(stranger.send_bytes("POST", "/tenants", Some(b"{".to_vec())).await.status, 401);
}
