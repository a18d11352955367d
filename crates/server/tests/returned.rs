//! Attributes that are `returned: request`, after a write that set them and otherwise (RFC 7643 §7).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:test:2.0:TestResource";

/// A source with the test resource, of which `requestOnlyAttr` is shown to those who ask for it.
async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let schemas = serde_json::from_str(include_str!("../../../corpus/test-resource/schemas.json"));
    let types = serde_json::from_str(include_str!("../../../corpus/test-resource/resource-types.json"));
    let source = app.record("a").await;
    app.service
        .add_schemas(&app.admin("default").await, &source, schemas.unwrap(), types.unwrap())
        .await
        .unwrap();
    (app, client)
}

fn resource(text: Option<&str>) -> Value {
    let mut body = json!({ "identifier": "one", EXTENSION: { "extRequired": "r" } });
    if let Some(text) = text {
        body["requestOnlyAttr"] = text.into();
    }
    body
}

#[tokio::test]
async fn the_answer_to_a_write_shows_what_the_write_set_and_no_read_does() {
    let (_app, client) = start().await;
    let shown = |reply: &Value| reply["requestOnlyAttr"].clone();
    let created = client.post("/TestResources", resource(Some("a"))).await.expect(201);
    assert_eq!(shown(&created.body), "a");
    let path = format!("/TestResources/{}", created.id());
    // Read twice: the second answer is kept from the first.
    for _ in 0..2 {
        assert_eq!(shown(&client.get(&path).await.body), Value::Null);
    }
    let replaced = client.put(&path, resource(Some("b"))).await.expect(200);
    assert_eq!(shown(&replaced.body), "b");
    assert_eq!(shown(&client.get(&path).await.body), Value::Null);
    for operation in [
        json!({ "op": "replace", "path": "requestOnlyAttr", "value": "c" }),
        json!({ "op": "add", "value": { "REQUESTONLYATTR": "c" } }),
    ] {
        let patched = client.patch(&path, json!([operation])).await.expect(200);
        assert_eq!(shown(&patched.body), "c");
        assert_eq!(shown(&client.get(&path).await.body), Value::Null);
    }
    assert_eq!(shown(&client.get(&format!("{path}?attributes=requestOnlyAttr")).await.body), "c");
    assert_eq!(shown(&client.get("/TestResources").await.body["Resources"][0]), Value::Null);
}

#[tokio::test]
async fn a_write_that_does_not_name_it_or_asks_for_others_does_not_show_it() {
    let (_app, client) = start().await;
    let shown = |reply: &Value| reply["requestOnlyAttr"].clone();
    let path = "/TestResources?attributes=identifier";
    let created = client.post(path, resource(Some("a"))).await.expect(201);
    assert_eq!(shown(&created.body), Value::Null);
    let path = format!("/TestResources/{}", created.id());
    let other = json!([{ "op": "replace", "path": "integerAttr", "value": 1 }]);
    assert_eq!(shown(&client.patch(&path, other.clone()).await.expect(200).body), Value::Null);
    let asked = client.patch(&format!("{path}?attributes=requestOnlyAttr"), other).await.expect(200);
    assert_eq!(shown(&asked.body), "a");
    assert_eq!(shown(&client.put(&path, resource(None)).await.expect(200).body), Value::Null);
}

#[tokio::test]
async fn a_client_that_names_its_members_is_told_their_names() {
    let (_app, client) = start().await;
    let ann = client.post("/Users", json!({ "userName": "ann" })).await.expect(201).id();
    let group = |member: Value| json!({ "displayName": "g", "members": [member] });
    let created = client.post("/Groups", group(json!({ "value": ann, "display": "x" }))).await.expect(201);
    assert_eq!(created.body["members"][0]["display"], "ann");
    let path = format!("/Groups/{}", created.id());
    assert_eq!(client.get(&path).await.body["members"][0]["display"], Value::Null);
    let replaced = client.put(&path, group(json!({ "value": ann }))).await.expect(200);
    assert_eq!(replaced.body["members"][0]["display"], Value::Null);
}
