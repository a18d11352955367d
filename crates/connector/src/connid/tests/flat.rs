//! Flat names of resources, both ways.

use rollcall_scim::schema::{ENTERPRISE_USER, GROUP, USER};
use serde_json::{Value, json};

use super::{LUCKY, alice, document, kinds, names};
use crate::connid::names::Names;
use crate::connid::schema::Class;
use crate::connid::view::{flatten, unflatten, with_types};

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
