//! A walk by cursor, each page from another node, while users come and go.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::{Client, Server};
use crate::nodes::Cluster;
use crate::{created, given};

/// Users that come and users that go during the walk.
const CHANGES: usize = 50;
/// Users created by one request.
const BULK: usize = 500;

fn load(client: &mut Client, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    while ids.len() < count {
        let operation = |number: usize| {
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("walker {number}"),
            }})
        };
        let operations: Vec<Value> = (ids.len()..count.min(ids.len() + BULK)).map(operation).collect();
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
        let body = json!({ "schemas": schemas, "Operations": operations });
        let (status, answer) = client.send("POST", "/Bulk", Some(&body)).unwrap();
        assert_eq!(status, 200, "{answer}");
        for operation in answer["Operations"].as_array().unwrap() {
            let location = operation["location"].as_str().unwrap();
            ids.push(location.rsplit('/').next().unwrap().to_owned());
        }
    }
    ids
}

/// Walks over so many users, each page by the next client, while users come and go by the one after it.
fn walk(count: usize, client: &dyn Fn(usize) -> Client) {
    let ids = load(&mut client(0), count);
    let (mut seen, mut cursor) = (BTreeSet::new(), Some(String::new()));
    let (mut gone, mut pages, mut changed) = (BTreeSet::new(), 0, 0);
    let all_pages = count.div_ceil(100);
    while let Some(at) = cursor {
        let path = format!("/Users?cursor={at}&count=100&attributes=userName");
        let (status, page) = client(pages).send("GET", &path, None).unwrap();
        assert_eq!(status, 200, "{page}");
        for user in page["Resources"].as_array().unwrap() {
            let id = user["id"].as_str().unwrap().to_owned();
            assert!(seen.insert(id.clone()), "{id} was seen twice");
        }
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        pages += 1;
        // Spread over the walk: before, at and after where it stands.
        let mut other = client(pages + 1);
        while changed < CHANGES.min(CHANGES * pages / all_pages + 1) {
            created(&mut other, "/Users", &json!({ "userName": format!("late {changed}") }));
            let leaver = &ids[changed * count / CHANGES * 7 % count];
            assert_eq!(other.send("DELETE", &format!("/Users/{leaver}"), None).unwrap().0, 204);
            gone.insert(leaver.clone());
            changed += 1;
        }
    }
    assert_eq!((changed, gone.len()), (CHANGES, CHANGES));
    let missed: Vec<&String> = ids.iter().filter(|id| !gone.contains(*id) && !seen.contains(*id)).collect();
    assert!(missed.is_empty(), "{} users that were there throughout: {missed:?}", missed.len());
    println!("{pages} pages, {} users seen, {CHANGES} came and {CHANGES} went", seen.len());
}

fn users() -> usize {
    usize::try_from(given("ROLLCALL_TEST_WALK", 2_025)).unwrap()
}

#[test]
fn a_walk_across_nodes_sees_all_that_stays() {
    let cluster = Cluster::start("log = \"error\"\n");
    let token = cluster.source("walk");
    walk(users(), &|node| cluster.client(node, "walk", &token).unwrap());
}

#[test]
fn a_walk_over_a_file_sees_all_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let token = Server::source(folder.path(), "walk", &[]);
    walk(users(), &|_| server.client("walk", &token));
}
