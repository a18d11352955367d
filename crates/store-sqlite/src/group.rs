//! Changing one group's members: what is asked for, and what of it is a difference.

use std::collections::HashSet;

use rollcall_domain::dialect::UnknownMembers;
use rollcall_scim::filter::{Bound, CompareOp};
use rollcall_scim::value::Scalar;
use rollcall_store::StoreError;
use rollcall_store::change::Delta;
use rollcall_store::plan::parse_id;
use rollcall_store::write::{Batch, MemberChange};
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use crate::error::{OrUnavailable as _, signed, unsigned};
use crate::membership::{Known, find, insert, object, set_grouping, touch};
use crate::resource::{Progress, bump};
use crate::session::Session;
use crate::{members, pending};

const REMOVE: &str = "DELETE FROM membership WHERE group_key = ?1 AND member_key = ?2";
const OF_GROUP: &str = "SELECT m.member_key, r.id, c.key, c.grouping FROM membership AS m
    JOIN resource AS r ON r.key = m.member_key JOIN collection AS c ON c.key = r.collection
    WHERE m.group_key = ?1 ORDER BY m.position";
const POSITION: &str = "SELECT last_position FROM resource WHERE key = ?1";
const SET_POSITION: &str = "UPDATE resource SET last_position = ?2 WHERE key = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[REMOVE, OF_GROUP, POSITION, SET_POSITION];

/// Members looked at in one go by a filter.
const PAGE: u32 = 1_000;

enum Member {
    Known(Known),
    Pending(String),
}

/// One group whose members change.
struct Group<'s, 'c, 'b> {
    session: &'s mut Session<'c>,
    batch: &'b Batch,
    key: i64,
    collection: i64,
    position: u64,
    delta: Delta,
}

/// Adds the members of a new group, whose version stays.
pub(crate) fn create(
    session: &mut Session<'_>,
    batch: &Batch,
    progress: &Progress,
    values: &[String],
) -> Result<Delta, StoreError> {
    change(session, batch, progress, |group| {
        let members = group.resolve(values)?;
        group.add(members)
    })
}

/// Changes the members of a group and advances its version, unless the row has done so.
pub(crate) fn update(
    session: &mut Session<'_>,
    batch: &Batch,
    progress: &mut Progress,
    changes: &[MemberChange],
) -> Result<Delta, StoreError> {
    let delta = change(session, batch, progress, |group| {
        // All names first: an unknown one fails before anything is written.
        let resolved: Vec<Option<Vec<Member>>> = changes
            .iter()
            .map(|change| match change {
                MemberChange::Add(values) | MemberChange::Replace(values) => group.resolve(values).map(Some),
                MemberChange::Join(id) => group.newcomer(*id).map(|member| Some(vec![member])),
                MemberChange::Remove(_) | MemberChange::RemoveWhere(_) | MemberChange::Leave(_) => Ok(None),
            })
            .collect::<Result<_, _>>()?;
        for (change, members) in changes.iter().zip(resolved) {
            let members = members.unwrap_or_default();
            match change {
                MemberChange::Add(_) => group.add(members)?,
                MemberChange::Remove(values) => group.remove(values)?,
                MemberChange::RemoveWhere(filter) => group.remove_where(filter)?,
                MemberChange::Replace(_) => group.replace(members)?,
                MemberChange::Join(_) => group.join(members)?,
                MemberChange::Leave(id) => group.leave(*id)?,
            }
        }
        Ok(())
    })?;
    if !delta.is_empty() && !progress.changed {
        progress.version = bump(session, batch, progress.key)?;
    }
    Ok(delta)
}

fn change<'c>(
    session: &mut Session<'c>,
    batch: &Batch,
    progress: &Progress,
    apply: impl FnOnce(&mut Group<'_, 'c, '_>) -> Result<(), StoreError>,
) -> Result<Delta, StoreError> {
    let key = progress.key;
    let position: Option<i64> =
        session.prepare(POSITION)?.query_row([key], |row| row.get(0)).optional().or_unavailable()?;
    let before = unsigned(position.ok_or(StoreError::NotFound)?, "resource", "last_position")?;
    let mut group = Group {
        session,
        batch,
        key,
        collection: progress.collection,
        position: before,
        delta: Delta::default(),
    };
    apply(&mut group)?;
    let (after, delta) = (group.position, group.delta.net());
    if after != before {
        session.prepare(SET_POSITION)?.execute((key, signed(after))).or_unavailable()?;
    }
    if !delta.is_empty() {
        session.touch(progress.id);
    }
    Ok(delta)
}

impl Group<'_, '_, '_> {
    fn resolve(&mut self, values: &[String]) -> Result<Vec<Member>, StoreError> {
        values.iter().map(|value| self.resolve_one(value)).collect()
    }

    fn resolve_one(&mut self, value: &str) -> Result<Member, StoreError> {
        if let Some(known) = self.find(value)? {
            return Ok(Member::Known(known));
        }
        match self.batch.unknown_members {
            UnknownMembers::Pending => Ok(Member::Pending(value.to_owned())),
            UnknownMembers::Refuse => Err(StoreError::UnknownMember(value.to_owned())),
        }
    }

    /// Who is to join.
    fn newcomer(&mut self, id: Uuid) -> Result<Member, StoreError> {
        let known = find(self.session, self.batch, id)?;
        known.map(Member::Known).ok_or_else(|| StoreError::UnknownMember(id.to_string()))
    }

    fn join(&mut self, newcomer: Vec<Member>) -> Result<(), StoreError> {
        let before = self.delta.added.len();
        self.add(newcomer)?;
        if self.delta.added.len() == before {
            return Err(StoreError::Conflict { attribute: "member.value".to_owned(), id: None });
        }
        Ok(())
    }

    fn leave(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.delta.removed.len();
        let known = find(self.session, self.batch, id)?.ok_or(StoreError::NotFound)?;
        self.remove_known(known)?;
        if self.delta.removed.len() == before {
            return Err(StoreError::NotFound);
        }
        Ok(())
    }

    /// By id; where unknown members are kept, by `externalId` too, as those are resolved by it.
    fn find(&mut self, value: &str) -> Result<Option<Known>, StoreError> {
        let by_id = match parse_id(value) {
            Some(id) => find(self.session, self.batch, id)?,
            None => None,
        };
        match (by_id, self.batch.unknown_members) {
            (None, UnknownMembers::Pending) => pending::find_external(self.session, self.batch, value),
            (found, _) => Ok(found),
        }
    }

    fn add(&mut self, members: Vec<Member>) -> Result<(), StoreError> {
        if !members.is_empty() {
            set_grouping(self.session, self.batch, self.collection)?;
        }
        for member in members {
            let next = self.position + 1;
            let (added, value) = match member {
                Member::Known(mut known) => {
                    known.grouping |= known.collection == self.collection;
                    (insert(self.session, self.batch, self.key, next, known)?, known.id.to_string())
                }
                Member::Pending(value) => {
                    (pending::insert(self.session, self.batch, self.key, next, &value)?, value)
                }
            };
            if added {
                self.position = next;
                self.delta.added.push(value);
            }
        }
        Ok(())
    }

    fn remove(&mut self, values: &[String]) -> Result<(), StoreError> {
        for value in values {
            if let Some(known) = self.find(value)? {
                self.remove_known(known)?;
            }
            let removed = pending::remove(self.session, self.batch, self.key, value)?;
            self.delta.removed.extend(removed);
        }
        Ok(())
    }

    fn remove_known(&mut self, member: Known) -> Result<(), StoreError> {
        let removed = self.session.prepare(REMOVE)?.execute((self.key, member.key)).or_unavailable()?;
        if removed > 0 {
            touch(self.session, member);
            self.delta.removed.push(member.id.to_string());
        }
        Ok(())
    }

    fn remove_where(&mut self, filter: &Bound) -> Result<(), StoreError> {
        if let Bound::Compare(target, CompareOp::Eq, Some(Scalar::Text(value))) = filter
            && target.attribute == "value"
            && target.sub.is_none()
            // An id as it is printed can only be one member's, whatever the case rule.
            && (!target.case_exact || parse_id(value).is_some_and(|id| id.to_string() == *value))
        {
            return self.remove(std::slice::from_ref(value));
        }
        let mut after = 0;
        loop {
            let page = members::page(self.session.connection(), self.key, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.key;
            let matching = page.iter().filter(|row| filter.matches_element(&object(row)));
            let values: Vec<String> = matching.map(|row| row.value.clone()).collect();
            self.remove(&values)?;
        }
    }

    fn replace(&mut self, members: Vec<Member>) -> Result<(), StoreError> {
        let (mut wanted, mut wanted_pending) = (HashSet::new(), HashSet::new());
        for member in &members {
            match member {
                Member::Known(known) => wanted.insert(known.key),
                Member::Pending(value) => wanted_pending.insert(value.clone()),
            };
        }
        for known in self.known_members()? {
            if !wanted.remove(&known.key) {
                self.remove_known(known)?;
            }
        }
        for (position, value) in pending::of_group(self.session, self.key)? {
            if !wanted_pending.remove(&value) {
                pending::leave(self.session, self.key, position)?;
                self.delta.removed.push(value);
            }
        }
        // What is left in the sets is not there yet.
        let missing = |member: &Member| match member {
            Member::Known(known) => wanted.contains(&known.key),
            Member::Pending(value) => wanted_pending.contains(value),
        };
        self.add(members.into_iter().filter(missing).collect())
    }

    fn known_members(&mut self) -> Result<Vec<Known>, StoreError> {
        let mut statement = self.session.prepare(OF_GROUP)?;
        let rows = statement.query_map([self.key], Known::read);
        rows.or_unavailable()?.collect::<rusqlite::Result<_>>().or_unavailable()
    }
}
