//! What 1.1 and 2.0 say differently, row by row, and that nothing is lost on the way.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Document;
use crate::error::ScimError;
use crate::filter::Filter;
use crate::patch::Patch;
use crate::path::AttributePath;
use crate::rules::Rules;
use crate::schema::{GROUP, Registry, ResolvedType, USER};

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::builtin().unwrap());

fn kind(name: &str) -> &'static ResolvedType {
    REGISTRY.type_named(name).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
fn document(value: Value) -> Document {
    value.as_object().unwrap().clone()
}

/// Whether `two` is written as `one` and `one` read as `two`.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
fn check_both(kind: &ResolvedType, two: Value, one: Value) {
    assert_eq!(Value::Object(encode(&document(two.clone()), kind)), one, "encoded");
    assert_eq!(Value::Object(decode(&document(one), kind)), two, "decoded");
}

#[test]
fn a_user_has_the_core_urn_and_no_resource_type() {
    check_both(
        kind("User"),
        json!({
            "schemas": [USER],
            "id": "u1",
            "userName": "ann",
            "meta": {"resourceType": "User", "created": "2020-01-01T00:00:00Z", "version": "W/\"1\""}
        }),
        json!({
            "schemas": [CORE],
            "id": "u1",
            "userName": "ann",
            "meta": {"created": "2020-01-01T00:00:00Z", "version": "W/\"1\""}
        }),
    );
}

#[test]
fn the_enterprise_extension_has_its_1_0_urn_and_the_manager_a_manager_id() {
    check_both(
        kind("User"),
        json!({
            "schemas": [USER, ENTERPRISE_USER],
            "userName": "ann",
            ENTERPRISE_USER: {"employeeNumber": "42", "manager": {"value": "b", "displayName": "Boss"}}
        }),
        json!({
            "schemas": [CORE, ENTERPRISE],
            "userName": "ann",
            ENTERPRISE: {"employeeNumber": "42", "manager": {"managerId": "b", "displayName": "Boss"}}
        }),
    );
}

#[test]
fn an_extension_of_ones_own_is_the_same_in_both() {
    check_both(
        kind("User"),
        json!({"schemas": [USER, "urn:x:extension:Lucky"], "urn:x:extension:Lucky": {"luckyNumber": 7}}),
        json!({"schemas": [CORE, "urn:x:extension:Lucky"], "urn:x:extension:Lucky": {"luckyNumber": 7}}),
    );
}

#[test]
fn members_keep_value_type_and_display_and_lose_their_reference() {
    let group = json!({"schemas": [GROUP], "displayName": "G", "members": [{"value": "u1", "type": "User", "$ref": "https://x/Users/u1"}]});
    let sent = json!({"schemas": [CORE], "displayName": "G", "members": [{"value": "u1", "type": "User"}]});
    assert_eq!(Value::Object(encode(&document(group), kind("Group"))), sent);
}

#[test]
fn languages_are_written_with_an_underscore() {
    for (two, one) in [("en-US", "en_US"), ("nl", "nl"), ("zh-Hant-TW", "zh_Hant_TW")] {
        check_both(
            kind("User"),
            json!({"schemas": [USER], "locale": two, "preferredLanguage": two}),
            json!({"schemas": [CORE], "locale": one, "preferredLanguage": one}),
        );
    }
    // What only looks like one is left as it is.
    check_both(
        kind("User"),
        json!({"schemas": [USER], "preferredLanguage": "en-US, en;q=0.5"}),
        json!({"schemas": [CORE], "preferredLanguage": "en-US, en;q=0.5"}),
    );
}

/// The body of a real 1.1 service: no `schemas`, null arrays, attributes of its own nested under the core URN.
#[test]
fn null_arrays_bare_values_and_attributes_under_the_core_urn_are_read() {
    let sent = json!({
        "schemas": null, "id": "d0", "USERNAME": "ann", "addresses": null, "accountStatus": "Active",
        "emails": ["a@x", {"Value": "b@x", "TYPE": "home", "operation": "delete"}, null],
        CORE: {"marketplaceDomain": "{}"},
        "meta": {"version": null, "attributes": ["x"]}
    });
    let read = json!({
        "schemas": [USER], "id": "d0", "userName": "ann", "accountStatus": "Active",
        "emails": [{"value": "a@x"}, {"value": "b@x", "type": "home"}],
        CORE: {"marketplaceDomain": "{}"},
        "meta": {"resourceType": "User"}
    });
    assert_eq!(Value::Object(decode(&document(sent), kind("User"))), read);
}

#[test]
fn paths_have_other_urns_and_another_name_for_the_manager() {
    for (two, one) in [
        ("userName".to_owned(), "userName".to_owned()),
        ("name.familyName".to_owned(), "name.familyName".to_owned()),
        (ENTERPRISE_USER.to_owned(), ENTERPRISE.to_owned()),
        (format!("{ENTERPRISE_USER}:department"), format!("{ENTERPRISE}:department")),
        (format!("{ENTERPRISE_USER}:manager.value"), format!("{ENTERPRISE}:manager.managerId")),
        ("urn:x:Lucky:manager.value".to_owned(), "urn:x:Lucky:manager.value".to_owned()),
    ] {
        assert_eq!(path::encode(&two.parse().unwrap()).to_string(), one);
        assert_eq!(path::decode(&one.parse().unwrap()).to_string(), two);
    }
    for core in [format!("{CORE}:userName"), format!("{CORE}:User:userName")] {
        assert_eq!(path::decode(&core.parse().unwrap()).to_string(), "userName", "{core}");
    }
    assert_eq!(path::encode(&format!("{USER}:userName").parse().unwrap()).to_string(), "userName");
}

#[test]
fn filters_of_1_1_have_no_ne_ew_not_null_or_brackets() {
    for (two, one) in [
        (r#"userName eq "a\"b""#, Some(r#"userName eq "a\"b""#)),
        (
            r#"userName sw "a" and (title pr or emails co "x")"#,
            Some(r#"userName sw "a" and (title pr or emails co "x")"#),
        ),
        (
            r#"meta.lastModified gt "2020-01-01T00:00:00Z""#,
            Some(r#"meta.lastModified gt "2020-01-01T00:00:00Z""#),
        ),
        (r#"userName ne "a""#, None),
        (r#"userName ew "a""#, None),
        ("not (title pr)", None),
        ("title eq null", None),
        (r#"emails[type eq "work"]"#, None),
        (r#"title pr or userName ne "a""#, None),
    ] {
        let encoded = filter::encode(&Filter::parse(two).unwrap()).map(|filter| filter.to_string());
        assert_eq!(encoded.as_deref(), one, "{two}");
    }
    let sent =
        Filter::parse(&format!(r#"{ENTERPRISE}:manager.managerId Eq "b" and {CORE}:userName pr"#)).unwrap();
    assert_eq!(
        filter::decode(&sent).to_string(),
        format!(r#"{ENTERPRISE_USER}:manager.value eq "b" and userName pr"#)
    );
}

#[test]
fn errors_are_an_array_with_the_status_as_text() {
    let body = error::encode(&ScimError::not_found("gone"));
    assert_eq!(body, json!({"Errors": [{"description": "gone", "code": "404"}], "detail": "gone"}));
    let fault = |status, description: &str, uri: Option<&str>| error::Fault {
        status,
        description: description.to_owned(),
        uri: uri.map(str::to_owned),
    };
    for (body, faults) in [
        (body, vec![fault(Some(404), "gone", None)]),
        (
            json!({"errors": [{"description": "x", "code": 409, "uri": "https://x"}]}),
            vec![fault(Some(409), "x", Some("https://x"))],
        ),
        (json!({"Errors": ["broken"]}), vec![fault(None, "broken", None)]),
        (json!({"schemas": [], "status": "404", "detail": "gone"}), vec![]),
        (json!("<html>"), vec![]),
    ] {
        assert_eq!(error::decode(&body), faults, "{body}");
    }
}

#[test]
fn bulk_has_the_core_urn_and_statuses_with_descriptions() {
    let request = json!({"Schemas": [CORE], "failOnErrors": 1, "Operations": [{"method": "DELETE", "path": "/Users/1"}]});
    let read = bulk::decode(request);
    assert_eq!(read["Schemas"], json!([crate::bulk::BULK_REQUEST]));
    assert_eq!(crate::bulk::BulkRequest::parse(read, 1).unwrap().operations.len(), 1);
    // What names another schema is no request of 1.1, and stays what it is.
    assert_eq!(bulk::decode(json!({"schemas": ["urn:x"]})), json!({"schemas": ["urn:x"]}));
    let done = json!({"method": "POST", "bulkId": "q", "version": "W/\"1\"", "status": "201"});
    let failed = json!({"method": "PUT", "status": "404", "response": ScimError::not_found("gone").body()});
    assert_eq!(
        bulk::encode(vec![done, failed]),
        json!({"schemas": [CORE], "Operations": [
            {"method": "POST", "bulkId": "q", "version": "W/\"1\"", "status": {"code": "201"}},
            {"method": "PUT", "status": {"code": "404", "description": "gone"}},
        ]})
    );
}

#[test]
fn a_list_has_the_core_urn_and_no_cursor() {
    let two = json!({"schemas": [crate::list::LIST_RESPONSE], "totalResults": 1, "nextCursor": "x", "Resources": [{"schemas": [GROUP], "displayName": "G"}]});
    let one =
        json!({"schemas": [CORE], "totalResults": 1, "Resources": [{"schemas": [CORE], "displayName": "G"}]});
    assert_eq!(Value::Object(list::encode(&document(two), kind("Group"))), one);
    let read = list::decode(&document(one), kind("Group"));
    assert_eq!(read["schemas"], json!([crate::list::LIST_RESPONSE]));
    assert_eq!(read["Resources"], json!([{"schemas": [GROUP], "displayName": "G"}]));
    assert_eq!(list::decode(&document(json!({"totalResults": 0})), kind("Group"))["totalResults"], 0);
}

#[test]
fn a_service_provider_configuration_has_urls_and_says_that_there_is_no_xml() {
    let two = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": "https://d",
        "patch": {"supported": true},
        "authenticationSchemes": [{"type": "httpbasic", "name": "Basic", "specUri": "https://s", "primary": true}]
    });
    let one = json!({
        "schemas": [CORE],
        "documentationUrl": "https://d",
        "patch": {"supported": true},
        "authenticationSchemes": [{"type": "httpbasic", "name": "Basic", "specUrl": "https://s", "primary": true}],
        "xmlDataFormat": {"supported": false}
    });
    assert_eq!(Value::Object(discovery::encode_config(&document(two.clone()))), one);
    assert_eq!(Value::Object(discovery::decode_config(&document(one))), two);
}

#[test]
fn a_schema_has_its_endpoint_and_the_attributes_of_its_extensions() {
    let sent = discovery::encode_schema(kind("User"));
    assert_eq!(sent["id"], "urn:scim:schemas:core:1.0:User");
    assert_eq!(sent["endpoint"], "/Users");
    let attribute = |name: &str| {
        let attributes = sent["attributes"].as_array().unwrap().iter();
        attributes.clone().find(|attribute| attribute["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(attribute("emails")["multiValuedAttributeChildName"], "email");
    assert_eq!(attribute("addresses")["multiValuedAttributeChildName"], "address");
    assert_eq!(attribute("groups")["readOnly"], true);
    assert_eq!(attribute("manager")["schema"], ENTERPRISE);
    assert_eq!(attribute("manager")["subAttributes"][0]["name"], "managerId");
    assert!(!sent.to_string().contains("$ref"));
    // Read again: the core and the enterprise schema, under their 2.0 names.
    let read = discovery::decode_schema(sent.as_object().unwrap());
    assert_eq!(read.iter().map(|schema| schema.id.as_str()).collect::<Vec<_>>(), [USER, ENTERPRISE_USER]);
    let manager = read[1].attribute("manager").unwrap();
    assert!(manager.sub("value").is_some() && manager.sub("managerId").is_none());
    assert_eq!(read[0].attribute("userName").unwrap().kind, crate::schema::AttributeType::String);
}

#[test]
fn a_custom_attribute_of_the_core_schema_comes_under_user() {
    let sent = json!({"id": "urn:scim:schemas:core:1.0:User", "schema": CORE, "endpoint": "/Users",
        "attributes": [{"name": "myCustomName", "type": "string", "schema": CORE, "readOnly": true}]});
    let read = discovery::decode_schema(&document(sent));
    assert_eq!((read.len(), read[0].id.as_str()), (1, USER));
    assert_eq!(read[0].attributes[0].mutability, crate::schema::Mutability::ReadOnly);
}

/// What a user is after a 1.1 PATCH, by way of the operations that it is read as.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "cases are written in place")]
fn check_patch(current: Value, body: Value, expected: Value) {
    let patch = patch::decode(&body, kind("User")).unwrap();
    let patch = Patch::parse(patch, &Rules::default()).unwrap();
    let mut patched = patch.apply(&document(current), kind("User"), &Rules::default()).unwrap().document;
    patched.shift_remove("schemas");
    assert_eq!(Value::Object(patched), expected, "{body}");
}

#[test]
fn a_patch_removes_what_meta_names_and_then_merges() {
    let user = || {
        json!({
            "userName": "ann", "title": "Dr", "name": {"givenName": "Ann", "familyName": "Lee"},
            "emails": [{"value": "a@x", "type": "work", "primary": true}],
            ENTERPRISE_USER: {"manager": {"value": "b"}, "department": "D"}
        })
    };
    let with = |name: &str, value: Value| {
        let mut user = user();
        user[name] = value;
        user
    };
    let without = |name: &str| {
        let mut user = document(user());
        user.shift_remove(name);
        Value::Object(user)
    };
    check_patch(user(), json!({"nickName": "A"}), with("nickName", json!("A")));
    check_patch(user(), json!({"meta": {"attributes": ["title"]}}), without("title"));
    check_patch(
        user(),
        json!({"meta": {"attributes": ["name.givenName"]}}),
        with("name", json!({"familyName": "Lee"})),
    );
    // An attribute in both is replaced.
    check_patch(
        user(),
        json!({"meta": {"attributes": ["emails"]}, "emails": [{"value": "n@x"}]}),
        with("emails", json!([{"value": "n@x"}])),
    );
    // Then values that differ in their type only are two.
    check_patch(
        user(),
        json!({"meta": {"attributes": ["emails"]}, "emails": [{"value": "n@x"}, {"value": "n@x", "type": "home"}]}),
        with("emails", json!([{"value": "n@x"}, {"value": "n@x", "type": "home"}])),
    );
    // Parts of a complex attribute are merged.
    check_patch(
        user(),
        json!({"name": {"givenName": "Bo"}}),
        with("name", json!({"givenName": "Bo", "familyName": "Lee"})),
    );
    check_patch(
        user(),
        json!({ENTERPRISE: {"manager": {"managerId": "c"}}}),
        with(ENTERPRISE_USER, json!({"manager": {"value": "c"}, "department": "D"})),
    );
    check_patch(
        user(),
        json!({"meta": {"attributes": [format!("{ENTERPRISE}:department")]}}),
        with(ENTERPRISE_USER, json!({"manager": {"value": "b"}})),
    );
    check_patch(user(), json!({"meta": {"attributes": [ENTERPRISE]}}), without(ENTERPRISE_USER));
}

#[test]
fn a_patch_finds_values_by_their_value_and_addresses_by_all_their_parts() {
    let user = json!({
        "userName": "ann",
        "emails": [{"value": "a@x", "type": "work", "primary": true}, {"value": "b@x"}],
        "addresses": [{"locality": "Rome", "type": "home"}, {"locality": "Rome"}]
    });
    for (body, name, expected) in [
        // A new value is added; the one that is there is changed.
        (
            json!({"emails": [{"value": "c@x", "type": "home"}]}),
            "emails",
            json!([{"value": "a@x", "type": "work", "primary": true}, {"value": "b@x"}, {"value": "c@x", "type": "home"}]),
        ),
        (
            json!({"emails": [{"value": "b@x", "type": "home"}]}),
            "emails",
            json!([{"value": "a@x", "type": "work", "primary": true}, {"value": "b@x", "type": "home"}]),
        ),
        // A new primary demotes the old one.
        (
            json!({"emails": [{"value": "b@x", "primary": true}]}),
            "emails",
            json!([{"value": "a@x", "type": "work", "primary": false}, {"value": "b@x", "primary": true}]),
        ),
        (json!({"emails": [{"value": "a@x", "operation": "delete"}]}), "emails", json!([{"value": "b@x"}])),
        (
            json!({"emails": [{"value": "none@x", "operation": "delete"}]}),
            "emails",
            json!([{"value": "a@x", "type": "work", "primary": true}, {"value": "b@x"}]),
        ),
        // Bare text is its value.
        (
            json!({"emails": ["c@x"]}),
            "emails",
            json!([{"value": "a@x", "type": "work", "primary": true}, {"value": "b@x"}, {"value": "c@x"}]),
        ),
        (
            json!({"addresses": [{"locality": "Rome", "type": "home", "operation": "Delete"}, {"locality": "Milan", "type": "home"}]}),
            "addresses",
            json!([{"locality": "Rome"}, {"locality": "Milan", "type": "home"}]),
        ),
    ] {
        let mut wanted = user.clone();
        wanted[name] = expected;
        check_patch(user.clone(), body, wanted);
    }
}

#[test]
fn a_patch_that_is_no_patch_is_refused() {
    for body in
        [json!([]), json!({"meta": {"attributes": "title"}}), json!({"meta": {"attributes": ["a b"]}})]
    {
        assert!(patch::decode(&body, kind("User")).is_err(), "{body}");
    }
}

#[test]
fn members_are_added_and_removed_one_by_one() {
    let body = json!({"members": [{"value": "u1"}, {"value": "u\"2", "operation": "delete"}]});
    let patch = patch::decode(&body, kind("Group")).unwrap();
    assert_eq!(
        patch["Operations"],
        json!([
            {"op": "add", "path": "members", "value": [{"value": "u1"}]},
            {"op": "remove", "path": r#"members[value eq "u\"2"]"#}
        ])
    );
    let set = document(json!({"members": [{"value": "u1"}, {"value": "u2", "operation": "delete"}]}));
    let removed: Vec<AttributePath> = vec!["displayName".parse().unwrap()];
    assert_eq!(
        Value::Object(patch::encode(&set, &removed, kind("Group"))),
        json!({"schemas": [CORE], "members": [{"value": "u1"}, {"value": "u2", "operation": "delete"}], "meta": {"attributes": ["displayName"]}})
    );
}

fn user() -> impl Strategy<Value = Document> {
    let text = || "[a-zA-Z0-9 @.\"_-]{1,8}";
    let element = (text(), prop::option::of(text()), prop::option::of(any::<bool>()));
    let elements = prop::collection::vec(element, 0..4);
    let language = "[a-z]{2}(-[A-Z]{2})?";
    (text(), elements, prop::option::of(language), prop::option::of(text()), prop::option::of(text()))
        .prop_map(|(name, elements, locale, department, manager)| {
            let mut user = document(json!({"schemas": [USER], "userName": name}));
            let elements: Vec<Value> = elements
                .into_iter()
                .map(|(value, kind, primary)| {
                    let mut element = json!({ "value": value });
                    if let Some(kind) = kind {
                        element["type"] = kind.into();
                    }
                    if let Some(primary) = primary {
                        element["primary"] = primary.into();
                    }
                    element
                })
                .collect();
            user.insert("emails".to_owned(), elements.clone().into());
            user.insert("roles".to_owned(), elements.into());
            locale.map(|locale| user.insert("locale".to_owned(), locale.into()));
            let mut extension = Document::new();
            department.map(|text| extension.insert("department".to_owned(), text.into()));
            manager.map(|text| extension.insert("manager".to_owned(), json!({ "value": text })));
            if !extension.is_empty() {
                user.insert(ENTERPRISE_USER.to_owned(), extension.into());
                user.insert("schemas".to_owned(), json!([USER, ENTERPRISE_USER]));
            }
            user
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_the_same(user in user()) {
        prop_assert_eq!(decode(&encode(&user, kind("User")), kind("User")), user);
    }
}
