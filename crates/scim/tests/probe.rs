//! Every type and characteristic, on a resource type registered at run time.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use expect_test::{Expect, expect};
use rollcall_scim::Document;
use rollcall_scim::patch::Patch;
use rollcall_scim::projection::{Projection, is_plain};
use rollcall_scim::rules::{ComplexReplace, Rules};
use rollcall_scim::schema::{Registry, ResolvedType};
use rollcall_scim::validate::resource;
use serde_json::{Value, json};
use std::sync::Arc;

const SITE: &str = "urn:example:schemas:extension:Site";

fn kind() -> Arc<ResolvedType> {
    let file: Value = serde_json::from_str(include_str!("data/probe.json")).unwrap();
    let schemas: Vec<_> = serde_json::from_value(file["schemas"].clone()).unwrap();
    let types: Vec<_> = serde_json::from_value(file["resourceTypes"].clone()).unwrap();
    let registry = Registry::builtin().unwrap().extended(&schemas, &types).unwrap();
    registry.type_named("Probe").unwrap().clone()
}

/// What is stored of a body that also has what is required, without that; or the error.
fn put(mut sent: Value, current: Option<&Document>) -> String {
    for (name, value) in [("serial", json!("1")), (SITE, json!({"room": "r"}))] {
        let object = sent.as_object_mut().unwrap();
        object.entry(name).or_insert(value);
    }
    match resource(sent, &kind(), &Rules::default(), current) {
        Ok(mut accepted) => {
            for name in ["schemas", "serial"] {
                accepted.document.shift_remove(name);
            }
            text(&Value::Object(accepted.document), &format!(",{SITE}:{{room:r}}"))
        }
        Err(error) => format!("{} {error}", error.kind.parts().1.unwrap_or_default()),
    }
}

fn text(value: &Value, without: &str) -> String {
    value.to_string().replace('"', "").replace(without, "").replace(SITE, "S")
}

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn post(sent: Value, expected: Expect) {
    expected.assert_eq(&put(sent, None));
}

#[test]
fn each_type_has_its_values() {
    post(json!({"channels": 3}), expect!["{channels:3}"]);
    post(json!({"channels": 3.0}), expect!["{channels:3}"]);
    post(json!({"channels": 3.5}), expect!["invalidValue channels: expected a whole number of 64 bits"]);
    post(json!({"channels": "3"}), expect!["invalidValue channels: expected a whole number, found a string"]);
    post(json!({"channels": u64::MAX}), expect!["invalidValue channels: expected a whole number of 64 bits"]);
    post(json!({"gain": 1}), expect!["{gain:1}"]);
    post(json!({"gain": 1.5}), expect!["{gain:1.5}"]);
    post(json!({"gain": "1.5"}), expect!["invalidValue gain: expected a number, found a string"]);
    post(
        json!({"calibrated": "2026-01-31T12:00:00+01:00"}),
        expect!["{calibrated:2026-01-31T12:00:00+01:00}"],
    );
    post(
        json!({"calibrated": "2026-01-31"}),
        expect!["invalidValue calibrated: expected a date and time such as 2026-01-31T12:00:00Z"],
    );
    post(json!({"firmware": "aGk"}), expect!["{firmware:aGk}"]);
    post(json!({"firmware": "aGk="}), expect!["{firmware:aGk=}"]);
    post(json!({"firmware": "a?"}), expect!["invalidValue firmware: expected base64"]);
    post(json!({"manual": "https://example.com"}), expect!["{manual:https://example.com}"]);
    post(json!({"manual": {}}), expect!["invalidValue manual: expected a string, found an object"]);
    post(json!({"tags": ["b", "a", "B"]}), expect!["{tags:[b,a]}"]);
    post(json!({"tags": "b"}), expect!["{tags:[b]}"]);
    post(json!({"ranges": [1, 2, 1.0]}), expect!["{ranges:[1,2]}"]);
    post(
        json!({"ranges": [1, "2"]}),
        expect!["invalidValue ranges[1]: expected a whole number, found a string"],
    );
    post(
        json!({"labels": [{"value": "a"}, {"value": "A"}, {"value": "a"}]}),
        expect!["{labels:[{value:a},{value:A}]}"],
    );
    post(json!({"size": {"width": 1, "marks": "x", "seen": "s"}}), expect!["{size:{width:1,marks:[x]}}"]);
    post(json!({"size": 1}), expect!["invalidValue size: expected an object, found a number"]);
}

#[test]
fn mutability_is_kept() {
    post(json!({"location": 1, "pin": "p", "hidden": "h"}), expect!["{hidden:h}"]);
    post(json!({"pin": 1}), expect!["invalidValue pin: expected a string, found a number"]);
    let current = json!({"serial": "1", "maker": "M", "location": "l", "size": {"width": 1, "unit": "mm", "seen": "s"}, SITE: {"room": "r", "keeper": "k"}});
    let current = current.as_object().unwrap();
    let check = |sent: Value, expected: Expect| expected.assert_eq(&put(sent, Some(current)));
    check(json!({}), expect!["{S:{room:r,keeper:k},location:l,maker:M,size:{width:1,unit:mm,seen:s}}"]);
    check(
        json!({"maker": "m", "size": {"width": 2}}),
        expect!["{maker:M,size:{width:2,unit:mm,seen:s},S:{room:r,keeper:k},location:l}"],
    );
    check(json!({"maker": "N"}), expect!["mutability maker: the value cannot be changed once it is set"]);
    check(
        json!({"size": {"width": 2, "unit": "cm"}}),
        expect!["mutability size.unit: the value cannot be changed once it is set"],
    );
    check(
        json!({SITE: {"room": "r", "keeper": "other"}}),
        expect![
            "mutability urn:example:schemas:extension:Site:keeper: the value cannot be changed once it is set"
        ],
    );
}

#[test]
fn required_parts_must_be_there() {
    post(json!({"serial": null}), expect!["invalidValue serial: a value is required"]);
    post(json!({"size": {"unit": "mm"}}), expect!["invalidValue size.width: a value is required"]);
    post(
        json!({SITE: null}),
        expect!["invalidValue urn:example:schemas:extension:Site: a value is required"],
    );
    post(
        json!({SITE: {"shelf": 1}}),
        expect!["invalidValue urn:example:schemas:extension:Site:room: a value is required"],
    );
}

#[test]
fn what_is_returned_follows_the_schema() {
    let document =
        json!({"id": "1", "serial": "s", "notes": "n", "hidden": "h", "owner": "o", "tags": ["t"]});
    let kind = kind();
    let check = |attributes: &[&str], excluded: &[&str], expected: Expect| {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let projection = Projection::parse(&list(attributes), &list(excluded), &kind).unwrap();
        let mut document = document.clone();
        projection.apply(&kind, document.as_object_mut().unwrap());
        expected.assert_eq(&text(&document, ""));
    };
    assert!(!is_plain(&kind, document.as_object().unwrap()));
    check(&[], &[], expect!["{id:1,serial:s,owner:o,tags:[t]}"]);
    check(&["notes"], &[], expect!["{id:1,notes:n,owner:o}"]);
    check(&["hidden", "tags"], &[], expect!["{id:1,owner:o,tags:[t]}"]);
    check(&[], &["owner", "serial"], expect!["{id:1,owner:o,tags:[t]}"]);
}

#[expect(clippy::needless_pass_by_value, reason = "snapshots are written in place")]
fn patch(current: Value, operations: Value, rules: &Rules, expected: Expect) {
    let patched = Patch::parse(json!({"Operations": operations}), rules)
        .and_then(|patch| patch.apply(current.as_object().unwrap(), &kind(), rules));
    expected.assert_eq(&match patched {
        Ok(patched) => {
            let before = current.as_object().unwrap();
            let is_new = |(name, value): &(&String, &Value)| before.get(*name) != Some(*value);
            let new = patched.document.iter().filter(is_new).filter(|(name, _)| *name != "schemas");
            let gone = before.keys().filter(|name| !patched.document.contains_key(*name));
            let parts = new.map(|(name, value)| format!("+{name}:{}", text(value, "")));
            parts.chain(gone.map(|name| format!("-{name}"))).collect::<Vec<_>>().join(" ")
        }
        Err(error) => format!("{} {error}", error.kind.parts().1.unwrap_or_default()),
    });
}

#[test]
fn patches_keep_immutable_and_required_values() {
    let rules = Rules::default();
    let current = || {
        json!({"serial": "s", "maker": "M", "size": {"width": 1, "unit": "mm", "marks": ["x"]}, "tags": ["a"],
            "labels": [{"value": "l", "fixed": "f"}], SITE: {"room": "r"}})
    };
    let one = |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    let check = |operations: Value, expected: Expect| patch(current(), operations, &rules, expected);
    check(
        one("replace", "maker", json!("N")),
        expect!["mutability maker: the value cannot be changed once it is set"],
    );
    check(one("replace", "maker", json!("m")), expect![""]);
    check(
        one("remove", "maker", json!(null)),
        expect!["mutability maker: the value cannot be changed once it is set"],
    );
    check(
        one("replace", "size.unit", json!("cm")),
        expect!["mutability size.unit: the value cannot be changed once it is set"],
    );
    check(
        one("remove", "size", json!(null)),
        expect!["mutability size.unit: the value cannot be changed once it is set"],
    );
    check(one("remove", "size.width", json!(null)), expect!["mutability size.width: a value is required"]);
    check(one("add", "size.marks", json!(["y", "X"])), expect!["+size:{width:1,unit:mm,marks:[x,y]}"]);
    check(one("remove", "size.marks", json!(["x"])), expect!["+size:{width:1,unit:mm}"]);
    check(one("add", "tags", json!(["A", "b"])), expect!["+tags:[a,b]"]);
    check(one("remove", "tags", json!("A")), expect!["-tags"]);
    check(one("remove", "tags[value eq \"a\"]", json!(null)), expect!["-tags"]);
    check(one("add", "tags[value eq \"c\"]", json!("c")), expect!["+tags:[a,c]"]);
    check(
        one("replace", "labels[value eq \"l\"].fixed", json!("g")),
        expect!["mutability Operations[0]: labels.fixed: the value cannot be changed once it is set"],
    );
    check(
        one("replace", "labels[value eq \"l\"]", json!({"value": "l"})),
        expect!["mutability Operations[0]: labels.fixed: the value cannot be changed once it is set"],
    );
    check(one("remove", "labels[value eq \"l\"]", json!(null)), expect!["-labels"]);
    check(
        one("add", "labels", json!([{"value": "l", "fixed": "g"}])),
        expect!["mutability Operations[0]: labels.fixed: the value cannot be changed once it is set"],
    );
    check(
        one("add", "channels", json!(3.5)),
        expect!["invalidValue Operations[0]: channels: expected a whole number of 64 bits"],
    );
    check(
        one("remove", SITE, json!(null)),
        expect!["mutability urn:example:schemas:extension:Site: a value is required"],
    );
    check(
        one("remove", &format!("{SITE}:room"), json!(null)),
        expect!["mutability urn:example:schemas:extension:Site: a value is required"],
    );
    check(one("replace", "pin", json!("p")), expect![""]);
    check(
        one("replace", "location", json!("x")),
        expect!["mutability Operations[0]: location: the attribute is read-only"],
    );
    let whole = Rules { complex_replace: ComplexReplace::Whole, ..Rules::default() };
    patch(
        current(),
        one("replace", "size", json!({"width": 2})),
        &whole,
        expect!["mutability size.unit: the value cannot be changed once it is set"],
    );
    patch(
        current(),
        one("replace", "size", json!({"width": 2, "unit": "mm"})),
        &whole,
        expect!["+size:{width:2,unit:mm}"],
    );
}
