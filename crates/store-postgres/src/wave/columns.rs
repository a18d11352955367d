//! What many requests write, by column, as their statement takes it.

use rollcall_domain::change::ChangeKind;
use rollcall_store::StoreError;
use rollcall_store::write::{Batch, Content};
use uuid::Uuid;

use super::Group;
use crate::change::Record;
use crate::column::{Parameter, Text};
use crate::connection::Bound;
use crate::error::signed;

/// Resources and what is told of them. The place of each is counted from 1.
pub(crate) struct Columns<'a> {
    jobs: Vec<usize>,
    ids: Vec<Uuid>,
    collections: Vec<i64>,
    at: Vec<i64>,
    plain: Vec<bool>,
    displays: Vec<Option<Text<'a>>>,
    bodies: Vec<&'a [u8]>,
    kind: &'static str,
    sources: Vec<i64>,
    types: Vec<&'a str>,
    actors: Vec<&'a str>,
    requests: Vec<&'a str>,
    details: Vec<String>,
}

impl<'a> Columns<'a> {
    /// None yet, of changes of this kind.
    pub(crate) fn of(kind: ChangeKind) -> Self {
        Self {
            jobs: Vec::new(),
            ids: Vec::new(),
            collections: Vec::new(),
            at: Vec::new(),
            plain: Vec::new(),
            displays: Vec::new(),
            bodies: Vec::new(),
            kind: kind.as_str(),
            sources: Vec::new(),
            types: Vec::new(),
            actors: Vec::new(),
            requests: Vec::new(),
            details: Vec::new(),
        }
    }

    /// Whether this resource is one of them.
    pub(crate) fn has(&self, id: Uuid) -> bool {
        self.ids.contains(&id)
    }

    /// Adds one, and returns its place.
    pub(crate) fn push(
        &mut self,
        job: usize,
        batch: &'a Batch,
        (collection, content): (i64, &'a Content),
        told: Record<'a>,
    ) -> i64 {
        self.jobs.push(job);
        self.ids.push(told.resource);
        self.collections.push(collection);
        self.at.push(batch.now.0);
        self.plain.push(content.plain);
        self.displays.push(content.display.as_deref().map(Text));
        self.bodies.push(&content.body);
        self.sources.push(batch.source.0);
        self.types.push(told.resource_type);
        self.actors.push(&batch.actor);
        self.requests.push(&batch.request_id);
        self.details.push(told.detail);
        signed(self.jobs.len() as u64)
    }

    /// The jobs, in order.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = usize> {
        self.jobs.iter().copied()
    }

    /// Which job is at a place, and its resource.
    pub(crate) fn job(&self, place: i64) -> Result<(usize, Uuid), StoreError> {
        let at = usize::try_from(place - 1).ok();
        let found = at.and_then(|at| self.jobs.get(at).copied().zip(self.ids.get(at).copied()));
        found.ok_or_else(|| {
            StoreError::Unavailable("a statement tells of a place that there is not".to_owned())
        })
    }

    /// A statement of the group's `$1` to `$3`, the `$4` to `$15` of these and then more; `None` where there is none of
    /// them.
    pub(crate) fn statement<'s>(
        &'s self,
        sql: &'static str,
        group: &'s Group,
        more: &[&'s (dyn Parameter + 's)],
    ) -> Option<Bound<'s>> {
        if self.jobs.is_empty() {
            return None;
        }
        let own: [&(dyn Parameter + '_); 12] = [
            &self.ids,
            &self.collections,
            &self.at,
            &self.plain,
            &self.displays,
            &self.bodies,
            &self.kind,
            &self.sources,
            &self.types,
            &self.actors,
            &self.requests,
            &self.details,
        ];
        let mut parameters = group.parameters();
        parameters.extend(own);
        parameters.extend(more);
        Some((sql, parameters))
    }
}
