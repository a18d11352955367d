//! Leaving and coming back: the status of an identity, from what its sources want.

use serde_json::Value;
use uuid::Uuid;

use super::decide::{Question, Rule};
use super::settings::{ActiveWhile, DeprovisionMode, Policy};
use crate::clock::Timestamp;
use crate::identity::{Attributes, Grant, Held, Identity, Origin, Owner, Status};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Whether its sources want an identity active. One without resources is wanted by nobody.
pub fn is_wanted(identity: &Identity, policy: &Policy) -> bool {
    let mut links = identity.links.iter().filter(|link| link.resource.is_some()).peekable();
    match policy.identity.active_while {
        ActiveWhile::AnySource => links.any(|link| link.active),
        ActiveWhile::AllSources => links.peek().is_some() && links.all(|link| link.active),
    }
}

/// Makes the status what the links and policy say.
pub(super) fn settle(identity: &mut Identity, question: &Question<'_>, rules: &mut Vec<Rule>) {
    let is_wanted = is_wanted(identity, question.policy);
    let is_active = identity.status == Status::Active;
    if is_wanted && !is_active {
        come_back(identity, question, rules);
    } else if !is_wanted {
        leave(identity, question, rules);
    }
}

fn come_back(identity: &mut Identity, question: &Question<'_>, rules: &mut Vec<Rule>) {
    let authority = question.policy.authority("active");
    if identity.disabled_by == Some(Origin::App) && authority != Origin::Scim {
        let effect = "it stays disabled: the application did that";
        rules.push(Rule::new("provisioning.user.authority", &authority, effect));
        return;
    }
    if let Some(attributes) = identity.sealed.take() {
        identity.attributes = attributes;
    }
    identity.status = Status::Active;
    identity.disabled_by = None;
    identity.delete_at = None;
}

fn leave(identity: &mut Identity, question: &Question<'_>, rules: &mut Vec<Rule>) {
    if question.is_protected(identity) {
        rules.push(Rule::new("identity.protected", &true, "it stays as it is"));
        return;
    }
    let deprovision = &question.policy.provisioning.deprovision;
    let mode = deprovision.mode;
    rules.push(Rule::new("provisioning.deprovision.mode", &mode, "nobody wants it active"));
    // What was done already is not done again: neither by whom, nor from when on.
    if identity.status == Status::Active && mode != DeprovisionMode::Keep {
        identity.status = Status::Disabled;
        identity.disabled_by = Some(Origin::Scim);
    }
    match mode {
        DeprovisionMode::Keep | DeprovisionMode::Disable => {}
        DeprovisionMode::DeleteAfterGrace => {
            if identity.delete_at.is_none() && identity.status != Status::Deleted {
                let grace = i64::from(deprovision.grace_days) * DAY_MS;
                identity.delete_at = Some(Timestamp(question.now.0 + grace));
            }
        }
        DeprovisionMode::Anonymize => anonymize(identity),
        DeprovisionMode::Hard => delete(identity),
    }
}

/// Seals what is known of the person, and says only a name made from the id.
fn anonymize(identity: &mut Identity) {
    if identity.sealed.is_some() || identity.status == Status::Deleted {
        return;
    }
    let id = identity.id.simple().to_string();
    // The end of a UUIDv7 is the random part.
    let name = format!("user-{}", id.get(20..).unwrap_or(&id));
    let address = format!("{name}@user.anon");
    let held =
        |value: &str| Held { value: Value::String(value.to_owned()), origin: Origin::Scim, source: None };
    let shown = [("userName", held(&address)), ("email", held(&address)), ("name", held(&name))];
    let shown: Attributes = shown.into_iter().map(|(name, held)| (name.to_owned(), held)).collect();
    identity.sealed = Some(std::mem::replace(&mut identity.attributes, shown));
    identity.status = Status::Anonymized;
}

fn delete(identity: &mut Identity) {
    identity.status = Status::Deleted;
    identity.attributes = Attributes::new();
    identity.sealed = None;
    identity.grants.clear();
    identity.delete_at = None;
}

/// The identity as deleted: someone said so.
pub fn deleted(identity: &Identity) -> Identity {
    let mut gone = identity.clone();
    delete(&mut gone);
    gone
}

/// The identity without its link to a resource that is gone, and else as it is: someone said that they stay.
pub fn released(identity: &Identity, source: Uuid, resource: Uuid) -> Identity {
    let mut kept = identity.clone();
    kept.links.retain(|link| link.source != source || link.resource != Some(resource));
    kept
}

/// The identity without a source that is no more: its links go, and what it granted and policy let stay becomes the
/// application's, so that someone can take it away.
pub fn disowned(identity: &Identity, source: Uuid) -> Identity {
    let mut kept = identity.clone();
    kept.links.retain(|link| link.source != source);
    let is_its = |grant: &Grant| grant.owner == Owner::Source(source);
    let grants = kept.grants.into_iter();
    kept.grants = grants
        .map(|grant| if is_its(&grant) { Grant { owner: Owner::App, ..grant } } else { grant })
        .collect();
    kept
}

/// The identity as deleted, when its time has come; `None` when it has not.
///
/// For the worker that looks for those whose `delete_at` is past.
pub fn expired(identity: &Identity, now: Timestamp) -> Option<Identity> {
    let is_due = identity.delete_at.is_some_and(|at| at <= now) && identity.status != Status::Active;
    is_due.then(|| deleted(identity))
}
