//! Flat names and SCIM resources, both ways; filters and what of them is pushed.

use proptest::prelude::*;
use rollcall_scim::Document;
use rollcall_scim::filter::Filter;
use rollcall_scim::schema::{ENTERPRISE_USER, GROUP, USER};
use serde_json::{Value, json};

use super::change::{Changes, needs_current, read, wanted};
use super::filter::{Able, Pushed, parse, pushed};
use super::names::{NameError, Names};
use super::schema::{Class, Kinds, flat_attributes};
use super::view::{flatten, unflatten, with_types};
use crate::profile::ScimVersion;

const LUCKY: &str = "urn:mem:params:scim:schemas:extension:LuckyNumberExtension";

/// Both classes, with what seed 001 adds by `customAttributesJSON`: one schema of each version.
fn kinds() -> Kinds {
    let mut kinds = Kinds::builtin().unwrap();
    let attribute = |name: &str, kind: &str| json!({"name": name, "type": kind, "multiValued": false});
    let badge = json!({"name": "badge", "type": "complex", "multiValued": false, "subAttributes": [attribute("number", "integer"), attribute("colour", "string")]});
    let cars = json!({"name": "cars", "type": "complex", "multiValued": true, "subAttributes": [attribute("value", "string"), attribute("type", "string")]});
    let tags = json!({"name": "tags", "type": "string", "multiValued": true});
    let custom = json!([
        {"id": LUCKY, "name": "Lucky", "endpoint": "/Users",
         "attributes": [attribute("luckyNumber", "integer"), attribute("ratio", "decimal"), badge, cars, tags]},
        {"id": "urn:scim:schemas:core:1.0:User", "schema": "urn:scim:schemas:core:1.0", "endpoint": "/Users",
         "attributes": [{"name": "myCustomName", "type": "string", "schema": "urn:scim:schemas:core:1.0"}]},
        {"id": "urn:mem:params:scim:schemas:extension:Group", "endpoint": "/Groups", "attributes": [attribute("owner", "string")]}
    ]);
    kinds.customize(&custom.to_string()).unwrap();
    kinds
}

fn names(kinds: &Kinds, class: Class) -> Names<'_> {
    Names { kind: kinds.of(class), colon: true, top_level: &kinds.top_level, entitlement_ids: false }
}

fn document(value: &Value) -> Document {
    value.as_object().cloned().unwrap_or_default()
}

fn alice() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE_USER, LUCKY], "id": "u1", "externalId": "e", "userName": "alice", "active": false,
        "name": {"givenName": "Al", "familyName": "Smith"},
        "emails": [{"value": "w1@x", "type": "work"}, {"value": "w2@x", "type": "work", "primary": true}, {"value": "n@x"},
                   {"value": "p@x", "type": "personal"}, {"value": "W@x", "type": "Work"}],
        "addresses": [{"locality": "Rome", "type": "home"}],
        "roles": [{"value": "r1"}],
        "groups": [{"value": "g1", "display": "G 1", "$ref": "https://x/Groups/g1"}, {"value": "g2"}],
        "myCustomName": "Frank",
        ENTERPRISE_USER: {"costCenter": "cc", "manager": {"value": "b", "$ref": "../Users/b"}},
        LUCKY: {"luckyNumber": 7, "ratio": 0.5, "badge": {"number": 1, "colour": "red"}, "cars": [{"value": "vw", "type": "blue"}], "tags": ["a"]},
        "meta": {"resourceType": "User", "created": "2020-01-01T00:00:00Z", "version": "W/\"1\""}
    })
}

#[test]
fn a_user_has_the_flat_names_of_the_reference_and_more_where_it_lost_something() {
    let kinds = kinds();
    let flat = flatten(&document(&alice()), &names(&kinds, Class::User));
    let expected = json!({
        "__UID__": "u1", "__NAME__": "alice", "__ENABLE__": false,
        "schemas": [USER, ENTERPRISE_USER, LUCKY], "id": "u1", "externalId": "e", "userName": "alice", "active": false,
        "name.givenName": "Al", "name.familyName": "Smith",
        "emails.work.value": ["w1@x", "w2@x"], "emails.work.primary": [null, true], "emails.value": "n@x",
        "emails.personal.value": "p@x", "emails.Work.value": "W@x",
        "addresses.home.locality": "Rome", "roles.value": "r1",
        "groups": ["g1", "g2"], "groups.display": ["G 1", null], "groups.ref": ["https://x/Groups/g1", null],
        "urn:scim:schemas:core:1.0:myCustomName": "Frank",
        (format!("{ENTERPRISE_USER}:costCenter")): "cc",
        (format!("{ENTERPRISE_USER}:manager.value")): "b", (format!("{ENTERPRISE_USER}:manager.ref")): "../Users/b",
        (format!("{LUCKY}:luckyNumber")): 7, (format!("{LUCKY}:ratio")): 0.5, (format!("{LUCKY}:badge.number")): 1,
        (format!("{LUCKY}:badge.colour")): "red", (format!("{LUCKY}:cars.blue.value")): "vw", (format!("{LUCKY}:tags")): ["a"],
        "meta.resourceType": "User", "meta.created": "2020-01-01T00:00:00Z", "meta.version": "W/\"1\""
    });
    assert_eq!(Value::Object(flat.clone()), expected);
    assert_eq!(Value::Object(unflatten(&flat, &names(&kinds, Class::User)).unwrap()), alice());
}

#[test]
fn names_are_written_with_a_dot_where_that_is_wanted_and_read_with_both() {
    let kinds = kinds();
    let dots = Names { colon: false, ..names(&kinds, Class::User) };
    let flat = flatten(&document(&alice()), &dots);
    assert_eq!(flat[&format!("{ENTERPRISE_USER}.manager.value")], "b");
    assert_eq!(flat[&format!("{LUCKY}.luckyNumber")], 7);
    assert_eq!(flat["urn:scim:schemas:core:1.0.myCustomName"], "Frank");
    for other in [dots, names(&kinds, Class::User)] {
        assert_eq!(Value::Object(unflatten(&flat, &other).unwrap()), alice());
    }
    // Of a schema that nobody declared, the flag tells where its URN ends.
    for (name, colon, urn, attribute) in [
        ("urn:x:extension:L:n", true, "urn:x:extension:L", "n"),
        ("urn:x:extension:L.n", false, "urn:x:extension:L", "n"),
        ("urn:x:extension:1.0.n", false, "urn:x:extension:1.0", "n"),
        ("urn:scim:schemas:extension:enterprise:1.0:department", true, ENTERPRISE_USER, "department"),
    ] {
        let place = Names { colon, ..names(&kinds, Class::User) }.place(name);
        assert_eq!((place.urn.as_deref(), place.attribute.as_str()), (Some(urn), attribute), "{name}");
    }
}

#[test]
fn members_are_ids_and_not_the_print_of_an_object() {
    let kinds = kinds();
    let group = json!({"schemas": [GROUP], "id": "g", "displayName": "G", "members": [{"value": "u1", "display": "A", "type": "User"}, {"value": "u2"}]});
    let flat = flatten(&document(&group), &names(&kinds, Class::Group));
    assert_eq!(
        Value::Object(flat.clone()),
        json!({"__UID__": "g", "__NAME__": "G", "schemas": [GROUP], "id": "g", "displayName": "G",
               "members": ["u1", "u2"], "members.display": ["A", null], "members.type": ["User", null]})
    );
    assert_eq!(Value::Object(unflatten(&flat, &names(&kinds, Class::Group)).unwrap()), group);
}

#[test]
fn what_has_no_flat_name_is_kept_as_it_is() {
    let kinds = kinds();
    for odd in [
        json!({"userName": "a", "a.b": 1}),
        json!({"userName": "a", "emails": [{"value": {"deep": 1}, "type": "work"}]}),
        json!({"userName": "a", "emails": [{"type": "work"}]}),
        json!({"userName": "a", "emails": ["bare", {"value": "x"}]}),
        json!({"userName": "a", "urn:x:empty": {}}),
        json!({"userName": "a", "name": {"givenName": ["x"]}}),
        json!({"userName": "a", "odd": [[1], 2]}),
        json!({"userName": "a", "urn:x:y": {"z": {"a": {"b": 1}}}}),
    ] {
        let flat = flatten(&document(&odd), &names(&kinds, Class::User));
        assert_eq!(Value::Object(unflatten(&flat, &names(&kinds, Class::User)).unwrap()), odd);
    }
}

#[test]
fn values_are_read_as_the_schema_has_them() {
    let kinds = kinds();
    let names = names(&kinds, Class::User);
    for (flat, expected) in [
        (json!({"__NAME__": "bob", "__ENABLE__": "true"}), json!({"userName": "bob", "active": true})),
        (json!({"__NAME__": "bob", "userName": "bob"}), json!({"userName": "bob"})),
        (
            json!({"emails.value": "a@x", "emails.primary": true}),
            json!({"emails": [{"value": "a@x", "primary": true}]}),
        ),
        (
            json!({"emails.work.value": ["a", "b"]}),
            json!({"emails": [{"value": "a", "type": "work"}, {"value": "b", "type": "work"}]}),
        ),
        (
            json!({"emails.work.primary": "True", "emails.work.value": "a"}),
            json!({"emails": [{"primary": true, "value": "a", "type": "work"}]}),
        ),
        (json!({(format!("{LUCKY}:luckyNumber")): "7"}), json!({LUCKY: {"luckyNumber": 7}})),
        (json!({(format!("{LUCKY}.ratio")): "0.25"}), json!({LUCKY: {"ratio": 0.25}})),
        (json!({(format!("{LUCKY}:badge.number")): "3"}), json!({LUCKY: {"badge": {"number": 3}}})),
        (json!({(format!("{LUCKY}:tags")): "a"}), json!({LUCKY: {"tags": ["a"]}})),
        (json!({"groups": "g1"}), json!({"groups": [{"value": "g1"}]})),
        (
            json!({"USERNAME": "bob", "Name.FamilyName": "S"}),
            json!({"userName": "bob", "name": {"familyName": "S"}}),
        ),
    ] {
        assert_eq!(Value::Object(unflatten(&document(&flat), &names).unwrap()), expected, "{flat}");
    }
    for (flat, error) in [
        (json!({(format!("{LUCKY}:luckyNumber")): "seven"}), "expected a whole number"),
        (json!({"active": "maybe"}), "expected true or false"),
        (json!({"__NAME__": "a", "userName": "b"}), "are the same attribute"),
    ] {
        assert!(unflatten(&document(&flat), &names).unwrap_err().to_string().contains(error), "{flat}");
    }
}

#[test]
fn values_without_type_get_the_one_that_the_application_means() {
    let mut user = document(
        &json!({"emails": [{"value": "a"}, {"value": "b", "type": "home"}], "addresses": [{"locality": "R"}], "groups": [{"value": "g"}]}),
    );
    with_types(&mut user, Some("work"), None);
    assert_eq!(
        Value::Object(user.clone()),
        json!({"emails": [{"value": "a", "type": "work"}, {"value": "b", "type": "home"}], "addresses": [{"locality": "R"}], "groups": [{"value": "g"}]})
    );
    with_types(&mut user, None, Some("other"));
    assert_eq!(user["addresses"], json!([{"locality": "R", "type": "other"}]));
}

/// Two names: one with flat changes, one with what is wanted of SCIM. `current` is alice.
#[track_caller]
fn check_wanted(class: Class, current: Option<&Value>, flat: &Value, is_delta: bool, expected: &Value) {
    let kinds = kinds();
    let changes: Changes = read(&document(flat), is_delta);
    let names = names(&kinds, class);
    assert!(current.is_some() || !needs_current(&changes, &names), "{flat} needs the resource");
    let wanted = wanted(&changes, current.map(document).as_ref(), &names).unwrap();
    let parts = [("replace", wanted.replace), ("add", wanted.add), ("remove", wanted.remove)];
    let parts = parts.into_iter().filter(|(_, part)| !part.is_empty());
    let found: Document = parts.map(|(name, part)| (name.to_owned(), Value::Object(part))).collect();
    assert_eq!(Value::Object(found), *expected, "{flat}");
}

#[test]
fn flat_changes_leave_values_of_other_types_alone() {
    let alice = alice();
    let emails = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut emails = alice["emails"].as_array().unwrap().clone();
        emails.retain(|email| email["value"] != "W@x");
        change(&mut emails);
        json!({"replace": {"emails": emails}})
    };
    let mut current = alice.clone();
    current["emails"].as_array_mut().unwrap().pop();
    let check = |flat: Value, is_delta, expected: Value| {
        check_wanted(Class::User, Some(&current), &flat, is_delta, &expected);
    };
    check(json!({"nickName": "n"}), false, json!({"replace": {"nickName": "n"}}));
    check(
        json!({"nickName": null, "name.familyName": "S"}),
        false,
        json!({"replace": {"nickName": null, "name": {"familyName": "S"}}}),
    );
    check(json!({"__UID__": "u1", "schemas": ["x"], "meta.version": "1"}), false, json!({}));
    // One value left: the first of that type changes, the second goes; its others stay.
    check(
        json!({"emails.work.value": "n@x"}),
        false,
        emails(&|emails| {
            emails.remove(1);
            emails[0]["value"] = json!("n@x");
        }),
    );
    check(
        json!({"emails.personal.display": "P"}),
        false,
        emails(&|emails| emails[3]["display"] = json!("P")),
    );
    check(json!({"emails.personal.value": null}), false, emails(&|emails| drop(emails.remove(3))));
    check(
        json!({"emails.home.value": "h@x", "emails.home.primary": true}),
        false,
        emails(&|emails| {
            emails.push(json!({"type": "home", "value": "h@x", "primary": true}));
        }),
    );
    check(
        json!({"emails.work.primary": [true, null]}),
        false,
        emails(&|emails| {
            emails[0]["primary"] = json!(true);
            emails[1].as_object_mut().unwrap().shift_remove("primary");
        }),
    );
    check(
        json!({"emails.work.value": {"add": ["w3@x", "w1@x"], "remove": ["w2@x", "p@x"]}}),
        true,
        emails(&|emails| {
            emails.remove(1);
            emails.push(json!({"value": "w3@x", "type": "work"}));
        }),
    );
    check(
        json!({"addresses.home.locality": {"replace": "Turin"}}),
        true,
        json!({"replace": {"addresses": [{"locality": "Turin", "type": "home"}]}}),
    );
    check(
        json!({"addresses.home.locality": {"remove": "Rome"}}),
        true,
        json!({"replace": {"addresses": []}}),
    );
    check(
        json!({"addresses.work.locality": {"add": "Turin"}}),
        true,
        json!({"replace": {"addresses": [{"locality": "Rome", "type": "home"}, {"type": "work", "locality": "Turin"}]}}),
    );
    // 1.1's own way to say that a value goes.
    check(
        json!({"emails.personal.value": "p@x", "emails.personal.operation": "delete"}),
        false,
        emails(&|emails| drop(emails.remove(3))),
    );
    check(json!({"nickName": {"add": "n"}}), true, json!({"replace": {"nickName": "n"}}));
    check(
        json!({"userName": {"remove": "alice"}, "externalId": {"remove": "other"}}),
        true,
        json!({"replace": {"userName": null}}),
    );
}

#[test]
fn what_needs_no_knowledge_is_wanted_without_any() {
    let check = |class, flat: Value, expected: Value| check_wanted(class, None, &flat, true, &expected);
    check(
        Class::User,
        json!({"__ENABLE__": false, "__NAME__": "alice2", "__PASSWORD__": "np"}),
        json!({"replace": {"active": false, "userName": "alice2", "password": "np"}}),
    );
    check(
        Class::User,
        json!({"emails.work.value": {"add": ["n@x"], "remove": ["o1@x", "o2@x"]}, "emails.value": {"remove": "x"}}),
        json!({"add": {"emails": [{"value": "n@x", "type": "work"}]},
               "remove": {"emails": [{"value": "o1@x", "type": "work"}, {"value": "o2@x", "type": "work"}, {"value": "x"}]}}),
    );
    check(
        Class::Group,
        json!({"__NAME__": "N", "members": {"add": "u2", "remove": ["u1", "u9"]}}),
        json!({"replace": {"displayName": "N"}, "add": {"members": [{"value": "u2"}]}, "remove": {"members": [{"value": "u1"}, {"value": "u9"}]}}),
    );
    check(
        Class::Group,
        json!({"members": ["u1", "u3"]}),
        json!({"replace": {"members": [{"value": "u1"}, {"value": "u3"}]}}),
    );
    check(
        Class::User,
        json!({"groups": {"add": ["g4"], "remove": ["g1"]}}),
        json!({"add": {"groups": [{"value": "g4"}]}, "remove": {"groups": [{"value": "g1"}]}}),
    );
    check(
        Class::User,
        json!({(format!("{LUCKY}:tags")): {"add": "b"}, (format!("{ENTERPRISE_USER}:manager.ref")): {"replace": "https://x/Users/b2"}}),
        json!({"replace": {ENTERPRISE_USER: {"manager": {"$ref": "https://x/Users/b2"}}}, "add": {LUCKY: {"tags": ["b"]}}}),
    );
}

#[test]
fn an_attribute_that_no_schema_has_is_refused() {
    let kinds = kinds();
    for name in
        ["shoeSize", "name.shoe", "emails.work.shoe", "emails.shoe", "urn:x:extension:L:n", "userName.value"]
    {
        let changes = read(&document(&json!({name: 1})), false);
        let error = wanted(&changes, Some(&Document::new()), &names(&kinds, Class::User)).unwrap_err();
        assert_eq!(error, NameError::Unknown(name.to_owned(), "User".to_owned()));
    }
}

#[test]
fn filters_may_have_flat_names() {
    let kinds = kinds();
    for (flat, scim) in [
        (r#"__NAME__ eq "o\"brien""#, r#"userName eq "o\"brien""#),
        (r#"__UID__ eq "u1" or __ENABLE__ eq true"#, r#"id eq "u1" or active eq true"#),
        (r#"emails.work.value eq "a@x""#, r#"emails[type eq "work" and value eq "a@x"]"#),
        (r#"emails.work.value ne "a@x""#, r#"not (emails[type eq "work" and value eq "a@x"])"#),
        (
            r#"not (emails.work.value pr) and emails.value sw "a""#,
            r#"not (emails[type eq "work" and value pr]) and emails.value sw "a""#,
        ),
        (r#"name.familyName co "emails.work.value""#, r#"name.familyName co "emails.work.value""#),
        (&format!(r#"{LUCKY}.luckyNumber gt "7""#), &format!("{LUCKY}:luckyNumber gt 7")),
        (
            &format!(r#"{ENTERPRISE_USER}.manager.value eq "b""#),
            &format!(r#"{ENTERPRISE_USER}:manager.value eq "b""#),
        ),
        (r#"urn:scim:schemas:core:1.0:myCustomName eq "x""#, r#"myCustomName eq "x""#),
        (r#"emails[type eq "work" and value pr]"#, r#"emails[type eq "work" and value pr]"#),
        (r#"members eq "u1""#, r#"members eq "u1""#),
    ] {
        assert_eq!(parse(flat, &names(&kinds, Class::User)).unwrap().to_string(), scim, "{flat}");
    }
    assert!(parse("emails.work.value eq", &names(&kinds, Class::User)).is_err());
}

#[test]
fn an_application_is_asked_what_it_understands_and_never_too_little() {
    let only = |operators: &str| Able {
        none: false,
        operators: Some(operators.split(' ').map(str::to_owned).collect()),
    };
    let all = Able::default();
    let aws = only("eq and");
    let old = Able::of(ScimVersion::V1, true, None);
    let none = Able { none: true, ..Able::default() };
    for (able, filter, asked, exact) in [
        (
            &all,
            r#"not (emails[type eq "work"]) or title ew "x""#,
            Some(r#"not (emails[type eq "work"]) or title ew "x""#),
            true,
        ),
        (&aws, r#"userName eq "a" and title eq "b""#, Some(r#"userName eq "a" and title eq "b""#), true),
        (&aws, r#"userName eq "a" and title sw "b""#, Some(r#"userName eq "a""#), false),
        (&aws, r#"userName eq "a" or title eq "b""#, None, false),
        (&aws, r#"not (userName eq "a")"#, None, false),
        (
            &aws,
            r#"title eq "t" and emails[type eq "work" and value eq "a"]"#,
            Some(r#"title eq "t" and emails.type eq "work" and emails.value eq "a""#),
            false,
        ),
        (&only("eq"), r#"userName eq "a" and title eq "b""#, Some(r#"userName eq "a""#), false),
        (&old, r#"emails[type eq "work" and not (value sw "a")]"#, Some(r#"emails.type eq "work""#), false),
        (&old, r#"userName sw "a" and (title pr or title ne "b")"#, Some(r#"userName sw "a""#), false),
        (&all, "title eq null or name ne null", Some("not (title pr) or name pr"), true),
        (&old, r#"userName sw "a" or title pr"#, Some(r#"userName sw "a" or title pr"#), true),
        (&only("eq not"), r#"userName ne "a""#, Some(r#"not (userName eq "a")"#), true),
        (&none, r#"userName eq "a""#, None, false),
    ] {
        let Pushed { filter: found, exact: is_exact } = pushed(&Filter::parse(filter).unwrap(), able);
        assert_eq!((found.map(|found| found.to_string()).as_deref(), is_exact), (asked, exact), "{filter}");
    }
}

#[test]
fn the_schema_has_what_the_reference_lacks() {
    let kinds = kinds();
    let user = flat_attributes(&names(&kinds, Class::User));
    let group = flat_attributes(&names(&kinds, Class::Group));
    let has = |flat: &[super::schema::FlatAttribute], name: &str| {
        flat.iter().any(|attribute| attribute.name == name)
    };
    for name in [
        "__NAME__",
        "__ENABLE__",
        "__PASSWORD__",
        "userName",
        "name.familyName",
        "emails.work.primary",
        "emails.value",
        "phoneNumbers.home.value",
        "groups",
        "meta.created",
        "urn:scim:schemas:core:1.0:myCustomName",
    ] {
        assert!(has(&user, name), "{name}");
    }
    assert!(!has(&user, "__UID__") && !has(&user, "password"));
    for name in ["__NAME__", "displayName", "members"] {
        assert!(has(&group, name), "{name}");
    }
    let lucky = user.iter().find(|attribute| attribute.name == format!("{LUCKY}:luckyNumber")).unwrap();
    assert_eq!(serde_json::to_value(lucky.kind).unwrap(), "integer");
    let created = user.iter().find(|attribute| attribute.name == "meta.created").unwrap();
    assert!(!created.creatable && !created.updateable && created.readable);
    let password = user.iter().find(|attribute| attribute.name == "__PASSWORD__").unwrap();
    assert!(password.updateable && !password.readable);
}

#[test]
fn custom_schemas_that_are_none_are_refused_with_their_place() {
    for (text, reason) in [
        ("garbage", "expected value"),
        ("[{}]", "schema 1: id is missing"),
        (
            r#"[{"id": "urn:x:extension:A", "attributes": []}, {"id": "urn:x:extension:B"}]"#,
            "schema 2: urn:x:extension:B: attributes must be an array",
        ),
        (
            r#"{"id": "urn:x:extension:A", "attributes": [{"name": "a", "type": "colour"}]}"#,
            "unknown variant",
        ),
        (
            r#"{"id": "urn:x:extension:A", "endpoint": "/Cars", "attributes": []}"#,
            "neither /Users nor /Groups",
        ),
    ] {
        let error = Kinds::builtin().unwrap().customize(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn what_an_application_says_of_itself_is_added() {
    let mut kinds = Kinds::builtin().unwrap();
    let schemas = [
        json!({"id": USER, "attributes": [{"name": "userName", "type": "string"}, {"name": "shoeSize", "type": "integer", "caseExact": null}]}),
        json!({"id": "urn:x:Own", "attributes": [{"name": "own"}]}),
        json!({"id": "urn:x:Foreign", "attributes": [{"name": "foreign"}]}),
        json!("nonsense"),
        json!({"id": "urn:x:Broken", "attributes": [{"type": "string"}]}),
    ];
    let types = [
        json!({"name": "User", "endpoint": "Users", "schemaExtensions": [{"schema": "urn:x:own"}, {"schema": "urn:x:Broken"}]}),
    ];
    kinds.discover(&schemas, &types);
    assert!(kinds.user.attribute("shoeSize").is_some());
    // What the definition leaves out is no statement: userName is required still.
    assert!(kinds.user.attribute("userName").unwrap().required);
    assert!(kinds.user.extension("urn:x:Own").is_some());
    assert!(
        kinds.user.extension("urn:x:Foreign").is_none() && kinds.user.extension("urn:x:Broken").is_none()
    );
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z\\. \"]{0,4}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-3..3i64).prop_map(Value::from)
    ]
}

fn kind_of_value() -> impl Strategy<Value = Option<Value>> {
    prop::option::of(prop_oneof![
        4 => prop::sample::select(&["work", "Work", "home", "a.b", "", "value"][..]).prop_map(Value::from),
        1 => scalar(),
    ])
}

fn elements() -> impl Strategy<Value = Value> {
    let element = (
        kind_of_value(),
        prop::option::of("[a-c]{1,2}"),
        prop::option::of(any::<bool>()),
        prop::option::of(scalar()),
    );
    let element = element.prop_map(|(kind, value, primary, odd)| {
        let mut element = Document::new();
        let mut put =
            |name: &str, value: Option<Value>| value.map(|value| element.insert(name.to_owned(), value));
        put("value", value.map(Value::from));
        put("type", kind);
        put("primary", primary.map(Value::from));
        put("x-odd", odd);
        Value::Object(element)
    });
    prop::collection::vec(element, 0..5).prop_map(Value::from)
}

fn resource() -> impl Strategy<Value = Document> {
    let name = prop::sample::select(
        &[
            "userName",
            "title",
            "active",
            "name",
            "emails",
            "addresses",
            "roles",
            "groups",
            "entitlements",
            "x509Certificates",
            "unknown",
            "a.b",
            "__NAME__",
            "meta",
            "myCustomName",
            ENTERPRISE_USER,
            LUCKY,
            "urn:x:new",
            "schemas",
            "id",
        ][..],
    );
    let value = prop_oneof![
        3 => scalar(),
        4 => elements(),
        2 => prop::collection::vec(scalar(), 0..3).prop_map(Value::from),
        3 => prop::collection::vec((prop::sample::select(&["value", "manager", "department", "luckyNumber", "cars", "tags", "x.y", "givenName"][..]), prop_oneof![scalar(), elements()]), 0..3)
            .prop_map(|parts| parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
    ];
    prop::collection::vec((name, value), 0..6)
        .prop_map(|parts| parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The resource with its lists of objects in one order, and its attributes too.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut names: Vec<&String> = object.keys().collect();
            names.sort();
            names.into_iter().map(|name| (name.clone(), plain(&object[name]))).collect()
        }
        Value::Array(values) if values.iter().all(Value::is_object) => {
            let mut values: Vec<Value> = values.iter().map(plain).collect();
            values.sort_by_key(ToString::to_string);
            values.into()
        }
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn no_resource_loses_anything_under_flat_names(resource in resource(), colon in any::<bool>(), ids in any::<bool>()) {
        let kinds = kinds();
        for class in [Class::User, Class::Group] {
            let names = Names { colon, entitlement_ids: ids, ..names(&kinds, class) };
            let flat = flatten(&resource, &names);
            let back = unflatten(&flat, &names);
            prop_assert_eq!(back.map(|back| plain(&Value::Object(back))), Ok(plain(&Value::Object(resource.clone()))), "{:?}", flat);
        }
    }

    #[test]
    fn what_is_asked_selects_all_that_the_filter_selects(
        filter in filter(3),
        operators in prop::sample::subsequence(vec!["eq", "ne", "sw", "pr", "and", "or", "not", "[]"], 0..=8),
        emails in prop::collection::vec((prop::option::of("[ab]"), prop::option::of("[ab]")), 0..3),
        title in prop::option::of("[ab]"),
    ) {
        let able = Able { none: false, operators: Some(operators.into_iter().map(str::to_owned).collect()) };
        let kinds = kinds();
        let mut user = Document::new();
        title.map(|title| user.insert("title".to_owned(), title.into()));
        let emails: Vec<Value> = emails.into_iter().map(|(value, kind)| json!({"value": value, "type": kind})).collect();
        user.insert("emails".to_owned(), emails.into());
        let holds = |filter: &Filter| filter.bind(&kinds.user).unwrap().matches(&user);
        let Pushed { filter: asked, exact } = pushed(&filter, &able);
        let selected = asked.as_ref().is_none_or(&holds);
        prop_assert!(selected || !holds(&filter), "{} asked as {:?}", filter, asked);
        if exact {
            prop_assert_eq!(selected, holds(&filter), "{} asked as {:?}", filter, asked);
        }
    }
}

fn filter(depth: u32) -> impl Strategy<Value = Filter> {
    let value = || "[ab]";
    let op = || prop::sample::select(&["eq", "ne", "sw"][..]);
    let term = prop_oneof![
        (op(), value()).prop_map(|(op, value)| format!("title {op} \"{value}\"")),
        (op(), value()).prop_map(|(op, value)| format!("emails.value {op} \"{value}\"")),
        (op(), value(), op(), value())
            .prop_map(|(one, a, other, b)| format!("emails[type {one} \"{a}\" and value {other} \"{b}\"]")),
        (op(), value()).prop_map(|(op, value)| format!("emails[not (value {op} \"{value}\")]")),
        Just("title pr".to_owned()),
        Just("title eq null".to_owned()),
    ];
    let term = term.prop_map(|text| Filter::parse(&text).unwrap());
    term.prop_recursive(depth, 12, 3, |inner| {
        let print = |terms: Vec<Filter>, word: &str| {
            let terms: Vec<String> = terms.iter().map(|term| format!("({term})")).collect();
            Filter::parse(&terms.join(word)).unwrap()
        };
        let terms = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            terms().prop_map(move |terms| print(terms, " and ")),
            terms().prop_map(move |terms| print(terms, " or ")),
            inner.clone().prop_map(|term| Filter::Not(Box::new(term))),
        ]
    })
}
