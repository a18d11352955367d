//! Signing in: who it is, decided in the transaction that writes what comes of it.

use std::collections::BTreeMap;

use rollcall_domain::identity::{Identity, Link, Status};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::decide::{Candidate, Decision, Found, Occasion, Protocol, Question, decide};
use rollcall_store::StoreError;
use rollcall_store::people::Rules;
use rollcall_store::write::Batch;
use uuid::Uuid;

use super::admin::{check, rules};
use super::identity::{self, EMAIL, EXTERNAL_ID};
use super::known::{Knowledge, MAX_CANDIDATES};
use crate::session::Session;

/// Decides who signs in, and writes it.
pub(crate) async fn sign_in(
    session: &mut Session,
    context: &Batch,
    protocol: Protocol,
    profile: &Profile,
    new_id: Uuid,
) -> Result<Decision, StoreError> {
    check(session, context).await?;
    let rules = rules(context)?;
    let knowledge = known(session, context, rules, profile).await?;
    let question = Question {
        policy: &rules.policy,
        occasion: Occasion::SignIn(protocol),
        source: rules.source,
        resource: new_id,
        profile,
        now: context.now,
        new_id,
    };
    let decision = decide(&question, &knowledge.known);
    if let Some(after) = &decision.identity {
        identity::save(session, context, knowledge.row(after.id), after).await?;
    }
    Ok(decision)
}

/// Who signed in with this subject before, whom the source provisioned under it, and who has the address.
async fn known(
    session: &mut Session,
    context: &Batch,
    rules: &Rules,
    profile: &Profile,
) -> Result<Knowledge, StoreError> {
    let names = [
        (profile.subject.as_deref(), EXTERNAL_ID, Found::Subject),
        (profile.email.as_deref(), EMAIL, Found::Email),
    ];
    let asked: Vec<&str> = names.iter().filter_map(|(name, ..)| *name).collect();
    let mut answers =
        identity::named(session.connection(), context.tenant, &asked, MAX_CANDIDATES).await?.into_iter();
    let mut found: BTreeMap<i64, Vec<Found>> = BTreeMap::new();
    for (_, how, what) in names.into_iter().filter(|(name, ..)| name.is_some()) {
        let all = answers.next().unwrap_or_default();
        for (key, _) in all.iter().filter(|(_, has)| has & how != 0) {
            found.entry(*key).or_default().push(what);
        }
    }
    let keys: Vec<i64> = found.keys().take(MAX_CANDIDATES).copied().collect();
    let rows = identity::by_keys(session.connection(), &keys).await?;
    let mut knowledge = Knowledge::default();
    for row in rows {
        let mut found = found.remove(&row.key).unwrap_or_default();
        let identity = row.identity.clone();
        // Names are kept in lower case, and a subject is what it is.
        found.retain(|found| *found != Found::Subject || link(&identity, rules, profile).is_some());
        if identity.status == Status::Deleted || found.is_empty() {
            continue;
        }
        if link(&identity, rules, profile).is_some_and(|link| link.resource.is_none()) {
            knowledge.known.linked = Some(identity.clone());
        }
        knowledge.known.candidates.push(Candidate { found, identity });
        knowledge.keep(row);
    }
    Ok(knowledge)
}

/// The link of the source that has the subject; that of an earlier sign-in before that of a user.
fn link<'a>(identity: &'a Identity, rules: &Rules, profile: &Profile) -> Option<&'a Link> {
    let mut links: Vec<&Link> = identity
        .links
        .iter()
        .filter(|link| link.source == rules.source && link.external_id == profile.subject)
        .collect();
    links.sort_by_key(|link| link.resource.is_some());
    links.into_iter().next()
}
