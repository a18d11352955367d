//! Groups of which a response shows some members only: it says so, and nobody goes because they were not shown.

use rollcall_domain::api::ApiScope;
use rollcall_domain::source::SourceSettings;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const DIAGNOSTICS: &str = "urn:rollcall:params:scim:api:messages:2.0:Diagnostics";

/// A source that shows two members, and a group of five.
async fn start(dialect: &str) -> (TestApp, Client, String, Vec<String>) {
    let app = TestApp::start().await;
    let settings = SourceSettings { max_members: 2, requests_per_second: 0, ..SourceSettings::default() };
    let client = app.source_with("a", dialect, settings).await;
    let mut users = Vec::new();
    for number in 0..5 {
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("u{number}") });
        users.push(client.post("/Users", body).await.expect(201).id());
    }
    let members: Vec<_> = users.iter().map(|id| json!({ "value": id })).collect();
    let body = json!({ "schemas": [GROUP], "displayName": "team", "members": members });
    let group = client.post("/Groups", body).await.expect(201);
    assert_eq!(group.body["members"].as_array().unwrap().len(), 2, "{}", group.body);
    let id = group.id();
    (app, client, id, users)
}

async fn everyone(client: &Client, group: &str) -> Vec<String> {
    let listed = client.get(&format!("/GroupMemberships?filter=group.value eq \"{group}\"")).await.body;
    let found = listed["Resources"].as_array().unwrap().iter();
    found.map(|found| found["member"]["value"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_response_says_how_many_members_it_leaves_out_and_where_they_are() {
    let (_app, client, group, users) = start("generic").await;
    let small = client.group("small", &[&users[0], &users[1]]).await;
    let rest = format!(
        "http://scim.example.com/scim/a/v2/GroupMemberships?filter=group.value%20eq%20%22{group}%22&cursor="
    );
    let notice = json!({ "members": { "total": 5, "shown": 2, "rest": rest } });
    let listed = client.get("/Groups").await.body["Resources"].take();
    for shown in [
        client.get(&format!("/Groups/{group}")).await.body,
        client.get(&format!("/Groups/{group}?attributes=members.value")).await.body,
        listed[0].clone(),
    ] {
        assert_eq!(shown[DIAGNOSTICS], notice, "{shown}");
        assert_eq!(shown["schemas"], json!([GROUP, DIAGNOSTICS]));
        let values: Vec<_> = shown["members"].as_array().unwrap().iter().map(|row| &row["value"]).collect();
        assert_eq!(values, [&users[0], &users[1]]);
    }
    for shown in [
        client.get(&format!("/Groups/{small}")).await.body,
        client.get(&format!("/Groups/{group}?excludedAttributes=members")).await.body,
        client.get(&format!("/Users/{}", users[0])).await.body,
        listed[1].clone(),
    ] {
        assert_eq!(shown[DIAGNOSTICS], Value::Null);
        assert_eq!(shown["schemas"].as_array().unwrap().len(), 1);
    }
    client.delete(&format!("/Users/{}", users[4])).await.expect(204);
    let shown = client.get(&format!("/Groups/{group}")).await.body;
    assert_eq!(shown[DIAGNOSTICS]["members"]["total"], 4);
    let v1 = client.clone().at("/scim/a/v1").get(&format!("/Groups/{group}")).await.expect(200).body;
    assert_eq!(v1[DIAGNOSTICS], json!({ "members": { "total": 4, "shown": 2 } }));
    assert_eq!(v1["members"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn who_sends_back_a_capped_group_removes_nobody_who_was_not_shown() {
    for dialect in ["generic", "strict"] {
        let (_app, client, group, users) = start(dialect).await;
        let place = format!("/Groups/{group}");
        let read = client.get(&place).await.expect(200).body;
        let with = |members: Value| {
            let mut body = read.clone();
            body["members"] = members;
            body
        };
        let shown = read["members"].clone();
        let values = |ids: &[usize]| ids.iter().map(|at| json!({ "value": users[*at] })).collect::<Value>();
        let mut renamed = read.clone();
        renamed["displayName"] = json!("crew");
        let patch = |members: Value| {
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": "members", "value": members }],
            })
        };
        let bulk = |body: &Value| {
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                "Operations": [{ "method": "PUT", "path": place, "data": body }],
            })
        };
        for (method, path, body) in [
            ("PUT", &*place, renamed.clone()),
            ("PUT", &place, with(values(&[0]))),
            ("PUT", &place, with(values(&[]))),
            ("PUT", &place, with(values(&[0, 1, 2, 3]))),
            ("PATCH", &place, patch(shown.clone())),
            ("PATCH", &place, patch(json!([]))),
        ] {
            let reply = client.send(method, path, Some(body.clone())).await;
            assert_eq!(reply.outcome(), "400 mutability", "{dialect} {method} {body}: {}", reply.body);
            assert!(reply.body["detail"].as_str().unwrap().contains("/GroupMemberships"), "{}", reply.body);
        }
        let refused = client.post("/Bulk", bulk(&renamed)).await.expect(200).body;
        assert_eq!(refused["Operations"][0]["response"]["scimType"], "mutability", "{refused}");
        assert_eq!(everyone(&client, &group).await, users);
        assert_eq!(client.get(&place).await.body["meta"]["version"], read["meta"]["version"]);
        // Who knows everyone who is not shown may replace; what is not replaced stays.
        renamed.as_object_mut().unwrap().remove("members");
        client.put(&place, renamed).await.expect(200);
        client.put(&place, with(values(&[2, 4, 3, 1]))).await.expect(200);
        assert_eq!(everyone(&client, &group).await, users[1..]);
        let stored = client.get(&format!("{place}?excludedAttributes=members")).await.body;
        assert_eq!(stored["schemas"], json!([GROUP]), "{stored}");
    }
}

#[tokio::test]
async fn single_changes_of_a_capped_group_stay_what_they_are() {
    let (_app, client, group, users) = start("generic").await;
    let place = format!("/Groups/{group}");
    let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", users[4]) }]);
    client.patch(&place, remove).await.expect(200);
    assert_eq!(everyone(&client, &group).await, users[..4]);
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": users[4] }] }]);
    client.patch(&place, add).await.expect(200);
    assert_eq!(everyone(&client, &group).await, users);
    // Everyone, in so many words.
    client.patch(&place, json!([{ "op": "remove", "path": "members" }])).await.expect(200);
    assert_eq!(everyone(&client, &group).await, [""; 0]);
}

#[tokio::test]
async fn a_cap_above_what_is_read_at_once_is_kept_too() {
    let app = TestApp::start().await;
    let client = app.source("a", "okta").await;
    let names: Vec<String> = (0..2_500).map(|number| format!("waiting-{number}")).collect();
    let members: Vec<&str> = names.iter().map(String::as_str).collect();
    let group = client.group("team", &members).await;
    for max in [1, 999, 1_000, 1_001, 2_000, 2_499, 2_500, 2_501] {
        let api = app.api(Some("default"), &ApiScope::all().collect::<Vec<_>>()).await;
        api.put("/sources/a", json!({ "settings": { "max_members": max } })).await.expect(200);
        let shown = client.get(&format!("/Groups/{group}")).await.expect(200).body;
        let expected = &names[..max.min(names.len())];
        let rows = shown["members"].as_array().unwrap().iter();
        assert_eq!(rows.map(|row| row["value"].as_str().unwrap()).collect::<Vec<_>>(), expected);
        let total = if max < names.len() { json!(names.len()) } else { Value::Null };
        assert_eq!(shown[DIAGNOSTICS]["members"]["total"], total, "{max}");
    }
}
