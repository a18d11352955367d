//! Pages: by index, by cursor (RFC 9865), sorted, searched by POST, and cut to some attributes.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use rollcall_domain::source::SourceSettings;
use rollcall_service::admin::NewCredential;
use rollcall_testkit::{Client, Reply, TestApp};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A source with users u000, u001, …; their names.
async fn start(count: usize) -> (TestApp, Client, Vec<String>) {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let names: Vec<String> = (0..count).map(|number| format!("u{number:03}")).collect();
    let one = |name: &String| json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": { "userName": name } });
    let operations: Vec<Value> = names.iter().map(one).collect();
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
    client.post("/Bulk", json!({ "schemas": schemas, "Operations": operations })).await.expect(200);
    (app, client, names)
}

#[tokio::test]
async fn index_and_count_are_clamped_to_what_there_is() {
    let (_app, client, names) = start(250).await;
    for (query, start, range) in [
        ("", 1, 0..100),
        ("?startIndex=1", 1, 0..100),
        ("?startIndex=101", 101, 100..200),
        ("?startIndex=201", 201, 200..250),
        ("?startIndex=250", 250, 249..250),
        ("?startIndex=251", 251, 0..0),
        ("?startIndex=100000", 100_000, 0..0),
        ("?startIndex=0", 1, 0..100),
        ("?startIndex=-5", 1, 0..100),
        ("?count=0", 1, 0..0),
        ("?count=-1", 1, 0..0),
        ("?count=7", 1, 0..7),
        ("?count=250", 1, 0..250),
        ("?count=99999999999999999999", 1, 0..250),
        ("?startIndex=3&count=2", 3, 2..4),
        ("?startIndex=249&count=10", 249, 248..250),
        ("?STARTINDEX=3&COUNT=2", 3, 2..4),
        ("?filter=userName sw \"u1\"&startIndex=99&count=5", 99, 198..200),
    ] {
        let reply = client.get(&format!("/Users{query}")).await.expect(200);
        assert_eq!(reply.column("userName"), names[range.clone()], "{query}");
        assert_eq!(reply.body["startIndex"], start, "{query}");
        assert_eq!(reply.body["itemsPerPage"], range.len(), "{query}");
        let total = if query.contains("filter") { 100 } else { 250 };
        assert_eq!(reply.body["totalResults"], total, "{query}");
        assert!(reply.body.get("nextCursor").is_none(), "{query}");
    }
    for query in ["?startIndex=x", "?count=x", "?count=1.5", "?sortOrder=sideways"] {
        assert_eq!(client.get(&format!("/Users{query}")).await.outcome(), "400 invalidValue", "{query}");
    }
}

#[tokio::test]
async fn a_source_s_own_limits_bound_its_pages() {
    let app = TestApp::start().await;
    let settings = SourceSettings {
        requests_per_second: 0,
        max_page_size: 4,
        default_page_size: 2,
        ..Default::default()
    };
    let client = app.source_with("a", "generic", settings).await;
    for number in 0..6 {
        client.user(&format!("u{number}")).await;
    }
    for (query, count) in
        [("", 2), ("?count=3", 3), ("?count=100", 4), ("?cursor", 2), ("?cursor&count=9", 4)]
    {
        let reply = client.get(&format!("/Users{query}")).await.expect(200);
        assert_eq!(reply.column("userName").len(), count, "{query}");
    }
}

#[tokio::test]
async fn sorting_goes_by_value_and_puts_those_without_last() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    for (name, family, mail) in [
        ("d", Some("lee"), Some("3@x")),
        ("B", Some("Ang"), None),
        ("a", None, Some("1@x")),
        ("C", Some("Lee"), Some("2@x")),
        ("e", None, None),
    ] {
        let mut body = json!({ "userName": name });
        if let Some(family) = family {
            body["name"] = json!({ "familyName": family });
        }
        if let Some(mail) = mail {
            let other = json!({ "value": "0@x", "type": "other" });
            body["emails"] = json!([other, { "value": mail, "type": "work", "primary": true }]);
        }
        client.post("/Users", body).await.expect(201);
        app.clock.advance_ms(1_000);
    }
    for (query, order) in [
        ("", "dBaCe"),
        ("sortBy=userName", "aBCde"),
        ("sortBy=userName&sortOrder=ascending", "aBCde"),
        ("sortBy=userName&sortOrder=descending", "edCBa"),
        ("sortBy=USERNAME&sortOrder=Descending", "edCBa"),
        ("sortBy=name.familyName", "BdCae"),
        ("sortBy=name.familyName&sortOrder=descending", "aedCB"),
        ("sortBy=emails", "aCdBe"),
        ("sortBy=emails.value", "aCdBe"),
        ("sortBy=meta.created&sortOrder=descending", "eCaBd"),
        ("sortBy=urn:ietf:params:scim:schemas:core:2.0:User:userName", "aBCde"),
        ("sortBy=userName&filter=name.familyName pr", "BCd"),
        ("sortBy=userName&startIndex=2&count=2", "BC"),
        ("sortOrder=descending", "dBaCe"),
    ] {
        let reply = client.get(&format!("/Users?{query}")).await.expect(200);
        assert_eq!(reply.column("userName").concat(), order, "{query}");
        if query.contains("count") {
            continue;
        }
        let walked = walk(&client, &format!("/Users?count=2&{query}")).await;
        assert_eq!(walked.concat(), order, "by cursor: {query}");
    }
    for by in ["shoeSize", "name", "password", "a..b", "emails[type eq \"work\"]", ENTERPRISE] {
        let reply = client.get(&format!("/Users?sortBy={by}")).await;
        assert_eq!(reply.outcome(), "400 invalidValue", "{by}");
    }
}

/// The user names of all pages.
async fn walk(client: &Client, query: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = client.get(&format!("{query}&cursor={cursor}")).await.expect(200);
        assert!(reply.body.get("startIndex").is_none());
        names.extend(reply.column("userName"));
        match reply.body["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return names,
        }
    }
}

#[tokio::test]
async fn a_walk_by_cursor_meets_everyone_once() {
    let (_app, client, names) = start(25).await;
    for count in [1, 7, 24, 25, 26] {
        assert_eq!(walk(&client, &format!("/Users?count={count}")).await, names, "{count}");
        let filtered = walk(&client, &format!("/Users?count={count}&filter=userName sw \"u01\"")).await;
        assert_eq!(filtered, names[10..20], "{count}");
        let query = format!("/Users?count={count}&sortBy=userName&sortOrder=descending");
        assert!(walk(&client, &query).await.iter().eq(names.iter().rev()), "{count}");
    }
    let nobody = client.get("/Users?cursor&count=0").await.expect(200);
    assert_eq!(nobody.column("userName"), [""; 0]);
    assert_eq!(nobody.body["totalResults"], 25);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_query_only() {
    let (app, client, _) = start(25).await;
    let other_token = app.credential("a", NewCredential::default()).await;
    let other_source = app.source("b", "generic").await;
    let query = "/Users?count=10&filter=userName pr&sortBy=userName";
    let cursor = client.get(&format!("{query}&cursor")).await.expect(200).body["nextCursor"].clone();
    let cursor = cursor.as_str().unwrap();
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)));
    let good = format!("{query}&cursor={cursor}");
    let (head, last) = cursor.split_at(cursor.len() - 1);
    let forged = format!("{head}{}", if last == "A" { "B" } else { "A" });
    for (who, path, outcome) in [
        (&client, good.clone(), "200 -"),
        (&client, good.clone(), "200 -"),
        (&client, good.replace("count=10", "count=11"), "400 invalidCount"),
        (&client, good.replace("count=10&", ""), "400 invalidCount"),
        (&client, good.replace("userName pr", "title pr"), "400 invalidCursor"),
        (&client, good.replace("&filter=userName pr", ""), "400 invalidCursor"),
        (&client, good.replace("sortBy=userName", "sortBy=title"), "400 invalidCursor"),
        (&client, good.replace("&sortBy=userName", ""), "400 invalidCursor"),
        (&client, format!("{good}&sortOrder=descending"), "400 invalidCursor"),
        (&client, good.replace("/Users", "/Groups").replace("userName", "displayName"), "400 invalidCursor"),
        (&client, good.replace("/Users", ""), "400 invalidCursor"),
        (&other_token, good.clone(), "400 invalidCursor"),
        (&other_source, good.clone(), "400 invalidCursor"),
        (&client, format!("{query}&cursor={forged}"), "400 invalidCursor"),
        (&client, format!("{query}&cursor=nonsense"), "400 invalidCursor"),
        (&client, format!("{query}&cursor={}", "x".repeat(10_000)), "400 invalidCursor"),
    ] {
        assert_eq!(who.get(&path).await.outcome(), outcome, "{path}");
    }
    // Attributes are not part of what is walked over.
    client.get(&format!("{good}&attributes=userName")).await.expect(200);
    let config = client.get("/ServiceProviderConfig").await.body;
    let timeout = config["pagination"]["cursorTimeout"].as_i64().unwrap() * 1_000;
    app.clock.advance_ms(timeout);
    client.get(&good).await.expect(200);
    app.clock.advance_ms(1);
    assert_eq!(client.get(&good).await.outcome(), "400 expiredCursor");
}

#[tokio::test]
async fn a_walk_misses_nobody_who_was_there_all_the_time() {
    for order in ["", "&sortBy=userName", "&sortBy=userName&sortOrder=descending", "&filter=userName pr"] {
        let (_app, client, names) = start(60).await;
        let ids = client.get("/Users?count=60").await.column("id");
        let mut stay: BTreeSet<String> = names.iter().cloned().collect();
        let (mut met, mut cursor, mut round) = (Vec::new(), String::new(), 0);
        loop {
            let reply = client.get(&format!("/Users?count=7&cursor={cursor}{order}")).await.expect(200);
            met.extend(reply.column("userName"));
            let Some(next) = reply.body["nextCursor"].as_str() else { break };
            next.clone_into(&mut cursor);
            // One from each end and the last one met go, others come: before, within and after.
            for at in [round, 59 - round] {
                client.delete(&format!("/Users/{}", ids[at])).await;
                stay.remove(&names[at]);
            }
            if let Some(at) = met.last().and_then(|name| names.iter().position(|known| known == name)) {
                client.delete(&format!("/Users/{}", ids[at])).await;
                stay.remove(&names[at]);
            }
            for name in ["a", "u030", "z"] {
                client.user(&format!("{name}-{round}")).await;
            }
            round += 1;
        }
        let once: BTreeSet<String> = met.iter().cloned().collect();
        assert_eq!(once.len(), met.len(), "somebody was met twice: {order}");
        let missed: Vec<_> = stay.difference(&once).collect();
        assert!(missed.is_empty(), "{missed:?} were missed: {order}");
    }
}

#[tokio::test]
async fn a_search_by_post_is_the_same_as_by_query() {
    let (_app, client, _) = start(25).await;
    client.group("u-group", &[]).await;
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]);
    for (endpoint, query, mut body) in [
        ("/Users", "?count=3&startIndex=5", json!({ "count": 3, "startIndex": 5 })),
        ("/Users", "?filter=userName ew \"7\"", json!({ "filter": "userName ew \"7\"" })),
        (
            "/Users",
            "?attributes=userName,meta.version&sortBy=userName&sortOrder=descending",
            json!({ "attributes": ["userName", "meta.version"], "sortBy": "userName", "sortOrder": "descending" }),
        ),
        ("/Users", "?excludedAttributes=meta", json!({ "excludedAttributes": ["meta"] })),
        ("/Groups", "?count=3", json!({ "count": 3 })),
        ("", "?count=3", json!({ "count": 3 })),
        ("", "?startIndex=24&count=10", json!({ "startIndex": 24, "count": 10 })),
        ("", "?filter=userName eq \"u001\"", json!({ "filter": "userName eq \"u001\"" })),
        ("", "?filter=displayName pr", json!({ "filter": "displayName pr" })),
        ("", "?filter=meta.resourceType eq \"Group\"", json!({ "filter": "meta.resourceType eq \"Group\"" })),
    ] {
        body["schemas"] = schemas.clone();
        let searched = client.post(&format!("{endpoint}/.search"), body.clone()).await.expect(200);
        assert_eq!(searched.body, client.get(&format!("{endpoint}{query}")).await.body, "{endpoint} {body}");
        assert_eq!(searched.header("content-type"), Some("application/scim+json"));
    }
    for (body, outcome) in [
        (json!({ "schemas": ["urn:other"], "count": 1 }), "400 invalidSyntax"),
        (json!([]), "400 invalidSyntax"),
        (json!({ "schemas": schemas, "count": "many" }), "400 invalidValue"),
        (json!({ "schemas": schemas, "filter": 7 }), "400 invalidValue"),
        (json!({ "schemas": schemas, "filter": "x y z" }), "400 invalidFilter"),
    ] {
        assert_eq!(client.post("/Users/.search", body.clone()).await.outcome(), outcome, "{body}");
    }
    assert_eq!(client.post("/Nothing/.search", json!({ "schemas": schemas })).await.outcome(), "404 -");
}

#[tokio::test]
async fn the_base_url_lists_every_type() {
    let (_app, client, names) = start(5).await;
    client.group("g", &[]).await;
    let all = client.get("/").await.expect(200);
    assert_eq!(all.body["totalResults"], 6);
    let kinds: Vec<&Value> =
        all.body["Resources"].as_array().unwrap().iter().map(|one| &one["meta"]["resourceType"]).collect();
    assert_eq!(kinds, ["User", "User", "User", "User", "User", "Group"]);
    let walked = walk(&client, "?count=2&x=").await;
    assert_eq!(walked[..5], names);
    assert_eq!(walked.len(), 6);
    assert_eq!(client.get("?filter=shoeSize pr").await.outcome(), "400 invalidFilter");
    assert_eq!(client.get("?filter=userName eq \"u001\" or displayName eq \"g\"").await.status, 200);
}

#[tokio::test]
async fn responses_are_cut_to_the_attributes_that_are_asked_for() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let body = json!({
        "userName": "ann", "title": "T", "name": { "givenName": "Ann", "familyName": "Lee" },
        "emails": [{ "value": "a@x", "type": "work" }], "shoeSize": 42,
        ENTERPRISE: { "department": "Sales", "employeeNumber": "7" },
    });
    let id = client.post("/Users", body).await.expect(201).id();
    let enterprise = |names: &str| format!("{ENTERPRISE}:{names}");
    for (query, mut expected) in [
        ("attributes=userName".to_owned(), json!({ "userName": "ann" })),
        ("attributes=USERNAME, title".to_owned(), json!({ "userName": "ann", "title": "T" })),
        ("attributes=name.givenName".to_owned(), json!({ "name": { "givenName": "Ann" } })),
        ("attributes=emails.type".to_owned(), json!({ "emails": [{ "type": "work" }] })),
        ("attributes=shoeSize".to_owned(), json!({ "shoeSize": 42 })),
        (
            format!("attributes={}", enterprise("department")),
            json!({ ENTERPRISE: { "department": "Sales" } }),
        ),
        (
            format!("attributes={ENTERPRISE}"),
            json!({ ENTERPRISE: { "department": "Sales", "employeeNumber": "7" } }),
        ),
        ("attributes=urn:ietf:params:scim:schemas:core:2.0:User:title".to_owned(), json!({ "title": "T" })),
        ("attributes=nothing".to_owned(), json!({})),
        ("attributes=id,schemas".to_owned(), json!({})),
        (
            format!("excludedAttributes=meta,emails,name.familyName,id,schemas,{}", enterprise("department")),
            json!({ "userName": "ann", "title": "T", "name": { "givenName": "Ann" }, "shoeSize": 42,
                ENTERPRISE: { "employeeNumber": "7" } }),
        ),
        (
            format!("excludedAttributes=meta,emails,name,title,shoeSize,{ENTERPRISE}"),
            json!({ "userName": "ann" }),
        ),
    ] {
        expected["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]);
        expected["id"] = json!(id);
        let reply = client.get(&format!("/Users/{id}?{query}")).await.expect(200);
        assert_eq!(reply.body, expected, "{query}");
        let listed = client.get(&format!("/Users?{query}")).await.expect(200);
        assert_eq!(listed.body["Resources"], json!([expected]), "{query}");
    }
    let meta = client.get(&format!("/Users/{id}?attributes=meta.version")).await.body;
    assert_eq!(meta["meta"], json!({ "version": "W/\"1\"" }));
}

#[tokio::test]
async fn writes_are_answered_with_the_attributes_that_are_asked_for() {
    let app = TestApp::start().await;
    let client = app.source("a", "generic").await;
    let shown = |reply: &Reply| (reply.body["userName"].clone(), reply.body["title"].clone());
    let made =
        client.post("/Users?attributes=title", json!({ "userName": "ann", "title": "T" })).await.expect(201);
    assert_eq!(shown(&made), (Value::Null, json!("T")));
    assert!(made.header("location").is_some() && made.header("etag").is_some());
    let place = format!("/Users/{}", made.id());
    let body = json!({ "userName": "ann", "title": "U" });
    let put = client.put(&format!("{place}?excludedAttributes=title"), body).await.expect(200);
    assert_eq!(shown(&put), (json!("ann"), Value::Null));
    let operations = json!([{ "op": "replace", "path": "title", "value": "V" }]);
    let patched = client.patch(&format!("{place}?attributes=userName"), operations).await.expect(200);
    assert_eq!(shown(&patched), (json!("ann"), Value::Null));
    assert_eq!(client.get(&place).await.body["title"], "V");
}
