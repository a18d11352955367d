//! Pages of users and groups: mapped, what cannot be mapped apart, members fetched where the list has none.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;

use super::listing::{Batch, Listing, Take};
use super::record::{GroupRecord, UserRecord};
use super::{Page, Pages, Position, ReadError, ReadOptions, Skipped, map, unmappable};
use crate::json::Node;
use crate::profile::{GroupPaths, MembersInList, Profile};
use crate::transport::{Request, Transport};

/// Makes users of records.
#[derive(Clone)]
struct TakeUser(Arc<Profile>);

impl Take for TakeUser {
    type Record = Result<UserRecord, Skipped>;

    fn take(&self, raw: &Node<'_>) -> Self::Record {
        map::user(&self.0, raw)
    }

    fn id(record: &Self::Record) -> Option<&str> {
        record.as_ref().map_or_else(|skipped| skipped.id.as_deref(), |user| Some(&user.id))
    }
}

/// Makes groups of records.
#[derive(Clone)]
struct TakeGroup(GroupPaths);

/// A group of a list.
struct Listed {
    group: Result<GroupRecord, Skipped>,
    /// The list says who is in it, be it nobody.
    has_members: bool,
}

impl Take for TakeGroup {
    type Record = Listed;

    fn take(&self, raw: &Node<'_>) -> Listed {
        let members = self.0.members.as_ref();
        Listed {
            group: map::group(&self.0, raw),
            has_members: members.is_some_and(|members| members.path.exists(raw)),
        }
    }

    fn id(record: &Listed) -> Option<&str> {
        record.group.as_ref().map_or_else(|skipped| skipped.id.as_deref(), |group| Some(&group.id))
    }
}

pub(super) struct UserPages {
    listing: Listing<TakeUser>,
    options: ReadOptions,
}

impl UserPages {
    pub(super) fn new(
        transport: Transport,
        profile: Arc<Profile>,
        options: ReadOptions,
        from: Position,
    ) -> Self {
        let take = TakeUser(Arc::clone(&profile));
        Self { listing: Listing::new(take, transport, profile, "Users".to_owned(), from), options }
    }
}

#[async_trait]
impl Pages<UserRecord> for UserPages {
    async fn next(&mut self) -> Result<Option<Page<UserRecord>>, ReadError> {
        let Some(batch) = self.listing.next().await? else { return Ok(None) };
        let (records, skipped) = sort_out("user", batch.records.into_iter(), self.options)?;
        Ok(Some(Page { records, skipped, total: batch.total, next: batch.next, end: batch.end }))
    }
}

/// No pages: the application has no groups.
pub(super) struct NoPages;

#[async_trait]
impl Pages<GroupRecord> for NoPages {
    async fn next(&mut self) -> Result<Option<Page<GroupRecord>>, ReadError> {
        Ok(None)
    }
}

pub(super) struct GroupPages {
    listing: Listing<TakeGroup>,
    transport: Transport,
    paths: GroupPaths,
    options: ReadOptions,
    /// Members of a list are all that there are.
    carried: bool,
    /// A page whose members could not be read: next time it is tried again.
    waiting: Option<Batch<Listed>>,
}

impl GroupPages {
    pub(super) fn new(
        transport: Transport,
        profile: Arc<Profile>,
        paths: GroupPaths,
        options: ReadOptions,
        from: Position,
    ) -> Self {
        let carried = paths.members_in_list == MembersInList::Always;
        let take = TakeGroup(paths.clone());
        let listing = Listing::new(take, transport.clone(), profile, "Groups".to_owned(), from);
        Self { listing, transport, paths, options, carried, waiting: None }
    }

    /// Reads the groups one by one whose members the list does not have.
    async fn add_members(&mut self, records: &mut [Listed]) -> Result<(), ReadError> {
        if self.paths.members.is_none() {
            return Ok(());
        }
        let never = self.paths.members_in_list == MembersInList::Never;
        let has_any = |one: &Listed| one.group.as_ref().is_ok_and(|group| !group.members.is_empty());
        if !never && records.iter().any(has_any) {
            self.carried = true;
        }
        let lacks = |one: &Listed| never || !self.carried && !one.has_members;
        let wanted: Vec<(usize, String)> = records
            .iter()
            .enumerate()
            .filter(|(_, one)| lacks(one))
            .filter_map(|(at, one)| Some((at, TakeGroup::id(one)?.to_owned())))
            .collect();
        let width = self.transport.concurrency();
        let (transport, paths) = (&self.transport, &self.paths);
        let reading = wanted.into_iter().map(|(at, id)| reread(transport, paths, at, id));
        let mut reading = stream::iter(reading).buffered(width);
        while let Some(read) = reading.next().await {
            if let (at, Some(whole)) = read?
                && let Some(place) = records.get_mut(at)
            {
                place.group = whole;
            }
        }
        Ok(())
    }
}

/// A group by itself; nothing when it is gone meanwhile, so that it stays as the list has it.
async fn reread(
    transport: &Transport,
    paths: &GroupPaths,
    at: usize,
    id: String,
) -> Result<(usize, Option<Result<GroupRecord, Skipped>>), ReadError> {
    match transport.read(&Request::get(["Groups", &id]), &|raw: &Node<'_>| map::group(paths, raw)).await {
        Ok(group) => Ok((at, Some(group))),
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
        if let Err(error) = self.add_members(&mut batch.records).await {
            self.waiting = Some(batch);
            return Err(error);
        }
        let mapped = batch.records.into_iter().map(|listed| listed.group);
        let (records, skipped) = sort_out("group", mapped, self.options)?;
        Ok(Some(Page { records, skipped, total: batch.total, next: batch.next, end: batch.end }))
    }
}

fn sort_out<T>(
    kind: &'static str,
    mapped: impl ExactSizeIterator<Item = Result<T, Skipped>>,
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
