//! One case: what is known, what policy says, and writing what comes of it.

use rollcall_domain::identity::Tombstone;
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::people::Judged;
use rollcall_domain::policy::breaker::Admission;
use rollcall_domain::policy::decide::{Decision, Occasion, Outcome, Question, decide};
use rollcall_store::StoreError;
use rollcall_store::people::Rules;
use rollcall_store::write::Batch;
use uuid::Uuid;

use super::known::{self, Ahead, Knowledge, Whom};
use super::person::{self, PersonRow, State};
use super::{breaker, identity};
use crate::column::{Text, named};
use crate::error::corrupt;
use crate::people::admin::DEPART;
use crate::session::Session;

/// What is to be decided.
pub(crate) struct Case<'a> {
    /// The user's key and id.
    pub(crate) resource: (i64, Uuid),
    /// What was known of it.
    pub(crate) row: Option<PersonRow>,
    /// What it says.
    pub(crate) profile: &'a Profile,
    /// What happened to it.
    pub(crate) occasion: Occasion,
    /// The id of a new identity, unless one is reserved.
    pub(crate) new_id: Uuid,
    /// It was just made, and is in no group.
    pub(crate) is_new: bool,
    /// Someone approved it: the breaker is not asked.
    pub(crate) approved: bool,
    /// What was read of it before, with that of others.
    pub(crate) ahead: Ahead,
}

impl Case<'_> {
    /// Decides, and does it, or holds it.
    pub(crate) async fn judge(
        self,
        session: &mut Session,
        batch: &Batch,
        rules: &Rules,
    ) -> Result<Judged, StoreError> {
        let is_refused = self.row.as_ref().is_some_and(|row| row.state == State::Refused);
        if is_refused && self.occasion == Occasion::Pushed {
            let decision = Decision::ignored("someone said that no identity comes of it");
            let mut row = self.row.clone().unwrap_or_else(|| PersonRow::new(self.resource.1));
            row.say(self.profile)?;
            person::save(session, batch.source, self.resource.0, self.row.as_ref(), &row).await?;
            return Ok(self.judged(decision, Admission::Passed, None));
        }
        let knowledge = self.knowledge(session, batch, rules).await?;
        let decision = decide(&self.question(batch, rules), &knowledge.known);
        self.conclude(session, batch, rules, &knowledge, decision).await
    }

    pub(crate) async fn knowledge(
        &self,
        session: &mut Session,
        batch: &Batch,
        rules: &Rules,
    ) -> Result<Knowledge, StoreError> {
        let whom = Whom {
            tenant: batch.tenant,
            source: batch.source,
            resource: (!self.is_new).then_some(self.resource.0),
            linked: self.row.as_ref().and_then(|row| row.identity),
        };
        known::load(session.connection(), whom, rules, (self.occasion, self.profile), &self.ahead).await
    }

    pub(crate) fn question<'a>(&'a self, batch: &Batch, rules: &'a Rules) -> Question<'a> {
        let reserved = self.row.as_ref().and_then(|row| row.reserved);
        Question {
            policy: &rules.policy,
            occasion: self.occasion,
            source: rules.source,
            resource: self.resource.1,
            profile: self.profile,
            now: batch.now,
            new_id: reserved.unwrap_or(self.new_id),
        }
    }

    /// Does what was decided, or holds it.
    pub(crate) async fn conclude(
        self,
        session: &mut Session,
        batch: &Batch,
        rules: &Rules,
        knowledge: &Knowledge,
        decision: Decision,
    ) -> Result<Judged, StoreError> {
        if let Outcome::Refused { attribute, .. } = &decision.outcome {
            return Err(StoreError::Conflict { attribute: attribute.clone(), id: None });
        }
        let mut row = self.row.clone().unwrap_or_else(|| PersonRow::new(self.resource.1));
        row.say(self.profile)?;
        let admission = if decision.outcome.is_deprovisioning() && !self.approved {
            breaker::admit(session, batch, rules).await?
        } else {
            Admission::Passed
        };
        let is_gone = self.occasion == Occasion::Removed;
        if admission != Admission::Passed {
            row.held = row.held.or(Some(batch.now));
            row.gone = is_gone;
            person::save(session, batch.source, self.resource.0, self.row.as_ref(), &row).await?;
            return Ok(self.judged(decision, admission, None));
        }
        row.held = None;
        let sequence = self.apply(session, batch, knowledge, &decision, &mut row).await?;
        if let Some(tombstone) = &decision.tombstone {
            depart(session, batch, tombstone).await?;
        }
        if is_gone {
            if self.row.is_some() {
                person::remove(session, batch.source, self.resource.0).await?;
            }
        } else {
            person::save(session, batch.source, self.resource.0, self.row.as_ref(), &row).await?;
        }
        Ok(self.judged(decision, admission, sequence))
    }

    /// Writes the identity, where one comes of it, and what is known of the user then.
    async fn apply(
        &self,
        session: &mut Session,
        batch: &Batch,
        knowledge: &Knowledge,
        decision: &Decision,
        row: &mut PersonRow,
    ) -> Result<Option<u64>, StoreError> {
        (row.candidates, row.since) = match &decision.outcome {
            Outcome::Queued(candidates) => {
                let text = serde_json::to_string(candidates);
                let text = text.map_err(|error| corrupt("person", "candidates", error))?;
                (Some(text), row.since.or(Some(batch.now)))
            }
            _ => (None, None),
        };
        let Some(after) = &decision.identity else {
            row.state = if row.candidates.is_some() { State::Waiting } else { State::Nobody };
            row.reserved = row.reserved.or(Some(self.new_id));
            return Ok(None);
        };
        let before = knowledge.row(after.id);
        let saved = identity::save(session, batch, before, after).await?;
        row.identity = saved.as_ref().map(|saved| saved.key).or(before.map(|before| before.key));
        row.state = State::Linked;
        row.reserved = None;
        Ok(saved.and_then(|saved| saved.sequence))
    }

    fn judged(&self, decision: Decision, admission: Admission, sequence: Option<u64>) -> Judged {
        Judged { resource: self.resource.1, decision, admission, sequence }
    }
}

/// Keeps who it was, so that a rehire is recognised.
pub(crate) async fn depart(
    session: &mut Session,
    batch: &Batch,
    tombstone: &Tombstone,
) -> Result<(), StoreError> {
    let external_id = named(&tombstone.external_id);
    let row = (batch.source.0, Text(&external_id), tombstone.identity, tombstone.at.0);
    session.execute(DEPART, &[&row.0, &row.1, &row.2, &row.3]).await.map(drop)
}
