//! What holds of every body and every patch.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use proptest::prelude::*;
use rollcall_scim::patch::{Patch, Patched};
use rollcall_scim::rules::{ComplexReplace, Rules, UnknownAttributes};
use rollcall_scim::schema::{ENTERPRISE_USER, Registry, ResolvedType};
use rollcall_scim::validate::resource;
use serde_json::{Value, json};

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::builtin().unwrap());

fn users() -> &'static ResolvedType {
    REGISTRY.type_named("User").unwrap()
}

/// A value of no particular shape.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,6}".prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..5).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// A name that means something, in some case; now and then one that does not.
fn name() -> impl Strategy<Value = String> {
    prop::sample::select(
        &[
            "userName",
            "USERNAME",
            "title",
            "active",
            "name",
            "givenName",
            "name.givenName",
            "emails",
            "value",
            "type",
            "primary",
            "work",
            "True",
            "",
            "id",
            "groups",
            "password",
            "schemas",
            "addresses",
            "shoe",
            "manager",
            "x509Certificates",
            "op",
            "path",
            "add",
            "replace",
            "Operations",
            "displayName",
            "members",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            "urn:ietf:params:scim:schemas:core:2.0:User:title",
        ][..],
    )
    .prop_map(str::to_owned)
}

/// Values that mostly fit the attribute.
fn email() -> impl Strategy<Value = Value> {
    let value = prop::sample::select(&["a@x", "A@X", "b@x"][..]);
    let kind = prop::sample::select(&["work", "home", ""][..]);
    (value, kind, any::<bool>()).prop_map(|(value, kind, shown)| {
        let mut email = json!({"value": value});
        if !kind.is_empty() {
            email["type"] = kind.into();
        }
        if shown {
            email["display"] = "E".into();
        }
        email
    })
}

fn body() -> impl Strategy<Value = Value> {
    let emails = prop::collection::vec(email(), 0..4);
    (emails, any_json(), name(), any_json()).prop_map(|(emails, title, extra, value)| {
        let mut body = json!({"userName": "ann", "emails": emails});
        if title.is_string() {
            body["title"] = title;
        }
        body[extra] = value;
        body
    })
}

/// A path and a value for it, for which doing it twice can mean something.
fn target() -> impl Strategy<Value = (String, Value)> {
    let text = || prop::sample::select(&["x", "y", "Work", ""][..]).prop_map(Value::from);
    prop_oneof![
        (Just("title".to_owned()), text()),
        (Just("name.givenName".to_owned()), text()),
        (Just("name".to_owned()), text().prop_map(|text| json!({"familyName": text}))),
        (Just("emails".to_owned()), prop::collection::vec(email(), 0..3).prop_map(Value::from)),
        (Just("emails[type eq \"work\"].display".to_owned()), text()),
        (Just("emails[value eq \"a@x\"].value".to_owned()), Just(json!("c@x"))),
        (Just("emails[type eq \"home\"].primary".to_owned()), any::<bool>().prop_map(Value::from)),
        (Just("emails.type".to_owned()), text()),
        (Just(format!("{ENTERPRISE_USER}:manager")), text()),
        (Just(ENTERPRISE_USER.to_owned()), text().prop_map(|text| json!({"department": text}))),
        (Just("shoe".to_owned()), any_json()),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    (any::<[bool; 6]>()).prop_map(|[reject, whole, empty, create, ignore, bounded]| Rules {
        unknown_attributes: if reject { UnknownAttributes::Reject } else { UnknownAttributes::Keep },
        complex_replace: if whole { ComplexReplace::Whole } else { ComplexReplace::Merge },
        empty_string_removes: empty,
        create_on_replace_miss: create,
        ignore_read_only_patch: ignore,
        value_path_needs_sub_attribute: bounded,
        ..Rules::default()
    })
}

fn apply(document: &Value, op: &str, path: &str, value: &Value, rules: &Rules) -> Option<Patched> {
    let operation = if op == "remove" {
        json!({"op": op, "path": path})
    } else {
        json!({"op": op, "path": path, "value": value})
    };
    let parsed = Patch::parse(json!({"Operations": [operation]}), rules).ok()?;
    parsed.apply(document.as_object()?, users(), rules).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_answered(body in any_json(), rules in rules()) {
        let _ = resource(body.clone(), users(), &rules, None);
        let _ = resource(body.clone(), REGISTRY.type_named("Group").unwrap(), &rules, None);
        let _ = Patch::parse(body, &rules);
    }

    #[test]
    fn any_operation_is_answered(op in 0..3usize, path in name(), value in any_json(), rules in rules()) {
        let op = ["add", "remove", "replace"][op];
        let document = json!({"userName": "ann", "emails": [{"value": "a@x"}], "name": {"givenName": "A"}});
        for kind in ["User", "Group"] {
            for body in [
                json!({"Operations": [{"op": op, "path": path, "value": value}]}),
                json!({"Operations": [{"op": op, "value": value}]}),
            ] {
                if let Ok(patch) = Patch::parse(body, &rules) {
                    let _ = patch.apply(document.as_object().unwrap(), REGISTRY.type_named(kind).unwrap(), &rules);
                }
            }
        }
    }

    #[test]
    fn what_was_accepted_is_accepted_unchanged(body in body(), rules in rules()) {
        if let Ok(once) = resource(body, users(), &rules, None) {
            let again = resource(Value::Object(once.document.clone()), users(), &rules, None);
            prop_assert_eq!(again.unwrap().document, once.document.clone());
            let put = resource(Value::Object(once.document.clone()), users(), &rules, Some(&once.document));
            prop_assert_eq!(put.unwrap().document, once.document);
        }
    }

    #[test]
    fn an_operation_done_twice_is_done_once(
        body in body(),
        (path, value) in target(),
        op in 0..3usize,
        rules in rules(),
    ) {
        let op = ["add", "remove", "replace"][op];
        let Ok(start) = resource(body, users(), &rules, None) else { return Ok(()) };
        let start = Value::Object(start.document);
        let Some(once) = apply(&start, op, &path, &value, &rules) else { return Ok(()) };
        let once = Value::Object(once.document);
        // A replace may take away what its own filter selects: then the second one has no target.
        if let Some(twice) = apply(&once, op, &path, &value, &rules) {
            prop_assert_eq!(Value::Object(twice.document), once);
        } else {
            prop_assert!(path.contains('['), "{op} {path} {value}");
        }
    }

    #[test]
    fn what_a_patch_leaves_is_valid(body in body(), (path, value) in target(), rules in rules()) {
        let Ok(start) = resource(body, users(), &rules, None) else { return Ok(()) };
        let start = Value::Object(start.document);
        let Some(patched) = apply(&start, "add", &path, &value, &rules) else { return Ok(()) };
        prop_assert_eq!(patched.changed, Value::Object(patched.document.clone()) != start);
        let again = resource(Value::Object(patched.document.clone()), users(), &rules, None);
        prop_assert_eq!(again.unwrap().document, patched.document);
    }
}
