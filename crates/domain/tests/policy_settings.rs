//! Policies as written: every key, its values, what is refused, and whose word counts.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

use std::collections::BTreeSet;

use rollcall_domain::policy::keys::{KEYS, Values};
use rollcall_domain::policy::settings::{DeprovisionMode, Policy};
use rollcall_domain::policy::{PolicyDocument, PolicyError};
use serde_json::{Value, json};

fn nested(path: &str, value: &Value) -> Value {
    path.rsplit('.').fold(value.clone(), |inner, name| json!({ name: inner }))
}

fn errors(document: &Value) -> Vec<String> {
    PolicyDocument::parse(document).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn every_key_takes_its_default_and_each_of_its_values() {
    for key in KEYS {
        let default = key.default_value();
        assert!(key.values.takes(&default), "{}: default {default}", key.path);
        let values: Vec<Value> = match key.values {
            Values::OneOf(words) => words.iter().map(|word| json!(word)).collect(),
            Values::Boolean => vec![json!(true), json!(false)],
            Values::Order(words) => vec![json!([]), json!(words), json!([words[1], words[0]])],
            Values::Texts => vec![json!([]), json!(["a", "b"])],
            Values::Roles => vec![json!({}), json!({ "g": [] }), json!({ "g": ["r", "s"] })],
            Values::ByAttribute(words) => vec![json!({ "email": words[0] })],
            Values::Count(most) => vec![json!(0), json!(most)],
            Values::Version => vec![json!(1)],
            Values::Object => vec![json!({}), json!({ "anything": [1] })],
        };
        for value in values {
            let document = PolicyDocument::parse(&nested(key.path, &value)).unwrap();
            assert_eq!(document.get(key.path), Some(&value));
            assert_eq!(document.to_json(), nested(key.path, &value));
            let _: Policy = PolicyDocument::resolve(&document, &PolicyDocument::default());
        }
    }
}

#[test]
fn every_key_refuses_what_it_does_not_take_and_says_what_it_does() {
    for key in KEYS {
        for value in
            [json!("no such word"), json!(-1), json!(1.5), json!([1]), json!({ "a": 1 }), json!(["x", "x"])]
        {
            if key.values.takes(&value) {
                continue;
            }
            let said = errors(&nested(key.path, &value));
            assert!(
                said[0].starts_with(&format!("{} takes {}, not ", key.path, key.values.describe())),
                "{said:?}"
            );
        }
    }
}

#[test]
fn the_key_tables_of_the_policy_and_its_type_are_the_same() {
    let policy = serde_json::to_value(Policy::default()).unwrap();
    let mut paths = BTreeSet::new();
    collect("", &policy, &mut paths);
    assert_eq!(paths, KEYS.iter().map(|key| key.path.to_owned()).collect());
}

fn collect(prefix: &str, value: &Value, paths: &mut BTreeSet<String>) {
    let is_leaf = |path: &str| KEYS.iter().any(|key| key.path == path);
    for (name, value) in value.as_object().unwrap() {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if is_leaf(&path) || !value.is_object() {
            paths.insert(path);
        } else {
            collect(&path, value, paths);
        }
    }
}

#[test]
fn unknown_keys_are_errors_that_name_what_there_is() {
    for (document, expected) in [
        (json!([]), "a policy is an object"),
        (
            json!({ "identiy": {} }),
            "identiy is not a key of a policy; there are version, identity, provisioning, extend",
        ),
        (
            json!({ "provisioning": { "deprovison": { "mode": "soft" } } }),
            "provisioning.deprovison is not a key of a policy; provisioning has user, scimReuse, jit, deprovision, requiredGroups, groups, roles, breaker",
        ),
        (
            json!({ "provisioning": { "user": { "autority": "app" } } }),
            "provisioning.user.autority is not a key of a policy; provisioning.user has createOnSignIn, updateProfileOnLogin, updateProfileFromScim, authority, attributeAuthority",
        ),
        (
            json!({ "provisioning": { "user": "app" } }),
            "provisioning.user is not a key of a policy; provisioning has user, scimReuse, jit, deprovision, requiredGroups, groups, roles, breaker",
        ),
        (
            json!({ "provisioning": { "user": { "authority": "SCIM" } } }),
            r#"provisioning.user.authority takes `app`, `sso`, `scim`, not "SCIM""#,
        ),
        (
            json!({ "identity": { "match": { "by": ["email"] } } }),
            r#"identity.match.by takes a list of `externalId`, `userName`, `verifiedEmail`, not ["email"]"#,
        ),
        (json!({ "version": 2 }), "version takes `1`, not 2"),
    ] {
        assert_eq!(errors(&document), [expected]);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let document = json!({ "version": 2, "extra": 1, "provisioning": { "jit": { "mode": "on", "x": 1 } } });
    assert_eq!(PolicyDocument::parse(&document).unwrap_err().len(), 4);
    assert!(matches!(PolicyDocument::parse(&document).unwrap_err()[1], PolicyError::UnknownKey { .. }));
}

#[test]
fn the_source_s_word_goes_before_the_tenant_s_and_that_before_the_default() {
    let parse = |document: Value| PolicyDocument::parse(&document).unwrap();
    let tenant = parse(json!({ "provisioning": {
        "deprovision": { "mode": "anonymize", "graceDays": 3 }, "groups": { "mapping": { "a": ["x"] } },
    } }));
    let source = parse(json!({ "provisioning": {
        "deprovision": { "mode": "keep", "graceDays": null }, "groups": { "mapping": { "b": ["y"] } },
    } }));
    let policy = PolicyDocument::resolve(&source, &tenant);
    assert_eq!(policy.provisioning.deprovision.mode, DeprovisionMode::Keep);
    assert_eq!(policy.provisioning.deprovision.grace_days, 3);
    assert_eq!(
        policy.provisioning.groups.mapping.keys().collect::<Vec<_>>(),
        ["b"],
        "a mapping is one value"
    );
    assert_eq!(policy.provisioning.jit, Policy::default().provisioning.jit);
}

#[test]
fn soft_and_hard_are_taken_for_what_they_mean() {
    for (word, mode) in [("soft", DeprovisionMode::Disable), ("hard", DeprovisionMode::Hard)] {
        let document = PolicyDocument::parse(&nested("provisioning.deprovision.mode", &json!(word))).unwrap();
        let policy = PolicyDocument::resolve(&document, &PolicyDocument::default());
        assert_eq!(policy.provisioning.deprovision.mode, mode);
    }
}

#[test]
fn checks_name_what_would_do_nothing_or_cannot_be() {
    let document = PolicyDocument::parse(&json!({
        "identity": { "match": { "by": ["verifiedEmail"] } },
        "provisioning": {
            "jit": { "defaultRoleIds": ["member", "ghost"] },
            "groups": { "mode": "sync", "mapping": { "g": ["phantom"] } },
            "roles": { "mapping": { "r": ["member"] } },
            "scimReuse": { "user": "none" },
        },
    }))
    .unwrap();
    let policy = PolicyDocument::resolve(&document, &PolicyDocument::default());
    let roles = BTreeSet::from(["member".to_owned()]);
    let failed: Vec<String> =
        policy.checks(&roles).into_iter().filter(|check| !check.ok).map(|check| check.name).collect();
    assert_eq!(
        failed,
        [
            "jit_default_role_ids_known",
            "provisioning_group_mapping_targets_known",
            "provisioning_role_mapping_read",
            "user_external_id_reuse_enabled",
            "verified_domains_set",
        ]
    );
    assert!(Policy::default().checks(&BTreeSet::new()).iter().all(|check| check.ok));
}
