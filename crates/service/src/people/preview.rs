//! What other settings would change: for everyone of a source, or for one sample. Nothing is written.

use std::collections::BTreeSet;

use rollcall_domain::identity::Status;
use rollcall_domain::mapping::profile::GroupProfile;
use rollcall_domain::pipeline::{Decided, Hooked, Input, Stopped, extract, extract_group};
use rollcall_domain::pipeline::{HookAnswer, Trace};
use rollcall_domain::policy::decide::Outcome;
use rollcall_scim::Document;
use rollcall_scim::error::ScimError;
use rollcall_scim::validate;
use rollcall_store::index;
use rollcall_store::people::Supposed;
use rollcall_store::plan::parse_id;
use rollcall_store::write::Batch;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::settings::People;
use crate::{Runtime, Service, error, render};

/// A part of a preview.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Users that were looked at.
    pub seen: u64,
    /// Those whose mapping fails: they would stay as they are.
    pub failed: u64,
    /// What would change.
    pub changes: Vec<Foretold>,
    /// Where it goes on, when others follow.
    pub next: Option<i64>,
}

/// What would change about one person.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Foretold {
    /// The user.
    pub resource: Uuid,
    /// The identity, where there is one now.
    pub identity: Option<Uuid>,
    /// What would come of it.
    pub outcome: Outcome,
    /// The status now.
    pub before: Option<Status>,
    /// The status then.
    pub after: Option<Status>,
    /// Roles that they would gain.
    pub gained: BTreeSet<String>,
    /// Roles that they would lose.
    pub lost: BTreeSet<String>,
    /// What else would change: `{"name":{"before":…,"after":…}}`.
    pub difference: Value,
}

/// A sample for [`Service::try_out`].
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The resource, as the provider sends it.
    pub payload: Value,
    /// The request's method, as expressions see it.
    pub method: String,
    /// It is a group.
    pub is_group: bool,
}

/// What became of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Tried {
    /// The profile, the decision over what is stored, and the trace.
    Decided(Box<Decided>),
    /// A group's profile: what it means for people is decided with its members.
    Group(GroupProfile, Trace),
    /// The way ended before the policy.
    Stopped(Box<Stopped>),
}

impl Service {
    /// What the settings of `runtime` would change, from the user after this key on.
    pub(super) async fn foretell(
        &self,
        runtime: &Runtime,
        people: &People,
        after: i64,
        count: u32,
    ) -> Result<Preview, ScimError> {
        let (users, next) = self.users_after(runtime, after, count).await?;
        let mut preview = Preview { next, ..Preview::default() };
        let mut supposed = Vec::with_capacity(users.len());
        for user in &users {
            preview.seen += 1;
            let document = render::parse(&user.body)?;
            match self.profiled(runtime, people, ("PUT", true), document).await {
                Ok(hooked) => {
                    supposed.push(Supposed { resource: user.id, profile: hooked.profile().clone() });
                }
                Err(_) => preview.failed += 1,
            }
        }
        let context = self.supposition(runtime, people);
        let foreseen = self.store.foresee(context, supposed).await.map_err(error::from_store)?;
        for one in foreseen {
            let decision = one.decision;
            let (before, after) = (decision.before.as_ref(), decision.identity.as_ref());
            let difference = after.map(|after| after.difference(before)).unwrap_or_default();
            let is_other = difference.as_object().is_some_and(|difference| !difference.is_empty());
            if !is_other && !matches!(decision.outcome, Outcome::Queued(_) | Outcome::Refused { .. }) {
                continue;
            }
            preview.changes.push(Foretold {
                resource: one.resource,
                identity: before.map(|before| before.id),
                before: before.map(|before| before.status),
                after: after.map(|after| after.status),
                outcome: decision.outcome,
                gained: decision.roles.gained,
                lost: decision.roles.lost,
                difference,
            });
        }
        Ok(preview)
    }

    /// What the settings of `runtime` make of a sample, over what is stored.
    pub(super) async fn try_sample(
        &self,
        runtime: &Runtime,
        people: &People,
        sample: Sample,
    ) -> Result<Tried, ScimError> {
        let name = if sample.is_group { "Group" } else { "User" };
        let kind = runtime.registry.type_named(name).ok_or_else(error::not_found)?;
        let accepted = validate::resource(sample.payload.clone(), kind, &runtime.dialect.rules, None)?;
        let document = accepted.document;
        if sample.is_group {
            let input = input(runtime, &sample.method, true, document);
            let extracted = extract_group(input, &people.mapping, kind);
            let evaluated = self.evaluated(extracted.evaluation()).await;
            return Ok(match evaluated.and_then(|evaluated| extracted.profile(evaluated)) {
                Ok((profile, trace)) => Tried::Group(profile, trace),
                Err(stopped) => Tried::Stopped(stopped),
            });
        }
        let stored = self.stored_sample(runtime, &sample.payload, &document).await?;
        let hooked = match self.profiled(runtime, people, (&sample.method, true), document).await {
            Ok(hooked) => hooked,
            Err(stopped) => return Ok(Tried::Stopped(stopped)),
        };
        let resource = stored.unwrap_or_else(Uuid::nil);
        let supposed = vec![Supposed { resource, profile: hooked.profile().clone() }];
        let context = self.supposition(runtime, people);
        let mut foreseen = self.store.foresee(context, supposed).await.map_err(error::from_store)?;
        let foreseen = foreseen.pop().ok_or_else(|| error::internal("nothing was foreseen"))?;
        Ok(Tried::Decided(Box::new(hooked.concluded(foreseen.decision))))
    }

    /// The user that a sample is of: by `id`, or by `userName`.
    async fn stored_sample(
        &self,
        runtime: &Runtime,
        payload: &Value,
        document: &Document,
    ) -> Result<Option<Uuid>, ScimError> {
        let source = runtime.source.key;
        if let Some(id) = payload.get("id").and_then(Value::as_str).and_then(parse_id) {
            let found = self.store.get(source, "User", id).await.map_err(error::from_store)?;
            return Ok(found.map(|stored| stored.id));
        }
        let Some(indexer) = runtime.indexer("User") else { return Ok(None) };
        let entries = indexer.entries(document);
        let Some(name) = entries.iter().find(|entry: &&index::IndexEntry| entry.attribute == "userName")
        else {
            return Ok(None);
        };
        let found = self.store.find(source, "User", "userName", &name.value).await;
        Ok(found.map_err(error::from_store)?.map(|(stored, _)| stored.id))
    }

    /// The way to the policy, without hooks: these are asked about what happens, not about what might.
    async fn profiled(
        &self,
        runtime: &Runtime,
        people: &People,
        (method, is_trial): (&str, bool),
        document: Document,
    ) -> Result<Hooked, Box<Stopped>> {
        let Some(kind) = runtime.registry.type_named("User") else {
            return Err(super::ask::no_users());
        };
        let extracted = extract(input(runtime, method, is_trial, document), &people.mapping, kind);
        let evaluated = self.evaluated(extracted.evaluation()).await?;
        extracted.profile(evaluated)?.hooked(HookAnswer::None)
    }

    fn supposition(&self, runtime: &Runtime, people: &People) -> Batch {
        let context = Batch::by_rollcall(runtime.source.tenant, runtime.source.key, self.clock.now());
        Batch { rules: Some(std::sync::Arc::clone(&people.rules)), ..context }
    }
}

/// The request that is tried.
pub(super) fn input(runtime: &Runtime, method: &str, trial: bool, document: Document) -> Input {
    let source = &runtime.source;
    Input { trial, ..Input::pushed(&source.slug, &source.dialect, method, document) }
}
