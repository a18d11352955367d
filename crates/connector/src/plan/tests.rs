//! What is sent for what is wanted, case by case.

use std::sync::LazyLock;

use rollcall_scim::Document;
use rollcall_scim::schema::{ENTERPRISE_USER, Registry, ResolvedType};
use serde_json::{Value, json};

use super::*;

pub(super) static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::builtin().unwrap());

pub(super) fn kind(name: &str) -> &'static ResolvedType {
    REGISTRY.type_named(name).unwrap()
}

pub(super) fn document(value: &Value) -> Document {
    value.as_object().cloned().unwrap_or_default()
}

/// Reads `{"replace": …, "add": …, "remove": …}`.
pub(super) fn wanted(value: &Value) -> Wanted {
    Wanted {
        replace: document(&value["replace"]),
        add: document(&value["add"]),
        remove: document(&value["remove"]),
    }
}

/// `METHOD path`, `If-Match` where there is one, and the body without its `schemas`.
fn shown(requests: &[Request]) -> Vec<Value> {
    let show = |request: &Request| {
        let mut body = request.body.clone().unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            assert!(body.shift_remove("schemas").is_some(), "a body without schemas");
        }
        let body = body.get("Operations").cloned().unwrap_or(body);
        let version = request.headers.iter().map(|(name, value)| format!(" {name}: {value}"));
        json!([format!("{} {}{}", request.method, request.path, version.collect::<String>()), body])
    };
    requests.iter().map(show).collect()
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
fn check(name: &str, current: Value, change: Value, how: &How, expected: Value) {
    let current = (!current.is_null()).then(|| document(&current));
    let id = if name == "User" { "u1" } else { "g1" };
    let planned = update(kind(name), id, current.as_ref(), &wanted(&change), how).unwrap();
    assert_eq!(Value::from(shown(&planned)), expected, "{change}");
}

fn user() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u1", "userName": "alice",
        "active": false, "nickName": "al", "name": {"givenName": "Al", "familyName": "Smith"},
        "emails": [{"value": "a@x", "type": "work", "primary": true}, {"value": "b@x", "type": "home"}],
        "groups": [{"value": "g1"}], "roles": [{"value": "r1"}],
        "addresses": [{"locality": "Rome", "type": "work"}, {"locality": "Milan", "type": "home"}],
        ENTERPRISE_USER: {"department": "D"}, "meta": {"resourceType": "User", "version": "W/\"1\""}
    })
}

#[test]
fn only_what_is_wanted_is_in_a_patch() {
    let how = How::default();
    for (change, operations) in [
        (json!({"replace": {"nickName": "n"}}), json!([{"op": "replace", "path": "nickName", "value": "n"}])),
        (json!({"replace": {"nickName": null}}), json!([{"op": "remove", "path": "nickName"}])),
        (
            json!({"replace": {"name": {"givenName": "Bo"}}}),
            json!([{"op": "replace", "path": "name.givenName", "value": "Bo"}]),
        ),
        (
            json!({"replace": {"name": {"givenName": null}}}),
            json!([{"op": "remove", "path": "name.givenName"}]),
        ),
        (
            json!({"replace": {"password": "pw"}}),
            json!([{"op": "replace", "path": "password", "value": "pw"}]),
        ),
        (
            json!({"replace": {ENTERPRISE_USER: {"costCenter": "c", "manager": {"value": "b"}}}}),
            json!([
                {"op": "replace", "path": format!("{ENTERPRISE_USER}:costCenter"), "value": "c"},
                {"op": "replace", "path": format!("{ENTERPRISE_USER}:manager"), "value": {"value": "b"}}
            ]),
        ),
        (json!({"replace": {ENTERPRISE_USER: null}}), json!([{"op": "remove", "path": ENTERPRISE_USER}])),
        (
            json!({"add": {"roles": [{"value": "r2"}]}}),
            json!([{"op": "add", "path": "roles", "value": [{"value": "r2"}]}]),
        ),
        (json!({"remove": {"roles": [{"value": "r1"}]}}), json!([{"op": "remove", "path": "roles"}])),
        (
            json!({"remove": {"emails": [{"value": "b@x"}]}}),
            json!([{"op": "remove", "path": "emails[type eq \"home\" and value eq \"b@x\"]"}]),
        ),
        (
            json!({"replace": {"emails": [{"value": "n@x", "type": "work", "primary": true}, {"value": "b@x", "type": "home"}]}}),
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "n@x"}]),
        ),
        (
            json!({"replace": {"addresses": [{"locality": "Turin", "type": "work"}, {"locality": "Milan", "type": "home"}]}}),
            json!([{"op": "replace", "path": "addresses[type eq \"work\"].locality", "value": "Turin"}]),
        ),
    ] {
        check("User", user(), change, &how, json!([["PATCH Users/u1", operations]]));
    }
}

#[test]
fn what_is_so_already_needs_no_request() {
    for how in [
        How::default(),
        How { update: UpdateMethod::Put, ..How::default() },
        How { version: ScimVersion::V1, ..How::default() },
    ] {
        for change in [
            json!({}),
            json!({"replace": user()["name"].is_object().then(|| json!({"nickName": "al", "active": false, "name": {"givenName": "Al"}}))}),
            json!({"replace": {"emails": [{"value": "b@x", "type": "home", "primary": false}, {"value": "a@x", "type": "work", "primary": true}]}}),
            json!({"replace": {"title": null, "phoneNumbers": []}}),
            json!({"add": {"roles": ["r1"]}, "remove": {"emails": [{"value": "none@x"}]}}),
            json!({"replace": {"schemas": [], "id": "other", "meta": {"version": "x"}}}),
        ] {
            check("User", user(), change, &how, json!([]));
        }
    }
}

#[test]
fn without_the_resource_at_hand_the_operations_say_it_all() {
    let how = How::default();
    check(
        "User",
        Value::Null,
        json!({
            "replace": {"active": false, "name": {"familyName": "S"}, "title": null},
            "add": {"emails": [{"value": "n@x", "type": "work"}]},
            "remove": {"emails": [{"value": "o\"1@x", "type": "work"}, {"value": "o2@x"}]}
        }),
        &how,
        json!([["PATCH Users/u1", [
            {"op": "replace", "path": "active", "value": false},
            {"op": "replace", "path": "name.familyName", "value": "S"},
            {"op": "remove", "path": "title"},
            {"op": "remove", "path": "emails[type eq \"work\" and value eq \"o\\\"1@x\"]"},
            {"op": "remove", "path": "emails[value eq \"o2@x\"]"},
            {"op": "add", "path": "emails", "value": [{"value": "n@x", "type": "work"}]}
        ]]]),
    );
    for change in [json!({"replace": {"nickName": "n"}}), json!({})] {
        let how = How { update: UpdateMethod::Put, ..How::default() };
        let error = update(kind("User"), "u1", None, &wanted(&change), &how).unwrap_err();
        assert_eq!(error, PlanError::NeedsCurrent("User".to_owned()));
    }
    let members = wanted(&json!({"replace": {"members": []}}));
    let error = update(kind("Group"), "g1", None, &members, &how).unwrap_err();
    assert_eq!(error, PlanError::NeedsCurrent("members".to_owned()));
}

#[test]
fn what_the_application_sets_cannot_be_wanted() {
    let groups = wanted(&json!({"replace": {"groups": [{"value": "g2"}]}}));
    let error = update(kind("User"), "u1", None, &groups, &How::default()).unwrap_err();
    assert_eq!(error.to_string(), "groups is read-only");
}

#[test]
fn a_put_sends_all_that_was_read_under_its_version() {
    let mut expected = user();
    expected["nickName"] = json!("n");
    let expected = expected.as_object_mut().unwrap();
    expected.retain(|name, _| !["schemas", "meta", "groups"].contains(&name.as_str()));
    let how = How { update: UpdateMethod::Put, ..How::default() };
    check(
        "User",
        user(),
        json!({"replace": {"nickName": "n"}}),
        &how,
        json!([["PUT Users/u1 If-Match: W/\"1\"", expected]]),
    );
}

fn group() -> Value {
    json!({"id": "g1", "displayName": "G", "members": [{"value": "u1", "type": "User"}, {"value": "u2"}]})
}

#[test]
fn members_are_changed_in_the_shape_that_the_application_takes() {
    let standard = How { base_url: "https://x/scim".to_owned(), ..How::default() };
    let with = |member, removal| How { member, removal, ..standard.clone() };
    let filter = || json!({"op": "remove", "path": "members[value eq \"u1\"]"});
    let mut filter_with_value = filter();
    filter_with_value["value"] = json!({"members": [{"value": "u1"}]});
    for (how, add, remove) in [
        (standard.clone(), json!({"op": "add", "path": "members", "value": [{"value": "n"}]}), filter()),
        (
            with(MemberShape::Detailed, MemberRemoval::ByFilter),
            json!({"op": "add", "path": "members", "value": [{"value": "n", "display": "N", "$ref": "https://x/scim/Users/n"}]}),
            filter(),
        ),
        (
            with(MemberShape::Wrapped, MemberRemoval::ByFilter),
            json!({"op": "add", "path": "members", "value": {"members": [{"value": "n"}]}}),
            filter_with_value.clone(),
        ),
        (
            with(MemberShape::Pathless, MemberRemoval::ByFilter),
            json!({"op": "add", "value": {"members": [{"value": "n", "display": "N"}]}}),
            filter_with_value,
        ),
        (
            with(MemberShape::Standard, MemberRemoval::ByValue),
            json!({"op": "add", "path": "members", "value": [{"value": "n"}]}),
            json!({"op": "remove", "path": "members", "value": [{"value": "u1"}]}),
        ),
    ] {
        let change =
            json!({"add": {"members": [{"value": "n", "display": "N"}]}, "remove": {"members": ["u1"]}});
        check("Group", Value::Null, change, &how, json!([["PATCH Groups/g1", [add, remove]]]));
    }
}

#[test]
fn a_group_is_renamed_and_its_members_changed_in_one_request() {
    check(
        "Group",
        group(),
        json!({"replace": {"displayName": "N", "members": ["u2", "u3"]}}),
        &How::default(),
        json!([["PATCH Groups/g1", [
            {"op": "replace", "path": "displayName", "value": "N"},
            {"op": "add", "path": "members", "value": [{"value": "u3"}]},
            {"op": "remove", "path": "members[value eq \"u1\"]"}
        ]]]),
    );
    check("Group", group(), json!({"replace": {"members": ["u2", "u1"]}}), &How::default(), json!([]));
    check(
        "Group",
        group(),
        json!({"add": {"members": ["u2"]}, "remove": {"members": ["u9"]}}),
        &How::default(),
        json!([]),
    );
}

/// AWS takes 100 changes of members a request.
#[test]
fn no_request_changes_more_members_than_the_application_takes() {
    let how = How { membership_changes: Some(100), ..How::default() };
    let ids = |prefix: &str, count: usize| (0..count).map(|at| format!("{prefix}{at}")).collect::<Vec<_>>();
    for (added, removed, sizes) in [
        (250, 0, vec![(100, 0), (100, 0), (50, 0)]),
        (0, 201, vec![(0, 100), (0, 100), (0, 1)]),
        (130, 130, vec![(100, 0), (30, 70), (0, 60)]),
        (100, 1, vec![(100, 0), (0, 1)]),
        (0, 0, vec![]),
    ] {
        let change = json!({"replace": {"displayName": "N"}, "add": {"members": ids("a", added)}, "remove": {"members": ids("r", removed)}});
        let planned = update(kind("Group"), "g1", None, &wanted(&change), &how).unwrap();
        let mut sizes_found = Vec::new();
        for (at, request) in planned.iter().enumerate() {
            let operations = request.body.as_ref().unwrap()["Operations"].as_array().unwrap().clone();
            assert_eq!(at == 0, operations.iter().any(|operation| operation["path"] == "displayName"));
            let added: usize = operations
                .iter()
                .filter(|operation| operation["op"] == "add")
                .map(|operation| operation["value"].as_array().unwrap().len())
                .sum();
            let removed = operations.iter().filter(|operation| operation["op"] == "remove").count();
            if added + removed > 0 {
                sizes_found.push((added, removed));
            }
        }
        assert_eq!(sizes_found, sizes);
    }
}

#[test]
fn a_patch_of_1_1_is_a_partial_resource() {
    let how = How { version: ScimVersion::V1, ..How::default() };
    for (change, body) in [
        (json!({"replace": {"nickName": "n"}}), json!({"nickName": "n"})),
        (json!({"replace": {"nickName": null}}), json!({"meta": {"attributes": ["nickName"]}})),
        (json!({"replace": {"name": {"givenName": "B"}}}), json!({"name": {"givenName": "B"}})),
        (
            json!({"remove": {"emails": [{"value": "b@x"}]}}),
            json!({"emails": [{"value": "b@x", "type": "home", "operation": "delete"}]}),
        ),
        (json!({"add": {"emails": [{"value": "c@x"}]}}), json!({"emails": [{"value": "c@x"}]})),
        // An address has no value to be known by: all of them are sent again.
        (
            json!({"replace": {"addresses": [{"locality": "Turin", "type": "work"}]}}),
            json!({"addresses": [{"locality": "Turin", "type": "work"}], "meta": {"attributes": ["addresses"]}}),
        ),
        (
            json!({"replace": {ENTERPRISE_USER: {"manager": {"value": "b"}, "department": null}}}),
            json!({
                "urn:scim:schemas:extension:enterprise:1.0": {"manager": {"managerId": "b"}},
                "meta": {"attributes": ["urn:scim:schemas:extension:enterprise:1.0:department"]}
            }),
        ),
    ] {
        check("User", user(), change, &how, json!([["PATCH Users/u1", body]]));
    }
    check(
        "Group",
        Value::Null,
        json!({"add": {"members": ["n"]}, "remove": {"members": ["u1"]}}),
        &how,
        json!([["PATCH Groups/g1", {"members": [{"value": "n"}, {"value": "u1", "operation": "delete"}]}]]),
    );
}

#[test]
fn a_resource_is_created_as_it_is_wanted_and_no_more() {
    let user = document(
        &json!({"schemas": ["x"], "userName": "ann", ENTERPRISE_USER: {"department": "D"}, "title": null}),
    );
    let request = create(kind("User"), &user, &How::default());
    assert_eq!(
        request.body,
        Some(
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_USER], "userName": "ann", ENTERPRISE_USER: {"department": "D"}})
        )
    );
    let how = How {
        version: ScimVersion::V1,
        leave_out: vec!["meta".to_owned(), "schemas".to_owned()],
        ..How::default()
    };
    let request = create(kind("User"), &user, &how);
    assert_eq!(
        request.body,
        Some(json!({"userName": "ann", "urn:scim:schemas:extension:enterprise:1.0": {"department": "D"}}))
    );
    assert_eq!(delete(kind("Group"), "a/b").path, "Groups/a%2Fb");
}
