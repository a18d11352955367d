//! What flat changes want of a resource.

use rollcall_scim::Document;
use rollcall_scim::schema::ENTERPRISE_USER;
use serde_json::{Value, json};

use super::{LUCKY, alice, document, kinds, names};
use crate::connid::change::{Changes, needs_current, read, wanted};
use crate::connid::names::NameError;
use crate::connid::schema::Class;

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
