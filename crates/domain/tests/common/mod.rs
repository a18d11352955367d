//! A source, its policy and the identities of a tenant, in a few words.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops where something is not as it should be; not every test uses all of this"
)]

use std::collections::BTreeSet;

use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Grant, Held, Identity, Link, Origin, Owner};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::PolicyDocument;
use rollcall_domain::policy::decide::{
    Candidate, Decision, Found, Known, Occasion, Outcome, Question, decide,
};
use rollcall_domain::policy::settings::Policy;
use serde_json::{Value, json};
use uuid::Uuid;

/// The source that asks, and another one.
pub(crate) const OKTA: Uuid = Uuid::from_u128(0x0a);
pub(crate) const ENTRA: Uuid = Uuid::from_u128(0x0e);
/// A resource of each.
pub(crate) const ANN: Uuid = Uuid::from_u128(0xa1);
pub(crate) const ANN_AT_ENTRA: Uuid = Uuid::from_u128(0xe1);
/// The id that a new identity gets.
pub(crate) const NEW: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_00ab_cdef_0123);
/// The id of one that was there.
pub(crate) const OLD: Uuid = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const NOW: Timestamp = Timestamp(1_795_311_021_250);

pub(crate) fn policy(document: &Value) -> Policy {
    let document = PolicyDocument::parse(document).unwrap_or_else(|errors| panic!("{errors:?}"));
    PolicyDocument::resolve(&document, &PolicyDocument::default())
}

pub(crate) fn profile(fields: Value) -> Profile {
    serde_json::from_value(fields).unwrap()
}

/// Ann as Okta says her.
pub(crate) fn ann() -> Profile {
    profile(json!({
        "externalId": "00u1", "userName": "ann@acme.example", "email": "ann@acme.example",
        "firstName": "Ann", "name": "Ann Bee", "active": true,
    }))
}

pub(crate) fn ask(policy: &Policy, occasion: Occasion, profile: &Profile, known: &Known) -> Decision {
    let question = Question { policy, occasion, source: OKTA, resource: ANN, profile, now: NOW, new_id: NEW };
    decide(&question, known)
}

pub(crate) fn push(policy: &Policy, profile: &Profile, known: &Known) -> Decision {
    ask(policy, Occasion::Pushed, profile, known)
}

/// The identity that comes of a push.
pub(crate) fn made(decision: Decision) -> Identity {
    decision.identity.unwrap_or_else(|| panic!("{:?}", decision.outcome))
}

pub(crate) fn linked(identity: Identity) -> Known {
    Known { linked: Some(identity), ..Known::default() }
}

/// Ann's identity as a first push makes it.
pub(crate) fn provisioned(policy: &Policy) -> Identity {
    made(push(policy, &ann(), &Known::default()))
}

/// An identity that the application made.
pub(crate) fn by_app(fields: &[(&str, &str)]) -> Identity {
    let mut identity = Identity::new(OLD);
    for (name, value) in fields {
        let held = Held { value: json!(value), origin: Origin::App, source: None };
        identity.attributes.insert((*name).to_owned(), held);
    }
    identity
}

pub(crate) fn candidate(found: &[Found], identity: Identity) -> Candidate {
    Candidate { found: found.to_vec(), identity }
}

pub(crate) fn link(source: Uuid, resource: Uuid, active: bool) -> Link {
    Link { source, resource: Some(resource), external_id: None, wanted: active, active, adopted: false }
}

pub(crate) fn grant(role: &str, owner: Owner) -> Grant {
    Grant { role: role.to_owned(), owner }
}

pub(crate) fn roles(identity: &Identity) -> Vec<&str> {
    identity.roles().into_iter().collect()
}

pub(crate) fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What came of it, in a word.
pub(crate) fn word(outcome: &Outcome) -> String {
    match serde_json::to_value(outcome).unwrap() {
        Value::String(word) => word,
        Value::Object(object) => object.keys().next().unwrap().clone(),
        other => other.to_string(),
    }
}
