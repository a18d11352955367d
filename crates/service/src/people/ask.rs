//! From a write of a user to what it says of a person: extraction, expressions, hook. What policy makes of it is
//! decided by the store, in the transaction that writes it (ADR 0020); [`Service::told`] closes the trace then.

use std::sync::Arc;

use rollcall_domain::mapping::expression::{Evaluated, Evaluation};
use rollcall_domain::people::Judged;
use rollcall_domain::pipeline::{HookAnswer, Hooked, StopReason, Stopped, Trace, extract, extract_group};
use rollcall_domain::policy::breaker::Admission;
use rollcall_domain::policy::decide::Occasion;
use rollcall_scim::Document;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_scim::schema::ResolvedType;
use rollcall_store::people::Person;
use rollcall_store::write::Written;
use uuid::Uuid;

use super::preview::input;
use super::settings::People;
use crate::cache::Entry;
use crate::expressions::NotEvaluated;
use crate::hooks::{Asked as Question, Moment, Told};
use crate::notes::Traced;
use crate::resource::Prepared;
use crate::{Caller, Runtime, Service, error, render};

/// What a write says of a person, and how far its trace has come.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// `None` of a user that is deleted: the store knows what it said last.
    pub(crate) person: Option<Person>,
    occasion: Occasion,
    /// `None` when an expression said that it is none of ours.
    hooked: Option<Hooked>,
}

impl Service {
    /// What a write says of a person; nothing where the source has no identities, or it is no user.
    ///
    /// `current` is the resource that an update was computed from.
    ///
    /// # Errors
    ///
    /// 500 when an expression failed and the source is set to fail then, 403 when a hook refused, 503 when workers
    /// or a hook did not answer.
    pub(crate) async fn say(
        &self,
        caller: &Caller,
        method: &str,
        prepared: &mut Prepared,
        current: Option<&Entry>,
    ) -> Result<(), ScimError> {
        let Some(people) = &caller.runtime.people else {
            prepared.document = None;
            return Ok(());
        };
        match prepared.kind.name() {
            "User" => {}
            "Group" if !people.mapping.groups.is_empty() => {
                return self.say_of_group(caller, people, method, prepared, current).await;
            }
            _ => return Ok(()),
        }
        let (document, revision) = document(prepared, current)?;
        let request = (caller.request_id(), method, false);
        let said = self.said(&caller.runtime, people, request, prepared.id, document).await;
        let (mut said, skipped) = said.map_err(|stopped| refused(caller, prepared.id, *stopped))?;
        if let Some(trace) = skipped {
            caller.notes.decided(prepared.id, None, Traced::Whole(trace));
        }
        if let Some(person) = &mut said.person {
            person.revision = revision;
        }
        prepared.said = Some(Box::new(said));
        Ok(())
    }

    /// Asks the hooks about a deletion, where there are any, and keeps what they are to be told of it.
    ///
    /// They are asked about the profile that the user has now. A hook may refuse, and cannot change anything else. Of
    /// whom no profile can be made they are not asked: that must not keep anyone in.
    ///
    /// # Errors
    ///
    /// 403 when a hook refused, 503 when it did not answer, 404.
    pub(crate) async fn say_of_deletion(
        &self,
        caller: &Caller,
        kind: &Arc<ResolvedType>,
        id: &str,
    ) -> Result<Option<Box<Said>>, ScimError> {
        let (Some(people), Some(hooks), "User") =
            (&caller.runtime.people, self.hooks.as_deref(), kind.name())
        else {
            return Ok(None);
        };
        let source = &caller.runtime.source;
        if !hooks.has(source, Moment::Before) && !hooks.has(source, Moment::After) {
            return Ok(None);
        }
        let entry = self.load(caller, kind, id).await?;
        let document = render::parse(&entry.row.body)?;
        let request = (caller.request_id(), "DELETE", false);
        let said =
            self.said_on(Occasion::Removed, &caller.runtime, people, request, entry.row.id, document).await;
        match said {
            Ok((said, _)) => Ok(Some(Box::new(Said { person: None, ..said }))),
            Err(stopped) if matches!(stopped.reason, StopReason::Refused(_) | StopReason::HookDown(_)) => {
                Err(refused(caller, entry.row.id, *stopped))
            }
            Err(_) => Ok(None),
        }
    }

    /// The way of one user to the policy; a trace when an expression said that it is none of ours.
    ///
    /// Of the request: its id, its method, and whether it waits behind those of providers.
    pub(super) async fn said(
        &self,
        runtime: &Runtime,
        people: &People,
        (request_id, method, is_trial): (&str, &str, bool),
        id: Uuid,
        document: Document,
    ) -> Result<(Said, Option<Trace>), Box<Stopped>> {
        self.said_on(Occasion::Pushed, runtime, people, (request_id, method, is_trial), id, document).await
    }

    async fn said_on(
        &self,
        occasion: Occasion,
        runtime: &Runtime,
        people: &People,
        (request_id, method, is_trial): (&str, &str, bool),
        id: Uuid,
        document: Document,
    ) -> Result<(Said, Option<Trace>), Box<Stopped>> {
        let source = &runtime.source;
        let Some(kind) = runtime.registry.type_named("User") else { return Err(no_users()) };
        let extracted = extract(input(runtime, method, is_trial, document), &people.mapping, kind);
        let evaluated = self.evaluated(extracted.evaluation()).await?;
        let new_id = self.ids.uuid(self.clock.now());
        let person = Person { write: 0, profile: None, revision: None, new_id };
        let profiled = match extracted.profile(evaluated) {
            Ok(profiled) => profiled,
            Err(stopped) => {
                let StopReason::Skipped(_) = &stopped.reason else { return Err(stopped) };
                return Ok((Said { person: Some(person), occasion, hooked: None }, Some(stopped.trace)));
            }
        };
        let answer = match self.hooks.as_deref().filter(|hooks| hooks.has(source, Moment::Before)) {
            None => HookAnswer::None,
            Some(hooks) => {
                let profile = profiled.profile();
                hooks.before_provision(Question { source, request_id, occasion, resource: id, profile }).await
            }
        };
        let hooked = profiled.hooked(answer)?;
        let profile = Some(Box::new(hooked.profile().clone()));
        let person = Some(Person { profile, ..person });
        Ok((Said { person, occasion, hooked: Some(hooked) }, None))
    }

    /// A group goes through its expressions; what it means for people is decided with its members.
    async fn say_of_group(
        &self,
        caller: &Caller,
        people: &People,
        method: &str,
        prepared: &mut Prepared,
        current: Option<&Entry>,
    ) -> Result<(), ScimError> {
        let (document, _) = document(prepared, current)?;
        let input = input(&caller.runtime, method, false, document);
        let extracted = extract_group(input, &people.mapping, &prepared.kind);
        let evaluated = self.evaluated(extracted.evaluation()).await;
        match evaluated.and_then(|evaluated| extracted.profile(evaluated)) {
            Ok((_, trace)) => caller.notes.decided(prepared.id, None, Traced::Whole(trace)),
            Err(stopped) if matches!(stopped.reason, StopReason::Skipped(_)) => {
                caller.notes.decided(prepared.id, None, Traced::Whole(stopped.trace));
            }
            Err(stopped) => return Err(refused(caller, prepared.id, *stopped)),
        }
        Ok(())
    }

    /// Takes a question to the workers, where there is one.
    pub(crate) async fn evaluated(
        &self,
        evaluation: Option<&Evaluation>,
    ) -> Result<Option<Evaluated>, Box<Stopped>> {
        let Some(evaluation) = evaluation else { return Ok(None) };
        let Some(expressions) = &self.expressions else {
            return Err(stopped(StopReason::NotEvaluated("this server evaluates no expressions".to_owned())));
        };
        match expressions.evaluate(evaluation).await {
            Ok(evaluated) => Ok(Some(evaluated)),
            Err(error @ NotEvaluated::Busy) => Err(stopped(StopReason::NotEvaluated(error.to_string()))),
            Err(error @ NotEvaluated::Broken(_)) => {
                tracing::error!(%error, "mapping expressions cannot be evaluated");
                Err(stopped(StopReason::NotEvaluated("the expression worker failed".to_owned())))
            }
        }
    }

    /// Closes the traces of what was decided with a write, and tells the hooks that want to know.
    pub(crate) async fn told(&self, caller: &Caller, said: Option<Box<Said>>, written: &mut Written) {
        let occasion = said.as_ref().map_or(Occasion::Pushed, |said| said.occasion);
        let mut said = said.and_then(|said| said.hooked);
        let source = &caller.runtime.source;
        let hooks = self.hooks.as_deref().filter(|hooks| hooks.has(source, Moment::After));
        let of_user = std::mem::take(&mut written.people);
        for judged in of_user {
            let Judged { resource, decision, admission, .. } = judged;
            let identity = decision.identity.as_ref().map(|identity| identity.id);
            let hooked = said.take();
            if let (Some(hooks), Some(hooked), Admission::Passed) = (hooks, &hooked, admission) {
                let difference = decision.identity.as_ref();
                let difference = difference.map(|after| after.difference(decision.before.as_ref()));
                let asked = Question {
                    source,
                    request_id: caller.request_id(),
                    occasion,
                    resource,
                    profile: hooked.profile(),
                };
                let (outcome, difference) = (&decision.outcome, &difference.unwrap_or_default());
                hooks.after_provision(Told { asked, identity, outcome, difference }).await;
            }
            if !caller.notes.wants_traces() {
                continue;
            }
            let begun = hooked.map(Hooked::into_trace).unwrap_or_default();
            let traced = Traced::Decided(begun, Box::new(decision), admission);
            caller.notes.decided(resource, identity, traced);
        }
    }
}

/// The resource as it is after the write, and the revision that this is, where no other check sees to it.
fn document(prepared: &mut Prepared, current: Option<&Entry>) -> Result<(Document, Option<u64>), ScimError> {
    match (prepared.document.take(), current) {
        (Some(document), _) => Ok((document, None)),
        (None, Some(entry)) => Ok((render::parse(&entry.row.body)?, Some(entry.row.revision))),
        (None, None) => Err(error::internal("nothing to read a profile from")),
    }
}

/// Never: every source has users.
pub(super) fn no_users() -> Box<Stopped> {
    stopped(StopReason::NoProfile("there is no type User".to_owned()))
}

fn stopped(reason: StopReason) -> Box<Stopped> {
    Box::new(Stopped { reason, trace: Trace::default() })
}

/// The way ended before the policy: the request fails. One table, no wildcard.
fn refused(caller: &Caller, id: Uuid, stopped: Stopped) -> ScimError {
    let Stopped { reason, trace } = stopped;
    let error = match &reason {
        StopReason::Failed(failure) => ScimError::new(
            ErrorType::Internal,
            format!("{failure}; mend the source's mapping, or set onExpressionError to continue"),
        ),
        StopReason::NoProfile(_) => ScimError::new(ErrorType::Internal, reason.to_string()),
        StopReason::Skipped(_) => error::internal("what was skipped is no error"),
        StopReason::Refused(_) => ScimError::new(ErrorType::Forbidden, reason.to_string()),
        StopReason::HookDown(_) => {
            ScimError::new(ErrorType::Unavailable, "the source's hook did not answer; try again")
        }
        StopReason::NotEvaluated(_) => ScimError::new(ErrorType::Unavailable, format!("{reason}; try again")),
    };
    if !trace.steps.is_empty() {
        caller.notes.decided(id, None, Traced::Whole(trace));
    }
    error
}
