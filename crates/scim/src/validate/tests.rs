//! Tables: what is sent, and what is stored or refused.

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::schema::Registry;

fn strict() -> Rules {
    Rules {
        unknown_attributes: UnknownAttributes::Reject,
        string_booleans: false,
        missing_schemas: false,
        path_keys: false,
        bare_complex_value: false,
        ..Rules::default()
    }
}

/// The stored document without its `schemas`, names of built-in schemas shortened; or the error.
fn outcome(kind: &str, body: &Value, rules: &Rules, current: Option<&Value>) -> String {
    let registry = Registry::builtin().unwrap();
    let kind = registry.type_named(kind).unwrap();
    let text = match resource(long(body), kind, rules, current.and_then(Value::as_object)) {
        Ok(mut accepted) => {
            accepted.document.shift_remove("schemas");
            let members = accepted.members.map(|members| format!(" members {members:?}"));
            format!("{}{}", Value::Object(accepted.document), members.unwrap_or_default())
        }
        Err(error) => format!("{} {}", error.kind.parts().1.unwrap_or("?"), error.detail),
    };
    text.replace("urn:ietf:params:scim:schemas:extension:enterprise:2.0:", "E:")
        .replace("urn:ietf:params:scim:schemas:core:2.0:", "C:")
        .replace('"', "")
}

/// Writes `E:` and `C:` of keys out.
fn long(body: &Value) -> Value {
    let text = body
        .to_string()
        .replace("\"E:", "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:")
        .replace("\"C:", "\"urn:ietf:params:scim:schemas:core:2.0:");
    serde_json::from_str(&text).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn generic(body: Value, expected: Expect) {
    expected.assert_eq(&outcome("User", &body, &Rules::default(), None));
}

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn exact(mut body: Value, expected: Expect) {
    if body.get("schemas").is_none() {
        body["schemas"] = json!(["C:User", "E:User"]);
    }
    expected.assert_eq(&outcome("User", &body, &strict(), None));
}

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn group(body: Value, rules: &Rules, expected: Expect) {
    expected.assert_eq(&outcome("Group", &body, rules, None));
}

#[test]
fn names_take_schema_case() {
    generic(
        json!({"USERNAME": "a", "Name": {"GIVENNAME": "A"}, "E:user": {"DEPARTMENT": "d"}}),
        expect!["{userName:a,name:{givenName:A},E:User:{department:d}}"],
    );
    generic(
        json!({"userName": "a", "username": "b"}),
        expect!["invalidSyntax userName: the attribute is there twice"],
    );
    generic(
        json!({"userName": null, "username": "b"}),
        expect!["invalidSyntax userName: the attribute is there twice"],
    );
    generic(
        json!({"userName": "a", "name": {"givenName": "A", "givenname": "B"}}),
        expect!["invalidSyntax name.givenName: the attribute is there twice"],
    );
    generic(
        json!({"userName": "a", "E:User": {"department": "d"}, "E:USER": {"department": "d"}}),
        expect!["invalidSyntax E:User: the extension is there twice"],
    );
    generic(
        json!({"userName": "a", "schemas": [], "Schemas": []}),
        expect!["invalidSyntax schemas: the attribute is there twice"],
    );
}

#[test]
fn keys_may_be_paths() {
    generic(
        json!({"C:User:userName": "a", "name.givenName": "A", "E:User:department": "d"}),
        expect!["{userName:a,name:{givenName:A},E:User:{department:d}}"],
    );
    generic(
        json!({"userName": "a", "name": {"familyName": "L"}, "Name.givenName": "A"}),
        expect!["{userName:a,name:{familyName:L,givenName:A}}"],
    );
    generic(
        json!({"userName": "a", "name": {"givenName": "L"}, "name.givenName": "A"}),
        expect!["invalidSyntax name.givenName: another key gives this value too"],
    );
    generic(
        json!({"userName": "a", "name": "L", "name.givenName": "A"}),
        expect!["invalidSyntax name.givenName: another key gives this value too"],
    );
    generic(
        json!({"userName": "a", "E:User:manager.value": "m", "E:User": {"department": "d"}}),
        expect!["{userName:a,E:User:{department:d,manager:{value:m}}}"],
    );
    generic(json!({"userName": "a", "emails.value": "a@x"}), expect!["{userName:a,emails:[{value:a@x}]}"]);
    generic(
        json!({"userName": "a", "nothing.here": 1, "urn:x:y": {"z": 1}}),
        expect!["{userName:a,nothing.here:1,urn:x:y:{z:1}}"],
    );
    exact(
        json!({"userName": "a", "name.givenName": "A"}),
        expect!["invalidSyntax name.givenName: no schema defines this attribute"],
    );
}

#[test]
fn unassigned_values_are_left_out() {
    generic(json!({"userName": "a", "title": null, "emails": [], "name": {}}), expect!["{userName:a}"]);
    generic(
        json!({"userName": "a", "name": {"givenName": null}, "E:User": {"manager": {}}}),
        expect!["{userName:a}"],
    );
    generic(
        json!({"userName": "a", "emails": [null, {}, {"value": null}], "title": ""}),
        expect!["{userName:a,title:}"],
    );
    let removing = Rules { empty_string_removes: true, ..Rules::default() };
    expect!["{userName:a}"].assert_eq(&outcome(
        "User",
        &json!({"userName": "a", "title": "", "active": ""}),
        &removing,
        None,
    ));
}

#[test]
fn read_only_is_ignored_and_write_only_checked_then_dropped() {
    generic(
        json!({"userName": "a", "id": 7, "meta": 1, "groups": "x", "password": "p"}),
        expect!["{userName:a}"],
    );
    generic(
        json!({"userName": "a", "E:User": {"manager": {"value": "m", "displayName": "M"}}}),
        expect!["{userName:a,E:User:{manager:{value:m}}}"],
    );
    generic(
        json!({"userName": "a", "password": 1}),
        expect!["invalidValue password: expected a string, found a number"],
    );
}

#[test]
fn unknown_attributes_are_kept_or_rejected() {
    generic(
        json!({"userName": "a", "shoe": {"Size": [1, null]}, "urn:x": {"y": 1}, "hat": null}),
        expect!["{userName:a,shoe:{Size:[1,null]},urn:x:{y:1}}"],
    );
    generic(
        json!({"userName": "a", "name": {"alias": "x"}, "emails": [{"value": "a@x", "verified": true}]}),
        expect!["{userName:a,name:{alias:x},emails:[{value:a@x,verified:true}]}"],
    );
    generic(
        json!({"userName": "a", "shoe": 1, "SHOE": 2}),
        expect!["invalidSyntax SHOE: the attribute is there twice"],
    );
    exact(
        json!({"userName": "a", "shoe": 1}),
        expect!["invalidSyntax shoe: no schema defines this attribute"],
    );
    exact(
        json!({"userName": "a", "name": {"alias": "x"}}),
        expect!["invalidSyntax name.alias: no schema defines this attribute"],
    );
    exact(
        json!({"userName": "a", "emails": [{"value": "a@x", "verified": true}]}),
        expect!["invalidSyntax emails[0].verified: no schema defines this attribute"],
    );
    exact(
        json!({"userName": "a", "E:User": {"shoe": 1}}),
        expect!["invalidSyntax E:User:shoe: no schema defines this attribute"],
    );
    exact(
        json!({"userName": "a", "urn:x": {"y": 1}}),
        expect!["invalidSyntax urn:x: no schema defines this attribute"],
    );
}

#[test]
fn schemas_are_checked_and_recomputed() {
    let schemas = |body: Value, rules: &Rules| {
        let registry = Registry::builtin().unwrap();
        match resource(long(&body), registry.type_named("User").unwrap(), rules, None) {
            Ok(accepted) => accepted.document["schemas"].as_array().unwrap().len().to_string(),
            Err(error) => error.to_string(),
        }
    };
    for (body, generic, exact) in [
        (json!({"userName": "a"}), "1", "schemas: must contain urn:ietf:params:scim:schemas:core:2.0:User"),
        (json!({"userName": "a", "schemas": ["C:User", "E:User"]}), "1", "1"),
        (json!({"userName": "a", "schemas": ["C:USER"], "E:User": {"department": "d"}}), "2", "2"),
        (
            json!({"userName": "a", "schemas": ["E:User"]}),
            "1",
            "schemas: must contain urn:ietf:params:scim:schemas:core:2.0:User",
        ),
        (
            json!({"userName": "a", "schemas": ["C:User", "urn:x"]}),
            "1",
            "schemas: urn:x is not a schema of User",
        ),
        (
            json!({"userName": "a", "schemas": [1]}),
            "schemas: expected a string, found a number",
            "schemas: expected a string, found a number",
        ),
        (json!({"userName": "a", "schemas": "C:User"}), "1", "schemas: expected an array, found a string"),
    ] {
        assert_eq!(schemas(body.clone(), &Rules::default()), generic, "{body}");
        assert_eq!(schemas(body.clone(), &strict()), exact, "{body}");
    }
}

#[test]
fn types_are_checked() {
    generic(json!([]), expect!["invalidSyntax the body must be an object, found an array"]);
    generic(json!({"userName": 1}), expect!["invalidValue userName: expected a string, found a number"]);
    generic(json!({"userName": "a", "active": "FALSE"}), expect!["{userName:a,active:false}"]);
    generic(
        json!({"userName": "a", "active": "yes"}),
        expect!["invalidValue active: expected true or false, found another string"],
    );
    generic(
        json!({"userName": "a", "active": 1}),
        expect!["invalidValue active: expected true or false, found a number"],
    );
    exact(
        json!({"userName": "a", "active": "true"}),
        expect!["invalidValue active: expected true or false, found a string"],
    );
    generic(
        json!({"userName": "a", "name": "Ann"}),
        expect!["invalidValue name: expected an object, found a string"],
    );
    generic(
        json!({"userName": "a", "emails": [{"value": "a@x"}, {"value": 1}]}),
        expect!["invalidValue emails[1].value: expected a string, found a number"],
    );
    generic(
        json!({"userName": "a", "emails": {"value": "a@x"}}),
        expect!["{userName:a,emails:[{value:a@x}]}"],
    );
    exact(
        json!({"userName": "a", "emails": {"value": "a@x"}}),
        expect!["invalidValue emails: expected an array, found an object"],
    );
    generic(
        json!({"userName": "a", "emails": ["a@x", "b@x"]}),
        expect!["{userName:a,emails:[{value:a@x},{value:b@x}]}"],
    );
    exact(
        json!({"userName": "a", "emails": ["a@x"]}),
        expect!["invalidValue emails[0]: expected an object, found a string"],
    );
    generic(
        json!({"userName": "a", "E:User": {"manager": "m"}}),
        expect!["{userName:a,E:User:{manager:{value:m}}}"],
    );
    generic(
        json!({"userName": "a", "E:User": {"manager": [{"value": "m"}]}}),
        expect!["{userName:a,E:User:{manager:{value:m}}}"],
    );
    generic(json!({"userName": "a", "E:User": {"manager": ""}}), expect!["{userName:a}"]);
    generic(
        json!({"userName": "a", "E:User": {"manager": ["m", "n"]}}),
        expect!["invalidValue E:User:manager: expected an object, found an array"],
    );
    generic(
        json!({"userName": "a", "E:User": "x"}),
        expect!["invalidValue E:User: expected an object, found a string"],
    );
    generic(
        json!({"userName": "a", "x509Certificates": [{"value": "MIIC-_8"}]}),
        expect!["{userName:a,x509Certificates:[{value:MIIC-_8}]}"],
    );
    generic(
        json!({"userName": "a", "x509Certificates": [{"value": "no base64"}]}),
        expect!["invalidValue x509Certificates[0].value: expected base64"],
    );
}

#[test]
fn required_attributes_must_be_there() {
    generic(json!({}), expect!["invalidValue userName: a value is required"]);
    generic(json!({"userName": null}), expect!["invalidValue userName: a value is required"]);
    generic(json!({"userName": ""}), expect!["invalidValue userName: a value is required"]);
    group(json!({}), &Rules::default(), expect!["invalidValue displayName: a value is required"]);
}

#[test]
fn duplicates_are_merged_and_one_value_is_primary() {
    generic(
        json!({"userName": "a", "emails": [{"value": "A@x", "type": "work"}, {"value": "a@x", "type": "WORK", "primary": true, "display": "A"}]}),
        expect!["{userName:a,emails:[{value:A@x,type:work,primary:true,display:A}]}"],
    );
    generic(
        json!({"userName": "a", "emails": [{"value": "a@x", "type": "work"}, {"value": "a@x", "type": "home"}]}),
        expect!["{userName:a,emails:[{value:a@x,type:work},{value:a@x,type:home}]}"],
    );
    generic(
        json!({"userName": "a", "addresses": [{"locality": "B"}, {"locality": "b"}, {"locality": "C"}]}),
        expect!["{userName:a,addresses:[{locality:B},{locality:C}]}"],
    );
    generic(
        json!({"userName": "a", "emails": [{"value": "a@x", "primary": true}, {"value": "b@x", "primary": true}]}),
        expect!["invalidValue emails: at most one value can be primary"],
    );
}

#[test]
fn members_are_kept_apart() {
    let rules = Rules::default();
    group(json!({"displayName": "g"}), &rules, expect!["{displayName:g}"]);
    group(
        json!({"displayName": "g", "Members": [{"Value": "1", "$ref": null, "display": "x"}, {"value": "1"}, "2"]}),
        &rules,
        expect!["{displayName:g} members [1, 2]"],
    );
    group(json!({"displayName": "g", "members": null}), &rules, expect!["{displayName:g} members []"]);
    group(
        json!({"displayName": "g", "members": {"value": "1"}}),
        &rules,
        expect!["{displayName:g} members [1]"],
    );
    group(
        json!({"displayName": "g", "members": [{"value": "1"}, {"display": "x"}]}),
        &rules,
        expect!["invalidValue members[1].value: a member needs a value"],
    );
    group(
        json!({"displayName": "g", "members": [{"value": ""}]}),
        &rules,
        expect!["invalidValue members[0].value: a member needs a value"],
    );
    group(
        json!({"displayName": "g", "members": [{"value": 1}]}),
        &rules,
        expect!["invalidValue members[0].value: expected a string, found a number"],
    );
    group(
        json!({"displayName": "g", "members": [7]}),
        &rules,
        expect!["invalidValue members[0]: expected an object, found a number"],
    );
    let schemas = json!(["C:Group"]);
    group(
        json!({"displayName": "g", "schemas": schemas, "members": ["1"]}),
        &strict(),
        expect!["invalidValue members[0]: expected an object, found a string"],
    );
    group(
        json!({"displayName": "g", "schemas": schemas, "members": [{"value": "1", "shoe": 1}]}),
        &strict(),
        expect!["invalidSyntax members[0].shoe: no schema defines this attribute"],
    );
}

#[test]
fn ten_thousand_and_more_members_are_read_in_linear_time() {
    let members: Vec<Value> = (0..200_000).map(|at| json!({"value": (at % 100_000).to_string()})).collect();
    let registry = Registry::builtin().unwrap();
    let body = json!({"displayName": "g", "members": members});
    let accepted = resource(body, registry.type_named("Group").unwrap(), &Rules::default(), None).unwrap();
    assert_eq!(accepted.members.unwrap().len(), 100_000);
}

#[test]
fn values_have_limits() {
    let many: Vec<Value> =
        (0..=crate::limits::MAX_VALUES).map(|at| json!({"value": at.to_string()})).collect();
    generic(
        json!({"userName": "a", "emails": many}),
        expect!["invalidValue emails: expected at most 10000 values, found 10001"],
    );
    let long = "x".repeat(crate::limits::MAX_STRING_BYTES + 1);
    generic(json!({"userName": long}), expect!["invalidValue userName: the string is too long"]);
    generic(json!({"userName": "a", "shoe": [long]}), expect!["invalidValue shoe: the string is too long"]);
    let mut deep = json!(1);
    for _ in 0..70 {
        deep = json!([deep]);
    }
    let registry = Registry::builtin().unwrap();
    let body = json!({"userName": "a", "shoe": deep});
    let error = resource(body, registry.type_named("User").unwrap(), &Rules::default(), None).unwrap_err();
    assert_eq!(error.to_string(), "shoe: the value nests too deep");
}
