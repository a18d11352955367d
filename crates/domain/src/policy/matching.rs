//! Matching: which identity a new resource is.

use uuid::Uuid;

use super::decide::{Candidate, Found, Known, Question, Rule};
use super::settings::{MatchBy, Otherwise, Rehire, Reuse};
use crate::identity::{Identity, Tombstone};

/// Who a newcomer is.
pub(super) enum Who {
    /// Nobody yet.
    Nobody,
    /// Someone who was there before, found so.
    Someone(Box<Identity>, MatchBy),
    /// Someone who comes back; the identity may be gone, its id is not.
    Returning(Uuid, Option<Box<Identity>>),
    /// Nobody can tell: these may be it.
    Unclear(Vec<Uuid>),
    /// Someone who may not be made a second time.
    Taken(&'static str, Uuid),
}

/// Who the resource of a push is, that no identity is linked to.
pub(super) fn newcomer(question: &Question<'_>, known: &Known, rules: &mut Vec<Rule>) -> Who {
    if let Some(who) = returning(question, known, rules) {
        return who;
    }
    let policy = &question.policy.identity;
    for by in &policy.r#match.by {
        let mut found = known.candidates.iter().filter(|candidate| fits(question, candidate, *by));
        match (found.next(), found.next()) {
            (None, _) => {}
            (Some(one), None) => {
                rules.push(Rule::new("identity.match.by", by, "matched an identity that was there"));
                return Who::Someone(Box::new(one.identity.clone()), *by);
            }
            (Some(_), Some(_)) => {
                rules.push(Rule::new("identity.match.by", by, "matches several identities"));
                let all = known.candidates.iter().filter(|candidate| fits(question, candidate, *by));
                return Who::Unclear(all.map(|candidate| candidate.identity.id).collect());
            }
        }
    }
    in_the_way(question, known, rules)
}

/// Whether a candidate is who this key says, and may be taken over.
fn fits(question: &Question<'_>, candidate: &Candidate, by: MatchBy) -> bool {
    let is_found = match by {
        MatchBy::ExternalId => candidate.found.contains(&Found::ExternalId),
        MatchBy::UserName => candidate.found.contains(&Found::UserName),
        MatchBy::VerifiedEmail => {
            let email = question.profile.email.as_deref();
            candidate.found.contains(&Found::Email)
                && email.is_some_and(|email| question.policy.is_verified(email))
        }
    };
    is_found && is_open(question, &candidate.identity)
}

/// Whether the source may take it over: it is not protected, and stands for no other resource of the source.
fn is_open(question: &Question<'_>, identity: &Identity) -> bool {
    !question.is_protected(identity) && identity.link(question.source).is_none()
}

/// What is done about identities that have the same user name or address and may not be matched.
fn in_the_way(question: &Question<'_>, known: &Known, rules: &mut Vec<Rule>) -> Who {
    let by_name = |candidate: &&Candidate| candidate.found.contains(&Found::UserName);
    let by_address = |candidate: &&Candidate| candidate.found.contains(&Found::Email);
    let found = known.candidates.iter().find(by_name).map(|candidate| ("userName", candidate));
    let found =
        found.or_else(|| known.candidates.iter().find(by_address).map(|candidate| ("email", candidate)));
    let Some((attribute, candidate)) = found else { return Who::Nobody };
    let otherwise = question.policy.identity.r#match.otherwise;
    let effect = format!("another identity has the same {attribute}");
    rules.push(Rule::new("identity.match.otherwise", &otherwise, effect));
    match otherwise {
        Otherwise::Create => Who::Nobody,
        Otherwise::Refuse => Who::Taken(attribute, candidate.identity.id),
        Otherwise::Queue => {
            let all = known.candidates.iter().filter(|candidate| by_name(candidate) || by_address(candidate));
            Who::Unclear(all.map(|candidate| candidate.identity.id).collect())
        }
    }
}

/// Someone whose `externalId` the source had before.
fn returning(question: &Question<'_>, known: &Known, rules: &mut Vec<Rule>) -> Option<Who> {
    let reuse = &question.policy.provisioning.scim_reuse;
    let Known { tombstone: Some(tombstone), returning, .. } = known else { return None };
    if !is_of(question, tombstone) {
        return None;
    }
    if reuse.user == Reuse::None {
        rules.push(Rule::new(
            "provisioning.scimReuse.user",
            &reuse.user,
            "who was there before is not looked for",
        ));
        return None;
    }
    let before = returning.as_ref().filter(|identity| identity.id == tombstone.identity);
    // Someone else's resource has it now: that is not for this source to take back.
    let before = before.filter(|identity| identity.link(question.source).is_none());
    let effect = match reuse.rehire {
        Rehire::Relink => "the identity they had before",
        Rehire::New => "a new identity",
        Rehire::Refuse => "refused",
    };
    rules.push(Rule::new("provisioning.scimReuse.rehire", &reuse.rehire, effect));
    match reuse.rehire {
        Rehire::Relink if returning.is_some() && before.is_none() => None,
        Rehire::Relink => Some(Who::Returning(tombstone.identity, before.cloned().map(Box::new))),
        Rehire::New => Some(Who::Nobody),
        Rehire::Refuse => Some(Who::Taken("externalId", tombstone.identity)),
    }
}

fn is_of(question: &Question<'_>, tombstone: &Tombstone) -> bool {
    tombstone.source == question.source
        && question.profile.external_id.as_ref() == Some(&tombstone.external_id)
}
