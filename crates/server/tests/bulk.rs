//! Bulk requests: references, order, circles, and what a failure takes with it (RFC 7644 §3.7).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rollcall_domain::source::SourceSettings;
use rollcall_testkit::{Client, Reply, TestApp};
use serde_json::{Value, json};

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    (app, client)
}

async fn send(client: &Client, operations: Value) -> Reply {
    client.post("/Bulk", json!({ "schemas": [BULK], "Operations": operations })).await.expect(200)
}

async fn send_until(client: &Client, errors: u32, operations: Value) -> Reply {
    let body = json!({ "schemas": [BULK], "failOnErrors": errors, "Operations": operations });
    client.post("/Bulk", body).await.expect(200)
}

fn user(bulk_id: &str, name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": { "userName": name } })
}

fn group(bulk_id: &str, name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|value| json!({ "value": value })).collect();
    let data = json!({ "displayName": name, "members": members });
    json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data })
}

fn operations(reply: &Reply) -> &Vec<Value> {
    reply.body["Operations"].as_array().unwrap()
}

/// `bulkId status scimType` of each operation, parts left out where there are none.
fn outcomes(reply: &Reply) -> Vec<String> {
    let one = |operation: &Value| {
        let parts =
            [&operation["bulkId"], &operation["status"], &operation["response"]["scimType"]].into_iter();
        parts.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    operations(reply).iter().map(one).collect()
}

/// The id at the end of an operation's location.
fn id(reply: &Reply, at: usize) -> String {
    let location = operations(reply)[at]["location"].as_str().unwrap();
    location.rsplit_once('/').unwrap().1.to_owned()
}

#[tokio::test]
async fn each_method_is_answered_in_the_order_of_the_request() {
    let (_app, client) = start().await;
    let [ann, bob, carl] = [client.user("ann").await, client.user("bob").await, client.user("carl").await];
    let base = "http://scim.example.com/scim/a/v2/Users";
    let reply = send(
        &client,
        json!([
            { "method": "DELETE", "path": format!("/Users/{carl}") },
            { "method": "post", "path": "/Users", "bulkId": "new", "data": { "userName": "dave" } },
            { "method": "PUT", "path": format!("/Users/{ann}"), "data": { "userName": "anna" } },
            { "method": "PATCH", "path": format!("/Users/{bob}"), "bulkId": "mine",
                "data": { "Operations": [{ "op": "add", "path": "title", "value": "T" }] } },
        ]),
    )
    .await;
    assert_eq!(reply.header("content-type"), Some("application/scim+json"));
    assert_eq!(reply.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    let dave = id(&reply, 1);
    let expected = json!([
        { "method": "DELETE", "location": format!("{base}/{carl}"), "status": "204" },
        { "method": "POST", "bulkId": "new", "location": format!("{base}/{dave}"), "version": "W/\"1\"",
            "status": "201" },
        { "method": "PUT", "location": format!("{base}/{ann}"), "version": "W/\"2\"", "status": "200" },
        { "method": "PATCH", "bulkId": "mine", "location": format!("{base}/{bob}"), "version": "W/\"2\"",
            "status": "200" },
    ]);
    assert_eq!(reply.body["Operations"], expected);
    let mut names = client.get("/Users").await.column("userName");
    names.sort_unstable();
    assert_eq!(names, ["anna", "bob", "dave"]);
    assert_eq!(client.get(&format!("/Users/{bob}")).await.body["title"], "T");
}

#[tokio::test]
async fn references_hold_in_whatever_order_they_come() {
    let (_app, client) = start().await;
    let reply = send(
        &client,
        json!([
            group("g", "tour guides", &["bulkId:u1", "bulkId:u2"]),
            group("outer", "outer", &["bulkId:g"]),
            user("u1", "ann"),
            user("u2", "bob"),
            { "method": "PATCH", "path": "/Groups/bulkId:g", "data": { "Operations": [
                { "op": "remove", "path": "members[value eq \"bulkId:u1\"]" },
                { "op": "add", "path": "members", "value": [{ "value": "bulkId:u3" }] },
            ] } },
            { "method": "POST", "path": "/Users", "bulkId": "u3", "data": { "userName": "carl",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "bulkId:u1" } } } },
            { "method": "DELETE", "path": "/Users/bulkId:u2" },
        ]),
    )
    .await;
    assert_eq!(outcomes(&reply), ["g 201", "outer 201", "u1 201", "u2 201", "200", "u3 201", "204"]);
    let (g, u1, u3) = (id(&reply, 0), id(&reply, 2), id(&reply, 5));
    assert_eq!(client.members(&g).await, [u3.as_str()]);
    assert_eq!(client.members(&id(&reply, 1)).await, [g.as_str()]);
    let carl = client.get(&format!("/Users/{u3}")).await.body;
    let manager = &carl["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["manager"];
    assert_eq!(manager["value"], u1.as_str());
    client.get(&format!("/Users/{}", id(&reply, 3))).await.expect(404);
}

#[tokio::test]
async fn groups_that_refer_to_each_other_come_together_or_not_at_all() {
    let (_app, client) = start().await;
    let circle = json!([
        group("a", "A", &["bulkId:b"]),
        group("b", "B", &["bulkId:c"]),
        group("c", "C", &["bulkId:a", "bulkId:c"]),
    ]);
    let reply = send(&client, circle).await;
    assert_eq!(outcomes(&reply), ["a 201", "b 201", "c 201"]);
    let [a, b, c] = [id(&reply, 0), id(&reply, 1), id(&reply, 2)];
    assert_eq!(client.members(&a).await, [b.as_str()]);
    assert_eq!(client.members(&b).await, [c.as_str()]);
    assert_eq!(client.members(&c).await, [a.as_str(), c.as_str()]);
    let before = client.everything().await;
    let mut broken = group("y", "Y", &["bulkId:x"]);
    broken["data"]["displayName"] = Value::Null;
    let reply = send(&client, json!([group("x", "X", &["bulkId:y"]), broken, user("u", "ann")])).await;
    assert_eq!(outcomes(&reply), ["x 400 invalidValue", "y 400 invalidValue", "u 201"]);
    client.delete(&format!("/Users/{}", id(&reply, 2))).await.expect(204);
    assert_eq!(client.everything().await, before);
}

#[tokio::test]
async fn what_refers_to_a_failure_fails_and_the_rest_does_not() {
    let (_app, client) = start().await;
    let ann = client.user("ann").await;
    let reply = send(
        &client,
        json!([
            user("u1", "ANN"),
            group("g1", "of u1", &["bulkId:u1"]),
            group("g2", "of g1", &["bulkId:g1"]),
            group("g3", "of nothing", &["bulkId:nothing"]),
            { "method": "DELETE", "path": "/Groups/bulkId:g1" },
            user("u2", "bob"),
            user("u3", "bob"),
        ]),
    )
    .await;
    let expected = [
        "u1 409 uniqueness",
        "g1 400 invalidValue",
        "g2 400 invalidValue",
        "g3 400 invalidValue",
        "400 invalidValue",
        "u2 201",
        "u3 409 uniqueness",
    ];
    assert_eq!(outcomes(&reply), expected);
    let failure = &operations(&reply)[0];
    assert!(failure.get("location").is_none() && failure.get("version").is_none());
    let response = &failure["response"];
    assert_eq!((&response["status"], &failure["status"]), (&json!("409"), &json!("409")));
    assert_eq!(response["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
    let diagnostics = &response["urn:rollcall:params:scim:api:messages:2.0:Diagnostics"];
    assert_eq!((&diagnostics["attribute"], &diagnostics["conflictingId"]), (&json!("userName"), &json!(ann)));
    assert_eq!(client.get("/Groups").await.body["totalResults"], 0);
}

#[tokio::test]
async fn it_stops_after_as_many_errors_as_the_client_allows() {
    for (errors, expected) in [
        (1, &["a 201", "b 409 uniqueness"][..]),
        (2, &["a 201", "b 409 uniqueness", "c 201", "d 400 invalidValue"]),
        (3, &["a 201", "b 409 uniqueness", "c 201", "d 400 invalidValue", "e 201"]),
        (0, &["a 201", "b 409 uniqueness", "c 201", "d 400 invalidValue", "e 201"]),
    ] {
        let (_app, client) = start().await;
        let broken = json!({ "method": "POST", "path": "/Users", "bulkId": "d", "data": { "title": "T" } });
        let operations =
            json!([user("a", "ann"), user("b", "Ann"), user("c", "carl"), broken, user("e", "erin")]);
        let reply = send_until(&client, errors, operations).await;
        assert_eq!(outcomes(&reply), expected, "failOnErrors {errors}");
        let made = expected.iter().filter(|outcome| outcome.ends_with("201")).count();
        assert_eq!(client.get("/Users").await.body["totalResults"], made, "failOnErrors {errors}");
    }
}

#[tokio::test]
async fn operations_see_what_those_before_them_did() {
    let (_app, client) = start().await;
    let ann = client.user("ann").await;
    let patch = |id: &str, path: &str, value: &str| {
        let data = json!({ "Operations": [{ "op": "replace", "path": path, "value": value }] });
        json!({ "method": "PATCH", "path": format!("/Users/{id}"), "data": data })
    };
    let reply = send(
        &client,
        json!([
            patch(&ann, "title", "T"),
            patch(&ann, "nickName", "N"),
            patch(&ann.to_uppercase(), "locale", "en"),
            patch(&ann, "userName", "anna"),
            user("u", "ann"),
        ]),
    )
    .await;
    assert_eq!(outcomes(&reply), ["200", "200", "200", "200", "u 201"]);
    let shown = client.get(&format!("/Users/{ann}")).await.body;
    let found = ["title", "nickName", "locale", "userName"].map(|name| shown[name].as_str().unwrap());
    assert_eq!(found, ["T", "N", "en", "anna"]);
    assert_eq!(shown["meta"]["version"], "W/\"5\"");
    let u = id(&reply, 4);
    let reply = send(
        &client,
        json!([
            { "method": "DELETE", "path": format!("/Users/{u}") },
            patch(&u, "title", "T"),
            user("again", "ann"),
        ]),
    )
    .await;
    assert_eq!(outcomes(&reply), ["204", "404", "again 201"]);
}

#[tokio::test]
async fn a_version_guards_its_operation() {
    let (_app, client) = start().await;
    let place = format!("/Users/{}", client.user("ann").await);
    let put = |version: &str, title: &str| {
        let data = json!({ "userName": "ann", "title": title });
        json!({ "method": "PUT", "path": place, "version": version, "data": data })
    };
    let delete = |version: &str| json!({ "method": "DELETE", "path": place, "version": version });
    let operations = json!([
        put("W/\"7\"", "wrong"),
        put("W/\"1\"", "right"),
        put("W/\"1\"", "stale"),
        delete("W/\"1\""),
        delete("nonsense"),
    ]);
    assert_eq!(outcomes(&send(&client, operations).await), ["412", "200", "412", "412", "412"]);
    assert_eq!(client.get(&place).await.body["title"], "right");
    assert_eq!(outcomes(&send(&client, json!([delete("W/\"2\"")])).await), ["204"]);
}

#[tokio::test]
async fn an_operation_that_leads_nowhere_fails_alone() {
    let (_app, client) = start().await;
    let nobody = "/Users/00000000-0000-7000-8000-000000000000";
    let reply = send(
        &client,
        json!([
            { "method": "POST", "path": "/Nothing", "bulkId": "n", "data": {} },
            { "method": "DELETE", "path": nobody },
            { "method": "DELETE", "path": "/Users/not-an-id" },
            { "method": "PUT", "path": nobody, "data": { "userName": "x" } },
            { "method": "PATCH", "path": nobody, "data": { "Operations": [] , "schemas": [] } },
            user("u", "ann"),
        ]),
    )
    .await;
    let statuses: Vec<&Value> = operations(&reply).iter().map(|operation| &operation["status"]).collect();
    assert_eq!(statuses[..4], ["404", "404", "404", "404"]);
    assert_eq!(statuses[5], "201");
}

#[tokio::test]
async fn a_request_that_is_none_does_nothing() {
    let (app, client) = start().await;
    let settings =
        SourceSettings { requests_per_second: 0, max_bulk_operations: 2, ..SourceSettings::default() };
    let narrow = app.source_with("b", "generic", settings).await;
    let three = json!({ "schemas": [BULK], "Operations": [user("a", "a"), user("b", "b"), user("c", "c")] });
    assert_eq!(narrow.post("/Bulk", three).await.outcome(), "413 -");
    let with = |operation: Value| json!({ "schemas": [BULK], "Operations": [user("ok", "ok"), operation] });
    for body in [
        json!([]),
        json!({}),
        json!({ "schemas": [BULK] }),
        json!({ "schemas": [BULK], "Operations": [] }),
        json!({ "schemas": [BULK], "Operations": {} }),
        json!({ "schemas": ["urn:other"], "Operations": [user("a", "a")] }),
        json!({ "schemas": [BULK], "failOnErrors": -1, "Operations": [user("a", "a")] }),
        json!({ "schemas": [BULK], "failOnErrors": "one", "Operations": [user("a", "a")] }),
        with(json!("POST")),
        with(json!({ "method": "GET", "path": "/Users", "bulkId": "x" })),
        with(json!({ "method": "MOVE", "path": "/Users", "bulkId": "x", "data": {} })),
        with(json!({ "path": "/Users", "bulkId": "x", "data": {} })),
        with(json!({ "method": "POST", "bulkId": "x", "data": {} })),
        with(json!({ "method": "POST", "path": "/Users", "data": {} })),
        with(json!({ "method": "POST", "path": "/Users", "bulkId": "x" })),
        with(json!({ "method": "POST", "path": "/Users", "bulkId": "x", "data": [] })),
        with(json!({ "method": "POST", "path": "/Users/1", "bulkId": "x", "data": {} })),
        with(json!({ "method": "PUT", "path": "/Users", "data": {} })),
        with(json!({ "method": "DELETE", "path": "/Users" })),
        with(user("ok", "again")),
    ] {
        assert_eq!(client.post("/Bulk", body.clone()).await.outcome(), "400 invalidSyntax", "{body}");
        assert_eq!(client.get("/Users").await.body["totalResults"], 0, "{body}");
    }
}
