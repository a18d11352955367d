//! `Prefer: return=minimal` on writes (RFC 7240 §4.2).

use rollcall_testkit::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_client_that_prefers_little_gets_no_body_but_place_and_version() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let minimal = client.clone().header("prefer", "handling=lenient, return=minimal");
    let made = minimal.post("/Users", json!({ "userName": "ann" })).await.expect(201);
    assert!(made.bytes.is_empty());
    assert_eq!(made.header("etag"), Some("W/\"1\""));
    assert_eq!(made.header("preference-applied"), Some("return=minimal"));
    assert_eq!(made.header("content-type"), None);
    let place = made.header("location").and_then(|url| url.split_once("/v2")).unwrap().1.to_owned();
    assert_eq!(client.get(&place).await.expect(200).body["userName"], "ann");
    let put = minimal.put(&place, json!({ "userName": "anna" })).await.expect(204);
    let add = json!([{ "op": "add", "path": "title", "value": "T" }]);
    let patched = minimal.patch(&place, add).await.expect(204);
    for (reply, version) in [(put, "W/\"2\""), (patched, "W/\"3\"")] {
        assert!(reply.bytes.is_empty() && reply.header("etag") == Some(version));
    }
    // Reads and errors have their bodies.
    assert_eq!(minimal.get(&place).await.expect(200).body["title"], "T");
    let taken = minimal.post("/Users", json!({ "userName": "ANNA" })).await.expect(409);
    assert_eq!(taken.body["scimType"], "uniqueness");
}

#[tokio::test]
async fn what_is_preferred_otherwise_or_later_changes_nothing() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    for (number, prefer) in
        ["return=representation", "return=representation, return=minimal", "minimal", "returns=minimal", ""]
            .into_iter()
            .enumerate()
    {
        let body = json!({ "userName": format!("ann{number}") });
        let made = client.clone().header("prefer", prefer).post("/Users", body).await.expect(201);
        assert!(made.body["id"].is_string(), "{prefer}");
        assert_eq!(made.header("preference-applied"), None, "{prefer}");
    }
    for (number, prefer) in ["return=minimal; foo=bar", "RETURN=\"minimal\""].into_iter().enumerate() {
        let body = json!({ "userName": format!("bob{number}") });
        let made = client.clone().header("prefer", prefer).post("/Users", body).await.expect(201);
        assert!(made.bytes.is_empty(), "{prefer}");
    }
}
