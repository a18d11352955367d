//! Updating an identity from a profile: attribute by attribute, by who may overwrite whom.

use std::collections::BTreeMap;

use serde_json::Value;

use super::decide::{Question, Rule};
use super::settings::Update;
use crate::identity::{Attributes, Held, Identity, Origin};

/// Sets what the profile says, as far as policy lets this writer.
///
/// `is_new`: nothing was known before, so everything is set.
pub(super) fn update(
    identity: &mut Identity,
    question: &Question<'_>,
    writer: Origin,
    is_new: bool,
    rules: &mut Vec<Rule>,
) {
    let user = &question.policy.provisioning.user;
    let (key, mode) = match writer {
        Origin::Sso => ("provisioning.user.updateProfileOnLogin", user.update_profile_on_login),
        Origin::Scim | Origin::App => {
            ("provisioning.user.updateProfileFromScim", user.update_profile_from_scim)
        }
    };
    if mode == Update::Never && !is_new {
        rules.push(Rule::new(key, &mode, "the profile stays as it is"));
        return;
    }
    let said = question.profile.attributes_by_name();
    let is_bound = is_bound(identity, question);
    let attributes = identity.sealed.as_mut().unwrap_or(&mut identity.attributes);
    for (name, value) in &said {
        let old = attributes.get(name);
        if old.is_some_and(|old| old.value == *value) {
            continue;
        }
        if !is_new && mode == Update::Missing && old.is_some() {
            rules.push(Rule::new(key, &mode, format!("{name} is there and stays")));
            continue;
        }
        if old.is_some_and(|old| is_held(question, name, old, writer, rules)) {
            continue;
        }
        if name == "email" && is_bound && !may_change_address(question, old, value, rules) {
            continue;
        }
        let source = (writer == Origin::Scim).then_some(question.source);
        attributes.insert(name.clone(), Held { value: value.clone(), origin: writer, source });
    }
    if mode == Update::Always && !is_new && writer == Origin::Scim {
        forget(attributes, &said, question, rules);
    }
}

/// Takes away what this source wrote and no longer says.
fn forget(
    attributes: &mut Attributes,
    said: &BTreeMap<String, Value>,
    question: &Question<'_>,
    rules: &mut Vec<Rule>,
) {
    attributes.retain(|name, held| {
        let stays = said.contains_key(name) || held.source != Some(question.source);
        if !stays {
            rules.push(Rule::new(
                "provisioning.user.updateProfileFromScim",
                &question.policy.provisioning.user.update_profile_from_scim,
                format!("{name} is no longer said and goes"),
            ));
        }
        stays
    });
}

/// Whether the value is of the one with authority over it, and this writer is another.
fn is_held(question: &Question<'_>, name: &str, old: &Held, writer: Origin, rules: &mut Vec<Rule>) -> bool {
    let authority = question.policy.authority(name);
    let is_held = old.origin == authority && writer != authority;
    if is_held {
        let key = if question.policy.provisioning.user.attribute_authority.contains_key(name) {
            "provisioning.user.attributeAuthority"
        } else {
            "provisioning.user.authority"
        };
        rules.push(Rule::new(key, &authority, format!("{name} stays: who has authority wrote it")));
    }
    is_held
}

/// Whether addresses may change within verified domains only: where there are some, and of an identity that was
/// taken over, whose address would be a way into someone's account.
fn is_bound(identity: &Identity, question: &Question<'_>) -> bool {
    let is_adopted = identity.links.iter().any(|link| link.source == question.source && link.adopted);
    is_adopted || !question.policy.identity.verified_domains.is_empty()
}

fn may_change_address(
    question: &Question<'_>,
    old: Option<&Held>,
    new: &Value,
    rules: &mut Vec<Rule>,
) -> bool {
    let is_verified = |value: &Value| value.as_str().is_some_and(|email| question.policy.is_verified(email));
    let may = old.is_none() || (is_verified(new) && old.is_some_and(|old| is_verified(&old.value)));
    if !may {
        rules.push(Rule::new(
            "identity.verifiedDomains",
            &question.policy.identity.verified_domains,
            "email stays: it may change within verified domains only",
        ));
    }
    may
}
