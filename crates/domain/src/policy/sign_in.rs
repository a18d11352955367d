//! Signing in: which identity it is, what it may update, and that it brings nobody back.

use super::decide::{
    Candidate, Found, Known, Outcome, Protocol, Question, Rule, Verdict, compared, may_create,
};
use super::matching::Who;
use super::settings::{Linking, MatchBy};
use super::{roles, update};
use crate::identity::{Identity, Link, Origin, Status};

/// Decides about a sign-in.
pub(super) fn signed_in(
    question: &Question<'_>,
    known: &Known,
    protocol: Protocol,
    rules: &mut Vec<Rule>,
) -> Verdict {
    let linking = match protocol {
        Protocol::Oidc => question.policy.identity.account_linking.oidc,
        Protocol::Saml => question.policy.identity.account_linking.saml,
    };
    if let Some(linked) = &known.linked {
        return known_signs_in(question, linked.clone(), None, rules);
    }
    match signing_in(question, known, linking, rules) {
        Who::Someone(identity, by) => known_signs_in(question, *identity, Some(by), rules),
        Who::Unclear(candidates) => Verdict::nobody(Outcome::Queued(candidates)),
        Who::Nobody | Who::Returning(..) | Who::Taken(..) => stranger_signs_in(question, known, rules),
    }
}

fn known_signs_in(
    question: &Question<'_>,
    before: Identity,
    by: Option<MatchBy>,
    rules: &mut Vec<Rule>,
) -> Verdict {
    if before.status != Status::Active {
        // Signing in is not what brings someone back.
        rules.push(Rule::new(
            "provisioning.deprovision.mode",
            &before.status,
            "who is not active does not sign in",
        ));
        let reason = Outcome::Ignored("the identity is not active".to_owned());
        return Verdict {
            outcome: reason,
            before: Some(before.clone()),
            identity: Some(before),
            tombstone: None,
        };
    }
    let mut after = before.clone();
    let is_adopted = by == Some(MatchBy::VerifiedEmail);
    sign_in_link(&mut after, question, is_adopted);
    if !question.is_protected(&after) {
        update::update(&mut after, question, Origin::Sso, false, rules);
    }
    let outcome = match by {
        Some(MatchBy::VerifiedEmail) => Outcome::Linked(MatchBy::VerifiedEmail),
        _ => compared(&before, &after, question.policy),
    };
    Verdict { outcome, before: Some(before), identity: Some(after), tombstone: None }
}

fn stranger_signs_in(question: &Question<'_>, known: &Known, rules: &mut Vec<Rule>) -> Verdict {
    let create = question.policy.provisioning.user.create_on_sign_in;
    if !create {
        rules.push(Rule::new("provisioning.user.createOnSignIn", &create, "nobody new is made"));
        return Verdict::nobody(Outcome::Ignored("policy makes no new identities at sign-in".to_owned()));
    }
    if let Err(reason) = may_create(question, known, rules) {
        return Verdict::nobody(Outcome::Ignored(reason));
    }
    let mut after = Identity::new(question.new_id);
    sign_in_link(&mut after, question, false);
    update::update(&mut after, question, Origin::Sso, true, rules);
    let wanted = roles::desired(question.policy, question.profile, &known.memberships);
    roles::reconcile(&mut after, question.source, &wanted, true);
    Verdict { outcome: Outcome::Created, before: None, identity: Some(after), tombstone: None }
}

/// The link that a sign-in leaves, so that the next one finds the identity by its subject.
fn sign_in_link(identity: &mut Identity, question: &Question<'_>, adopted: bool) {
    let subject = question.profile.subject.clone();
    let is_there = |link: &Link| link.source == question.source && link.external_id == subject;
    if !identity.links.iter().any(is_there) {
        identity.links.push(Link {
            source: question.source,
            resource: None,
            external_id: subject,
            wanted: true,
            active: true,
            adopted,
        });
    }
}

/// Who signs in.
fn signing_in(question: &Question<'_>, known: &Known, linking: Linking, rules: &mut Vec<Rule>) -> Who {
    let subject = |candidate: &&Candidate| {
        let is_own = candidate.identity.links.iter().any(|link| link.source == question.source);
        is_own && candidate.found.contains(&Found::Subject)
    };
    let address = |candidate: &&Candidate| {
        let email = question.profile.email.as_deref();
        linking == Linking::VerifiedEmail
            && candidate.found.contains(&Found::Email)
            && email.is_some_and(|email| question.policy.is_verified(email))
            && !question.is_protected(&candidate.identity)
    };
    let key = question.linking_key();
    if linking == Linking::None {
        rules.push(Rule::new(key, &linking, "no identity that is there"));
        return Who::Nobody;
    }
    let mut found = known.candidates.iter().filter(subject);
    let mut by_address = known.candidates.iter().filter(address);
    match (found.next(), by_address.next(), by_address.next()) {
        (Some(one), ..) => {
            rules.push(Rule::new(key, &linking, "the identity that this connection provisioned"));
            Who::Someone(Box::new(one.identity.clone()), MatchBy::ExternalId)
        }
        (None, Some(one), None) => {
            rules.push(Rule::new(key, &linking, "the identity of the same address in a verified domain"));
            Who::Someone(Box::new(one.identity.clone()), MatchBy::VerifiedEmail)
        }
        (None, Some(one), Some(other)) => Who::Unclear(vec![one.identity.id, other.identity.id]),
        (None, None, _) => Who::Nobody,
    }
}
