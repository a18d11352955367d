//! Recomputation: after a mapping or policy changed, everyone of the source is decided about anew.
//!
//! It goes through the users in parts, each a batch like any other, so pushes wait for one part at most. Where it
//! stands is stored with each part: after a restart it goes on. A user that is pushed meanwhile is not overwritten: its
//! revision is another, and it is read again.

use std::time::Duration;

use rollcall_domain::people::Recomputation;
use rollcall_domain::pipeline::{StopReason, Stopped};
use rollcall_domain::policy::breaker::Admission;
use rollcall_domain::source::SourceKey;
use rollcall_scim::error::ScimError;
use rollcall_store::StoreError;
use rollcall_store::lease::Fence;
use rollcall_store::people::Person;
use rollcall_store::query::{Position, Query, Start, Stored};
use rollcall_store::write::{Batch, Outcome, Unit, Update, Write};
use serde_json::Value;
use uuid::Uuid;

use super::settings::People;
use crate::{Runtime, Service, error, render};

/// Users of one part. The writer is held for a few milliseconds by so many.
const PART: u32 = 100;
/// The same where a statement goes over a network.
const SHARED_PART: u32 = 20;
/// How long a part may take before another node goes on instead.
const LASTING: Duration = Duration::from_secs(30);
/// How often a user that is pushed meanwhile is read again.
const ATTEMPTS: usize = 8;
/// Who did it, in change records, is `rollcall`; this is the request.
const REQUEST: &str = "recomputation";

/// Whose recomputation, and the lease it is done under.
#[derive(Clone, Copy)]
struct Work<'a> {
    runtime: &'a Runtime,
    people: &'a People,
    fence: &'a Fence,
}

impl Service {
    /// Does a part of each recomputation that goes on and is not another node's. Whether there is more to do.
    ///
    /// # Errors
    ///
    /// 503 when the store or the expression workers do not answer: nothing is lost, it goes on from there.
    pub async fn recompute(&self) -> Result<bool, ScimError> {
        let open = self.store.recomputations().await.map_err(error::from_store)?;
        let names: Vec<String> = open.iter().map(|(source, _)| work_on(*source)).collect();
        let mine = self.lease(&names, LASTING).await.map_err(error::from_store)?;
        let mut more = false;
        for (source, progress) in open {
            let name = work_on(source);
            if let Some(fence) = mine.iter().find(|fence| fence.work == name) {
                more |= self.recompute_part(source, progress, fence).await?;
            }
        }
        Ok(more)
    }

    /// Deletes identities whose time has come; returns how many.
    ///
    /// # Errors
    ///
    /// 503 when the store does not answer.
    pub async fn expire_identities(&self) -> Result<u64, ScimError> {
        self.store.expire(self.clock.now(), PART).await.map_err(error::from_store)
    }

    async fn recompute_part(
        &self,
        source: SourceKey,
        mut progress: Recomputation,
        fence: &Fence,
    ) -> Result<bool, ScimError> {
        let runtime = self.runtime(&progress.source).await?;
        let runtime = runtime.filter(|runtime| runtime.source.key == source);
        let next = match runtime.as_ref().and_then(|runtime| Some((runtime, runtime.people.as_ref()?))) {
            Some((runtime, people)) => {
                self.decide_anew(Work { runtime, people, fence }, &mut progress).await?
            }
            None => None,
        };
        match next {
            Some(position) => progress.position = position,
            None => progress.finished = Some(self.clock.now()),
        }
        let noted = self.store.note_recomputation(source, &progress, Some(fence)).await;
        let noted = noted.map_err(error::from_store)?;
        // Begun anew meanwhile, it has not ended.
        Ok(!noted || progress.finished.is_none())
    }

    /// Decides about a part of the users. The key of the last one, when others follow.
    async fn decide_anew(
        &self,
        work: Work<'_>,
        progress: &mut Recomputation,
    ) -> Result<Option<i64>, ScimError> {
        let Work { runtime, people, .. } = work;
        let part = if self.store.is_shared() { SHARED_PART } else { PART };
        let (users, next) = self.users_after(runtime, progress.position, part).await?;
        let mut again = Vec::new();
        let mut units = Vec::new();
        for user in &users {
            progress.seen += 1;
            match self.said_again(runtime, people, user).await? {
                Some(person) => units.push(unit(user, person)),
                None => progress.failed += 1,
            }
        }
        let ids: Vec<Uuid> = units.iter().filter_map(user_of).collect();
        for (id, outcome) in ids.into_iter().zip(self.write_anew(work, units).await?) {
            match outcome {
                Outcome::Failed { error: StoreError::Stale, .. } => again.push(id),
                outcome => note(progress, &outcome),
            }
        }
        for id in again {
            self.decide_again(work, id, progress).await?;
        }
        Ok(next)
    }

    /// Decides about a user that others are changing.
    async fn decide_again(
        &self,
        work: Work<'_>,
        id: Uuid,
        progress: &mut Recomputation,
    ) -> Result<(), ScimError> {
        let Work { runtime, people, .. } = work;
        for _ in 0..ATTEMPTS {
            let stored = self.store.get(runtime.source.key, "User", id).await.map_err(error::from_store)?;
            let Some(user) = stored else { return Ok(()) };
            let Some(person) = self.said_again(runtime, people, &user).await? else {
                progress.failed += 1;
                return Ok(());
            };
            let outcome = self.write_anew(work, vec![unit(&user, person)]).await?.pop();
            match outcome {
                Some(Outcome::Failed { error: StoreError::Stale, .. }) => {}
                Some(outcome) => {
                    note(progress, &outcome);
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
        // Each of these pushes decided by the new settings.
        Ok(())
    }

    async fn write_anew(
        &self,
        Work { runtime, people, fence }: Work<'_>,
        units: Vec<Unit>,
    ) -> Result<Vec<Outcome>, ScimError> {
        if units.is_empty() {
            return Ok(Vec::new());
        }
        let context = Batch::by_rollcall(runtime.source.tenant, runtime.source.key, self.clock.now());
        let rules = Some(std::sync::Arc::clone(&people.rules));
        let generation = Some(runtime.source.generation);
        let fence = Some(fence.clone());
        let batch = Batch { rules, generation, fence, request_id: REQUEST.to_owned(), units, ..context };
        let outcomes = self.store.write(batch).await.map_err(error::from_store)?;
        for outcome in &outcomes {
            if let Outcome::Failed { error: void @ (StoreError::Superseded | StoreError::Fenced), .. } =
                outcome
            {
                return Err(error::from_store(void.clone()));
            }
        }
        Ok(outcomes)
    }

    /// Users of a source after the one of this key, and the key of the last one, when others follow.
    pub(crate) async fn users_after(
        &self,
        runtime: &Runtime,
        after: i64,
        count: u32,
    ) -> Result<(Vec<Stored>, Option<i64>), ScimError> {
        let kind = runtime.registry.type_named("User").ok_or_else(error::not_found)?;
        let position = (after > 0).then_some(Position { key: after, sort: None });
        let start = Start::After(position);
        let query = Query { filter: None, sort: None, start, count, want_total: false };
        let page = self.store.list(runtime.source.key, kind, &query).await.map_err(error::from_store)?;
        Ok((page.resources, page.next.map(|position| position.key)))
    }

    /// What a user says under these settings; `None` when its mapping fails, and it is to stay as it is.
    async fn said_again(
        &self,
        runtime: &Runtime,
        people: &People,
        user: &Stored,
    ) -> Result<Option<Person>, ScimError> {
        let document = render::parse(&user.body)?;
        let said = self.said(runtime, people, (REQUEST, "PUT", true), user.id, document).await;
        match said {
            Ok((said, _)) => Ok(said.person.map(|person| Person { revision: Some(user.revision), ..person })),
            Err(stopped) => match *stopped {
                Stopped {
                    reason: reason @ (StopReason::NotEvaluated(_) | StopReason::HookDown(_)), ..
                } => {
                    let again = rollcall_scim::error::ErrorType::Unavailable;
                    Err(ScimError::new(again, reason.to_string()))
                }
                Stopped { reason, .. } => {
                    tracing::warn!(source = runtime.source.slug, resource = %user.id, %reason, "not recomputed");
                    Ok(None)
                }
            },
        }
    }
}

/// The name of the work on a source's recomputation.
fn work_on(SourceKey(source): SourceKey) -> String {
    format!("recomputation:{source}")
}

/// A write that changes nothing of the user.
fn unit(user: &Stored, person: Person) -> Unit {
    let update = Update {
        id: user.id,
        kind: "User".to_owned(),
        if_version: None,
        content: None,
        members: Vec::new(),
        same_index: false,
        replaced: false,
        difference: Value::Null,
    };
    Unit { writes: vec![Write::Update(update)], people: vec![person] }
}

fn user_of(unit: &Unit) -> Option<Uuid> {
    match unit.writes.first()? {
        Write::Update(update) => Some(update.id),
        Write::Create(_) | Write::Delete(_) => None,
    }
}

fn note(progress: &mut Recomputation, outcome: &Outcome) {
    match outcome {
        Outcome::Done(written) => {
            let people = written.iter().flat_map(|written| &written.people);
            for judged in people {
                progress.changed += u64::from(judged.sequence.is_some());
                progress.held += u64::from(judged.admission != Admission::Passed);
            }
        }
        // It is gone.
        Outcome::Failed { error: StoreError::NotFound, .. } => {}
        Outcome::Failed { .. } | Outcome::Skipped => progress.failed += 1,
    }
}
