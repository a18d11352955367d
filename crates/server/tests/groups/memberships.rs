//! Memberships as resources: `/GroupMemberships` (draft-zollner-scim-group-members).

use rollcall_domain::api::ApiScope;
use rollcall_domain::source::SourceSettings;
use rollcall_testkit::{Client, TestApp};
use serde_json::{Value, json};

use crate::{NOBODY, start};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:GroupMembership";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

fn membership(group: &str, member: &str) -> Value {
    json!({ "schemas": [SCHEMA], "group": { "value": group }, "member": { "value": member } })
}

/// `group` and `member` of each, as one text.
fn pairs(body: &Value) -> Vec<String> {
    let found = body["Resources"].as_array().unwrap().iter();
    let text = |part: &Value| part["value"].as_str().unwrap().to_owned();
    found.map(|found| format!("{}.{}", text(&found["group"]), text(&found["member"]))).collect()
}

/// That the group, its members and the memberships say the same.
async fn check_agreement(client: &Client, group: &str, expected: &[&String]) {
    assert_eq!(client.members(group).await.iter().collect::<Vec<_>>(), expected);
    let listed = client.get(&format!("/GroupMemberships?filter=group.value eq \"{group}\"")).await.body;
    let wanted: Vec<_> = expected.iter().map(|member| format!("{group}.{member}")).collect();
    assert_eq!(pairs(&listed), wanted);
    assert_eq!(listed["totalResults"], expected.len());
    let inside = client.get(&format!("/Users?filter=groups.value eq \"{group}\"")).await;
    let (mut inside, mut ids) =
        (inside.column("id"), expected.iter().map(|id| (*id).clone()).collect::<Vec<_>>());
    inside.sort();
    ids.sort();
    assert_eq!(inside, ids);
    for member in expected {
        let user = client.get(&format!("/Users/{member}")).await.body;
        assert!(user["groups"].as_array().unwrap().iter().any(|found| found["value"] == *group));
        client.get(&format!("/GroupMemberships/{group}.{member}")).await.expect(200);
    }
}

#[tokio::test]
async fn a_membership_is_made_read_and_ended() {
    let (_app, client, [ann, bob, _]) = start("generic").await;
    let group = client.group("team", &[]).await;
    let made = client.post("/GroupMemberships", membership(&group, &ann)).await.expect(201);
    let base = "http://scim.example.com/scim/a/v2";
    let id = format!("{group}.{ann}");
    let location = format!("{base}/GroupMemberships/{id}");
    let version = made.body["meta"]["version"].as_str().unwrap().to_owned();
    let expected = json!({
        "schemas": [SCHEMA],
        "id": id,
        "group": { "value": group, "$ref": format!("{base}/Groups/{group}"), "display": "team" },
        "member": { "value": ann, "$ref": format!("{base}/Users/{ann}"), "type": "User", "display": "u0" },
        "meta": { "resourceType": "GroupMembership", "version": version, "location": location },
    });
    assert_eq!(made.body, expected);
    assert_eq!((made.header("location"), made.header("etag")), (Some(&*location), Some(&*version)));
    let read = client.get(&format!("/GroupMemberships/{id}")).await.expect(200);
    assert_eq!((&read.body, read.header("etag")), (&expected, Some(&*version)));
    check_agreement(&client, &group, &[&ann]).await;
    client.post("/GroupMemberships", membership(&group, &bob)).await.expect(201);
    check_agreement(&client, &group, &[&ann, &bob]).await;
    client.delete(&format!("/GroupMemberships/{id}")).await.expect(204);
    check_agreement(&client, &group, &[&bob]).await;
    client.get(&format!("/GroupMemberships/{id}")).await.expect(404);
    client.delete(&format!("/GroupMemberships/{id}")).await.expect(404);
    // Whoever comes again has the same membership.
    assert_eq!(client.post("/GroupMemberships", membership(&group, &ann)).await.expect(201).id(), id);
    check_agreement(&client, &group, &[&bob, &ann]).await;
    client.delete(&format!("/Users/{bob}")).await.expect(204);
    check_agreement(&client, &group, &[&ann]).await;
}

#[tokio::test]
async fn what_cannot_be_a_membership_is_refused_and_changes_nothing() {
    // Members that are not there wait in `okta`, but never as memberships.
    for dialect in ["generic", "okta"] {
        let (app, client, [ann, bob, _]) = start(dialect).await;
        let stranger = app.source("b", dialect).await;
        let (theirs, foreign) = (stranger.group("x", &[]).await, stranger.user("x").await);
        let group = client.group("team", &[&ann]).await;
        let before = client.everything().await;
        for (body, outcome, at) in [
            (membership(&group, &ann), "409 uniqueness", "the member is in"),
            (membership(&group, NOBODY), "400 invalidValue", "member.value: "),
            (membership(&group, "u0"), "400 invalidValue", "member.value: "),
            (membership(&group, &foreign), "400 invalidValue", "member.value: "),
            (membership(NOBODY, &bob), "400 invalidValue", "group.value: "),
            (membership(&ann, &bob), "400 invalidValue", "group.value: "),
            (membership(&theirs, &bob), "400 invalidValue", "group.value: "),
            (membership("", &bob), "400 invalidValue", "group"),
            (json!({ "schemas": [SCHEMA], "group": { "value": group } }), "400 invalidValue", "member: "),
            (json!({ "schemas": [SCHEMA], "member": { "value": bob } }), "400 invalidValue", "group: "),
            (
                json!({ "schemas": [SCHEMA], "group": {}, "member": { "value": bob } }),
                "400 invalidValue",
                "group",
            ),
            (
                json!({ "schemas": [SCHEMA], "externalId": "x", "group": { "value": group }, "member": { "value": bob } }),
                "400 invalidValue",
                "externalId: ",
            ),
            (json!([]), "400 invalidSyntax", "the body must be"),
        ] {
            let reply = client.post("/GroupMemberships", body.clone()).await;
            assert_eq!(reply.outcome(), outcome, "{dialect}: {body}: {}", reply.body);
            assert!(reply.body["detail"].as_str().unwrap().starts_with(at), "{body}: {}", reply.body);
        }
        let taken = client.post("/GroupMemberships", membership(&group, &ann)).await;
        assert_eq!(
            taken.diagnostics(),
            &json!({ "attribute": "member.value", "conflictingId": format!("{group}.{ann}") })
        );
        for (method, id) in [
            ("DELETE", format!("{group}.{bob}")),
            ("DELETE", format!("{group}.{NOBODY}")),
            ("DELETE", format!("{NOBODY}.{ann}")),
            ("GET", format!("{ann}.{group}")),
            ("GET", group.clone()),
            ("DELETE", format!("{theirs}.{ann}")),
        ] {
            let reply = client.send(method, &format!("/GroupMemberships/{id}"), None).await;
            assert_eq!(reply.status, 404, "{method} {id}");
        }
        assert_eq!(client.everything().await, before);
    }
}

#[tokio::test]
async fn a_change_of_a_membership_is_one_of_the_group() {
    let (app, client, [ann, ..]) = start("generic").await;
    let group = client.group("team", &[]).await;
    let tenant = app.record("a").await.tenant;
    let last = app.store.kept_changes(tenant).await.unwrap().last;
    client.post("/GroupMemberships", membership(&group, &ann)).await.expect(201);
    client.delete(&format!("/GroupMemberships/{group}.{ann}")).await.expect(204);
    client.delete(&format!("/GroupMemberships/{group}.{ann}")).await.expect(404);
    let changes = app.store.changes(tenant, last, 10).await.unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|change| {
            let detail: Value = serde_json::from_str(&change.detail).unwrap();
            (&*change.resource_type, change.resource.to_string(), change.version, detail["members"].clone())
        })
        .collect();
    let expected = [
        ("Group", group.clone(), 2, json!({ "added": [ann] })),
        ("Group", group.clone(), 3, json!({ "removed": [ann] })),
    ];
    assert_eq!(told, expected);
    let shown = client.get(&format!("/Groups/{group}")).await;
    assert_eq!(shown.body["meta"]["version"], "W/\"3\"");
}

#[tokio::test]
async fn memberships_are_found_by_group_member_and_id() {
    let (_app, client, [a, b, c]) = start("generic").await;
    let one = client.group("one", &[&a, &b]).await;
    let two = client.group("two", &[&c, &one, &a]).await;
    let all = [
        format!("{one}.{a}"),
        format!("{one}.{b}"),
        format!("{two}.{c}"),
        format!("{two}.{one}"),
        format!("{two}.{a}"),
    ];
    for (filter, expected) in [
        (format!("group.value eq \"{one}\""), "01"),
        (format!("GROUP.VALUE EQ \"{two}\""), "234"),
        (format!("group eq \"{two}\""), "234"),
        (format!("{SCHEMA}:group.value eq \"{one}\""), "01"),
        (format!("member.value eq \"{a}\""), "04"),
        (format!("member.value eq \"{one}\""), "3"),
        (format!("member.value eq \"{a}\" and group.value eq \"{two}\""), "4"),
        (format!("group[value eq \"{two}\"] and member[value eq \"{c}\"]"), "2"),
        (format!("group.value eq \"{one}\" and group.value eq \"{two}\""), ""),
        (format!("group.value eq \"{one}\" and member.value eq \"{c}\""), ""),
        (format!("group.value eq \"{}\"", one.to_uppercase()), ""),
        (format!("group.value eq \"{a}\""), ""),
        ("member.value eq \"nobody\"".to_owned(), ""),
        (format!("id eq \"{}\"", all[3]), "3"),
        (format!("id eq \"{}\" and member.value eq \"{a}\"", all[3]), ""),
        ("id eq \"nothing\"".to_owned(), ""),
    ] {
        let expected: Vec<_> = expected.chars().map(|at| &all[at.to_digit(10).unwrap() as usize]).collect();
        for path in ["", "&cursor=", "&startIndex=1&count=10"] {
            let listed = client.get(&format!("/GroupMemberships?filter={filter}{path}")).await.expect(200);
            assert_eq!(pairs(&listed.body).iter().collect::<Vec<_>>(), expected, "{filter}");
        }
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"];
        let search = json!({ "schemas": schemas, "filter": filter });
        let found = client.post("/GroupMemberships/.search", search).await.expect(200).body;
        assert_eq!(pairs(&found).iter().collect::<Vec<_>>(), expected, "{filter}");
    }
    assert_eq!(pairs(&client.get("/GroupMemberships").await.expect(200).body), all);
    for filter in [
        "group.value ne \"x\"",
        "group.value sw \"x\"",
        "group.display eq \"one\"",
        "member.type eq \"User\"",
        "group.value pr",
        "not (group.value eq \"x\")",
        "group.value eq \"x\" or group.value eq \"y\"",
        "meta.resourceType eq \"GroupMembership\"",
        "userName eq \"x\"",
        "group.value eq",
    ] {
        let reply = client.get(&format!("/GroupMemberships?filter={filter}")).await;
        assert_eq!(reply.outcome(), "400 invalidFilter", "{filter}: {}", reply.body);
    }
    assert_eq!(client.get("/GroupMemberships?sortBy=group.value").await.outcome(), "400 invalidValue");
}

#[tokio::test]
async fn pages_follow_each_other_by_index_and_by_cursor() {
    let (_app, client, users) = start("generic").await;
    let ids: Vec<&str> = users.iter().map(String::as_str).collect();
    let (one, two) = (client.group("one", &ids).await, client.group("two", &ids).await);
    let all: Vec<String> =
        [&one, &two].iter().flat_map(|group| ids.iter().map(move |id| format!("{group}.{id}"))).collect();
    for (filter, expected) in
        [(String::new(), &all[..]), (format!("&filter=group.value eq \"{two}\""), &all[3..])]
    {
        for count in 1..=4 {
            let mut found = Vec::new();
            while found.len() < expected.len() {
                let path = format!("/GroupMemberships?startIndex={}&count={count}{filter}", found.len() + 1);
                let page = client.get(&path).await.expect(200).body;
                assert_eq!(page["totalResults"], expected.len());
                assert_eq!(page["startIndex"], found.len() + 1);
                found.extend(pairs(&page));
            }
            assert_eq!(found, expected);
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/GroupMemberships?cursor={cursor}&count={count}{filter}");
                let page = client.get(&path).await.expect(200).body;
                found.extend(pairs(&page));
                assert_eq!(page["totalResults"], Value::Null);
                let Some(next) = page["nextCursor"].as_str() else { break };
                cursor = next.to_owned();
            }
            assert_eq!(found, expected);
        }
    }
    let none = client.get("/GroupMemberships?count=0").await.expect(200).body;
    assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(6), &json!([])));
    let first = client.get("/GroupMemberships?cursor=&count=2").await.body;
    let cursor = first["nextCursor"].as_str().unwrap();
    for (path, outcome) in [
        (format!("/GroupMemberships?cursor={cursor}&count=3"), "400 invalidCount"),
        (
            format!("/GroupMemberships?cursor={cursor}&count=2&filter=group.value eq \"{one}\""),
            "400 invalidCursor",
        ),
        (format!("/Groups?cursor={cursor}&count=2"), "400 invalidCursor"),
        ("/GroupMemberships?cursor=x".to_owned(), "400 invalidCursor"),
    ] {
        assert_eq!(client.get(&path).await.outcome(), outcome, "{path}");
    }
}

#[tokio::test]
async fn a_page_is_bounded_by_the_source() {
    let app = TestApp::start().await;
    let settings = SourceSettings { max_page_size: 2, default_page_size: 1, ..SourceSettings::default() };
    let client = app.source_with("a", "generic", settings).await;
    let (a, b, c) = (client.user("a").await, client.user("b").await, client.user("c").await);
    client.group("team", &[&a, &b, &c]).await;
    for (query, expected) in [("", 1), ("?count=2", 2), ("?count=100", 2)] {
        let page = client.get(&format!("/GroupMemberships{query}")).await.expect(200).body;
        assert_eq!(page["itemsPerPage"], expected, "{query}");
    }
}

#[tokio::test]
async fn attributes_select_what_is_shown() {
    let (_app, client, [ann, ..]) = start("generic").await;
    let group = client.group("team", &[&ann]).await;
    let id = format!("{group}.{ann}");
    for (query, expected) in [
        ("attributes=member.value", json!({ "schemas": [SCHEMA], "id": id, "member": { "value": ann } })),
        (
            "excludedAttributes=group,meta,member.$ref,member.display",
            json!({ "schemas": [SCHEMA], "id": id, "member": { "value": ann, "type": "User" } }),
        ),
    ] {
        assert_eq!(client.get(&format!("/GroupMemberships/{id}?{query}")).await.expect(200).body, expected);
        assert_eq!(client.get(&format!("/GroupMemberships?{query}")).await.body["Resources"][0], expected);
        client.delete(&format!("/GroupMemberships/{id}")).await.expect(204);
        let made = client.post(&format!("/GroupMemberships?{query}"), membership(&group, &ann)).await;
        assert_eq!(made.expect(201).body, expected);
    }
}

#[tokio::test]
async fn a_version_holds_until_a_name_changes() {
    let (_app, client, [ann, ..]) = start("generic").await;
    let group = client.group("team", &[&ann]).await;
    let place = format!("/GroupMemberships/{group}.{ann}");
    let tag = client.get(&place).await.header("etag").unwrap().to_owned();
    let seen = client.clone().header("if-none-match", &tag);
    assert_eq!(seen.get(&place).await.status, 304);
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "crew" }]);
    client.patch(&format!("/Groups/{group}"), rename).await.expect(200);
    let shown = seen.get(&place).await.expect(200);
    assert_eq!(shown.body["group"]["display"], "crew");
    let stale = client.clone().header("if-match", &tag).delete(&place).await;
    assert_eq!(stale.status, 412);
    let tag = shown.header("etag").unwrap();
    client.clone().header("if-match", tag).delete(&place).await.expect(204);
    let minimal = client.clone().header("prefer", "return=minimal");
    let made = minimal.post("/GroupMemberships", membership(&group, &ann)).await.expect(201);
    assert_eq!((made.body, made.bytes.len()), (Value::Null, 0));
}

#[tokio::test]
async fn bulk_makes_and_ends_memberships() {
    let (_app, client, [a, b, c]) = start("generic").await;
    let group = client.group("team", &[&a]).await;
    let post = |id: &str, group: &str, member: &str| json!({ "method": "POST", "path": "/GroupMemberships", "bulkId": id, "data": membership(group, member) });
    let delete = |id: &str| json!({ "method": "DELETE", "path": format!("/GroupMemberships/{id}") });
    let operations = json!([
        post("1", &group, &b),
        post("2", "bulkId:new", &c),
        { "method": "POST", "path": "/Groups", "bulkId": "new", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "new" } },
        post("3", &group, &a),
        post("4", NOBODY, &a),
        delete(&format!("{group}.{a}")),
        delete(&format!("{group}.{a}")),
        { "method": "PATCH", "path": format!("/GroupMemberships/{group}.{a}"), "data": {} },
    ]);
    let done = client.post("/Bulk", json!({ "schemas": [BULK], "Operations": operations })).await.expect(200);
    let answers = done.body["Operations"].as_array().unwrap();
    let statuses: Vec<_> = answers.iter().map(|answer| answer["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201", "201", "201", "409", "400", "204", "404", "405"], "{}", done.body);
    let base = "http://scim.example.com/scim/a/v2/GroupMemberships";
    assert_eq!(answers[0]["location"], format!("{base}/{group}.{b}"));
    assert_eq!(answers[4]["response"]["scimType"], "invalidValue");
    check_agreement(&client, &group, &[&b]).await;
    let new = client.get("/Groups?filter=displayName eq \"new\"").await.column("id");
    check_agreement(&client, &new[0], &[&c]).await;
}

#[tokio::test]
async fn discovery_tells_of_memberships_and_listings_of_all_types_leave_them_out() {
    let (_app, client, [ann, ..]) = start("generic").await;
    client.group("team", &[&ann]).await;
    let kind = client.get("/ResourceTypes/GroupMembership").await.expect(200).body;
    assert_eq!((&kind["endpoint"], &kind["schema"]), (&json!("/GroupMemberships"), &json!(SCHEMA)));
    let schema = client.get(&format!("/Schemas/{SCHEMA}")).await.expect(200).body;
    for (attribute, subs) in [("group", "value $ref display"), ("member", "value $ref type display")] {
        let found = schema["attributes"].as_array().unwrap().iter().find(|found| found["name"] == attribute);
        let found = found.unwrap();
        assert_eq!((&found["mutability"], &found["required"]), (&json!("immutable"), &json!(true)));
        let names = found["subAttributes"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|sub| sub["name"].as_str().unwrap()).collect();
        assert_eq!(names.join(" "), subs);
    }
    assert_eq!(client.everything().await.as_array().unwrap().len(), 4);
    let v1 = client.clone().at("/scim/a/v1");
    assert_eq!(v1.get("/GroupMemberships").await.status, 404);
}

#[tokio::test]
async fn groups_of_a_type_added_at_run_time_have_memberships_too() {
    let (app, client, [ann, ..]) = start("generic").await;
    let record = app.record("a").await;
    let team = json!({ "name": "Team", "endpoint": "/Teams", "schema": "urn:ietf:params:scim:schemas:core:2.0:Group" });
    let api = app.api(Some("default"), &ApiScope::all().collect::<Vec<_>>()).await;
    let added =
        api.post(&format!("/sources/{}/schemas", record.slug), json!({ "resource_types": [team] })).await;
    assert!(added.status < 300, "{}", added.body);
    let group = client.group("g", &[&ann]).await;
    let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "t" });
    let team = client.post("/Teams", body).await.expect(201).id();
    let made = client.post("/GroupMemberships", membership(&team, &ann)).await.expect(201).body;
    assert_eq!(made["group"]["$ref"], format!("http://scim.example.com/scim/a/v2/Teams/{team}"));
    client.post("/GroupMemberships", membership(&team, &group)).await.expect(201);
    let all = [format!("{group}.{ann}"), format!("{team}.{ann}"), format!("{team}.{group}")];
    for count in 1..4 {
        for start in 1..4 {
            let page = client.get(&format!("/GroupMemberships?startIndex={start}&count={count}")).await.body;
            let expected: Vec<_> = all.iter().skip(start - 1).take(count).cloned().collect();
            assert_eq!(pairs(&page), expected);
        }
    }
}
