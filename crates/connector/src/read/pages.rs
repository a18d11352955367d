//! Pages of users and groups: mapped, what cannot be mapped apart, members fetched where the list has none.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;

use super::listing::{Batch, Listing};
use super::record::{GroupRecord, UserRecord};
use super::{Page, Pages, ReadError, ReadOptions, Skipped, map, unmappable};
use crate::profile::{GroupPaths, MembersInList, Profile};
use crate::transport::{Request, Transport};

pub(super) struct UserPages {
    listing: Listing,
    profile: Arc<Profile>,
    options: ReadOptions,
}

impl UserPages {
    pub(super) fn new(listing: Listing, profile: Arc<Profile>, options: ReadOptions) -> Self {
        Self { listing, profile, options }
    }
}

#[async_trait]
impl Pages<UserRecord> for UserPages {
    async fn next(&mut self) -> Result<Option<Page<UserRecord>>, ReadError> {
        let Some(batch) = self.listing.next().await? else { return Ok(None) };
        let (records, rest) = take(batch);
        let mapped = records.into_iter().map(|raw| map::user(&self.profile, raw)).collect();
        let (records, skipped) = sort_out("user", mapped, self.options)?;
        Ok(Some(Page { records, skipped, total: rest.total, next: rest.next, end: rest.end }))
    }
}

pub(super) struct GroupPages {
    listing: Listing,
    transport: Transport,
    profile: Arc<Profile>,
    options: ReadOptions,
    /// Members of a list are all that there are.
    carried: bool,
    /// A page whose members could not be read: next time it is tried again.
    waiting: Option<Batch>,
}

impl GroupPages {
    pub(super) fn new(
        listing: Listing,
        transport: Transport,
        profile: Arc<Profile>,
        options: ReadOptions,
    ) -> Self {
        let always =
            profile.group.as_ref().is_some_and(|group| group.members_in_list == MembersInList::Always);
        Self { listing, transport, profile, options, carried: always, waiting: None }
    }

    /// Reads the groups one by one whose members the list does not have.
    async fn add_members(&mut self, paths: &GroupPaths, records: &mut [Value]) -> Result<(), ReadError> {
        let Some(members) = &paths.members else { return Ok(()) };
        let never = paths.members_in_list == MembersInList::Never;
        if !never && records.iter().any(|raw| !members.path.elements(raw).is_empty()) {
            self.carried = true;
        }
        let lacks = |raw: &Value| never || !self.carried && !members.path.exists(raw);
        let wanted: Vec<(usize, String)> = records
            .iter()
            .enumerate()
            .filter(|(_, raw)| lacks(raw))
            .filter_map(|(at, raw)| Some((at, map::id(&paths.id, raw)?)))
            .collect();
        let width = self.transport.concurrency();
        let reading = wanted.into_iter().map(|(at, id)| reread(self.transport.clone(), at, id));
        let mut reading = stream::iter(reading).buffered(width);
        while let Some(read) = reading.next().await {
            if let (at, Some(whole)) = read?
                && let Some(place) = records.get_mut(at)
            {
                *place = whole;
            }
        }
        Ok(())
    }
}

/// A group by itself; nothing when it is gone meanwhile, so that it stays as the list has it.
async fn reread(transport: Transport, at: usize, id: String) -> Result<(usize, Option<Value>), ReadError> {
    match transport.send(&Request::get(["Groups", &id])).await {
        Ok(reply) => Ok((at, Some(reply.json()?.clone()))),
        Err(error) if error.is_gone() => Ok((at, None)),
        Err(error) => Err(error.into()),
    }
}

#[async_trait]
impl Pages<GroupRecord> for GroupPages {
    async fn next(&mut self) -> Result<Option<Page<GroupRecord>>, ReadError> {
        let mut batch = match self.waiting.take() {
            Some(batch) => batch,
            None => match self.listing.next().await? {
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let profile = Arc::clone(&self.profile);
        let Some(paths) = &profile.group else { return Ok(None) };
        if let Err(error) = self.add_members(paths, &mut batch.records).await {
            self.waiting = Some(batch);
            return Err(error);
        }
        let (records, batch) = take(batch);
        let mapped = records.into_iter().map(|raw| map::group(paths, raw)).collect();
        let (records, skipped) = sort_out("group", mapped, self.options)?;
        Ok(Some(Page { records, skipped, total: batch.total, next: batch.next, end: batch.end }))
    }
}

fn take(mut batch: Batch) -> (Vec<Value>, Batch) {
    (std::mem::take(&mut batch.records), batch)
}

fn sort_out<T>(
    kind: &'static str,
    mapped: Vec<Result<T, Skipped>>,
    options: ReadOptions,
) -> Result<(Vec<T>, Vec<Skipped>), ReadError> {
    let (mut records, mut skipped) = (Vec::with_capacity(mapped.len()), Vec::new());
    for one in mapped {
        match one {
            Ok(record) => records.push(record),
            Err(fault) if options.strict => return Err(unmappable(kind, fault)),
            Err(fault) => {
                tracing::warn!(kind, id = fault.id.as_deref(), reason = fault.reason, "skipped");
                skipped.push(fault);
            }
        }
    }
    Ok((records, skipped))
}
