//! The way of a group: request, resource, extraction, expressions, profile. What it means for people is decided
//! with each of its members.

use rollcall_scim::schema::ResolvedType;

use super::{Input, Step, Stopped, Trace, evaluation, returned};
use crate::mapping::Mapping;
use crate::mapping::expression::{Evaluated, Evaluation, OnError};
use crate::mapping::extract;
use crate::mapping::profile::GroupProfile;

/// A group after extraction.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractedGroup {
    trace: Trace,
    profile: GroupProfile,
    evaluation: Option<Evaluation>,
    on_error: OnError,
}

/// Request, resource, extraction of a group.
pub fn extract_group(input: Input, mapping: &Mapping, kind: &ResolvedType) -> ExtractedGroup {
    let profile = extract::extract_group(&input.document);
    let evaluation = evaluation(&input, &mapping.groups, mapping.on_error, profile.to_properties(), kind);
    let Input { source, dialect, occasion, method, document, .. } = input;
    let steps = vec![Step::Request { source, dialect, method, occasion }, Step::Resource(document)];
    ExtractedGroup { trace: Trace { steps }, profile, evaluation, on_error: mapping.on_error }
}

impl ExtractedGroup {
    /// What the expression workers are to be asked; `None` when the source has no expressions for groups.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        self.evaluation.as_ref()
    }

    /// The profile, with what the expressions made of it, and all steps.
    ///
    /// # Errors
    ///
    /// As [`Extracted::profile`](super::Extracted::profile).
    pub fn profile(self, evaluated: Option<Evaluated>) -> Result<(GroupProfile, Trace), Box<Stopped>> {
        let Self { mut trace, mut profile, on_error, .. } = self;
        match returned(evaluated, on_error, &mut trace, GroupProfile::from_properties) {
            Ok(made) => profile = made.unwrap_or(profile),
            Err(reason) => return Err(Box::new(Stopped { reason, trace })),
        }
        trace.steps.push(Step::GroupProfile(profile.clone()));
        Ok((profile, trace))
    }
}
