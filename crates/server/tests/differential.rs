//! What went wrong elsewhere, at another server that takes pushes over SCIM: each test names it, and fails on it.

use rollcall_service::admin::NewCredential;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    (app, client)
}

/// A group of Ann and Bob; its place, and both ids.
async fn team(client: &Client) -> (String, String, String) {
    let (ann, bob) = (client.user("ann").await, client.user("bob").await);
    let group = client.group("Team", &[&ann, &bob]).await;
    (group, ann, bob)
}

async fn many(client: &Client, count: usize) {
    let operations: Vec<Value> = (0..count)
        .map(|number| {
            let data = json!({ "userName": format!("user{number:03}") });
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data })
        })
        .collect();
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
    client.post("/Bulk", json!({ "schemas": schemas, "Operations": operations })).await.expect(200);
}

/// Elsewhere `startIndex` was divided into a page number: 101 gave the first hundred again, and who was
/// behind 200 was never seen.
#[tokio::test]
async fn pages_from_1_101_and_201_show_each_of_250_users_once() {
    let (_app, client) = start().await;
    many(&client, 250).await;
    let mut seen = Vec::new();
    for (start, here) in [(1, 100), (101, 100), (201, 50), (301, 0)] {
        let page = client.get(&format!("/Users?startIndex={start}&count=100")).await.expect(200);
        assert_eq!(page.body["totalResults"], 250);
        assert_eq!(page.column("userName").len(), here, "from {start}");
        seen.extend(page.column("userName"));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 250);
}

/// Elsewhere `count` was ignored, and a page had as many as the server liked.
#[tokio::test]
async fn count_is_how_many_come_not_a_suggestion() {
    let (_app, client) = start().await;
    many(&client, 30).await;
    for (count, expected) in [(0, 0), (1, 1), (7, 7), (30, 30), (31, 30)] {
        let page = client.get(&format!("/Users?count={count}")).await.expect(200);
        assert_eq!((page.column("id").len(), &page.body["totalResults"]), (expected, &json!(30)), "{count}");
    }
}

/// Elsewhere the part of a filter that named an attribute without a column was dropped in silence, so that
/// `emails.value eq "b" and active eq true` found every active user, and a provider linked the wrong account.
#[tokio::test]
async fn no_part_of_a_compound_filter_is_dropped() {
    let (_app, client) = start().await;
    client.user("ann").await;
    let mails = json!([{ "value": "bob@example.com" }]);
    client.post("/Users", json!({ "userName": "bob", "active": true, "emails": mails })).await.expect(201);
    for (filter, expected) in [
        ("userName eq \"ann\" and emails.value eq \"bob@example.com\"", &[][..]),
        ("emails.value eq \"bob@example.com\" and active eq true", &["bob"]),
        ("emails.value eq \"nobody@example.com\" and active eq true", &[]),
        ("nickName eq \"x\" or userName eq \"ann\"", &["ann"]),
    ] {
        let found = client.get(&format!("/Users?filter={filter}")).await.expect(200).column("userName");
        assert_eq!(found, expected, "{filter}");
    }
    for filter in ["userName eq \"ann\" and unheardOf eq \"x\"", "unheardOf eq \"x\" or userName eq \"ann\""]
    {
        let reply = client.get(&format!("/Users?filter={filter}")).await;
        assert_eq!(reply.outcome(), "400 invalidFilter", "{filter}");
    }
}

/// Elsewhere a fully qualified `urn:…:User:userName` was an unknown attribute: 400, and a 500 before that.
#[tokio::test]
async fn a_urn_qualified_filter_finds_what_the_plain_one_finds() {
    let (_app, client) = start().await;
    client.user("ann").await;
    let urn = "urn:ietf:params:scim:schemas:core:2.0:User";
    for filter in [
        format!("{urn}:userName eq \"ann\""),
        format!("{}:USERNAME eq \"ann\"", urn.to_uppercase()),
        format!("{urn}:userName eq \"ann\" and active eq true or {urn}:userName sw \"an\""),
    ] {
        let found = client.get(&format!("/Users?filter={filter}")).await.expect(200).column("userName");
        assert_eq!(found, ["ann"], "{filter}");
    }
}

/// Elsewhere `replace` of `members` was answered with 200 and did nothing.
#[tokio::test]
async fn a_patch_that_replaces_members_does() {
    let (_app, client) = start().await;
    let (group, _, bob) = team(&client).await;
    let carol = client.user("carol").await;
    let replace =
        json!([{ "op": "replace", "path": "members", "value": [{ "value": bob }, { "value": carol }] }]);
    client.patch(&format!("/Groups/{group}"), replace).await.expect(200);
    assert_eq!(client.members(&group).await, [bob, carol]);
}

/// Elsewhere an operation without a path that brought `members` was answered with 200 and did nothing.
#[tokio::test]
async fn a_patch_without_a_path_changes_members() {
    let (_app, client) = start().await;
    let (group, ann, bob) = team(&client).await;
    let carol = client.user("carol").await;
    let add = json!([{ "op": "add", "value": { "members": [{ "value": carol }] } }]);
    client.patch(&format!("/Groups/{group}"), add).await.expect(200);
    assert_eq!(client.members(&group).await, [ann, bob.clone(), carol]);
    let replace = json!([{ "op": "Replace", "value": { "members": [{ "value": bob }] } }]);
    client.patch(&format!("/Groups/{group}"), replace).await.expect(200);
    assert_eq!(client.members(&group).await, [bob]);
}

/// Elsewhere `members[value eq "…"]` was not known for members: 200, and who had left was still in the group. To
/// take out all was a 500.
#[tokio::test]
async fn a_member_named_by_a_value_filter_is_removed_and_all_are_when_none_is_named() {
    let (_app, client) = start().await;
    let (group, ann, bob) = team(&client).await;
    let place = format!("/Groups/{group}");
    let path = format!("members[value eq \"{ann}\"]");
    client.patch(&place, json!([{ "op": "Remove", "path": path }])).await.expect(200);
    assert_eq!(client.members(&group).await, [bob]);
    client.patch(&place, json!([{ "op": "remove", "path": "members" }])).await.expect(200);
    assert_eq!(client.members(&group).await, [""; 0]);
}

/// Elsewhere `add` to an attribute that had a text already was a 500; the RFC says that it replaces.
#[tokio::test]
async fn adding_to_a_text_that_is_there_replaces_it() {
    let (_app, client) = start().await;
    let body = json!({ "userName": "ann", "title": "Engineer", "name": { "givenName": "Ann" } });
    let place = format!("/Users/{}", client.post("/Users", body).await.expect(201).id());
    let add = json!([
        { "op": "add", "path": "title", "value": "Manager" },
        { "op": "add", "path": "name.givenName", "value": "Anna" },
    ]);
    let shown = client.patch(&place, add).await.expect(200).body;
    assert_eq!((&shown["title"], &shown["name"]["givenName"]), (&json!("Manager"), &json!("Anna")));
}

/// Elsewhere PUT with `members: []` left the members as they were, and before that, put everyone in.
#[tokio::test]
async fn a_put_with_empty_members_empties_the_group() {
    let (_app, client) = start().await;
    let (group, _, _) = team(&client).await;
    client.user("bystander").await;
    client
        .put(&format!("/Groups/{group}"), json!({ "displayName": "Team", "members": [] }))
        .await
        .expect(200);
    assert_eq!(client.members(&group).await, [""; 0]);
    assert_eq!(client.group("Other", &[]).await.len(), 36);
    assert_eq!(
        client.get("/Groups?filter=displayName eq \"Other\"").await.body["Resources"][0]["members"],
        Value::Null
    );
}

/// Elsewhere what the client had sent last was laid over the account as it was, so that one who had been
/// deactivated by other hands was still shown as active.
#[tokio::test]
async fn a_deactivation_by_other_hands_is_seen_by_all_on_every_way_to_read() {
    let (app, client) = start().await;
    let body = json!({ "userName": "ann", "active": true });
    let ann = client.post("/Users", body).await.expect(201).id();
    client.get(&format!("/Users/{ann}")).await.expect(200);
    client.get("/Users?filter=userName eq \"ann\"").await.expect(200);
    let other = app.credential("a", NewCredential::default()).await;
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    other.patch(&format!("/Users/{ann}"), off).await.expect(200);
    assert_eq!(client.get(&format!("/Users/{ann}")).await.body["active"], false);
    for query in ["?filter=userName eq \"ann\"", "?filter=active eq false", ""] {
        assert_eq!(
            client.get(&format!("/Users{query}")).await.body["Resources"][0]["active"],
            false,
            "{query}"
        );
    }
    assert_eq!(client.get("/Users?filter=active eq true").await.body["totalResults"], 0);
}

/// Elsewhere a missing token, a wrong one and one of another source were 403, without `WWW-Authenticate` and
/// without a SCIM body; 403 is for those who are known and may not.
#[tokio::test]
async fn who_is_not_known_gets_401_and_who_may_not_gets_403() {
    let (app, client) = start().await;
    let other = app.source("b", "generic").await;
    let wrong = [None, Some("Bearer rc_wrong"), Some("bearer"), other.authorization()];
    for authorization in wrong {
        let reply = client.clone().authorized(authorization).get("/Schemas").await.expect(401);
        assert!(reply.header("www-authenticate").is_some(), "{authorization:?}");
        assert_eq!(reply.body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
    }
    let lower = client.authorization().unwrap().replace("Bearer", "bearer");
    client.clone().authorized(Some(&lower)).get("/Schemas").await.expect(200);
    let scopes = vec![rollcall_domain::credential::Scope::Read];
    let reader = app.credential("a", NewCredential { scopes, ..NewCredential::default() }).await;
    let refused = reader.post("/Users", json!({ "userName": "ann" })).await.expect(403);
    assert_eq!(refused.body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
}

/// Elsewhere `status` of an error was a number; RFC 7644 §3.12 says a string. Some errors were no SCIM errors at all.
#[tokio::test]
async fn every_error_is_a_scim_error_whose_status_is_a_string() {
    let (_app, client) = start().await;
    client.user("ann").await;
    let replies = [
        client.clone().authorized(None).get("/Users").await.expect(401),
        client.get("/Users/nobody").await.expect(404),
        client.get("/Nothing/here/at/all").await.expect(404),
        client.send("PUT", "/Users", Some(json!({}))).await.expect(405),
        client.post("/Users", json!({ "userName": "ann" })).await.expect(409),
        client.post("/Users", json!({})).await.expect(400),
        client.post("/Users", json!([])).await.expect(400),
        client.get("/Users?filter=userName").await.expect(400),
    ];
    for reply in replies {
        assert_eq!(reply.body["status"], reply.status.to_string(), "{}", reply.body);
        assert_eq!(reply.body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
        assert!(reply.body["detail"].is_string(), "{}", reply.body);
    }
}
