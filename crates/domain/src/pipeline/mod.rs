//! The pipeline: from a request to a change of an identity, as one path with a trace of each step.
//!
//! request → resource → extraction → (expressions) → profile → (hook) → policy → identity. Everything here is
//! pure. The two steps that leave the process are done by the caller, between the calls: it takes
//! [`Extracted::evaluation`] to the expression workers, and [`Profiled::profile`] to the hook.
//!
//! ```
//! use rollcall_domain::mapping::{MappingSettings, expression::Evaluated};
//! use rollcall_domain::pipeline::{HookAnswer, Input, Outlook, extract};
//! use rollcall_domain::policy::{decide::{Known, Outcome}, settings::Policy};
//! use rollcall_scim::schema::Registry;
//! use uuid::Uuid;
//!
//! let registry = Registry::builtin()?;
//! let user = registry.type_named("User").unwrap();
//! let mapping = MappingSettings::default().compile(user).unwrap();
//! let document = serde_json::json!({ "userName": "ann", "name": { "givenName": "Ann" } });
//! let input = Input::pushed("okta", "generic", "POST", document.as_object().unwrap().clone());
//!
//! let extracted = extract(input, &mapping, user);
//! assert!(extracted.evaluation().is_none(), "the source has no expressions");
//! let profiled = extracted.profile(None)?;
//! let hooked = profiled.hooked(HookAnswer::None)?;
//! let (policy, known) = (Policy::default(), Known::default());
//! let outlook = Outlook { source: Uuid::nil(), resource: Uuid::nil(), now: Default::default(), new_id: Uuid::max() };
//! let decided = hooked.decide(&policy, &known, &outlook);
//! assert_eq!(decided.decision.outcome, Outcome::Created);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod group;

use std::sync::Arc;

pub use group::{ExtractedGroup, extract_group};
use rollcall_scim::Document;
use rollcall_scim::schema::ResolvedType;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::mapping::Mapping;
use crate::mapping::expression::{Evaluated, Evaluation, Expression, Failure, OnError, Outcome as Ran};
use crate::mapping::extract::FieldTrace;
use crate::mapping::profile::{GroupProfile, Profile, ProfileError};
use crate::mapping::variables::declared;
use crate::policy::breaker::Admission;
use crate::policy::decide::{Decision, Known, Occasion, Outcome, Question, Rule, decide};
use crate::policy::roles::RoleChange;
use crate::policy::settings::Policy;

/// What a request was, and the resource as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The source's slug.
    pub source: String,
    /// The source's dialect.
    pub dialect: String,
    /// What happened.
    pub occasion: Occasion,
    /// The request's method.
    pub method: String,
    /// The whole resource: after the write, or as it was before a deletion.
    pub document: Document,
    /// Someone is trying it out.
    pub trial: bool,
}

/// What only the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// The source.
    pub source: Uuid,
    /// The resource.
    pub resource: Uuid,
    /// Now.
    pub now: Timestamp,
    /// The id of a new identity, should there be one.
    pub new_id: Uuid,
}

/// What happened on the way, step by step. Holds personal data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace {
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// What was asked.
    Request {
        /// The source's slug.
        source: String,
        /// The source's dialect.
        dialect: String,
        /// The method.
        method: String,
        /// What happened.
        occasion: Occasion,
    },
    /// The resource as it is now.
    Resource(Document),
    /// Where each field of the profile came from.
    Extraction(Vec<FieldTrace>),
    /// What each expression did.
    Expressions(Vec<Ran>),
    /// The profile that came of it.
    Profile(Profile),
    /// The profile of a group: the end of its way, for policy is about people.
    GroupProfile(GroupProfile),
    /// What the hook said.
    Hook(HookAnswer),
    /// The rules of the policy that had a say, and what it came to.
    Policy {
        /// In order.
        rules: Vec<Rule>,
        /// What it came to.
        outcome: Outcome,
    },
    /// What the breaker said of a deprovisioning, where it did not let it pass.
    Breaker(Admission),
    /// What of the identity is other than before.
    Change {
        /// `{"status":{"before":…,"after":…}}`.
        difference: Value,
        /// Roles gained and lost.
        roles: RoleChange,
    },
}

/// What a synchronous hook said, or what is configured for when it says nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HookAnswer {
    /// There is none.
    None,
    /// Go on.
    Unchanged,
    /// Go on with this profile.
    Changed(Box<Profile>),
    /// It may not be, and why.
    Refused(String),
    /// It did not answer; whether that means to go on.
    Down {
        /// What is configured for this.
        goes_on: bool,
        /// Why it did not answer.
        reason: String,
    },
}

/// Why the way ended before the policy, and how far it went.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct Stopped {
    /// Why.
    pub reason: StopReason,
    /// The steps until then.
    pub trace: Trace,
}

/// Why the way ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// An expression failed, and the source is set to fail then: 500.
    #[error("{0}")]
    Failed(Failure),
    /// An expression returned what no profile can take: 500.
    #[error("the expressions' result: {0}")]
    NoProfile(String),
    /// An expression said that the resource is none of ours. Not an error.
    #[error("skipped by expression: {0}")]
    Skipped(String),
    /// The hook refused: 403.
    #[error("refused by the hook: {0}")]
    Refused(String),
    /// The hook was down, and the source is set to refuse then: 503.
    #[error("the hook did not answer: {0}")]
    HookDown(String),
    /// The expressions could not be evaluated, which says nothing of them: 503.
    #[error("the expressions could not be evaluated: {0}")]
    NotEvaluated(String),
}

/// After extraction.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    trace: Trace,
    occasion: Occasion,
    profile: Profile,
    evaluation: Option<Evaluation>,
    on_error: OnError,
}

/// With the whole profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profiled {
    trace: Trace,
    occasion: Occasion,
    profile: Profile,
}

/// After the hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Hooked {
    trace: Trace,
    occasion: Occasion,
    profile: Profile,
}

/// The end of the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The profile that was decided about.
    pub profile: Profile,
    /// What is to be done.
    pub decision: Decision,
    /// All steps.
    pub trace: Trace,
}

impl Input {
    /// A resource that was created or changed.
    pub fn pushed(source: &str, dialect: &str, method: &str, document: Document) -> Self {
        Self {
            source: source.to_owned(),
            dialect: dialect.to_owned(),
            occasion: Occasion::Pushed,
            method: method.to_owned(),
            document,
            trial: false,
        }
    }
}

/// Request, resource, extraction.
pub fn extract(input: Input, mapping: &Mapping, kind: &ResolvedType) -> Extracted {
    let extraction = mapping.extractor.extract(&input.document);
    let properties = extraction.profile.to_properties();
    let evaluation = evaluation(&input, &mapping.users, mapping.on_error, properties, kind);
    let Input { source, dialect, occasion, method, document, .. } = input;
    let steps = vec![
        Step::Request { source, dialect, method, occasion },
        Step::Resource(document),
        Step::Extraction(extraction.fields),
    ];
    let (trace, profile) = (Trace { steps }, extraction.profile);
    Extracted { trace, occasion, profile, evaluation, on_error: mapping.on_error }
}

/// What the expressions are asked; nothing when there are none, or the resource is gone: who leaves is not
/// described anew.
fn evaluation(
    input: &Input,
    expressions: &[Expression],
    on_error: OnError,
    properties: Document,
    kind: &ResolvedType,
) -> Option<Evaluation> {
    let object = |value: Value| if let Value::Object(object) = value { object } else { Document::new() };
    (!expressions.is_empty() && input.occasion == Occasion::Pushed).then(|| Evaluation {
        expressions: expressions.to_vec(),
        declared: Arc::new(declared(kind)),
        data: input.document.clone(),
        properties,
        source: object(json!({ "slug": input.source, "dialect": input.dialect })),
        request: object(json!({ "method": input.method })),
        on_error,
        trial: input.trial,
    })
}

/// What expressions returned, read by `read`; `None` when there was nothing, or nothing that can be used and
/// the source is set to go on then.
fn returned<T>(
    evaluated: Option<Evaluated>,
    on_error: OnError,
    trace: &mut Trace,
    read: impl FnOnce(Document) -> Result<T, ProfileError>,
) -> Result<Option<T>, StopReason> {
    let Some(evaluated) = evaluated else { return Ok(None) };
    trace.steps.push(Step::Expressions(evaluated.outcomes.clone()));
    if let Some(reason) = evaluated.skipped() {
        return Err(StopReason::Skipped(reason.to_owned()));
    }
    if let Some(failure) = evaluated.failures().next().filter(|_| on_error == OnError::Fail) {
        return Err(StopReason::Failed(failure.clone()));
    }
    match read(evaluated.properties) {
        Ok(profile) => Ok(Some(profile)),
        Err(error) if on_error == OnError::Fail => Err(StopReason::NoProfile(error.to_string())),
        // The extracted profile stands; the step before says what was returned.
        Err(_) => Ok(None),
    }
}

impl Extracted {
    /// What the expression workers are to be asked; `None` when the source has no expressions.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        self.evaluation.as_ref()
    }

    /// The profile, with what the expressions made of it.
    ///
    /// # Errors
    ///
    /// [`StopReason::Failed`] and [`StopReason::NoProfile`] when the source is set to fail then,
    /// [`StopReason::Skipped`].
    pub fn profile(self, evaluated: Option<Evaluated>) -> Result<Profiled, Box<Stopped>> {
        let Self { mut trace, occasion, mut profile, on_error, .. } = self;
        match returned(evaluated, on_error, &mut trace, Profile::from_properties) {
            Ok(made) => profile = made.unwrap_or(profile),
            Err(reason) => return Err(Box::new(Stopped { reason, trace })),
        }
        trace.steps.push(Step::Profile(profile.clone()));
        Ok(Profiled { trace, occasion, profile })
    }
}

impl Profiled {
    /// What the hook is asked about.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Takes the hook's answer.
    ///
    /// # Errors
    ///
    /// [`StopReason::Refused`] and [`StopReason::HookDown`].
    pub fn hooked(self, answer: HookAnswer) -> Result<Hooked, Box<Stopped>> {
        let Self { mut trace, occasion, mut profile } = self;
        let stop = match &answer {
            HookAnswer::Refused(reason) => Some(StopReason::Refused(reason.clone())),
            HookAnswer::Down { goes_on: false, reason } => Some(StopReason::HookDown(reason.clone())),
            HookAnswer::Changed(changed) => {
                profile.clone_from(changed);
                None
            }
            HookAnswer::None | HookAnswer::Unchanged | HookAnswer::Down { goes_on: true, .. } => None,
        };
        if answer != HookAnswer::None {
            trace.steps.push(Step::Hook(answer));
        }
        match stop {
            Some(reason) => Err(Box::new(Stopped { reason, trace })),
            None => Ok(Hooked { trace, occasion, profile }),
        }
    }
}

impl Hooked {
    /// The profile by whose keys what is known is looked up.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// How it came so far.
    pub fn into_trace(self) -> Trace {
        self.trace
    }

    /// What is asked of the policy.
    pub fn question<'a>(&'a self, policy: &'a Policy, outlook: &Outlook) -> Question<'a> {
        let Outlook { source, resource, now, new_id } = *outlook;
        Question { policy, occasion: self.occasion, source, resource, profile: &self.profile, now, new_id }
    }

    /// Policy, and the change of the identity.
    pub fn decide(self, policy: &Policy, known: &Known, outlook: &Outlook) -> Decided {
        let decision = decide(&self.question(policy, outlook), known);
        self.concluded(decision)
    }

    /// The end of the way, where someone else asked the policy: a store, in the transaction that writes it.
    pub fn concluded(self, decision: Decision) -> Decided {
        let Self { mut trace, profile, .. } = self;
        trace.conclude(&decision);
        Decided { profile, decision, trace }
    }
}

impl Trace {
    /// Adds what the policy said, and what it came to.
    pub fn conclude(&mut self, decision: &Decision) {
        let Decision { rules, outcome, identity, before, roles, .. } = decision;
        self.steps.push(Step::Policy { rules: rules.clone(), outcome: outcome.clone() });
        if let Some(identity) = identity {
            let difference = identity.difference(before.as_ref());
            self.steps.push(Step::Change { difference, roles: roles.clone() });
        }
    }
}
