//! The decision: a profile and what is known come to an identity as it is to be. Pure, and idempotent: decided
//! again over its own result, it changes nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::matching::{Who, newcomer};
use super::roles::{self, Membership, RoleChange};
use super::settings::{DeprovisionMode, JitMode, MatchBy, Policy};
use super::sign_in::signed_in;
use super::{leave, update};
use crate::clock::Timestamp;
use crate::identity::{Identity, Link, Origin, Status, Tombstone};
use crate::mapping::profile::Profile;

/// What there is to decide about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Occasion {
    /// A resource was created or changed; the profile is that of the whole resource as it is now.
    Pushed,
    /// A resource was deleted; the profile is that of the resource as it was.
    Removed,
    /// Someone signs in; the profile is what the sign-in says.
    SignIn(Protocol),
}

/// A protocol of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// OpenID Connect.
    Oidc,
    /// SAML 2.0.
    Saml,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The policy of the source.
    pub policy: &'a Policy,
    /// What happened.
    pub occasion: Occasion,
    /// The source.
    pub source: Uuid,
    /// The resource; any id for a sign-in.
    pub resource: Uuid,
    /// What is said of the person.
    pub profile: &'a Profile,
    /// When.
    pub now: Timestamp,
    /// The id of a new identity, should there be one.
    pub new_id: Uuid,
}

/// How a candidate was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Found {
    /// A link of it has the `externalId`.
    ExternalId,
    /// It has the user name, in any case.
    UserName,
    /// It has the e-mail address, in any case.
    Email,
    /// A link of it has the subject of a sign-in as `externalId`, or it has it itself.
    Subject,
}

/// An identity that may be the one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// How it was found.
    pub found: Vec<Found>,
    /// The identity.
    pub identity: Identity,
}

/// What is known before the decision.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Known {
    /// The identity that the resource is linked to; for a sign-in, the one with a link of its subject.
    pub linked: Option<Identity>,
    /// Others of the tenant that have the same keys, each once; deleted ones are not among them.
    pub candidates: Vec<Candidate>,
    /// The last tombstone of the source with the profile's `externalId`.
    pub tombstone: Option<Tombstone>,
    /// The identity of the tombstone, where it is still there.
    pub returning: Option<Identity>,
    /// The groups of the resource, direct and indirect.
    pub memberships: Vec<Membership>,
}

/// A rule of the policy that had a say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// What it came to.
    pub effect: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// A new identity.
    Created,
    /// An identity that was there is taken over: this is audited.
    Linked(MatchBy),
    /// Someone came back.
    Relinked,
    /// Someone said which identity the resource is: this is audited.
    Chosen,
    /// The identity is other than before.
    Updated,
    /// It may be used again.
    Reactivated,
    /// It may not be used any more.
    Deprovisioned(DeprovisionMode),
    /// Nothing is other than before.
    Unchanged,
    /// Someone has to say which of these it is.
    Queued(Vec<Uuid>),
    /// It cannot be: 409 `uniqueness`, with the attribute and whose it is.
    Refused {
        /// The attribute in the way.
        attribute: String,
        /// The identity in the way.
        identity: Uuid,
    },
    /// No identity comes of it, and that is right.
    Ignored(String),
}

/// A decision. What is to be stored is `identity`, and `tombstone` where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What came of it.
    pub outcome: Outcome,
    /// The identity as it was; `None` for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Identity>,
    /// The identity as it is to be; `None` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// What is to be kept of a resource that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<Tombstone>,
    /// Roles gained and lost.
    pub roles: RoleChange,
    /// The rules that had a say, in order.
    pub rules: Vec<Rule>,
}

impl Decision {
    /// Nothing comes of it.
    pub fn ignored(reason: &str) -> Self {
        Verdict::nobody(Outcome::Ignored(reason.to_owned())).with(Vec::new())
    }
}

impl Outcome {
    /// Whether someone loses access by it: what the breaker counts.
    pub const fn is_deprovisioning(&self) -> bool {
        matches!(self, Self::Deprovisioned(_))
    }
}

impl Rule {
    pub(super) fn new(key: &str, value: &impl Serialize, effect: impl Into<String>) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        Self { key: key.to_owned(), value, effect: effect.into() }
    }
}

impl Question<'_> {
    /// Whether sources must leave it alone.
    pub(super) fn is_protected(&self, identity: &Identity) -> bool {
        let id = identity.id.to_string();
        let names = [Some(&*id), identity.text("userName"), identity.text("email")];
        let listed = &self.policy.identity.protected;
        identity.protected
            || names.into_iter().flatten().any(|name| listed.iter().any(|one| one.eq_ignore_ascii_case(name)))
    }

    pub(super) fn linking_key(&self) -> &'static str {
        match self.occasion {
            Occasion::SignIn(Protocol::Saml) => "identity.accountLinking.saml",
            _ => "identity.accountLinking.oidc",
        }
    }

    /// Whether the person is in one of the groups that they have to be in.
    fn is_in_required_group(&self, memberships: &[Membership]) -> bool {
        let required = &self.policy.provisioning.required_groups;
        let groups = roles::group_keys(self.profile, memberships);
        required.is_empty() || required.iter().any(|group| groups.contains(group))
    }
}

/// Decides.
pub fn decide(question: &Question<'_>, known: &Known) -> Decision {
    let mut rules = Vec::new();
    match question.occasion {
        Occasion::Pushed => pushed(question, known, &mut rules),
        Occasion::Removed => removed(question, known, &mut rules),
        Occasion::SignIn(protocol) => signed_in(question, known, protocol, &mut rules),
    }
    .with(rules)
}

/// What someone said of a resource that waits because nobody could tell who it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// It is this identity.
    This(Box<Identity>),
    /// It is someone new.
    New,
}

/// Decides as someone said, about a resource whose decision was [`Outcome::Queued`].
///
/// Refused when the identity stands for another resource of the source: one person is one resource there.
pub fn choose(question: &Question<'_>, known: &Known, choice: Choice) -> Decision {
    let mut rules = Vec::new();
    let verdict = match choice {
        Choice::New => {
            let identity = Identity::new(question.new_id);
            joined(identity, Outcome::Created, question, known, &mut rules)
        }
        Choice::This(identity) if identity.link(question.source).is_some() => {
            Verdict::nobody(Outcome::Refused { attribute: "id".to_owned(), identity: identity.id })
        }
        Choice::This(identity) => joined(*identity, Outcome::Chosen, question, known, &mut rules),
    };
    verdict.with(rules)
}

/// A decision before its trace.
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) before: Option<Identity>,
    pub(super) identity: Option<Identity>,
    pub(super) tombstone: Option<Tombstone>,
}

impl Verdict {
    pub(super) fn nobody(outcome: Outcome) -> Self {
        Self { outcome, before: None, identity: None, tombstone: None }
    }

    fn with(self, rules: Vec<Rule>) -> Decision {
        let Self { outcome, before, identity, tombstone } = self;
        let changed = identity.as_ref().map(|after| roles::change(before.as_ref(), after));
        Decision { outcome, before, identity, tombstone, roles: changed.unwrap_or_default(), rules }
    }
}

fn pushed(question: &Question<'_>, known: &Known, rules: &mut Vec<Rule>) -> Verdict {
    if let Some(linked) = &known.linked {
        let after = applied(linked.clone(), question, known, rules);
        let outcome = compared(linked, &after, question.policy);
        return Verdict { outcome, before: Some(linked.clone()), identity: Some(after), tombstone: None };
    }
    let (identity, outcome) = match newcomer(question, known, rules) {
        Who::Someone(identity, by) => (*identity, Outcome::Linked(by)),
        Who::Returning(_, Some(identity)) => (*identity, Outcome::Relinked),
        Who::Returning(id, None) => (Identity::new(id), Outcome::Relinked),
        Who::Unclear(candidates) => return Verdict::nobody(Outcome::Queued(candidates)),
        Who::Taken(attribute, identity) => {
            return Verdict::nobody(Outcome::Refused { attribute: attribute.to_owned(), identity });
        }
        Who::Nobody => match may_create(question, known, rules) {
            Ok(()) => (Identity::new(question.new_id), Outcome::Created),
            Err(reason) => return Verdict::nobody(Outcome::Ignored(reason)),
        },
    };
    joined(identity, outcome, question, known, rules)
}

/// The resource becomes one of the identity's.
fn joined(
    mut identity: Identity,
    outcome: Outcome,
    question: &Question<'_>,
    known: &Known,
    rules: &mut Vec<Rule>,
) -> Verdict {
    let is_new = identity.links.is_empty() && identity.attributes.is_empty();
    let before = (!is_new).then(|| identity.clone());
    identity.links.push(Link {
        source: question.source,
        resource: Some(question.resource),
        external_id: None,
        wanted: true,
        active: true,
        adopted: matches!(outcome, Outcome::Linked(_) | Outcome::Chosen),
    });
    let after = applied(identity, question, known, rules);
    Verdict { outcome, before, identity: Some(after), tombstone: None }
}

/// Whether someone unknown becomes an identity; why not, otherwise.
pub(super) fn may_create(
    question: &Question<'_>,
    known: &Known,
    rules: &mut Vec<Rule>,
) -> Result<(), String> {
    let mode = question.policy.provisioning.jit.mode;
    if mode == JitMode::Off {
        rules.push(Rule::new("provisioning.jit.mode", &mode, "nobody new is made"));
        return Err("policy makes no new identities".to_owned());
    }
    if !question.is_in_required_group(&known.memberships) {
        let required = &question.policy.provisioning.required_groups;
        rules.push(Rule::new("provisioning.requiredGroups", required, "in none of them"));
        return Err("not in a required group".to_owned());
    }
    Ok(())
}

/// The identity with its link, profile, status and roles as this push and policy want them.
fn applied(
    mut identity: Identity,
    question: &Question<'_>,
    known: &Known,
    rules: &mut Vec<Rule>,
) -> Identity {
    let is_new = identity.attributes.is_empty() && identity.sealed.is_none();
    let is_required = question.is_in_required_group(&known.memberships);
    if !is_required {
        let required = &question.policy.provisioning.required_groups;
        rules.push(Rule::new("provisioning.requiredGroups", required, "in none of them"));
    }
    let resource = Some(question.resource);
    for link in identity.links.iter_mut().filter(|l| l.source == question.source && l.resource == resource) {
        // A source that does not say is not one that says yes again.
        link.wanted = question.profile.active.unwrap_or(link.wanted);
        link.active = link.wanted && is_required;
        link.external_id.clone_from(&question.profile.external_id);
    }
    let is_gone = identity.status == Status::Deleted && !leave::is_wanted(&identity, question.policy);
    if question.is_protected(&identity) && !is_new {
        rules.push(Rule::new("identity.protected", &true, "its profile stays as it is"));
    } else if !is_gone {
        update::update(&mut identity, question, Origin::Scim, is_new, rules);
    }
    leave::settle(&mut identity, question, rules);
    grant(&mut identity, question, known, rules);
    identity
}

/// Makes the source's grants what policy gives, or nothing when the source does not want the person active.
fn grant(identity: &mut Identity, question: &Question<'_>, known: &Known, rules: &mut Vec<Rule>) {
    let is_active = identity.link(question.source).is_some_and(|link| link.active);
    let is_kept = question.policy.provisioning.deprovision.mode == DeprovisionMode::Keep;
    if identity.status == Status::Deleted || (!is_active && is_kept) {
        return;
    }
    let mut wanted = roles::desired(question.policy, question.profile, &known.memberships);
    if !is_active {
        wanted.clear();
    }
    let may_take = !question.is_protected(identity);
    let before = identity.grants.clone();
    roles::reconcile(identity, question.source, &wanted, may_take);
    if identity.grants != before {
        rules.push(Rule::new(
            "provisioning.groups, provisioning.roles, provisioning.jit",
            &wanted,
            "roles of the source",
        ));
    }
}

/// What a change comes to.
pub(super) fn compared(before: &Identity, after: &Identity, policy: &Policy) -> Outcome {
    match (before.status, after.status) {
        _ if before == after => Outcome::Unchanged,
        (Status::Active, Status::Active) => Outcome::Updated,
        (Status::Active, _) => Outcome::Deprovisioned(policy.provisioning.deprovision.mode),
        (_, Status::Active) => Outcome::Reactivated,
        (old, new) if old != new => Outcome::Deprovisioned(policy.provisioning.deprovision.mode),
        _ => Outcome::Updated,
    }
}

fn removed(question: &Question<'_>, known: &Known, rules: &mut Vec<Rule>) -> Verdict {
    let Some(linked) = &known.linked else {
        return Verdict::nobody(Outcome::Ignored("no identity was linked to the resource".to_owned()));
    };
    let resource = Some(question.resource);
    let is_gone = |link: &Link| link.source == question.source && link.resource == resource;
    let mut identity = linked.clone();
    let external_id =
        linked.links.iter().find(|link| is_gone(link)).and_then(|link| link.external_id.clone());
    identity.links.retain(|link| !is_gone(link));
    leave::settle(&mut identity, question, rules);
    grant(&mut identity, question, known, rules);
    let external_id = external_id.or_else(|| question.profile.external_id.clone());
    let tombstone = external_id.map(|external_id| Tombstone {
        source: question.source,
        external_id,
        identity: identity.id,
        at: question.now,
    });
    let outcome = compared(linked, &identity, question.policy);
    Verdict { outcome, before: Some(linked.clone()), identity: Some(identity), tombstone }
}
