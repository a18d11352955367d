//! Tables: Bulk bodies, and what is read of them.

use std::collections::HashMap;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::json;

use super::order::components;
use super::*;

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn check(operation: Value, expected: Expect) {
    expected.assert_eq(&match BulkRequest::parse(json!({"Operations": [operation]}), 10) {
        Ok(request) => request.operations.iter().fold(String::new(), |text, operation| {
            let BulkOperation { method, bulk_id, endpoint, id, version, data } = operation;
            format!("{text}{method:?} {endpoint} {id:?} {bulk_id:?} {version:?} {}", data.is_some())
        }),
        Err(error) => error.to_string(),
    });
}

#[test]
fn operations_are_read() {
    check(
        json!({"method": "POST", "path": "/Users", "bulkId": "u", "data": {}}),
        expect![[r#"Post Users None Some("u") None true"#]],
    );
    check(
        json!({"Method": "post", "PATH": "v2/Users/", "bulkid": "u", "Data": {}}),
        expect![[r#"Post Users None Some("u") None true"#]],
    );
    check(
        json!({"method": "PATCH", "path": "/scim/okta/v2/Users/1", "version": "W/\"1\"", "data": {}}),
        expect![[r#"Patch Users Some("1") None Some("W/\"1\"") true"#]],
    );
    check(
        json!({"method": "DELETE", "path": "/Users/bulkId:u", "data": {"x": 1}}),
        expect![[r#"Delete Users Some("bulkId:u") None None false"#]],
    );
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    check(json!(7), expect!["Operations[0]: expected an object, found a number"]);
    check(json!({"path": "/Users"}), expect!["Operations[0].method: expected POST, PUT, PATCH or DELETE"]);
    check(
        json!({"method": "GET", "path": "/Users/1"}),
        expect!["Operations[0].method: expected POST, PUT, PATCH or DELETE"],
    );
    check(
        json!({"method": "POST", "bulkId": "u", "data": {}}),
        expect!["Operations[0].path: a path is required"],
    );
    check(
        json!({"method": "POST", "path": 1, "bulkId": "u", "data": {}}),
        expect!["Operations[0].path: expected a string, found a number"],
    );
    check(
        json!({"method": "POST", "path": "/Users", "data": {}}),
        expect!["Operations[0].bulkId: POST needs a bulkId"],
    );
    check(
        json!({"method": "POST", "path": "/Users", "bulkId": "u"}),
        expect!["Operations[0].data: expected an object"],
    );
    check(
        json!({"method": "POST", "path": "/Users/1", "bulkId": "u", "data": {}}),
        expect!["Operations[0].path: expected an endpoint such as /Users, found /Users/1"],
    );
    check(
        json!({"method": "PUT", "path": "/Users", "data": {}}),
        expect!["Operations[0].path: expected a resource such as /Users/id, found /Users"],
    );
    check(
        json!({"method": "PUT", "path": "/Users/1", "data": [1]}),
        expect!["Operations[0].data: expected an object"],
    );
}

#[test]
fn the_request_itself_is_checked() {
    let delete = json!({"method": "DELETE", "path": "/Users/1"});
    let post = json!({"method": "POST", "path": "/Users", "bulkId": "u", "data": {}});
    for (body, expected) in [
        (json!([]), "the body must be an object, found an array"),
        (json!({}), "Operations: expected an array of one or more operations"),
        (json!({"Operations": []}), "Operations: expected an array of one or more operations"),
        (
            json!({"Operations": [delete], "schemas": ["x"]}),
            "schemas: must contain urn:ietf:params:scim:api:messages:2.0:BulkRequest",
        ),
        (
            json!({"Operations": [delete], "failOnErrors": -1}),
            "failOnErrors: expected a whole number, zero or more",
        ),
        (json!({"Operations": [post, post]}), "Operations[1].bulkId: u is there twice"),
        (json!({"Operations": [delete, delete, delete]}), "Operations: at most 2 are taken, found 3"),
    ] {
        assert_eq!(BulkRequest::parse(body.clone(), 2).unwrap_err().to_string(), expected, "{body}");
    }
    let body = json!({"schemas": [BULK_REQUEST], "FailOnErrors": 3, "operations": [delete]});
    assert_eq!(BulkRequest::parse(body, 2).unwrap().fail_on_errors, Some(3));
    let many = BulkRequest::parse(json!({"Operations": [delete, delete]}), 1).unwrap_err();
    assert_eq!(many.status(), 413);
}

#[test]
fn what_is_referred_to_comes_first() {
    for (edges, expected) in [
        (vec![vec![], vec![], vec![]], vec![vec![0], vec![1], vec![2]]),
        (vec![vec![2], vec![], vec![]], vec![vec![2], vec![0], vec![1]]),
        (vec![vec![1], vec![0], vec![]], vec![vec![0, 1], vec![2]]),
        (vec![vec![0], vec![]], vec![vec![0], vec![1]]),
        (vec![vec![1, 3], vec![2], vec![1], vec![]], vec![vec![1, 2], vec![3], vec![0]]),
    ] {
        assert_eq!(components(&edges), expected, "{edges:?}");
    }
}

#[test]
fn references_in_paths_and_filters_count() {
    let request = json!({"Operations": [
        {"method": "PATCH", "path": "/Groups/bulkId:g", "data": {"Operations": [
            {"op": "remove", "path": "members[value eq \"bulkId:u\" or value eq \"bulkId:v\"]"}
        ]}},
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": {}},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"members": [{"value": "bulkId:u"}]}},
    ]});
    let mut request = BulkRequest::parse(request, 9).unwrap();
    assert_eq!(request.order(), [[1], [2], [0]]);
    let data = request.operations[0].data.as_mut().unwrap();
    assert_eq!(references(data), ["u", "v"]);
    let ids = HashMap::from([("u".to_owned(), "1".to_owned())]);
    assert_eq!(substitute(data, &ids), ["v"]);
    assert_eq!(data["Operations"][0]["path"], r#"members[value eq "1" or value eq "bulkId:v"]"#);
}

#[test]
fn a_long_chain_does_not_overflow_the_stack() {
    let edges: Vec<Vec<usize>> =
        (0..200_000).map(|at| if at + 1 < 200_000 { vec![at + 1] } else { vec![] }).collect();
    assert_eq!(components(&edges).len(), 200_000);
}

proptest! {
    #[test]
    fn every_operation_is_ordered_once_after_what_it_needs(
        edges in prop::collection::vec(prop::collection::vec(0usize..12, 0..4), 12)
    ) {
        let order = components(&edges);
        let mut place = [usize::MAX; 12];
        for (at, component) in order.iter().enumerate() {
            for node in component {
                prop_assert_eq!(place[*node], usize::MAX);
                place[*node] = at;
            }
        }
        for (node, needs) in edges.iter().enumerate() {
            prop_assert!(needs.iter().all(|needed| place[*needed] <= place[node]));
        }
    }
}
