//! Groups: every way to write members, what a member's coming and going does, and large groups.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod capped;
mod memberships;

use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// A source with users u0, u1, u2.
async fn start(dialect: &str) -> (TestApp, Client, [String; 3]) {
    let app = TestApp::start().await;
    let client = app.source("a", dialect).await;
    let users = [client.user("u0").await, client.user("u1").await, client.user("u2").await];
    (app, client, users)
}

/// The letter `a`, `b` or `c` of each member.
async fn letters(client: &Client, group: &str, users: &[String; 3]) -> String {
    let letter = |id: &String| users.iter().position(|user| user == id).map_or("?", |at| ["a", "b", "c"][at]);
    client.members(group).await.iter().map(letter).collect()
}

/// `text` with ids for `$a`, `$b` and `$c`.
fn fill(text: &str, users: &[String; 3]) -> Value {
    let text = text.replace("$a", &users[0]).replace("$b", &users[1]).replace("$c", &users[2]);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[tokio::test]
async fn members_are_written_in_every_shape_that_clients_send() {
    let (_app, client, users) = start("generic").await;
    let mut names = 0..;
    for (before, operations, after) in [
        ("", r#"[{"op":"add","path":"members","value":[{"value":"$a"}]}]"#, "a"),
        ("a", r#"[{"op":"add","path":"members","value":[{"value":"$b"},{"value":"$c"}]}]"#, "abc"),
        ("", r#"[{"op":"add","path":"members","value":{"value":"$a"}}]"#, "a"),
        ("", r#"[{"op":"Add","path":"members","value":[{"value":"$a","display":"x","type":"User"}]}]"#, "a"),
        ("", r#"[{"op":"add","path":"members","value":[{"value":"$a","$ref":"https://x/Users/$b"}]}]"#, "a"),
        ("", r#"[{"op":"add","value":{"members":[{"value":"$a"}]}}]"#, "a"),
        ("", r#"[{"op":"add","path":"MEMBERS","value":["$a"]}]"#, "a"),
        (
            "",
            r#"[{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":[{"value":"$a"}]}]"#,
            "a",
        ),
        ("a", r#"[{"op":"add","path":"members","value":[]}]"#, "a"),
        (
            "a",
            r#"[{"op":"add","path":"members","value":[{"value":"$a"},{"value":"$b"},{"value":"$b"}]}]"#,
            "ab",
        ),
        ("ab", r#"[{"op":"replace","path":"members","value":[{"value":"$c"},{"value":"$b"}]}]"#, "bc"),
        ("ab", r#"[{"op":"replace","value":{"members":[{"value":"$c"}]}}]"#, "c"),
        ("ab", r#"[{"op":"replace","path":"members","value":[]}]"#, ""),
        ("ab", r#"[{"op":"replace","path":"members","value":null}]"#, ""),
        ("abc", r#"[{"op":"remove","path":"members[value eq \"$b\"]"}]"#, "ac"),
        ("abc", r#"[{"op":"remove","path":"members[value eq \"$b\" or value eq \"$c\"]"}]"#, "a"),
        ("abc", r#"[{"op":"remove","path":"members[type eq \"User\"]"}]"#, ""),
        ("abc", r#"[{"op":"remove","path":"members[display eq \"u1\"]"}]"#, "ac"),
        ("abc", r#"[{"op":"Remove","path":"members","value":[{"value":"$a"},{"value":"$c"}]}]"#, "b"),
        ("abc", r#"[{"op":"remove","path":"members","value":{"value":"$a"}}]"#, "bc"),
        ("abc", r#"[{"op":"remove","path":"members","value":["$a"]}]"#, "bc"),
        ("abc", r#"[{"op":"remove","path":"members"}]"#, ""),
        ("ab", r#"[{"op":"remove","path":"members[value eq \"$c\"]"}]"#, "ab"),
        ("ab", r#"[{"op":"remove","path":"members","value":[{"value":"$c"}]}]"#, "ab"),
        ("ab", r#"[{"op":"remove","path":"members","value":[]}]"#, "ab"),
        (
            "a",
            r#"[{"op":"add","path":"members","value":[{"value":"$b"}]},{"op":"remove","path":"members[value eq \"$a\"]"}]"#,
            "b",
        ),
        (
            "a",
            r#"[{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"$c"},{"value":"$a"}]}]"#,
            "ca",
        ),
    ] {
        let ids = before.chars().map(|letter| &*users["abc".find(letter).unwrap()]).collect::<Vec<_>>();
        let group = client.group(&format!("g{}", names.next().unwrap()), &ids).await;
        let reply = client.patch(&format!("/Groups/{group}"), fill(operations, &users)).await;
        assert_eq!(reply.status, 200, "{operations}: {}", reply.body);
        assert_eq!(letters(&client, &group, &users).await, after, "{before} and {operations}");
    }
}

#[tokio::test]
async fn a_member_is_shown_with_its_type_place_and_name() {
    let (_app, client, users) = start("generic").await;
    client.patch(&format!("/Users/{}", users[1]), set("displayName", "Bob B")).await.expect(200);
    let inner = client.group("inner", &[]).await;
    let outer = client.group("outer", &[&users[0], &users[1], &inner]).await;
    let base = "http://scim.example.com/scim/a/v2";
    let expected = json!([
        { "value": users[0], "$ref": format!("{base}/Users/{}", users[0]), "type": "User", "display": "u0" },
        { "value": users[1], "$ref": format!("{base}/Users/{}", users[1]), "type": "User", "display": "Bob B" },
        { "value": inner, "$ref": format!("{base}/Groups/{inner}"), "type": "Group", "display": "inner" },
    ]);
    for query in ["attributes=members", "attributes=members.value,members.$ref,members.type,members.display"]
    {
        let shown = client.get(&format!("/Groups/{outer}?{query}")).await.body;
        assert_eq!(shown["members"], expected, "{query}");
    }
    // The name is told to those who ask for it.
    let mut nameless = expected;
    for member in nameless.as_array_mut().unwrap() {
        member.as_object_mut().unwrap().remove("display");
    }
    assert_eq!(client.get(&format!("/Groups/{outer}")).await.body["members"], nameless);
    let listed = client.get(r#"/Groups?filter=displayName eq "outer""#).await.body;
    assert_eq!(listed["Resources"][0]["members"], nameless);
    let shown = client.get(&format!("/Groups/{outer}?attributes=members.value")).await.body;
    let expected = json!([{ "value": users[0] }, { "value": users[1] }, { "value": inner }]);
    assert_eq!((&shown["members"], &shown["displayName"]), (&expected, &Value::Null));
    let shown = client.get(&format!("/Groups/{outer}?excludedAttributes=members")).await.body;
    assert_eq!((&shown["members"], &shown["displayName"]), (&Value::Null, &json!("outer")));
    let listed = client.get("/Groups?excludedAttributes=members").await.body;
    assert!(listed["Resources"].as_array().unwrap().iter().all(|group| group["members"].is_null()));
}

fn set(path: &str, value: impl Into<Value>) -> Value {
    json!([{ "op": "replace", "path": path, "value": value.into() }])
}

#[tokio::test]
async fn an_unknown_member_is_refused_and_nothing_of_its_request_stays() {
    for dialect in ["generic", "strict"] {
        let (_app, client, users) = start_strictly(dialect).await;
        let group = client.post("/Groups", group_body("g", &[&users[0]])).await.expect(201).id();
        let place = format!("/Groups/{group}");
        let before = client.everything().await;
        let ids = [&*users[1], NOBODY];
        let values = json!([{ "value": users[1] }, { "value": NOBODY }]);
        let patch = |op: &str| patch_body(json!([{ "op": op, "path": "members", "value": values }]));
        for (method, path, body) in [
            ("POST", "/Groups", group_body("h", &ids)),
            ("POST", "/Groups", group_body("h", &["not-an-id"])),
            ("PUT", &place, group_body("h", &ids)),
            ("PATCH", &place, patch("add")),
            ("PATCH", &place, patch("replace")),
        ] {
            let reply = client.send(method, path, Some(body.clone())).await;
            assert_eq!(reply.outcome(), "400 invalidValue", "{dialect} {method} {body}");
            assert!(reply.body["detail"].as_str().unwrap().starts_with("members: "), "{}", reply.body);
        }
        assert_eq!(client.everything().await, before, "{dialect}");
    }
}

/// As [`start`], with bodies that name their schema.
async fn start_strictly(dialect: &str) -> (TestApp, Client, [String; 3]) {
    let app = TestApp::start().await;
    let client = app.source("a", dialect).await;
    let mut ids = Vec::new();
    for name in ["u0", "u1", "u2"] {
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name });
        ids.push(client.post("/Users", body).await.expect(201).id());
    }
    (app, client, ids.try_into().unwrap())
}

fn group_body(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|value| json!({ "value": value })).collect();
    let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    json!({ "schemas": schemas, "displayName": name, "members": members })
}

fn patch_body(operations: Value) -> Value {
    let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"] });
    body["Operations"] = operations;
    body
}

#[tokio::test]
async fn a_member_may_come_before_its_user_where_the_provider_does_so() {
    for dialect in ["entra", "okta"] {
        let (app, client, users) = start(dialect).await;
        let group = client.group("g", &[&users[0], "ext-9", NOBODY]).await;
        let place = format!("/Groups/{group}");
        let other = app.source(&format!("{dialect}-2"), dialect).await;
        other.post("/Users", json!({ "userName": "x", "externalId": "ext-9" })).await.expect(201);
        assert!(client.members(&group).await.contains(&"ext-9".to_owned()), "another source's user is none");
        let version = client.get(&place).await.body["meta"]["version"].clone();
        let body = json!({ "userName": "late", "externalId": "ext-9" });
        let late = client.post("/Users", body).await.expect(201).id();
        let members = client.members(&group).await;
        assert!(members.contains(&late), "{dialect}: {members:?}");
        assert!(!members.contains(&"ext-9".to_owned()), "{dialect}: {members:?}");
        assert_ne!(client.get(&place).await.body["meta"]["version"], version, "{dialect}");
        let shown = client.get(&format!("/Users/{late}")).await.body;
        assert_eq!(shown["groups"][0]["value"], group, "{dialect}");
        // A provider that knows its user by externalId only can also take it out again by it.
        let operations = json!([{ "op": "remove", "path": "members", "value": [{ "value": "ext-9" }] }]);
        client.patch(&place, operations).await.expect(200);
        assert!(!client.members(&group).await.contains(&late), "{dialect}");
        let operations = json!([{ "op": "remove", "path": format!("members[value eq \"{NOBODY}\"]") }]);
        client.patch(&place, operations).await.expect(200);
        assert_eq!(client.members(&group).await, [users[0].as_str()], "{dialect}");
    }
}

#[tokio::test]
async fn a_user_shows_its_groups_direct_and_through_others() {
    let (_app, client, users) = start("generic").await;
    let inner = client.group("inner", &[&users[0]]).await;
    let outer = client.group("outer", &[&inner]).await;
    let base = "http://scim.example.com/scim/a/v2/Groups";
    let groups = |outer_name: &str| {
        json!([
            { "value": inner, "$ref": format!("{base}/{inner}"), "type": "direct", "display": "inner" },
            { "value": outer, "$ref": format!("{base}/{outer}"), "type": "indirect", "display": outer_name },
        ])
    };
    let place = format!("/Users/{}", users[0]);
    assert_eq!(client.get(&place).await.body["groups"], groups("outer"));
    let listed = client.get("/Users?filter=userName eq \"u0\"").await.body;
    assert_eq!(listed["Resources"][0]["groups"], groups("outer"));
    client.patch(&format!("/Groups/{outer}"), set("displayName", "renamed")).await.expect(200);
    assert_eq!(client.get(&place).await.body["groups"], groups("renamed"));
    assert_eq!(client.get(&format!("{place}?excludedAttributes=groups")).await.body["groups"], Value::Null);
    // A circle, and a group that is its own member.
    let operations =
        json!([{ "op": "add", "path": "members", "value": [{ "value": outer }, { "value": inner }] }]);
    client.patch(&format!("/Groups/{inner}"), operations).await.expect(200);
    assert_eq!(client.get(&place).await.body["groups"], groups("renamed"));
    client.delete(&format!("/Groups/{inner}")).await.expect(204);
    assert!(client.get(&place).await.body.get("groups").is_none());
    assert_eq!(client.members(&outer).await, [""; 0]);
}

#[tokio::test]
async fn put_keeps_members_that_it_does_not_name_and_clears_them_when_it_names_none() {
    let (_app, client, users) = start("generic").await;
    let group = client.group("g", &[&users[0], &users[1]]).await;
    let place = format!("/Groups/{group}");
    for (body, after) in [
        (r#"{"displayName":"h"}"#, "ab"),
        (r#"{"displayName":"h","members":[{"value":"$b"},{"value":"$c"}]}"#, "bc"),
        (r#"{"displayName":"h","members":[]}"#, ""),
        (r#"{"displayName":"h","members":[{"value":"$a"}]}"#, "a"),
        (r#"{"displayName":"h","members":null}"#, ""),
    ] {
        client.put(&place, fill(body, &users)).await.expect(200);
        assert_eq!(letters(&client, &group, &users).await, after, "{body}");
    }
}

#[tokio::test]
async fn no_members_never_means_everybody() {
    let (_app, client, users) = start("generic").await;
    let empty = client.post("/Groups", json!({ "displayName": "g", "members": [] })).await.expect(201);
    let absent = client.post("/Groups", json!({ "displayName": "h" })).await.expect(201);
    for group in [empty.id(), absent.id()] {
        assert_eq!(client.members(&group).await, [""; 0]);
        assert!(client.get(&format!("/Groups/{group}")).await.body.get("members").is_none());
    }
    for user in &users {
        assert!(client.get(&format!("/Users/{user}")).await.body.get("groups").is_none());
    }
}

#[tokio::test]
async fn a_deleted_user_leaves_its_groups_and_they_say_so() {
    let (app, client, users) = start("generic").await;
    let group = client.group("g", &[&users[0], &users[1]]).await;
    let bystander = client.group("h", &[&users[1]]).await;
    let others = client.get(&format!("/Groups/{bystander}")).await.body;
    app.clock.advance_ms(1_000);
    client.delete(&format!("/Users/{}", users[0])).await.expect(204);
    assert_eq!(letters(&client, &group, &users).await, "b");
    let meta = &client.get(&format!("/Groups/{group}")).await.body["meta"];
    assert_eq!(
        (&meta["version"], &meta["lastModified"]),
        (&json!("W/\"2\""), &json!("2026-01-01T00:00:01.000Z"))
    );
    assert_eq!(client.get(&format!("/Groups/{bystander}")).await.body, others);
    let found = client.get(&format!("/Groups?filter=members.value eq \"{}\"", users[0])).await;
    assert_eq!(found.body["totalResults"], 0);
}

#[tokio::test]
async fn groups_are_found_by_member_and_users_by_group() {
    let (_app, client, users) = start("generic").await;
    let g = client.group("g", &[&users[0], &users[1]]).await;
    client.group("h", &[&users[1]]).await;
    let [a, b, c] = &users;
    for (filter, found) in [
        (format!("members.value eq \"{a}\""), &["g"][..]),
        (format!("members[value eq \"{b}\"]"), &["g", "h"]),
        (format!("members eq \"{b}\""), &["g", "h"]),
        (format!("members.value eq \"{a}\" and members.value eq \"{b}\""), &["g"]),
        (format!("members.value eq \"{b}\" and displayName eq \"H\""), &["h"]),
        (format!("id eq \"{g}\" and members eq \"{a}\""), &["g"]),
        (format!("id eq \"{g}\" and members eq \"{c}\""), &[]),
        (format!("not (members.value eq \"{a}\")"), &["h"]),
        (format!("members.value eq \"{c}\""), &[]),
    ] {
        let reply = client.get(&format!("/Groups?filter={filter}")).await.expect(200);
        assert_eq!(reply.column("displayName"), found, "{filter}");
    }
    let reply = client.get(&format!("/Users?filter=groups.value eq \"{g}\"")).await.expect(200);
    assert_eq!(reply.column("userName"), ["u0", "u1"]);
}

#[tokio::test]
async fn a_patch_of_a_large_group_is_answered_without_its_members() {
    let (_app, client, _) = start("generic").await;
    let mut ids = Vec::new();
    for number in 0..101 {
        ids.push(client.user(&format!("m{number}")).await);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let place = format!("/Groups/{}", client.group("g", &ids[..99]).await);
    let add = |id: &str| json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
    let reply = client.patch(&place, add(ids[99])).await.expect(200);
    assert_eq!(reply.body["members"].as_array().map(Vec::len), Some(100));
    let reply = client.patch(&place, add(ids[100])).await.expect(204);
    assert!(reply.bytes.is_empty());
    assert_eq!(reply.header("etag"), Some("W/\"3\""));
    assert_eq!(reply.header("content-type"), None);
    let reply = client.patch(&format!("{place}?attributes=displayName"), set("displayName", "h")).await;
    let reply = reply.expect(200);
    assert_eq!((&reply.body["displayName"], &reply.body["members"]), (&json!("h"), &Value::Null));
    let reply =
        client.patch(&format!("{place}?attributes=members"), set("displayName", "i")).await.expect(200);
    assert_eq!(reply.body["members"].as_array().map(Vec::len), Some(101));
}

#[tokio::test]
async fn a_group_of_thousands_is_shown_whole_and_in_order() {
    let (_app, client, _) = start("generic").await;
    let mut ids = Vec::new();
    for part in 0..5 {
        let one = |number: i32| {
            let name = format!("m{number}");
            json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": { "userName": name } })
        };
        let operations: Vec<Value> = (part * 500..(part + 1) * 500).map(one).collect();
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
        let body = json!({ "schemas": schemas, "Operations": operations });
        let reply = client.post("/Bulk", body).await.expect(200);
        for operation in reply.body["Operations"].as_array().unwrap() {
            let (_, id) = operation["location"].as_str().unwrap().rsplit_once('/').unwrap();
            ids.push(id.to_owned());
        }
    }
    ids.reverse();
    let group = client.post("/Groups", group_body("g", &ids.iter().map(String::as_str).collect::<Vec<_>>()));
    let group = group.await.expect(201).id();
    let place = format!("/Groups/{group}");
    assert!(client.members(&group).await == ids, "members are lost or out of order");
    for size in [2_000, 1_999, 1_000, 1_001] {
        let values: Vec<Value> = ids[..size].iter().map(|id| json!({ "value": id })).collect();
        client.patch(&place, set("members", values)).await.expect(204);
        let members = client.members(&group).await;
        assert!(
            members.len() == size && members.iter().all(|id| ids[..size].contains(id)),
            "{} of {size} members are there",
            members.len()
        );
    }
    client.delete(&place).await.expect(204);
    assert_eq!(client.get(&format!("/Users/{}", ids[0])).await.body.get("groups"), None);
}
