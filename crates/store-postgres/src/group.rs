//! Changing one group's members: what is asked for, and what of it is a difference.

use std::collections::{HashMap, HashSet};

use rollcall_domain::dialect::UnknownMembers;
use rollcall_scim::filter::{Bound, CompareOp};
use rollcall_scim::value::Scalar;
use rollcall_store::StoreError;
use rollcall_store::change::Delta;
use rollcall_store::plan::parse_id;
use rollcall_store::write::{Batch, MemberChange};
use uuid::Uuid;

use crate::column::{folded, get};
use crate::error::{signed, unsigned};
use crate::membership::{Known, find, insert, object, set_grouping, touch};
use crate::resource::Progress;
use crate::session::Session;
use crate::{members, pending};

const REMOVE: &str =
    "DELETE FROM membership WHERE group_key = $1 AND member_key = ANY($2) RETURNING member_key";
const OF_GROUP: &str = "SELECT m.member_key, r.id, c.key, c.grouping FROM membership AS m
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS c ON c.key = r.collection
    WHERE m.group_key = $1 ORDER BY m.position";
const POSITION: &str = "SELECT last_position FROM resource WHERE key = $1";
const SETTLE: &str = "UPDATE resource SET last_position = $2, version = version + $3,
    modified = CASE WHEN $3 = 0 THEN modified ELSE $4 END WHERE key = $1 RETURNING version";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[REMOVE, OF_GROUP, POSITION, SETTLE];

/// Members looked at in one go by a filter.
const PAGE: u32 = 1_000;

enum Member {
    Known(Known),
    Pending(String),
}

/// One group whose members change.
struct Group<'s, 'b> {
    session: &'s mut Session,
    batch: &'b Batch,
    key: i64,
    collection: i64,
    position: u64,
    delta: Delta,
    /// Resources that were read with the group.
    read: HashMap<Uuid, Known>,
}

/// The ids that changes name: who is read with the group, in one round trip.
pub(crate) fn ids(changes: &[MemberChange]) -> Vec<Uuid> {
    let of = |change: &MemberChange| match change {
        MemberChange::Add(values) | MemberChange::Replace(values) | MemberChange::Remove(values) => {
            values.iter().filter_map(|value| parse_id(value)).collect()
        }
        MemberChange::Join(id) | MemberChange::Leave(id) => vec![*id],
        MemberChange::RemoveWhere(filter) => {
            one(filter).and_then(|value| parse_id(value)).into_iter().collect()
        }
    };
    changes.iter().flat_map(of).collect()
}

/// The one value that a filter can select.
fn one(filter: &Bound) -> Option<&String> {
    let Bound::Compare(target, CompareOp::Eq, Some(Scalar::Text(value))) = filter else { return None };
    // An id as it is printed can only be one member's, whatever the case rule.
    let is_one = !target.case_exact || parse_id(value).is_some_and(|id| id.to_string() == *value);
    (target.attribute == "value" && target.sub.is_none() && is_one).then_some(value)
}

/// Adds the members of a new group, whose version stays.
pub(crate) async fn create(
    session: &mut Session,
    batch: &Batch,
    progress: &mut Progress,
    values: &[String],
) -> Result<Delta, StoreError> {
    let mut group = Group::new(session, batch, progress);
    let members = group.resolve(values).await?;
    group.add(members).await?;
    group.settle(progress).await
}

/// Changes the members of a group and advances its version, unless the row has done so. `is_alone` tells that nothing
/// else of the unit can have changed them.
pub(crate) async fn update(
    session: &mut Session,
    batch: &Batch,
    progress: &mut Progress,
    (changes, is_alone): (&[MemberChange], bool),
) -> Result<Delta, StoreError> {
    if !is_alone {
        let row = session.row(POSITION, &[&progress.key]).await?.ok_or(StoreError::NotFound)?;
        progress.last_position = unsigned(get(&row, 0)?, "resource", "last_position")?;
    }
    let mut group = Group::new(session, batch, progress);
    // All names first: an unknown one fails before anything is written.
    let mut resolved = Vec::with_capacity(changes.len());
    for change in changes {
        resolved.push(match change {
            MemberChange::Add(values) | MemberChange::Replace(values) => group.resolve(values).await?,
            MemberChange::Join(id) => vec![group.newcomer(*id).await?],
            MemberChange::Remove(_) | MemberChange::RemoveWhere(_) | MemberChange::Leave(_) => Vec::new(),
        });
    }
    for (change, members) in changes.iter().zip(resolved) {
        match change {
            MemberChange::Add(_) => group.add(members).await?,
            MemberChange::Remove(values) => group.remove(values).await?,
            MemberChange::RemoveWhere(filter) => group.remove_where(filter).await?,
            MemberChange::Replace(_) => group.replace(members).await?,
            MemberChange::Join(_) => group.join(members).await?,
            MemberChange::Leave(id) => group.leave(*id).await?,
        }
    }
    group.settle(progress).await
}

impl<'s, 'b> Group<'s, 'b> {
    fn new(session: &'s mut Session, batch: &'b Batch, progress: &mut Progress) -> Self {
        let Progress { key, collection, last_position: position, .. } = *progress;
        let read = std::mem::take(&mut progress.read);
        Self { session, batch, key, collection, position, delta: Delta::default(), read }
    }

    /// Those of these that are resources of the source.
    async fn by_id(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Known>, StoreError> {
        let (read, other): (Vec<Uuid>, Vec<Uuid>) = ids.iter().partition(|id| self.read.contains_key(*id));
        let mut found = find(self.session, self.batch, &other).await?;
        found.extend(read.into_iter().filter_map(|id| Some((id, *self.read.get(&id)?))));
        Ok(found)
    }

    /// Writes what became of the group's row.
    async fn settle(self, progress: &mut Progress) -> Result<Delta, StoreError> {
        let (session, delta) = (self.session, self.delta.net());
        let advance = i64::from(!delta.is_empty() && !progress.changed);
        if advance > 0 || self.position != progress.last_position {
            let (position, now) = (signed(self.position), self.batch.now.0);
            let rows = session.returning(SETTLE, &[&self.key, &position, &advance, &now]).await?;
            let row = rows.first().ok_or(StoreError::NotFound)?;
            progress.version = unsigned(get(row, 0)?, "resource", "version")?;
            progress.last_position = self.position;
        }
        if !delta.is_empty() {
            session.touch(progress.id);
        }
        Ok(delta)
    }

    async fn resolve(&mut self, values: &[String]) -> Result<Vec<Member>, StoreError> {
        let found = self.find(values).await?;
        let mut members = Vec::with_capacity(values.len());
        for value in values {
            members.push(match (found.get(value.as_str()), self.batch.unknown_members) {
                (Some(known), _) => Member::Known(*known),
                (None, UnknownMembers::Pending) => Member::Pending(value.clone()),
                (None, UnknownMembers::Refuse) => return Err(StoreError::UnknownMember(value.clone())),
            });
        }
        Ok(members)
    }

    /// Who is to join.
    async fn newcomer(&mut self, id: Uuid) -> Result<Member, StoreError> {
        let found = self.by_id(&[id]).await?;
        found.get(&id).copied().map(Member::Known).ok_or_else(|| StoreError::UnknownMember(id.to_string()))
    }

    async fn join(&mut self, newcomer: Vec<Member>) -> Result<(), StoreError> {
        let before = self.delta.added.len();
        self.add(newcomer).await?;
        if self.delta.added.len() == before {
            return Err(StoreError::Conflict { attribute: "member.value".to_owned(), id: None });
        }
        Ok(())
    }

    async fn leave(&mut self, id: Uuid) -> Result<(), StoreError> {
        let found = self.by_id(&[id]).await?;
        if self.remove_known(found.values()).await?.is_empty() {
            return Err(StoreError::NotFound);
        }
        self.delta.removed.push(id.to_string());
        Ok(())
    }

    /// By id; where unknown members are kept, by `externalId` too, as those are resolved by it.
    async fn find<'v>(&mut self, values: &'v [String]) -> Result<HashMap<&'v str, Known>, StoreError> {
        let ids: Vec<(&str, Uuid)> =
            values.iter().filter_map(|value| parse_id(value).map(|id| (value.as_str(), id))).collect();
        let asked: Vec<Uuid> = ids.iter().map(|(_, id)| *id).collect();
        let by_id = self.by_id(&asked).await?;
        let known = ids.iter().filter_map(|(value, id)| by_id.get(id).map(|known| (*value, *known)));
        let mut found: HashMap<&str, Known> = known.collect();
        if self.batch.unknown_members == UnknownMembers::Pending {
            let missing = values.iter().map(String::as_str).filter(|value| !found.contains_key(value));
            let missing: Vec<&str> = missing.collect();
            let external = pending::find_external(self.session, self.batch, &missing).await?;
            found.extend(missing.into_iter().filter_map(|value| Some((value, *external.get(value)?))));
        }
        Ok(found)
    }

    async fn add(&mut self, members: Vec<Member>) -> Result<(), StoreError> {
        if members.is_empty() {
            return Ok(());
        }
        set_grouping(self.session, self.batch, self.collection).await?;
        let before = signed(self.position);
        let (mut known, mut names) = (Vec::new(), Vec::new());
        let (mut seen, mut seen_names) = (HashSet::new(), HashSet::new());
        let positions = members.iter().zip(before + 1..);
        for (member, position) in positions.clone() {
            match member {
                Member::Known(member) if seen.insert(member.key) => {
                    let grouping = member.grouping || member.collection == self.collection;
                    known.push((position, Known { grouping, ..*member }));
                }
                Member::Pending(value) if seen_names.insert(value.as_str()) => {
                    names.push((position, value.as_str()));
                }
                _ => {}
            }
        }
        let added = insert(self.session, self.batch, self.key, &known).await?;
        let mut kept = pending::insert(self.session, self.batch, self.key, &names).await?;
        kept.extend(known.iter().filter(|(_, member)| added.contains(&member.key)).map(|(at, _)| at));
        for (member, position) in positions {
            if kept.contains(&position) {
                self.position = unsigned(position, "membership", "position")?;
                self.delta.added.push(match member {
                    Member::Known(known) => known.id.to_string(),
                    Member::Pending(value) => value.clone(),
                });
            }
        }
        Ok(())
    }

    async fn remove(&mut self, values: &[String]) -> Result<(), StoreError> {
        let found = self.find(values).await?;
        let mut gone = self.remove_known(found.values()).await?;
        let mut names = pending::remove(self.session, self.batch, self.key, values).await?;
        for value in values {
            if let Some(known) = found.get(value.as_str()).filter(|known| gone.remove(&known.key)) {
                self.delta.removed.push(known.id.to_string());
            }
            if !names.is_empty() {
                self.delta.removed.extend(names.remove(&folded(value)).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Returns the keys of those that were there.
    async fn remove_known(
        &mut self,
        members: impl Iterator<Item = &Known>,
    ) -> Result<HashSet<i64>, StoreError> {
        let members: HashMap<i64, Known> = members.map(|known| (known.key, *known)).collect();
        if members.is_empty() {
            return Ok(HashSet::new());
        }
        let keys: Vec<i64> = members.keys().copied().collect();
        let rows = self.session.returning(REMOVE, &[&self.key, &keys]).await?;
        let gone: HashSet<i64> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        for key in &gone {
            if let Some(known) = members.get(key) {
                touch(self.session, *known);
            }
        }
        Ok(gone)
    }

    async fn remove_where(&mut self, filter: &Bound) -> Result<(), StoreError> {
        if let Some(value) = one(filter) {
            return self.remove(std::slice::from_ref(value)).await;
        }
        let mut after = 0;
        loop {
            let page = members::page(self.session.connection(), self.key, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.key;
            let matching = page.iter().filter(|row| filter.matches_element(&object(row)));
            let values: Vec<String> = matching.map(|row| row.value.clone()).collect();
            self.remove(&values).await?;
        }
    }

    async fn replace(&mut self, members: Vec<Member>) -> Result<(), StoreError> {
        let (mut wanted, mut wanted_names) = (HashSet::new(), HashSet::new());
        for member in &members {
            match member {
                Member::Known(known) => wanted.insert(known.key),
                Member::Pending(value) => wanted_names.insert(value.clone()),
            };
        }
        let rows = self.session.rows(OF_GROUP, &[&self.key]).await?;
        let there: Vec<Known> = rows.iter().map(Known::read).collect::<Result<_, _>>()?;
        let leaving: Vec<Known> = there.into_iter().filter(|known| !wanted.remove(&known.key)).collect();
        self.remove_known(leaving.iter()).await?;
        self.delta.removed.extend(leaving.iter().map(|known| known.id.to_string()));
        let mut names = pending::of_group(self.session, self.key).await?;
        names.retain(|(_, value)| !wanted_names.remove(value));
        let (positions, names): (Vec<i64>, Vec<String>) = names.into_iter().unzip();
        pending::leave(self.session, self.key, &positions).await?;
        self.delta.removed.extend(names);
        // What is left in the sets is not there yet.
        let missing = |member: &Member| match member {
            Member::Known(known) => wanted.contains(&known.key),
            Member::Pending(value) => wanted_names.contains(value),
        };
        self.add(members.into_iter().filter(missing).collect()).await
    }
}
