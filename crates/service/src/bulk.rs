//! Bulk (RFC 7644 §3.7): many writes in one request, with references between them, few commits.
//!
//! Ids of what is created are chosen first, so references resolve in any order. Operations that do not
//! depend on each other are committed together; those that refer to each other in a circle are one unit,
//! all or nothing.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use rollcall_domain::credential::Scope;
use rollcall_scim::Document;
use rollcall_scim::bulk::{self, BulkMethod, BulkOperation, BulkRequest};
use rollcall_scim::error::ScimError;
use rollcall_scim::v1;
use rollcall_store::StoreError;
use rollcall_store::people::Person;
use rollcall_store::plan::parse_id;
use rollcall_store::write::{Outcome, Unit};
use serde_json::Value;
use uuid::Uuid;

use crate::resource::{ATTEMPTS, Precondition, Prepared, deletion, ground};
use crate::{Caller, Service, error, memberships, render};

/// Schema URN of a Bulk response.
const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// Writes committed together.
const SEGMENT: usize = 200;

/// The BulkResponse.
pub struct BulkAnswer(pub Value);

/// One operation on its way.
struct Step {
    /// Index in the request.
    at: usize,
    /// Its write, or why there is none.
    prepared: Result<Prepared, ScimError>,
}

/// Progress of one request.
struct Run<'a> {
    service: &'a Service,
    caller: Cow<'a, Caller>,
    request: &'a BulkRequest,
    /// Ids of what POST operations create, by bulkId.
    ids: HashMap<String, String>,
    /// bulkIds whose creation did not come about.
    failed: HashSet<String>,
    /// Units not yet committed.
    waiting: Vec<Vec<Step>>,
    /// Resource ids and bulkIds that the waiting units write.
    touched: HashSet<String>,
    answers: Vec<Option<Value>>,
    errors: u32,
}

impl Service {
    /// Runs a Bulk request.
    ///
    /// # Errors
    ///
    /// 400 for a malformed request, 403 without the write scope, 413 for too many operations. Errors of
    /// single operations are in the answer.
    pub async fn bulk(&self, caller: &Caller, body: Value) -> Result<BulkAnswer, ScimError> {
        let answers = self.bulk_answers(caller, body).await?;
        Ok(BulkAnswer(caller.bulk_response(answers.into_iter().flatten().collect(), BULK_RESPONSE)))
    }

    /// The same: an answer for each operation, none for those that were not tried.
    pub(crate) async fn bulk_answers(
        &self,
        caller: &Caller,
        body: Value,
    ) -> Result<Vec<Option<Value>>, ScimError> {
        caller.require(Scope::Write)?;
        let most = caller.runtime.source.settings.max_bulk_operations as usize;
        let body = if caller.speaks_v1() { v1::bulk::decode(body) } else { body };
        let request = BulkRequest::parse(body, most)?;
        let now = self.clock.now();
        let created = request.operations.iter().filter(|operation| operation.method == BulkMethod::Post);
        let ids = created.filter_map(|operation| operation.bulk_id.clone());
        let mut run = Run {
            service: self,
            caller: Cow::Borrowed(caller),
            ids: ids.map(|bulk_id| (bulk_id, self.ids.uuid(now).to_string())).collect(),
            failed: HashSet::new(),
            waiting: Vec::new(),
            touched: HashSet::new(),
            answers: vec![None; request.operations.len()],
            errors: 0,
            request: &request,
        };
        for group in request.order() {
            run.add(&group).await?;
            if run.is_over() {
                break;
            }
        }
        run.flush().await?;
        Ok(run.answers)
    }
}

impl Run<'_> {
    /// Whether `failOnErrors` errors have happened.
    fn is_over(&self) -> bool {
        self.request.fail_on_errors.is_some_and(|most| most > 0 && self.errors >= most)
    }

    /// Takes a group of operations in: one, or several that refer to each other.
    async fn add(&mut self, group: &[usize]) -> Result<(), ScimError> {
        let names: HashSet<String> = group.iter().flat_map(|at| self.names(*at)).collect();
        if self.waiting.len() >= SEGMENT || !self.touched.is_disjoint(&names) {
            self.flush().await?;
            if self.is_over() {
                return Ok(());
            }
        }
        let steps = self.prepare_all(group).await;
        let broken = steps.iter().any(|step| step.prepared.is_err());
        self.touched.extend(names);
        self.waiting.push(steps);
        if broken && self.request.fail_on_errors.is_some() {
            self.flush().await?;
        }
        Ok(())
    }

    async fn prepare_all(&self, group: &[usize]) -> Vec<Step> {
        let mut steps = Vec::with_capacity(group.len());
        for at in group {
            steps.push(Step { at: *at, prepared: self.prepare(*at).await });
        }
        steps
    }

    /// What an operation writes or refers to.
    fn names(&self, at: usize) -> Vec<String> {
        let Some(operation) = self.request.operations.get(at) else { return Vec::new() };
        let mut names: Vec<String> = operation.bulk_id.iter().map(|id| format!("bulkId:{id}")).collect();
        names.extend(operation.id.as_deref().map(one_spelling));
        let references = operation.data.iter().flat_map(bulk::references);
        names.extend(references.map(|id| format!("bulkId:{id}")));
        names
    }

    async fn prepare(&self, at: usize) -> Result<Prepared, ScimError> {
        let operation =
            self.request.operations.get(at).ok_or_else(|| error::internal("no such operation"))?;
        if operation.endpoint == memberships::ENDPOINT && !self.caller.speaks_v1() {
            return self.prepare_membership(operation).await;
        }
        let ground = ground(&self.caller, &operation.endpoint)?;
        let data = self.data(operation)?;
        let precondition = operation.version.as_deref().map_or(Precondition::None, versions);
        let id = self.target(operation)?;
        match operation.method {
            BulkMethod::Post => {
                let chosen = operation.bulk_id.as_ref().and_then(|bulk_id| self.ids.get(bulk_id));
                let chosen = chosen.and_then(|id| Uuid::try_parse(id).ok());
                let id = chosen.ok_or_else(|| ScimError::invalid_value("bulkId: a POST needs one"))?;
                let mut prepared = ground.create(self.caller.resource(ground.kind, data), id)?;
                self.service.say(&self.caller, "POST", &mut prepared, None).await?;
                Ok(prepared)
            }
            BulkMethod::Put => {
                let entry = self.service.load(&self.caller, ground.kind, &id).await?;
                let data = self.caller.resource(ground.kind, data);
                let mut prepared = ground.replace(data, &entry, &precondition)?;
                self.service.check_replaced(&self.caller, &prepared).await?;
                self.service.say(&self.caller, "PUT", &mut prepared, Some(&entry)).await?;
                Ok(prepared)
            }
            BulkMethod::Patch => {
                let patch = self.caller.patch(ground.kind, data)?;
                let entry = self.service.load(&self.caller, ground.kind, &id).await?;
                let mut prepared = ground.patch(&patch, &entry, &precondition)?;
                self.service.check_replaced(&self.caller, &prepared).await?;
                self.service.say(&self.caller, "PATCH", &mut prepared, Some(&entry)).await?;
                Ok(prepared)
            }
            BulkMethod::Delete => {
                let write = deletion(ground.kind, &id, &precondition)?;
                let said = self.service.say_of_deletion(&self.caller, ground.kind, &id).await?;
                let id = parse_id(&id).ok_or_else(error::not_found)?;
                let kind = ground.kind.clone();
                Ok(Prepared { kind, id, member: None, write, read_first: false, document: None, said })
            }
        }
    }

    async fn prepare_membership(&self, operation: &BulkOperation) -> Result<Prepared, ScimError> {
        match operation.method {
            BulkMethod::Post => {
                let data = self.data(operation)?;
                self.service.joining(&self.caller, data).await
            }
            BulkMethod::Delete => {
                let precondition = operation.version.as_deref().map_or(Precondition::None, versions);
                self.service.leaving(&self.caller, &self.target(operation)?, &precondition).await
            }
            BulkMethod::Put | BulkMethod::Patch => Err(memberships::unchangeable()),
        }
    }

    /// The operation's data with ids in the place of references.
    fn data(&self, operation: &BulkOperation) -> Result<Value, ScimError> {
        let mut data = operation.data.clone().unwrap_or_default();
        if let Some(failed) = bulk::references(&data).into_iter().find(|id| self.failed.contains(*id)) {
            return Err(ScimError::invalid_value(format!(
                "bulkId:{failed}: the operation that it names has failed"
            )));
        }
        match bulk::substitute(&mut data, &self.ids).into_iter().next() {
            Some(unknown) => Err(ScimError::invalid_value(format!(
                "bulkId:{unknown}: no operation of this request creates it"
            ))),
            None => Ok(data),
        }
    }

    /// The id that the operation's path names, references resolved.
    fn target(&self, operation: &BulkOperation) -> Result<String, ScimError> {
        let id = operation.id.clone().unwrap_or_default();
        match id.strip_prefix("bulkId:") {
            None => Ok(id),
            Some(bulk_id) if self.failed.contains(bulk_id) => {
                Err(ScimError::invalid_value(format!("{id}: the operation that it names has failed")))
            }
            Some(bulk_id) => self.ids.get(bulk_id).cloned().ok_or_else(|| {
                ScimError::invalid_value(format!("{id}: no operation of this request creates it"))
            }),
        }
    }

    /// Commits what waits, and notes the answers. What met `Stale` or `Superseded` is prepared anew and tried again, its
    /// resources' turns held meanwhile.
    async fn flush(&mut self) -> Result<(), ScimError> {
        self.touched.clear();
        let service = self.service;
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut turn = Vec::new();
        for attempt in 1..=ATTEMPTS {
            let again = self.commit(waiting, attempt == ATTEMPTS).await?;
            if again.is_empty() {
                break;
            }
            drop(turn);
            if let Some(caller) = service.by_current_settings(&self.caller).await? {
                self.caller = Cow::Owned(caller);
            }
            let ids = again.iter().flatten().filter_map(|step| step.prepared.as_ref().ok());
            turn = service.turns.wait(ids.map(|prepared| prepared.id)).await;
            waiting = Vec::with_capacity(again.len());
            for steps in again {
                let group: Vec<usize> = steps.iter().map(|step| step.at).collect();
                waiting.push(self.prepare_all(&group).await);
            }
        }
        Ok(())
    }

    /// Commits units and notes their answers; returns those to be tried again, none the last time.
    async fn commit(&mut self, waiting: Vec<Vec<Step>>, last: bool) -> Result<Vec<Vec<Step>>, ScimError> {
        let units: Vec<Unit> = waiting.iter().filter_map(|steps| unit(steps)).collect();
        let left =
            self.request.fail_on_errors.filter(|most| *most > 0).map(|most| most - self.errors.min(most));
        let batch = self.service.batch(&self.caller, units, left);
        let outcomes = if batch.units.is_empty() {
            Vec::new()
        } else {
            self.service.store.write(batch).await.map_err(error::from_store)?
        };
        let mut outcomes = outcomes.into_iter();
        let mut again = Vec::new();
        for steps in waiting {
            // What stood after the last allowed error was not tried, and is not answered.
            if self.is_over() {
                break;
            }
            if steps.iter().any(|step| step.prepared.is_err()) {
                // In a request that stops at errors, an error waits for what stands before it.
                if again.is_empty() || left.is_none() {
                    self.refuse(steps);
                } else {
                    again.push(steps);
                }
                continue;
            }
            match outcomes.next() {
                Some(Outcome::Done(written)) => {
                    for (mut step, mut written) in steps.into_iter().zip(written) {
                        if !written.people.is_empty() {
                            let said = step.prepared.as_mut().ok().and_then(|prepared| prepared.said.take());
                            self.service.told(&self.caller, said, &mut written).await;
                        }
                        self.done(step, written.version);
                    }
                }
                Some(Outcome::Failed { error: StoreError::Stale | StoreError::Superseded, .. }) if !last => {
                    again.push(steps);
                }
                Some(Outcome::Failed { error, write }) => {
                    let failed = steps.get(write).and_then(|step| step.prepared.as_ref().ok());
                    let error = memberships::refusal(failed, error);
                    for step in steps {
                        self.fail(step.at, &error);
                    }
                }
                // The store counts `Stale` as an error too: what it skipped is tried again.
                Some(Outcome::Skipped) => again.push(steps),
                None => {}
            }
        }
        Ok(again)
    }

    fn refuse(&mut self, steps: Vec<Step>) {
        let reason = steps.iter().find_map(|step| step.prepared.as_ref().err().cloned());
        for step in steps {
            let error = step.prepared.err().or_else(|| reason.clone());
            if let Some(error) = error {
                self.fail(step.at, &error);
            }
        }
    }

    fn done(&mut self, step: Step, version: u64) {
        let (Some(operation), Ok(prepared)) = (self.request.operations.get(step.at), step.prepared) else {
            return;
        };
        let endpoint = &prepared.kind.resource_type.endpoint;
        let mut answer = answer(operation);
        let location = match prepared.member {
            Some(member) => memberships::location(&self.caller, prepared.id, member),
            None => render::location(&self.caller.base_url, endpoint, prepared.id),
        };
        answer.insert("location".to_owned(), location.into());
        let status = match operation.method {
            BulkMethod::Post => "201",
            BulkMethod::Put | BulkMethod::Patch => "200",
            BulkMethod::Delete => "204",
        };
        // The version is that of the group, where this is a membership.
        if operation.method != BulkMethod::Delete && prepared.member.is_none() {
            answer.insert("version".to_owned(), render::etag(version).into());
        }
        answer.insert("status".to_owned(), status.into());
        self.note(step.at, answer);
    }

    fn fail(&mut self, at: usize, error: &ScimError) {
        let Some(operation) = self.request.operations.get(at) else { return };
        self.errors += 1;
        self.failed.extend(operation.bulk_id.clone());
        let mut answer = answer(operation);
        if let Some(id) = operation.id.as_ref() {
            answer.insert(
                "location".to_owned(),
                format!("{}/{}/{id}", self.caller.base_url, operation.endpoint).into(),
            );
        }
        answer.insert("status".to_owned(), error.status().to_string().into());
        answer.insert("response".to_owned(), error.body());
        self.note(at, answer);
    }

    fn note(&mut self, at: usize, answer: Document) {
        if let Some(slot) = self.answers.get_mut(at) {
            *slot = Some(Value::Object(answer));
        }
    }
}

/// An id as it is printed, whatever case it was sent in.
fn one_spelling(id: &str) -> String {
    parse_id(id).map_or_else(|| id.to_owned(), |id| id.to_string())
}

/// A unit of steps; `None` when one of its operations could not be prepared.
fn unit(steps: &[Step]) -> Option<Unit> {
    let mut unit = Unit::default();
    for (at, step) in steps.iter().enumerate() {
        let prepared = step.prepared.as_ref().ok()?;
        unit.writes.push(prepared.write.clone());
        let person = prepared.said.as_ref().and_then(|said| said.person.clone());
        unit.people.extend(person.map(|person| Person { write: at, ..person }));
    }
    Some(unit)
}

/// The answer to an operation, as far as the request says it.
pub(crate) fn answer(operation: &BulkOperation) -> Document {
    let method = match operation.method {
        BulkMethod::Post => "POST",
        BulkMethod::Put => "PUT",
        BulkMethod::Patch => "PATCH",
        BulkMethod::Delete => "DELETE",
    };
    let mut answer = Document::new();
    answer.insert("method".to_owned(), method.into());
    if let Some(bulk_id) = &operation.bulk_id {
        answer.insert("bulkId".to_owned(), bulk_id.as_str().into());
    }
    answer
}

/// The versions that an operation's `version` names (RFC 7644 §3.7).
fn versions(tag: &str) -> Precondition {
    let bare = tag.trim().trim_start_matches("W/").trim_matches('"');
    Precondition::Versions(bare.parse().into_iter().collect())
}
