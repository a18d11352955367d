//! Query parameters and search requests: what is read, and what is refused.

use expect_test::{Expect, expect};
use rollcall_scim::error::ScimError;
use rollcall_scim::limits::MAX_PROJECTION_PATHS;
use rollcall_scim::list::{ListRequest, SEARCH_REQUEST};
use serde_json::{Value, json};

/// What differs from a request that asks for nothing.
fn show(request: Result<ListRequest, ScimError>) -> String {
    let request = match request {
        Ok(request) => request,
        Err(error) => {
            let kind = error.kind.parts().1.unwrap_or_default();
            return format!("{kind} at {}: {error}", error.attribute.as_deref().unwrap_or("-"));
        }
    };
    let mut shown: Vec<String> = Vec::new();
    let mut push = |name: &str, value: Option<String>| {
        shown.extend(value.map(|value| format!("{name}={value}")));
    };
    push("filter", request.filter);
    push("sortBy", request.sort_by);
    push("descending", request.descending.then(String::new));
    push("startIndex", request.start_index.map(|index| index.to_string()));
    push("count", request.count.map(|count| count.to_string()));
    push("cursor", request.cursor.map(|cursor| format!("{cursor:?}")));
    push("attributes", (!request.attributes.is_empty()).then(|| request.attributes.join("|")));
    let excluded = request.excluded_attributes;
    push("excluded", (!excluded.is_empty()).then(|| excluded.join("|")));
    shown.join(" ")
}

/// `query` is `name=value&…`, decoded.
#[track_caller]
fn query(query: &str, expected: &Expect) {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    expected.assert_eq(&show(ListRequest::from_query(pairs)));
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "lets a case be one line")]
fn search(body: Value, expected: &Expect) {
    expected.assert_eq(&show(ListRequest::from_search(&body)));
}

#[test]
fn query_parameters() {
    query("", &expect![""]);
    query("filter=title pr&sortBy=userName", &expect!["filter=title pr sortBy=userName"]);
    query("FILTER=a&SortBy=b&STARTINDEX=3&Count=4", &expect!["filter=a sortBy=b startIndex=3 count=4"]);
    query("filter=&sortBy=&count=&startIndex=&sortOrder=&attributes=", &expect![""]);
    query("count=1&count=2", &expect!["count=2"]);
    query("foo=bar&_=1", &expect![""]);
}

#[test]
fn numbers_are_clamped() {
    query("startIndex=0&count=0", &expect!["startIndex=1 count=0"]);
    query("startIndex=-5&count=-1", &expect!["startIndex=1 count=0"]);
    query("startIndex=+5&count= 7 ", &expect!["startIndex=5 count=7"]);
    query("count=99999999999999999999999", &expect!["count=18446744073709551615"]);
    query("count=-99999999999999999999999", &expect!["count=0"]);
    query("count=ten", &expect!["invalidValue at count: count must be a whole number"]);
    query("startIndex=1.5", &expect!["invalidValue at startIndex: startIndex must be a whole number"]);
    query("startIndex=--1", &expect!["invalidValue at startIndex: startIndex must be a whole number"]);
    query("count=-", &expect!["invalidValue at count: count must be a whole number"]);
}

#[test]
fn sort_order_has_two_values() {
    query("sortOrder=descending", &expect!["descending="]);
    query("sortOrder=Ascending", &expect![""]);
    query("sortOrder=down", &expect!["invalidValue at sortOrder: sortOrder must be ascending or descending"]);
}

#[test]
fn a_bare_cursor_asks_for_the_first_page() {
    query("cursor&count=10", &expect![[r#"count=10 cursor="""#]]);
    query("cursor=abc", &expect![[r#"cursor="abc""#]]);
}

#[test]
fn attributes_are_split_at_commas() {
    query("attributes=a, b.c ,,urn:x:d", &expect!["attributes=a|b.c|urn:x:d"]);
    query("excludedattributes=members", &expect!["excluded=members"]);
    let many = vec!["a"; MAX_PROJECTION_PATHS];
    assert!(ListRequest::from_query([("attributes", many.join(",").as_str())].into_iter()).is_ok());
    query(
        &format!("attributes=a,{}", many.join(",")),
        &expect!["invalidValue at attributes: attributes names more than 500 attributes"],
    );
}

#[test]
fn search_requests() {
    search(json!({}), &expect![""]);
    search(
        json!({
            "schemas": [SEARCH_REQUEST], "attributes": ["displayName", "userName"],
            "filter": "displayName sw \"smith\"", "startIndex": 1, "count": 10
        }),
        &expect![[r#"filter=displayName sw "smith" startIndex=1 count=10 attributes=displayName|userName"#]],
    );
    search(json!({ "SCHEMAS": [SEARCH_REQUEST.to_lowercase()], "COUNT": 1 }), &expect!["count=1"]);
    search(json!({ "cursor": "", "sortOrder": "descending" }), &expect![[r#"descending= cursor="""#]]);
    search(json!({ "excludedAttributes": "a,b", "filter": null, "x": {} }), &expect!["excluded=a|b"]);
    search(json!({ "startIndex": 0, "count": -3 }), &expect!["startIndex=1 count=0"]);
    search(json!({ "startIndex": 2.0, "count": 1e30 }), &expect!["startIndex=2 count=18446744073709551615"]);
    search(json!({ "count": -1e30 }), &expect!["count=0"]);
}

#[test]
fn search_requests_of_wrong_types() {
    let not_search = expect![
        "invalidSyntax at schemas: schemas of a search request must be an array with urn:ietf:params:scim:api:messages:2.0:SearchRequest"
    ];
    search(json!([]), &expect!["invalidSyntax at -: a search request must be a JSON object"]);
    search(json!({ "schemas": ["urn:x"] }), &not_search);
    search(json!({ "schemas": SEARCH_REQUEST }), &not_search);
    search(json!({ "count": "10" }), &expect!["invalidValue at count: count must be a whole number"]);
    search(json!({ "count": 1.5 }), &expect!["invalidValue at count: count must be a whole number"]);
    search(
        json!({ "startIndex": true }),
        &expect!["invalidValue at startIndex: startIndex must be a whole number"],
    );
    search(json!({ "filter": 5 }), &expect!["invalidValue at filter: filter must be a string"]);
    search(json!({ "cursor": 5 }), &expect!["invalidValue at cursor: cursor must be a string"]);
    search(json!({ "sortBy": ["a"] }), &expect!["invalidValue at sortBy: sortBy must be a string"]);
    search(
        json!({ "sortOrder": "up" }),
        &expect!["invalidValue at sortOrder: sortOrder must be ascending or descending"],
    );
    search(
        json!({ "attributes": [1] }),
        &expect!["invalidValue at attributes: attributes must be an array of strings"],
    );
    search(
        json!({ "attributes": {} }),
        &expect!["invalidValue at attributes: attributes must be an array of strings"],
    );
}
