//! What is checked of any input: nothing panics, and the properties named at each function.
//!
//! Shared by the fuzz targets and by the test that runs the corpora, each of which uses a part.
#![allow(dead_code, unreachable_pub, reason = "each includer uses some of the functions")]
#![allow(clippy::expect_used, reason = "a check fails by panicking")]

use std::sync::LazyLock;

use rollcall_scim::Document;
use rollcall_scim::filter::{Bound, Filter, parse_value_path};
use rollcall_scim::patch::Patch;
use rollcall_scim::path::{AttributePath, Resolved};
use rollcall_scim::rules::{ComplexReplace, Rules, UnknownAttributes};
use rollcall_scim::schema::Registry;
use rollcall_scim::validate;
use serde_json::{Value, json};

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| Registry::builtin().expect("the built-in schemas are valid"));

/// The default rules, and their opposite.
static RULES: LazyLock<[Rules; 2]> = LazyLock::new(|| [Rules::default(), opposite(&Rules::default())]);

fn opposite(rules: &Rules) -> Rules {
    Rules {
        unknown_attributes: UnknownAttributes::Reject,
        complex_replace: ComplexReplace::Whole,
        string_booleans: !rules.string_booleans,
        missing_schemas: !rules.missing_schemas,
        op_any_case: !rules.op_any_case,
        pathless_patch: !rules.pathless_patch,
        path_keys: !rules.path_keys,
        remove_with_value: !rules.remove_with_value,
        bare_complex_value: !rules.bare_complex_value,
        create_on_replace_miss: !rules.create_on_replace_miss,
        empty_string_removes: !rules.empty_string_removes,
        ignore_read_only_patch: !rules.ignore_read_only_patch,
        value_path_needs_sub_attribute: !rules.value_path_needs_sub_attribute,
    }
}

fn sample(kind: &str) -> Document {
    let document = if kind == "Group" {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": "0198c6b0-1111-7000-8000-000000000002",
            "displayName": "Staff",
        })
    } else {
        json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "id": "0198c6b0-1111-7000-8000-000000000001",
            "externalId": "x-1",
            "userName": "ann@example.com",
            "name": { "givenName": "Ann", "familyName": "O'Malley" },
            "active": true,
            "emails": [
                { "value": "ann@work.example", "type": "work", "primary": true },
                { "value": "ann@home.example", "type": "home" },
            ],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Sales",
                "manager": { "value": "m1" },
            },
        })
    };
    document.as_object().cloned().unwrap_or_default()
}

/// A filter that parses prints as one that parses to the same; one that binds holds or its negation does.
pub fn filter(data: &[u8]) {
    let Ok(filter) = std::str::from_utf8(data).map_err(drop).and_then(|src| Filter::parse(src).map_err(drop))
    else {
        return;
    };
    let printed = filter.to_string();
    assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
    for kind in REGISTRY.types() {
        if let Ok(bound) = filter.bind(kind) {
            let document = sample(kind.name());
            let negated = Bound::Not(Box::new(bound.clone()));
            assert_ne!(bound.matches(&document), negated.matches(&document), "{printed}");
        }
    }
}

/// A path that parses prints as one that parses to the same; its filter binds to the attribute or does not.
pub fn path(data: &[u8]) {
    let Ok(path) =
        std::str::from_utf8(data).map_err(drop).and_then(|src| parse_value_path(src).map_err(drop))
    else {
        return;
    };
    let printed = path.to_string();
    assert_eq!(parse_value_path(&printed).as_ref(), Ok(&path), "{printed}");
    for kind in REGISTRY.types() {
        let Ok(Resolved::Attribute(found)) = path.path.resolve(kind) else {
            continue;
        };
        let shown: AttributePath = found.to_string().parse().expect("a schema's names are names");
        assert_eq!(shown.resolve(kind), Ok(Resolved::Attribute(found)), "{printed}");
        if let Some(Ok(bound)) = path.filter.as_ref().map(|filter| filter.bind_element(found.attribute)) {
            let element = json!({ "value": "a", "type": "work", "primary": true });
            bound.matches_element(&element);
            bound.matches_element(&json!("a"));
        }
    }
}

/// A PATCH that is said to change nothing leaves the document as it was; one that changes it leaves a
/// document that is the same when the same resource is patched again from scratch.
pub fn patch(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    for rules in RULES.iter() {
        let Ok(patch) = Patch::parse(body.clone(), rules) else {
            continue;
        };
        for kind in REGISTRY.types() {
            let current = sample(kind.name());
            let patched = patch.apply(&current, kind, rules);
            assert_eq!(patched, patch.apply(&current, kind, rules), "equal inputs, unequal results");
            if let Ok(patched) = patched {
                assert_eq!(patched.changed, patched.document != current, "`changed` is wrong");
            }
        }
    }
}

/// A body that is accepted is accepted again, as POST and as PUT, and comes to the same document.
pub fn resource(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    for rules in RULES.iter() {
        for kind in REGISTRY.types() {
            let current = sample(kind.name());
            let _ = validate::resource(body.clone(), kind, rules, Some(&current));
            let Ok(accepted) = validate::resource(body.clone(), kind, rules, None) else {
                continue;
            };
            let again = Value::Object(accepted.document.clone());
            let posted = validate::resource(again.clone(), kind, rules, None);
            assert_eq!(posted.map(|accepted| accepted.document).as_ref(), Ok(&accepted.document));
            let put = validate::resource(again, kind, rules, Some(&accepted.document));
            assert_eq!(put.map(|accepted| accepted.document).as_ref(), Ok(&accepted.document));
        }
    }
}
