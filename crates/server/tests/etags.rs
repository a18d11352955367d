//! Entity tags: what `If-None-Match` spares and `If-Match` guards (RFC 7644 §3.14, RFC 9110 §13.1).

use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

/// A user of version 2.
async fn start() -> (TestApp, Client, String) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let place = format!("/Users/{}", client.user("ann").await);
    let operations = json!([{ "op": "add", "path": "title", "value": "T" }]);
    client.patch(&place, operations).await.expect(200);
    (app, client, place)
}

#[tokio::test]
async fn a_reader_that_has_the_version_is_sent_nothing() {
    let (_app, client, place) = start().await;
    for (tags, status) in [
        ("W/\"2\"", 304),
        ("\"2\"", 304),
        ("W/\"1\", W/\"2\"", 304),
        ("\"x\",\"2\"", 304),
        ("*", 304),
        ("W/\"1\"", 200),
        ("W/\"3\"", 200),
        ("\"abc\"", 200),
        ("", 200),
    ] {
        let reply = client.clone().header("if-none-match", tags).get(&place).await;
        assert_eq!(reply.status, status, "If-None-Match: {tags}");
        assert_eq!(reply.header("etag"), Some("W/\"2\""), "{tags}");
        assert_eq!(reply.bytes.is_empty(), status == 304, "{tags}");
    }
    let unknown = "/Users/00000000-0000-7000-8000-000000000000";
    client.clone().header("if-none-match", "*").get(unknown).await.expect(404);
}

#[tokio::test]
async fn a_write_to_another_version_is_refused() {
    let (_app, client, _) = start().await;
    let mut names = 0..;
    for (tags, written) in [
        ("W/\"1\"", true),
        ("\"1\"", true),
        ("\"x\", W/\"7\", W/\"1\"", true),
        ("*", true),
        ("W/\"2\"", false),
        ("\"abc\"", false),
    ] {
        for (method, status) in [("PUT", 200), ("PATCH", 200), ("DELETE", 204)] {
            let name = format!("u{}", names.next().unwrap());
            let place = format!("/Users/{}", client.user(&name).await);
            let before = client.get(&place).await;
            let body = match method {
                "PUT" => Some(json!({ "userName": name, "title": "U" })),
                "PATCH" => Some(json!({ "Operations": [{ "op": "add", "path": "title", "value": "U" }] })),
                _ => None,
            };
            let reply = client.clone().header("if-match", tags).send(method, &place, body).await;
            assert_eq!(reply.status, if written { status } else { 412 }, "{method} If-Match: {tags}");
            let unchanged = client.get(&place).await.bytes == before.bytes;
            assert_eq!(unchanged, !written, "{method} If-Match: {tags}");
        }
    }
    let nobody = "/Users/00000000-0000-7000-8000-000000000000";
    client.clone().header("if-match", "*").delete(nobody).await.expect(404);
}

#[tokio::test]
async fn a_version_guards_what_would_change_nothing_too() {
    let (_app, client, place) = start().await;
    let stale = client.clone().header("if-match", "W/\"1\"");
    stale.put(&place, json!({ "userName": "ann", "title": "T" })).await.expect(412);
    stale.patch(&place, json!([{ "op": "add", "path": "title", "value": "T" }])).await.expect(412);
}

#[tokio::test]
async fn versions_advance_by_one_with_every_change_of_attributes_or_members() {
    let (_app, client, place) = start().await;
    let id = place.trim_start_matches("/Users/").to_owned();
    let group = format!("/Groups/{}", client.group("g", &[]).await);
    let operation = |op: &str, path: &str, value: Value| json!([{ "op": op, "path": path, "value": value }]);
    let member = json!([{ "value": id }]);
    for (path, operations, version) in [
        (&place, operation("replace", "title", json!("U")), "W/\"3\""),
        (&place, operation("replace", "title", json!("U")), "W/\"3\""),
        (&place, operation("replace", "title", json!("T")), "W/\"4\""),
        (&group, operation("add", "members", member.clone()), "W/\"2\""),
        (&group, operation("add", "members", member.clone()), "W/\"2\""),
        (&group, operation("replace", "displayName", json!("h")), "W/\"3\""),
        (&group, operation("remove", "members", member), "W/\"4\""),
    ] {
        let reply = client.patch(path, operations.clone()).await.expect(200);
        assert_eq!(reply.header("etag"), Some(version), "{operations}");
        assert_eq!(client.get(path).await.body["meta"]["version"], version, "{operations}");
    }
    let stale = client.clone().header("if-match", "W/\"1\"");
    let member = json!([{ "value": id }]);
    stale.patch(&group, operation("add", "members", member)).await.expect(412);
    assert_eq!(client.members(group.trim_start_matches("/Groups/")).await, [""; 0]);
}
