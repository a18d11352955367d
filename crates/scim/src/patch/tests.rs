//! Tables: operations, and what they make of one user, one group or one resource of a test type.

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::rules::{ComplexReplace, UnknownAttributes};
use crate::schema::Registry;

const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:";
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:";

/// `E:` and `C:` stand for the built-in schemas.
fn long(value: &Value) -> Value {
    let text = value.to_string().replace("E:", EXTENSION).replace("C:", CORE);
    serde_json::from_str(&text).unwrap()
}

fn short(value: &Value) -> String {
    value.to_string().replace(EXTENSION, "E:").replace(CORE, "C:").replace('"', "")
}

fn user() -> Value {
    long(&json!({
        "schemas": ["C:User", "E:User"],
        "userName": "ann",
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [{"value": "a@x", "type": "work", "primary": true}, {"value": "b@x", "type": "home"}],
        "title": "T",
        "E:User": {"department": "D", "manager": {"value": "m1"}},
    }))
}

/// What is other than before, as `+name:value` and `-name`; `=` when nothing is; or the error.
fn outcome(kind: &str, current: &Value, operations: Value, rules: &Rules) -> String {
    let registry = Registry::builtin().unwrap();
    let kind = registry.type_named(kind).unwrap();
    let current = current.as_object().unwrap();
    let operations = if operations.is_array() { operations } else { json!([operations]) };
    let body = long(&json!({"schemas": [PATCH_OP], "Operations": operations}));
    let patched = Patch::parse(body, rules).and_then(|patch| patch.apply(current, kind, rules));
    match patched {
        Ok(patched) => {
            let mut parts: Vec<String> = Vec::new();
            for (name, value) in &patched.document {
                if current.get(name) != Some(value) {
                    parts.push(format!("+{name}:{}", short(value)));
                }
            }
            let gone = current.keys().filter(|name| !patched.document.contains_key(*name));
            parts.extend(gone.map(|name| format!("-{name}")));
            parts.extend(patched.members.iter().map(|operation| match operation {
                MembersOperation::RemoveWhere(_) => "RemoveWhere".to_owned(),
                other => format!("{other:?}"),
            }));
            assert_eq!(patched.changed, patched.document != *current);
            if parts.is_empty() { "=".to_owned() } else { parts.join(" ").replace(EXTENSION, "E:") }
        }
        Err(error) => {
            let kind = error.kind.parts().1.unwrap_or("413");
            format!("{kind} {}", error.detail.replace(EXTENSION, "E:").replace(CORE, "C:"))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn check(operations: Value, expected: Expect) {
    expected.assert_eq(&outcome("User", &user(), operations, &Rules::default()));
}

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn with(change: impl FnOnce(&mut Rules), operations: Value, expected: Expect) {
    let mut rules = Rules::default();
    change(&mut rules);
    expected.assert_eq(&outcome("User", &user(), operations, &rules));
}

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn group(operations: Value, expected: Expect) {
    let group = long(&json!({"schemas": ["C:Group"], "displayName": "G"}));
    expected.assert_eq(&outcome("Group", &group, operations, &Rules::default()));
}

#[expect(clippy::needless_pass_by_value, reason = "cases are shorter for it")]
fn add(path: &str, value: Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

#[expect(clippy::needless_pass_by_value, reason = "cases are shorter for it")]
fn replace(path: &str, value: Value) -> Value {
    json!({"op": "replace", "path": path, "value": value})
}

fn remove(path: &str) -> Value {
    json!({"op": "remove", "path": path})
}

#[test]
fn simple_attributes_are_set_and_removed() {
    check(add("nickName", json!("A")), expect!["+nickName:A"]);
    check(add("TITLE", json!("New")), expect!["+title:New"]);
    check(replace("title", json!("New")), expect!["+title:New"]);
    check(replace("nickName", json!("A")), expect!["+nickName:A"]);
    check(replace("title", json!("T")), expect!["="]);
    check(replace("title", json!(null)), expect!["-title"]);
    check(add("title", json!(null)), expect!["="]);
    check(remove("title"), expect!["-title"]);
    check(remove("nickName"), expect!["="]);
    check(replace("C:User:title", json!("New")), expect!["+title:New"]);
    check(replace("active", json!("False")), expect!["+active:false"]);
    check(
        replace("active", json!("no")),
        expect!["invalidValue Operations[0]: active: expected true or false, found another string"],
    );
    check(replace("title", json!("")), expect!["+title:"]);
}

#[test]
fn complex_attributes_are_merged() {
    check(
        add("name", json!({"middleName": "B"})),
        expect!["+name:{givenName:Ann,familyName:Lee,middleName:B}"],
    );
    check(replace("name", json!({"givenName": "Bo"})), expect!["+name:{givenName:Bo,familyName:Lee}"]);
    check(replace("name", json!({"GIVENNAME": null, "familyName": "Ho"})), expect!["+name:{familyName:Ho}"]);
    check(replace("name.givenName", json!("Bo")), expect!["+name:{givenName:Bo,familyName:Lee}"]);
    check(add("name.middleName", json!("B")), expect!["+name:{givenName:Ann,familyName:Lee,middleName:B}"]);
    check(remove("name.givenName"), expect!["+name:{familyName:Lee}"]);
    check(json!([remove("name.givenName"), remove("name.familyName")]), expect!["-name"]);
    check(remove("name"), expect!["-name"]);
    check(replace("name", json!(null)), expect!["-name"]);
    check(
        replace("name", json!("Ann")),
        expect!["invalidValue Operations[0]: name: expected an object, found a string"],
    );
    check(replace("name.nothing", json!("x")), expect!["+name:{givenName:Ann,familyName:Lee,nothing:x}"]);
    with(
        |rules| rules.complex_replace = ComplexReplace::Whole,
        replace("name", json!({"givenName": "Bo"})),
        expect!["+name:{givenName:Bo}"],
    );
    with(
        |rules| rules.complex_replace = ComplexReplace::Whole,
        add("name", json!({"givenName": "Bo"})),
        expect!["+name:{givenName:Bo,familyName:Lee}"],
    );
}

#[test]
fn multi_valued_attributes_grow_without_duplicates() {
    check(
        add("emails", json!([{"value": "c@x", "type": "other"}])),
        expect!["+emails:[{value:a@x,type:work,primary:true},{value:b@x,type:home},{value:c@x,type:other}]"],
    );
    check(
        add("emails", json!({"value": "c@x"})),
        expect!["+emails:[{value:a@x,type:work,primary:true},{value:b@x,type:home},{value:c@x}]"],
    );
    check(add("emails", json!([{"value": "A@X", "type": "work"}])), expect!["="]);
    check(
        add("emails", json!([{"value": "a@x", "type": "work", "display": "A"}])),
        expect!["+emails:[{value:a@x,type:work,primary:true,display:A},{value:b@x,type:home}]"],
    );
    check(
        add("emails", json!([{"value": "c@x", "primary": true}])),
        expect![
            "+emails:[{value:a@x,type:work,primary:false},{value:b@x,type:home},{value:c@x,primary:true}]"
        ],
    );
    check(
        add("emails", json!([{"value": "b@x", "type": "home", "primary": "True"}])),
        expect!["+emails:[{value:a@x,type:work,primary:false},{value:b@x,type:home,primary:true}]"],
    );
    check(add("emails", json!([])), expect!["="]);
    check(
        add("emails", json!([{"value": 1}])),
        expect!["invalidValue Operations[0]: emails[0].value: expected a string, found a number"],
    );
    check(
        add("emails", json!([{"value": "c@x", "primary": true}, {"value": "d@x", "primary": true}])),
        expect!["invalidValue emails: at most one value can be primary"],
    );
}

#[test]
fn multi_valued_attributes_are_replaced_and_removed() {
    check(replace("emails", json!([{"value": "c@x"}])), expect!["+emails:[{value:c@x}]"]);
    check(replace("emails", json!({"value": "c@x"})), expect!["+emails:[{value:c@x}]"]);
    check(replace("emails", json!([])), expect!["-emails"]);
    check(replace("emails", json!(null)), expect!["-emails"]);
    check(remove("emails"), expect!["-emails"]);
    check(remove("phoneNumbers"), expect!["="]);
    check(
        replace("emails.type", json!("other")),
        expect!["+emails:[{value:a@x,type:other,primary:true},{value:b@x,type:other}]"],
    );
    check(remove("emails.type"), expect!["+emails:[{value:a@x,primary:true},{value:b@x}]"]);
    check(add("phoneNumbers.value", json!("1")), expect!["+phoneNumbers:[{value:1}]"]);
    check(
        replace("emails.value", json!("same@x")),
        expect!["+emails:[{value:same@x,type:work,primary:true},{value:same@x,type:home}]"],
    );
}

#[test]
fn filters_select_elements() {
    check(
        replace(r#"emails[type eq "work"].value"#, json!("n@x")),
        expect!["+emails:[{value:n@x,type:work,primary:true},{value:b@x,type:home}]"],
    );
    check(
        replace(r#"emails[type eq "WORK" and value co "@"].display"#, json!("n")),
        expect!["+emails:[{value:a@x,type:work,primary:true,display:n},{value:b@x,type:home}]"],
    );
    check(
        add(r#"emails[type eq "home"].primary"#, json!(true)),
        expect!["+emails:[{value:a@x,type:work,primary:false},{value:b@x,type:home,primary:true}]"],
    );
    check(
        replace(r#"emails[type eq "home"]"#, json!({"value": "n@x", "type": "home"})),
        expect!["+emails:[{value:a@x,type:work,primary:true},{value:n@x,type:home}]"],
    );
    check(
        add(r#"emails[type eq "home"]"#, json!({"display": "n"})),
        expect!["+emails:[{value:a@x,type:work,primary:true},{value:b@x,type:home,display:n}]"],
    );
    check(remove(r#"emails[type eq "home"]"#), expect!["+emails:[{value:a@x,type:work,primary:true}]"]);
    check(remove(r"emails[value pr]"), expect!["-emails"]);
    check(
        remove(r#"emails[type eq "home"].type"#),
        expect!["+emails:[{value:a@x,type:work,primary:true},{value:b@x}]"],
    );
    check(remove(r#"emails[type eq "pager"]"#), expect!["="]);
    check(
        replace(r#"emails[type eq "home"]"#, json!(null)),
        expect!["+emails:[{value:a@x,type:work,primary:true}]"],
    );
    check(
        replace(r#"emails[shoe eq "home"].value"#, json!("x")),
        expect!["invalidFilter Operations[0]: filter: shoe is not an attribute of emails"],
    );
    check(
        replace(r"emails[type eq 1].value", json!("x")),
        expect![
            "invalidFilter Operations[0]: filter: type is a string: compare it with text in double quotes"
        ],
    );
    check(
        replace(r#"emails[type eq "work"].shoe"#, json!("x")),
        expect![[
            r#"invalidPath Operations[0]: emails[type eq "work"].shoe: no schema of User defines this attribute"#
        ]],
    );
    check(
        replace(r#"name[givenName eq "Ann"].familyName"#, json!("x")),
        expect!["invalidPath Operations[0]: name: only a multi-valued attribute takes a filter"],
    );
    check(
        replace(r#"title[value eq "T"]"#, json!("x")),
        expect!["invalidPath Operations[0]: title: only a multi-valued attribute takes a filter"],
    );
}

#[test]
fn adding_to_a_filter_that_matches_nothing_makes_the_element() {
    check(
        add(r#"phoneNumbers[type eq "work"].value"#, json!("1")),
        expect!["+phoneNumbers:[{type:work,value:1}]"],
    );
    check(
        add(r#"phoneNumbers[type eq "work"]"#, json!({"value": "1"})),
        expect!["+phoneNumbers:[{type:work,value:1}]"],
    );
    check(
        add(r#"phoneNumbers[type eq "work" and primary eq true].value"#, json!("1")),
        expect!["+phoneNumbers:[{type:work,primary:true,value:1}]"],
    );
    check(
        add(r#"phoneNumbers[type ne "work"].value"#, json!("1")),
        expect![[r#"noTarget Operations[0]: phoneNumbers: no value matches [type ne "work"]"#]],
    );
    check(
        replace(r#"phoneNumbers[type eq "work"].value"#, json!("1")),
        expect![[r#"noTarget Operations[0]: phoneNumbers: no value matches [type eq "work"]"#]],
    );
    with(
        |rules| rules.create_on_replace_miss = true,
        replace(r#"phoneNumbers[type eq "work"].value"#, json!("1")),
        expect!["+phoneNumbers:[{type:work,value:1}]"],
    );
    with(
        |rules| rules.create_on_replace_miss = true,
        replace(r#"emails[type eq "other" and primary eq true]"#, json!({"value": "c@x"})),
        expect![
            "+emails:[{value:a@x,type:work,primary:false},{value:b@x,type:home},{type:other,primary:true,value:c@x}]"
        ],
    );
    with(
        |rules| rules.create_on_replace_miss = true,
        replace(r#"phoneNumbers[type sw "work"].value"#, json!("1")),
        expect![[r#"noTarget Operations[0]: phoneNumbers: no value matches [type sw "work"]"#]],
    );
}

#[test]
fn an_element_that_its_own_filter_would_not_select_is_not_made() {
    check(
        add(r#"phoneNumbers[value eq "1"].value"#, json!("2")),
        expect![[r#"noTarget Operations[0]: phoneNumbers: no value matches [value eq "1"]"#]],
    );
    check(
        add(r#"phoneNumbers[type eq "work"]"#, json!({"value": "1", "type": "home"})),
        expect![[r#"noTarget Operations[0]: phoneNumbers: no value matches [type eq "work"]"#]],
    );
    let removes = |rules: &mut Rules| rules.empty_string_removes = true;
    with(removes, add(r#"phoneNumbers[type eq "work"].value"#, json!("")), expect!["="]);
    check(
        add(r#"emails[type eq "other" and primary eq "True"].value"#, json!("c@x")),
        expect![
            "+emails:[{value:a@x,type:work,primary:false},{value:b@x,type:home},{type:other,primary:true,value:c@x}]"
        ],
    );
}

#[test]
fn extensions_are_reached_by_urn() {
    check(replace("E:User:department", json!("New")), expect!["+E:User:{department:New,manager:{value:m1}}"]);
    check(replace("E:user:DEPARTMENT", json!("New")), expect!["+E:User:{department:New,manager:{value:m1}}"]);
    check(add("E:User:manager.value", json!("m2")), expect!["+E:User:{department:D,manager:{value:m2}}"]);
    check(
        add("E:User", json!({"costCenter": "c"})),
        expect!["+E:User:{department:D,manager:{value:m1},costCenter:c}"],
    );
    check(
        replace("E:User", json!({"department": null, "costCenter": "c"})),
        expect!["+E:User:{manager:{value:m1},costCenter:c}"],
    );
    check(remove("E:User"), expect!["+schemas:[C:User] -E:User"]);
    check(remove("E:User:manager"), expect!["+E:User:{department:D}"]);
    check(
        json!([remove("E:User:manager"), remove("E:User:department")]),
        expect!["+schemas:[C:User] -E:User"],
    );
    check(
        replace("E:User", json!("x")),
        expect!["invalidValue Operations[0]: E:User: expected an object, found a string"],
    );
    with(
        |rules| rules.complex_replace = ComplexReplace::Whole,
        replace("E:User", json!({"costCenter": "c"})),
        expect!["+E:User:{costCenter:c}"],
    );
}

#[test]
fn a_value_without_path_is_a_set_of_attributes() {
    let without = |op: &str, value: Value| json!({"op": op, "value": value});
    check(
        without("replace", json!({"title": "New", "name": {"givenName": "Bo"}})),
        expect!["+name:{givenName:Bo,familyName:Lee} +title:New"],
    );
    check(
        without("add", json!({"emails": [{"value": "c@x"}], "nickname": "A"})),
        expect!["+emails:[{value:a@x,type:work,primary:true},{value:b@x,type:home},{value:c@x}] +nickName:A"],
    );
    check(without("replace", json!({"emails": [{"value": "c@x"}]})), expect!["+emails:[{value:c@x}]"]);
    check(
        without("replace", json!({"E:User": {"costCenter": "c"}})),
        expect!["+E:User:{department:D,manager:{value:m1},costCenter:c}"],
    );
    check(
        without("replace", json!({"name.givenName": "Bo", "E:User:employeeNumber": "7"})),
        expect![
            "+name:{givenName:Bo,familyName:Lee} +E:User:{department:D,manager:{value:m1},employeeNumber:7}"
        ],
    );
    check(
        without("replace", json!({r#"emails[type eq "work"].value"#: "n@x"})),
        expect!["+emails:[{value:n@x,type:work,primary:true},{value:b@x,type:home}]"],
    );
    check(
        without("replace", json!({"id": "1", "schemas": [], "meta": {}, "title": "New"})),
        expect!["+title:New"],
    );
    check(without("replace", json!({"password": "p"})), expect!["="]);
    check(without("replace", json!({"title": null})), expect!["-title"]);
    check(
        without("replace", json!("x")),
        expect!["invalidValue Operations[0].value: without a path, expected an object, found a string"],
    );
    check(
        json!({"op": "remove", "value": {"title": "T"}}),
        expect!["noTarget Operations[0].path: remove needs a path"],
    );
    check(json!({"op": "replace", "path": "C:User", "value": {"title": "New"}}), expect!["+title:New"]);
    with(
        |rules| rules.pathless_patch = false,
        without("replace", json!({"title": "x"})),
        expect!["invalidSyntax Operations[0].path: a path is required"],
    );
    with(
        |rules| rules.path_keys = false,
        without("replace", json!({"name.givenName": "x"})),
        expect!["+name.givenName:x"],
    );
    let whole = |rules: &mut Rules| rules.complex_replace = ComplexReplace::Whole;
    with(
        whole,
        without("replace", json!({"E:User": {"costCenter": "c"}})),
        expect!["+E:User:{department:D,manager:{value:m1},costCenter:c}"],
    );
}

#[test]
fn what_may_not_change_does_not() {
    check(replace("id", json!("2")), expect!["mutability Operations[0]: id: the attribute is read-only"]);
    check(
        replace("meta.version", json!("2")),
        expect!["mutability Operations[0]: meta.version: the attribute is read-only"],
    );
    check(
        add("groups", json!([{"value": "g"}])),
        expect!["mutability Operations[0]: groups: the attribute is read-only"],
    );
    check(
        replace("E:User:manager.displayName", json!("M")),
        expect!["mutability Operations[0]: E:User:manager.displayName: the attribute is read-only"],
    );
    with(
        |rules| rules.ignore_read_only_patch = true,
        replace("E:User:manager.displayName", json!("M")),
        expect!["="],
    );
    check(replace("schemas", json!([])), expect!["="]);
    check(remove("userName"), expect!["mutability userName: a value is required"]);
    check(replace("userName", json!(null)), expect!["mutability userName: a value is required"]);
    check(replace("userName", json!("")), expect!["invalidValue userName: a value is required"]);
    check(json!([remove("userName"), add("userName", json!("bo"))]), expect!["+userName:bo"]);
    check(replace("password", json!("p")), expect!["="]);
    check(
        replace("password", json!(1)),
        expect!["invalidValue Operations[0]: password: expected a string, found a number"],
    );
    check(remove("password"), expect!["="]);
}

#[test]
fn undefined_attributes_are_kept_or_rejected() {
    let reject = |rules: &mut Rules| rules.unknown_attributes = UnknownAttributes::Reject;
    check(add("shoe", json!({"size": 42})), expect!["+shoe:{size:42}"]);
    check(replace("urn:x:y", json!(1)), expect!["+urn:x:y:1"]);
    check(json!([add("shoe", json!(1)), replace("SHOE", json!(2))]), expect!["+shoe:2"]);
    check(json!([add("shoe", json!(1)), remove("Shoe")]), expect!["="]);
    check(remove("shoe"), expect!["="]);
    check(add("E:User:shoe", json!(1)), expect!["+E:User:{department:D,manager:{value:m1},shoe:1}"]);
    check(
        add(r"shoes[size eq 1].color", json!(1)),
        expect![
            "invalidPath Operations[0]: shoes[size eq 1].color: no schema of User defines this attribute"
        ],
    );
    with(
        reject,
        add("shoe", json!(1)),
        expect!["invalidSyntax Operations[0]: shoe: no schema of User defines this attribute"],
    );
    with(
        reject,
        json!({"op": "add", "value": {"shoe": 1}}),
        expect!["invalidSyntax Operations[0]: shoe: no schema of User defines this attribute"],
    );
    with(
        reject,
        add("name", json!({"shoe": 1})),
        expect!["invalidSyntax Operations[0]: name.shoe: no schema defines this attribute"],
    );
    with(
        reject,
        add("name.shoe", json!(1)),
        expect!["invalidSyntax Operations[0]: name.shoe: no schema of User defines this attribute"],
    );
    with(
        reject,
        add("E:User:shoe", json!(1)),
        expect!["invalidSyntax Operations[0]: E:User:shoe: no schema of User defines this attribute"],
    );
    with(
        reject,
        add(r#"emails[type eq "work"].shoe"#, json!(1)),
        expect![[
            r#"invalidSyntax Operations[0]: emails[type eq "work"].shoe: no schema of User defines this attribute"#
        ]],
    );
}

#[test]
fn remove_with_a_value_takes_only_that() {
    let valued = |value: Value| json!({"op": "remove", "path": "emails", "value": value});
    check(valued(json!([{"value": "A@x"}])), expect!["+emails:[{value:b@x,type:home}]"]);
    check(valued(json!({"value": "a@x", "type": "home"})), expect!["="]);
    check(valued(json!([{"value": "a@x", "type": "work"}, {"value": "b@x"}])), expect!["-emails"]);
    check(valued(json!("b@x")), expect!["+emails:[{value:a@x,type:work,primary:true}]"]);
    check(valued(json!([])), expect!["="]);
    check(valued(json!(null)), expect!["-emails"]);
    check(json!({"op": "remove", "path": "title", "value": "other"}), expect!["-title"]);
    with(
        |rules| rules.remove_with_value = false,
        valued(json!([{"value": "a@x"}])),
        expect!["invalidSyntax Operations[0].value: remove takes no value: select values with a filter"],
    );
}

#[test]
fn the_interoperability_profile_bounds_value_paths() {
    let bounded = |rules: &mut Rules| rules.value_path_needs_sub_attribute = true;
    with(
        bounded,
        remove(r#"emails[type eq "work"]"#),
        expect!["invalidPath Operations[0]: emails: a path with a filter must end in a sub-attribute"],
    );
    with(
        bounded,
        replace(r"emails[value pr].display", json!("x")),
        expect!["invalidFilter Operations[0]: emails: the filter selects 2 values, not one"],
    );
    with(
        bounded,
        replace(r#"emails[type eq "work"].display"#, json!("x")),
        expect!["+emails:[{value:a@x,type:work,primary:true,display:x},{value:b@x,type:home}]"],
    );
}

#[test]
fn a_bare_value_stands_for_a_complex_one() {
    check(replace("E:User:manager", json!("m2")), expect!["+E:User:{department:D,manager:{value:m2}}"]);
    check(
        add("E:User:manager", json!([{"$ref": "/Users/m2", "value": "m2"}])),
        expect!["+E:User:{department:D,manager:{value:m2,$ref:/Users/m2}}"],
    );
    check(
        replace("E:User:manager", json!({"value": "m2", "displayName": "M"})),
        expect!["+E:User:{department:D,manager:{value:m2}}"],
    );
    check(replace("E:User:manager", json!("")), expect!["+E:User:{department:D}"]);
    check(
        add("emails", json!("c@x")),
        expect!["+emails:[{value:a@x,type:work,primary:true},{value:b@x,type:home},{value:c@x}]"],
    );
    with(
        |rules| rules.bare_complex_value = false,
        replace("E:User:manager", json!("m2")),
        expect!["invalidValue Operations[0]: E:User:manager: expected an object, found a string"],
    );
    let removes = |rules: &mut Rules| rules.empty_string_removes = true;
    with(removes, replace("E:User:manager", json!("")), expect!["+E:User:{department:D}"]);
    with(removes, replace("title", json!("")), expect!["-title"]);
    with(removes, add("title", json!("")), expect!["-title"]);
    with(removes, replace("name", json!({"givenName": ""})), expect!["+name:{familyName:Lee}"]);
    with(
        removes,
        replace(r#"emails[type eq "work"].value"#, json!("")),
        expect!["+emails:[{type:work,primary:true},{value:b@x,type:home}]"],
    );
}

#[test]
fn members_come_out_apart() {
    group(
        add("members", json!([{"value": "1", "$ref": null, "display": "A"}, {"value": "1"}])),
        expect![[r#"Add(["1"])"#]],
    );
    group(add("Members", json!("1")), expect![[r#"Add(["1"])"#]]);
    group(add("C:Group:members", json!({"value": "1"})), expect![[r#"Add(["1"])"#]]);
    group(
        json!({"op": "Add", "value": {"Members": [{"value": "1"}], "displayName": "H", "id": "g"}}),
        expect![[r#"+displayName:H Add(["1"])"#]],
    );
    group(
        json!([
            add("members", json!(["1"])),
            add("members", json!(["2"])),
            remove(r#"members[value eq "1"]"#)
        ]),
        expect![[r#"Add(["1", "2"]) Remove(["1"])"#]],
    );
    group(remove(r#"members[value eq "1" or value eq "2"]"#), expect![[r#"Remove(["1", "2"])"#]]);
    group(remove(r#"members[type eq "User"]"#), expect!["RemoveWhere"]);
    group(
        remove(r#"members[shoe eq "User"]"#),
        expect!["invalidFilter Operations[0]: filter: shoe is not an attribute of members"],
    );
    group(remove("members"), expect!["Clear"]);
    group(replace("members", json!([{"value": "1"}, {"value": "2"}])), expect![[r#"Replace(["1", "2"])"#]]);
    group(replace("members", json!([])), expect!["Replace([])"]);
    group(replace("members", json!(null)), expect!["Replace([])"]);
    group(
        json!({"op": "remove", "path": "members", "value": [{"value": "1", "$ref": null}]}),
        expect![[r#"Remove(["1"])"#]],
    );
    group(json!({"op": "remove", "path": "members", "value": []}), expect!["="]);
    group(add("members", json!([])), expect!["="]);
    group(
        add("members", json!([{"display": "x"}])),
        expect!["invalidValue Operations[0]: members[0].value: a member needs a value"],
    );
    group(add(r#"members[value eq "1"]"#, json!({"value": "1"})), expect![[r#"Add(["1"])"#]]);
    group(
        replace(r#"members[value eq "1"].display"#, json!("x")),
        expect!["mutability Operations[0]: members.display: a member is added and removed as a whole"],
    );
    group(
        replace(r#"members[value eq "1"].value"#, json!("2")),
        expect!["mutability Operations[0]: members.value: a member is added and removed as a whole"],
    );
    group(
        replace(r#"members[value eq "1"]"#, json!({"value": "2"})),
        expect!["mutability Operations[0]: members: a member is added and removed as a whole"],
    );
    group(remove("displayName"), expect!["mutability displayName: a value is required"]);
}

#[test]
fn the_shape_of_a_request_is_checked() {
    let parse = |body: Value, rules: &Rules| match Patch::parse(body, rules) {
        Ok(patch) => format!("{} operations", patch.operations.len()),
        Err(error) => format!("{} {error}", error.status()),
    };
    let generic = |body: Value, expected: Expect| expected.assert_eq(&parse(body, &Rules::default()));
    let operation = json!({"op": "remove", "path": "title"});
    generic(json!([]), expect!["400 the body must be an object, found an array"]);
    generic(json!({}), expect!["400 Operations: expected an array of one or more operations"]);
    generic(
        json!({"Operations": []}),
        expect!["400 Operations: expected an array of one or more operations"],
    );
    generic(json!({"operations": [operation]}), expect!["1 operations"]);
    generic(
        json!({"Operations": [operation], "schemas": ["x"]}),
        expect!["400 schemas: must contain urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    );
    generic(
        json!({"Operations": [operation, 1]}),
        expect!["400 Operations[1]: expected an object, found a number"],
    );
    generic(
        json!({"Operations": [operation, {"op": "move"}]}),
        expect!["400 Operations[1].op: expected add, remove or replace"],
    );
    generic(
        json!({"Operations": [{"path": "title"}]}),
        expect!["400 Operations[0].op: expected add, remove or replace"],
    );
    generic(json!({"Operations": [{"Op": "REMOVE", "PATH": "title"}]}), expect!["1 operations"]);
    generic(
        json!({"Operations": [{"op": "add", "path": "title"}]}),
        expect!["400 Operations[0].value: a value is required"],
    );
    generic(
        json!({"Operations": [{"op": "remove"}]}),
        expect!["400 Operations[0].path: remove needs a path"],
    );
    generic(
        json!({"Operations": [{"op": "remove", "path": ""}]}),
        expect!["400 Operations[0].path: remove needs a path"],
    );
    generic(
        json!({"Operations": [{"op": "add", "path": 1, "value": 1}]}),
        expect!["400 Operations[0].path: expected a string, found a number"],
    );
    generic(
        json!({"Operations": [{"op": "add", "path": "emails[type eq", "value": 1}]}),
        expect!["400 Operations[0].path: expected a value at byte 14"],
    );
    generic(
        json!({"Operations": [{"op": "add", "value": [1]}]}),
        expect!["400 Operations[0].value: without a path, expected an object, found an array"],
    );
    generic(
        json!({"Operations": vec![operation.clone(); 10_001]}),
        expect!["413 Operations: at most 10000 are taken, found 10001"],
    );
    let strict = Rules { op_any_case: false, missing_schemas: false, ..Rules::default() };
    expect!["400 schemas: must contain urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        .assert_eq(&parse(json!({"Operations": [operation]}), &strict));
    expect!["400 Operations[0].op: expected add, remove or replace"].assert_eq(&parse(
        json!({"schemas": [PATCH_OP], "Operations": [{"op": "Remove", "path": "title"}]}),
        &strict,
    ));
}

#[test]
fn an_error_names_its_operation() {
    check(
        json!([replace("title", json!("x")), replace("active", json!(1))]),
        expect!["invalidValue Operations[1]: active: expected true or false, found a number"],
    );
}

#[test]
fn ten_thousand_operations_take_linear_time() {
    let operations: Vec<Value> =
        (0..10_000).map(|at| add("emails", json!([{"value": format!("{at}@x"), "type": "work"}]))).collect();
    let out = outcome("User", &json!({"userName": "a"}), json!(operations), &Rules::default());
    assert_eq!(out.matches("@x").count(), 10_000);
    let operations: Vec<Value> =
        (0..10_000).map(|at| add("members", json!([{"value": at.to_string()}]))).collect();
    let out = outcome("Group", &json!({"displayName": "g"}), json!(operations), &Rules::default());
    assert!(out.starts_with("Add([") && !out.contains("Remove"));
}

#[test]
fn operations_that_look_at_too_much_are_refused() {
    let emails: Vec<Value> = (0..9_000).map(|at| json!({"value": at.to_string()})).collect();
    let operations = vec![replace(r#"emails[value eq "x"].type"#, json!("work")); 1_000];
    let rules = Rules { create_on_replace_miss: true, ..Rules::default() };
    let out = outcome("User", &json!({"userName": "a", "emails": emails}), json!(operations), &rules);
    assert!(out.contains("look at too many values"), "{out}");
}
