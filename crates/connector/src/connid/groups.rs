//! A user's groups: changed by changing the groups, since `groups` of a user is read-only (RFC 7643 §4.1.2).

use std::slice;

use rollcall_scim::Document;
use rollcall_scim::filter::{CompareOp, Filter, Literal};
use rollcall_scim::path::AttributePath;
use serde_json::Value;

use super::connector::Connector;
use super::error::OperationError;
use super::schema::Class;
use super::search::Search;
use super::write::{Groups, ROUNDS, id_of, ids};
use crate::plan::{self, Member, Wanted};
use crate::profile::{MemberShape, UpdateMethod};
use crate::transport::{PeerError, Request};

impl Connector {
    /// The requests that put a user in a group, or take it out. By PUT, the group is read first.
    pub(super) async fn membership(
        &self,
        group: &str,
        user: &Member,
        joins: bool,
    ) -> Result<Vec<Request>, OperationError> {
        let (kinds, how) = (self.kinds(), self.how(Class::Group));
        let kind = kinds.of(Class::Group);
        if how.update == UpdateMethod::Patch {
            let (added, removed): (&[Member], &[Member]) =
                if joins { (slice::from_ref(user), &[]) } else { (&[], slice::from_ref(user)) };
            return Ok(plan::change_members(kind, group, added, removed, &how));
        }
        let current = self.get(Class::Group, group).await?;
        let mut members = Document::new();
        members.insert("members".to_owned(), user.value.as_str().into());
        let wanted = if joins {
            Wanted { add: members, ..Wanted::default() }
        } else {
            Wanted { remove: members, ..Wanted::default() }
        };
        plan::update(kind, group, Some(&current), &wanted, &how).map_err(OperationError::Plan)
    }

    /// Puts a user in a group; planned anew when the group changed meanwhile.
    pub(super) async fn join(&self, group: &str, user: &Member) -> Result<(), OperationError> {
        let mut round = 1;
        loop {
            let mut stale = false;
            for request in self.membership(group, user, true).await? {
                match self.transport.send(&request).await {
                    Ok(_) => {}
                    Err(PeerError::PreconditionFailed(_)) if round < ROUNDS => stale = true,
                    Err(error) => return Err(error.into()),
                }
            }
            if !stale {
                return Ok(());
            }
            round += 1;
        }
    }

    /// The requests that make a user's groups what is wanted: first those that it joins.
    pub(super) async fn regrouped(
        &self,
        id: &str,
        current: Option<&Document>,
        groups: Groups,
    ) -> Result<Vec<Request>, OperationError> {
        let Groups { all, mut add, mut remove } = groups;
        if let Some(all) = all {
            let known = self.groups_of(id, current).await?;
            remove.extend(known.iter().filter(|group| !all.contains(group)).cloned());
            add.extend(all.into_iter().filter(|group| !known.contains(group)));
        } else if let Some(known) = current.filter(|user| user.contains_key("groups")).map(direct) {
            add.retain(|group| !known.contains(group));
        }
        let user = current.map_or_else(|| Member::user(id), |current| self.as_member(id, current));
        let mut requests = Vec::new();
        for group in &add {
            requests.extend(self.membership(group, &user, true).await?);
        }
        for group in &remove {
            requests.extend(self.membership(group, &user, false).await?);
        }
        Ok(requests)
    }

    /// Whether members are sent with their names.
    pub(super) fn shows_names(&self) -> bool {
        matches!(self.profile.shapes.member, MemberShape::Pathless | MemberShape::Detailed)
    }

    /// WSO2 wants the name to sign in with, others the one to show.
    pub(super) fn as_member(&self, id: &str, user: &Document) -> Member {
        let name =
            if self.profile.shapes.member == MemberShape::Pathless { "userName" } else { "displayName" };
        let display = user.get(name).and_then(Value::as_str).map(str::to_owned);
        Member { display, ..Member::user(id) }
    }

    /// The groups that a user is in itself, not by way of another group.
    async fn groups_of(&self, id: &str, user: Option<&Document>) -> Result<Vec<String>, OperationError> {
        if let Some(user) = user.filter(|user| user.contains_key("groups")) {
            return Ok(direct(user));
        }
        if self.profile.limits.members_not_shown {
            return self.tested_groups(id).await;
        }
        let equal = Filter::Compare(
            AttributePath { sub: Some("value".to_owned()), ..AttributePath::named("members") },
            CompareOp::Eq,
            Literal::String(id.to_owned()),
        );
        self.group_ids(Some(equal)).await
    }

    async fn group_ids(&self, filter: Option<Filter>) -> Result<Vec<String>, OperationError> {
        let attributes = vec!["displayName".to_owned()];
        let mut search =
            self.search(Class::Group, Search { filter, attributes, ..Search::default() }).await?;
        let mut found = Vec::new();
        while let Some(page) = search.next().await? {
            found.extend(page.objects.iter().filter_map(id_of));
            if let Some(reason) = page.incomplete {
                return Err(OperationError::Unfit(format!(
                    "the user's groups cannot be told, as the list of groups is not complete ({reason}); name what to \
                     add and what to remove"
                )));
            }
        }
        Ok(found)
    }

    /// Asks of each group whether the user is in it: for applications that show no members (AWS).
    async fn tested_groups(&self, id: &str) -> Result<Vec<String>, OperationError> {
        let equal = |name: &str, value: &str| {
            Filter::Compare(AttributePath::named(name), CompareOp::Eq, Literal::String(value.to_owned()))
        };
        let mut found = Vec::new();
        for group in self.group_ids(None).await? {
            let is_in = Filter::And(vec![equal("id", &group), equal("members", id)]);
            let request = Request::get(["Groups"]).query("filter", is_in.to_string());
            let reply = self.transport.send(&request).await?;
            let is_there = reply
                .json()?
                .get("Resources")
                .and_then(Value::as_array)
                .is_some_and(|found| !found.is_empty());
            if is_there {
                found.push(group);
            }
        }
        Ok(found)
    }

    /// Refuses to compare with members that the application does not show.
    pub(super) fn check_members_shown(&self, name: &str) -> Result<(), OperationError> {
        if self.profile.limits.members_not_shown {
            return Err(OperationError::Unfit(format!(
                "the application does not show who is in a group, so {name} cannot be replaced; say what to add and \
                 what to remove"
            )));
        }
        Ok(())
    }
}

/// Ids of a user's own groups; `indirect` ones come by way of another.
fn direct(user: &Document) -> Vec<String> {
    let is_direct = |group: &&Value| group.get("type").and_then(Value::as_str) != Some("indirect");
    let groups = user.get("groups").and_then(Value::as_array).into_iter().flatten();
    groups.filter(is_direct).flat_map(ids).collect()
}
