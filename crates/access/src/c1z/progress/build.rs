//! From what was read to the rows of a `.c1z`.

use std::collections::{HashMap, HashSet};

use super::entry::Entry;
use super::{Progress, State};
use crate::c1z::encode::Proto;
use crate::c1z::error::C1zError;
use crate::c1z::wire::Wire as _;
use crate::c1z::writer::Writer;
use crate::model::{self, GROUP, ROLE, Resource, ResourceId, USER, member_of, membership};
use crate::sync::role;

/// What a sync found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Users.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Roles.
    pub roles: u64,
    /// Grants.
    pub grants: u64,
}

impl Progress {
    /// Writes all that was read, into the draft or else what `create` makes. Equal readings write equal rows in
    /// equal order.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn build<E: From<C1zError>>(
        &mut self,
        create: impl FnOnce() -> Result<Writer, E>,
    ) -> Result<(Writer, Counts), E> {
        let draft = self.draft.take();
        let has_users = draft.is_some();
        let mut writer = draft.map_or_else(create, Ok)?;
        let counts = self.write(&mut writer, has_users)?;
        Ok((writer, counts))
    }

    fn write(&self, writer: &mut Writer, has_users: bool) -> Result<Counts, C1zError> {
        for kind in model::scim_resource_types() {
            writer.resource_type(&kind)?;
        }
        let roles: Vec<Role> = self.state.roles.named().into_iter().map(Role::of).collect();
        let mut counts = Counts { roles: roles.len() as u64, ..Counts::default() };
        counts.users = self.state.users.len() as u64;
        if !has_users {
            self.users(|entry| {
                let Entry::User { id, data, .. } = entry else { return Ok(()) };
                writer.encoded_resource([USER, id], None, data)
            })?;
        }
        self.groups(|entry| {
            let Entry::Group { id, data, .. } = entry else { return Ok(()) };
            counts.groups += 1;
            writer.encoded_resource([GROUP, id], None, data)?;
            let group = Resource::decode(data);
            let group = group.map_err(|error| self.failed(std::io::Error::other(error.to_string())))?;
            writer.entitlement(&member_of(group))
        })?;
        for role in &roles {
            writer.resource(&role.resource)?;
            writer.entitlement(&member_of(role.resource.clone()))?;
        }
        let mut pairs = self.members(writer, &mut counts)?;
        self.links(writer, &mut pairs, &mut counts)?;
        self.holders(writer, &roles, &mut counts)?;
        Ok(counts)
    }

    /// Writes members of groups; gives back which user is in which, if users name groups, too.
    fn members(&self, writer: &mut Writer, counts: &mut Counts) -> Result<HashSet<u64>, C1zError> {
        let (mut pairs, mut grants) = (HashSet::new(), Grants::default());
        self.groups(|entry| {
            let Entry::Group { id, name, members, .. } = entry else { return Ok(()) };
            grants.begin(GROUP, id, name);
            for (said, member) in members.members() {
                // Where it was said to be a group, and is one, it is one; else as it was found.
                let user = self.state.users.number(member);
                let kind = match user {
                    _ if (said == 2 || user.is_none()) && self.state.groups.has(member) => GROUP,
                    Some(user) => {
                        if self.state.links {
                            pairs.extend(self.state.groups.number(id).map(|group| pair(group, user)));
                        }
                        USER
                    }
                    // What is neither is a problem by now.
                    None => continue,
                };
                counts.grants += 1;
                grants.write(writer, kind, member)?;
            }
            Ok(())
        })?;
        Ok(pairs)
    }

    /// Writes that users are in the groups that they name, where that is not known from the groups.
    fn links(
        &self,
        writer: &mut Writer,
        pairs: &mut HashSet<u64>,
        counts: &mut Counts,
    ) -> Result<(), C1zError> {
        if !self.state.links {
            return Ok(());
        }
        let mut names = HashMap::new();
        self.groups(|entry| {
            if let Entry::Group { id, name, .. } = entry {
                names.insert(id.to_owned(), name.to_owned());
            }
            Ok(())
        })?;
        let state: &State = &self.state;
        let mut grants = Grants::default();
        self.users(|entry| {
            let Entry::User { id: user, links, .. } = entry else { return Ok(()) };
            for group in links.pairs().filter_map(|(id, name)| state.meant(id, name)) {
                let numbers = state.groups.number(group).zip(state.users.number(user));
                let Some((name, numbers)) = names.get(group).zip(numbers) else { continue };
                if pairs.insert(pair(numbers.0, numbers.1)) {
                    counts.grants += 1;
                    grants.begin(GROUP, group, name);
                    grants.write(writer, USER, user)?;
                }
            }
            Ok(())
        })
    }

    /// Writes that users have roles.
    fn holders(&self, writer: &mut Writer, roles: &[Role], counts: &mut Counts) -> Result<(), C1zError> {
        let mut grants: Vec<Grants> = roles.iter().map(Role::grants).collect();
        self.users(|entry| {
            let Entry::User { id: user, roles: held, .. } = entry else { return Ok(()) };
            let numbers = held.pairs().filter_map(|(value, _)| self.state.roles.number(value));
            for number in numbers {
                if let Some(grants) = grants.get_mut(number) {
                    counts.grants += 1;
                    grants.write(writer, USER, user)?;
                }
            }
            Ok(())
        })
    }
}

fn pair(group: u32, user: u32) -> u64 {
    u64::from(group) << 32 | u64::from(user)
}

/// A role as it is written.
struct Role {
    resource: Resource,
}

impl Role {
    fn of((id, role): (String, &super::roles::Role)) -> Self {
        Self { resource: role::resource(&id, &role.value, &role.display) }
    }

    fn grants(&self) -> Grants {
        let mut grants = Grants::default();
        grants.begin(ROLE, &self.resource.id.resource, &self.resource.display_name);
        grants
    }
}

/// Writes grants of one resource, as [`membership`] has them: what they have in common is made once.
#[derive(Default)]
struct Grants {
    of: Resource,
    entitlement: String,
    /// The beginning of every message.
    common: Vec<u8>,
    id: String,
    data: Vec<u8>,
}

impl Grants {
    fn begin(&mut self, kind: &str, id: &str, name: &str) {
        self.of =
            Resource { id: ResourceId::new(kind, id), display_name: name.to_owned(), ..Resource::default() };
        self.entitlement = self.of.id.member_entitlement();
        self.common.clear();
        let entitlement = &self.entitlement;
        Proto::new(&mut self.common).message(1, |held| {
            held.message(1, |of| {
                of.message(1, |of| {
                    of.text(1, kind).text(2, id);
                });
                of.text(3, name);
            });
            held.text(2, entitlement);
        });
    }

    fn write(&mut self, writer: &mut Writer, kind: &str, principal: &str) -> Result<(), C1zError> {
        if kind == GROUP {
            return writer.grant(&membership(&self.of, &ResourceId::new(kind, principal)));
        }
        self.make(kind, principal);
        let of = [&*self.of.id.resource_type, &*self.of.id.resource];
        writer.encoded_grant(of, &self.entitlement, [kind, principal], &self.id, &self.data)
    }

    fn make(&mut self, kind: &str, principal: &str) {
        self.id.clear();
        self.id.extend([&*self.entitlement, ":", kind, ":", principal]);
        self.data.clear();
        self.data.extend_from_slice(&self.common);
        let mut grant = Proto::new(&mut self.data);
        grant.message(2, |to| {
            to.message(1, |to| {
                to.text(1, kind).text(2, principal);
            });
        });
        grant.text(3, &self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_those_of_the_model() {
        for (kind, id, name) in [(GROUP, "g1", "Staff"), (ROLE, "admin", ""), (GROUP, &"g".repeat(300), "é")]
        {
            let mut grants = Grants::default();
            grants.begin(kind, id, name);
            for principal in ["u1", &"u".repeat(200), ""] {
                grants.make(USER, principal);
                let expected = membership(&grants.of, &ResourceId::new(USER, principal));
                assert_eq!((&grants.id, &grants.data), (&expected.id, &expected.encode()));
            }
        }
    }
}
