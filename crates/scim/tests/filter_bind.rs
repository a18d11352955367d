//! Filters against the User and Group schemas: what binds, what the errors say, what matches.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use expect_test::{Expect, expect};
use rollcall_scim::filter::{Bound, Filter, parse_value_path};
use rollcall_scim::path::Resolved;
use rollcall_scim::schema::{Registry, ResolvedType};
use serde_json::{Value, json};

fn user(test: impl FnOnce(&ResolvedType)) {
    let registry = Registry::builtin().unwrap();
    test(registry.type_named("User").unwrap());
}

fn ann() -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "id": "0198c6b0-1111-7000-8000-000000000001",
        "externalId": "EXT-1",
        "userName": "Ann@Example.com",
        "name": { "givenName": "Ann", "familyName": "O'Malley" },
        "active": true,
        "nickName": "",
        "emails": [
            { "value": "ann@work.example", "type": "work", "primary": true },
            { "value": "ann@home.example", "type": "home" }
        ],
        "phoneNumbers": [],
        "photos": [{ "value": "https://example.com/Ann.png", "type": "photo" }],
        "x509Certificates": [{ "value": "AbCd" }],
        "title": 7,
        "roles": [{ "value": "admin", "primary": true }],
        "meta": {
            "resourceType": "User",
            "created": "2021-09-23T19:35:41Z",
            "lastModified": "2022-01-01T00:00:00.5+01:00"
        },
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "department": "Sales",
            "manager": { "value": "M1", "displayName": "Max" }
        }
    })
}

/// Binds to User and says whether Ann matches.
#[track_caller]
fn check(src: &str, expected: &Expect) {
    user(|kind| {
        let shown = match Filter::parse(src).and_then(|filter| filter.bind(kind)) {
            Ok(bound) => bound.matches(ann().as_object().unwrap()).to_string(),
            Err(error) => format!("error: {error}"),
        };
        expected.assert_eq(&shown);
    });
}

#[track_caller]
fn yes(src: &str) {
    check(src, &expect!["true"]);
}

#[track_caller]
fn no(src: &str) {
    check(src, &expect!["false"]);
}

#[test]
fn text_compares_by_the_case_rule_of_the_schema() {
    yes(r#"userName eq "aNN@example.COM""#);
    no(r#"userName eq "ann""#);
    yes(r#"externalId eq "EXT-1""#);
    no(r#"externalId eq "ext-1""#);
    yes(r#"userName co "N@EX""#);
    yes(r#"userName sw "ann""#);
    yes(r#"userName ew ".COM""#);
    no(r#"externalId sw "ext""#);
    yes(r#"userName gt "ANM" and userName lt "b" and userName ge "ann@example.com""#);
    no(r#"userName lt "ANN""#);
    yes(r#"name.familyName co "o'mal""#);
    yes(r#"userName co """#);
}

#[test]
fn references_and_binary_values_are_case_exact() {
    yes(r#"photos.value co "Ann.png""#);
    no(r#"photos.value co "ann.png""#);
    yes(r#"x509Certificates.value eq "AbCd""#);
    no(r#"x509Certificates eq "abcd""#);
}

#[test]
fn multi_valued_attributes_match_by_any_value() {
    yes(r#"emails.value eq "ann@home.example""#);
    yes(r#"emails co "@HOME""#);
    yes(r#"emails eq "ann@work.example""#);
    yes(r#"emails.type eq "work" and emails.value co "home""#);
    no(r#"emails[type eq "work" and value co "home"]"#);
    yes(r#"emails[type eq "home" and value co "home"]"#);
    yes(r#"emails[type eq "work"].value eq "ann@work.example""#);
    yes(r#"emails[not (type eq "work")]"#);
    yes("emails[not (primary pr)]");
    yes(r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#);
    yes(r#"schemas[value co "enterprise"]"#);
    yes(r#"name[familyName eq "o'malley" and givenName pr]"#);
}

#[test]
fn ne_is_the_negation_of_eq() {
    yes(r#"userName ne "bob""#);
    no(r#"userName ne "ann@EXAMPLE.com""#);
    yes(r#"displayName ne "x""#);
    no(r#"emails.type ne "work""#);
    yes(r#"emails.type ne "other""#);
    yes(r#"emails[type ne "work"]"#);
    no(r#"emails[type ne "work" and type ne "home"]"#);
    no(r#"phoneNumbers[type ne "work"]"#);
    yes("active ne false");
}

#[test]
fn presence() {
    yes("userName pr and name pr and emails pr and emails.type pr and active pr");
    no("displayName pr");
    no("nickName pr");
    no("phoneNumbers pr");
    no("phoneNumbers.value pr");
    no("name.middleName pr");
    yes("not (displayName pr)");
    yes("displayName eq null and emails ne null and nickName eq null and name ne null");
    no("emails eq null");
    yes("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr");
}

#[test]
fn booleans() {
    yes("active eq true");
    yes(r#"active eq "True""#);
    no(r#"active eq "FALSE""#);
    yes(r#"roles[primary eq "True"]"#);
    yes("emails.primary eq true");
    no("emails.primary eq false");
}

#[test]
fn instants() {
    yes(
        r#"active eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "2199-01-01T00:00:00.0000000Z")"#,
    );
    yes(r#"(ActiVe eq true) and meta.lastmodified ge "2021-09-23T19:35:41Z""#);
    yes(r#"meta.lastModified eq "2021-12-31T23:00:00.500Z""#);
    yes(r#"meta.created gt "2021-09-23T19:35:40.999Z""#);
    yes(r#"meta.created lt "2021-09-23T19:35:41-00:01""#);
    yes(r#"meta.resourceType eq "User""#);
}

#[test]
fn extensions_and_urns() {
    yes(r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ANN""#);
    yes(r#"URN:IETF:params:scim:schemas:core:2.0:user:USERNAME sw "ANN""#);
    yes(r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales""#);
    yes(r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName eq "max""#);
    yes(r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "M1""#);
    yes(r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[value eq "M1"]"#);
    yes(r#"id eq "0198c6b0-1111-7000-8000-000000000001""#);
}

#[test]
fn stored_values_of_another_type_do_not_match() {
    no(r#"title eq "7""#);
    no(r#"title co "7""#);
    yes(r#"title ne "7""#);
}

#[test]
fn what_does_not_bind() {
    check("shoeSize pr", &expect!["error: shoeSize is not an attribute of User"]);
    check("name.foo pr", &expect!["error: name.foo is not an attribute of User"]);
    check("userName.value pr", &expect!["error: userName.value is not an attribute of User"]);
    check("department pr", &expect!["error: department is not an attribute of User"]);
    check("urn:example:x:name pr", &expect!["error: urn:example:x:name is not an attribute of User"]);
    check("emails[foo pr]", &expect!["error: foo is not an attribute of emails"]);
    check("emails[emails.type pr]", &expect!["error: emails.type is not an attribute of emails"]);
    check("schemas[foo pr]", &expect!["error: foo is not an attribute of schemas"]);
    check("userName[value pr]", &expect!["error: userName has no elements to select with […]"]);
    check(
        r#"name eq "x""#,
        &expect!["error: name is complex: compare one of its sub-attributes, such as name.formatted"],
    );
    check(
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "x""#,
        &expect![
            "error: urn:ietf:params:scim:schemas:extension:enterprise:2.0:User is a schema: name one of its attributes"
        ],
    );
    check("userName eq 5", &expect!["error: userName is a string: compare it with text in double quotes"]);
    check("userName eq true", &expect!["error: userName is a string: compare it with text in double quotes"]);
    check("active gt true", &expect!["error: active is a boolean: it takes eq, ne and pr, not gt"]);
    check(r#"active co "t""#, &expect!["error: active is a boolean: it takes eq, ne and pr, not co"]);
    check(r#"active eq "yes""#, &expect!["error: active is a boolean: compare it with true or false"]);
    check("active eq 1", &expect!["error: active is a boolean: compare it with true or false"]);
    check(
        r#"meta.created gt "yesterday""#,
        &expect![[
            r#"error: meta.created is a dateTime: compare it with a date and time such as "2011-05-13T04:42:34Z""#
        ]],
    );
    check(
        r#"meta.created sw "2021""#,
        &expect!["error: meta.created is a dateTime: it takes eq, ne, gt, ge, lt, le and pr, not sw"],
    );
    check(
        r#"x509Certificates co "A""#,
        &expect!["error: x509Certificates.value is a binary value: it takes eq, ne and pr, not co"],
    );
    check("userName gt null", &expect!["error: userName gt null: null can only be eq or ne"]);
    check(r#"password eq "x""#, &expect!["error: password is never shown and cannot be filtered by"]);
    check("password pr", &expect!["error: password is never shown and cannot be filtered by"]);
    check(
        "userName pr or not (password ne null)",
        &expect!["error: password is never shown and cannot be filtered by"],
    );
}

#[test]
fn a_patch_path_binds_relative_to_the_element() {
    user(|kind| {
        let path = parse_value_path(r#"roles[primary eq "True" and value sw "AD"].display"#).unwrap();
        let Ok(Resolved::Attribute(found)) = path.path.resolve(kind) else { panic!("roles") };
        let bound = path.filter.unwrap().bind_element(found.attribute).unwrap();
        assert!(bound.matches_element(&json!({ "value": "admin", "primary": true })));
        assert!(!bound.matches_element(&json!({ "value": "admin" })));
        assert!(!bound.matches_element(&json!("admin")));
    });
}

#[test]
fn numbers_and_simple_arrays_of_a_custom_schema() {
    let registry = Registry::builtin().unwrap();
    let schema = serde_json::from_value(json!({
        "id": "urn:example:badge:2.0",
        "attributes": [
            { "name": "level", "type": "integer" },
            { "name": "weight", "type": "decimal" },
            { "name": "tags", "type": "string", "multiValued": true, "caseExact": true },
            { "name": "pin", "type": "string", "returned": "never" },
        ],
    }));
    let kind = serde_json::from_value(json!({
        "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
        "schemaExtensions": [{ "schema": "urn:example:badge:2.0" }],
    }));
    let registry = registry.extended(&[schema.unwrap()], &[kind.unwrap()]).unwrap();
    let kind = registry.type_named("User").unwrap();
    let badge = json!({ "urn:example:badge:2.0": { "level": 3, "weight": 2.5, "tags": ["Red", "blue"], "pin": "1" } });
    let bind = |src: &str| Filter::parse(src).unwrap().bind(kind);
    let matches = |bound: Bound| bound.matches(badge.as_object().unwrap());
    for src in [
        "urn:example:badge:2.0:level eq 3",
        "urn:example:badge:2.0:level eq 3.0",
        "urn:example:badge:2.0:level gt 2.5",
        "urn:example:badge:2.0:level lt 18446744073709551615",
        "urn:example:badge:2.0:weight ge 2.5 and urn:example:badge:2.0:weight lt 3",
        r#"urn:example:badge:2.0:tags eq "Red""#,
        r#"urn:example:badge:2.0:tags[value eq "blue"]"#,
        r#"not (urn:example:badge:2.0:tags eq "red")"#,
        r#"urn:example:badge:2.0:tags[value sw "R" and value ew "d"]"#,
        "urn:example:badge:2.0 pr",
    ] {
        assert!(matches(bind(src).unwrap()), "{src}");
    }
    for src in [
        "urn:example:badge:2.0:level co 3",
        r#"urn:example:badge:2.0:level eq "3""#,
        "urn:example:badge:2.0:tags eq 3",
        "urn:example:badge:2.0:pin pr",
    ] {
        assert!(bind(src).is_err(), "{src}");
    }
}
