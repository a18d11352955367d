//! From what was read to the database of a `.c1z`.

use rusqlite::{Row, params};

use super::statements as sql;
use super::{Problem, Progress, failed};
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
    /// Grants, counted before those that are twice the same.
    pub grants: u64,
}

impl Progress {
    /// Writes all that was read. Equal readings write equal rows in equal order.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn build(&mut self, writer: &mut Writer) -> Result<Counts, C1zError> {
        self.name_roles()?;
        for kind in model::scim_resource_types() {
            writer.resource_type(&kind)?;
        }
        let mut counts = Counts::default();
        self.each(sql::USERS, |row| {
            counts.users += 1;
            Ok(writer.encoded_resource(&ResourceId::new(USER, text(row, 0)?), None, &bytes(row, 1)?)?)
        })?;
        self.each(sql::GROUPS, |row| {
            counts.groups += 1;
            Ok(writer.encoded_resource(&ResourceId::new(GROUP, text(row, 0)?), None, &bytes(row, 1)?)?)
        })?;
        self.each(sql::ROLES, |row| {
            counts.roles += 1;
            Ok(writer.resource(&role::resource(&text(row, 0)?, &text(row, 1)?, &text(row, 2)?))?)
        })?;
        self.entitlements(writer)?;
        counts.grants = self.grants(writer)?;
        Ok(counts)
    }

    /// What was left out, in a fixed order.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn problems(&self, mut each: impl FnMut(Problem)) -> Result<(), C1zError> {
        self.each(sql::PROBLEMS, |row| {
            each(Problem { what: text(row, 0)?, id: text(row, 1)?, reason: text(row, 2)? });
            Ok(())
        })
    }

    fn entitlements(&self, writer: &mut Writer) -> Result<(), C1zError> {
        self.each(sql::GROUPS, |row| {
            let group = Resource::decode(&bytes(row, 1)?).map_err(|error| Fault::Other(error.to_string()))?;
            Ok(writer.entitlement(&member_of(group))?)
        })?;
        self.each(sql::ROLES, |row| {
            let role = role::resource(&text(row, 0)?, &text(row, 1)?, &text(row, 2)?);
            Ok(writer.entitlement(&member_of(role))?)
        })
    }

    fn grants(&self, writer: &mut Writer) -> Result<u64, C1zError> {
        let mut count = 0;
        self.each(sql::MEMBERS, |row| {
            let (said, is_user, is_group): (u8, bool, bool) = (row.get(3)?, row.get(4)?, row.get(5)?);
            // As it was said to be where that is so, else as it was found. What is neither is a problem by now.
            let kind = match (said, is_user, is_group) {
                (2, _, true) | (_, false, true) => GROUP,
                (_, true, _) => USER,
                (_, false, false) => return Ok(()),
            };
            count += 1;
            let principal = ResourceId::new(kind, text(row, 2)?);
            Ok(writer.grant(&membership(&named(GROUP, row)?, &principal))?)
        })?;
        self.each(sql::LINKS, |row| {
            count += 1;
            Ok(writer.grant(&membership(&named(GROUP, row)?, &ResourceId::new(USER, text(row, 2)?)))?)
        })?;
        self.each(sql::HOLDERS, |row| {
            count += 1;
            let id = ResourceId::new(ROLE, text(row, 0)?);
            let display_name = role::name(&text(row, 1)?, &text(row, 2)?).to_owned();
            let role = Resource { id, display_name, ..Resource::default() };
            Ok(writer.grant(&membership(&role, &ResourceId::new(USER, text(row, 3)?)))?)
        })?;
        Ok(count)
    }

    /// Gives every role its id. In the order of their values, so that it does not matter who came first.
    fn name_roles(&mut self) -> Result<(), C1zError> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            transaction.execute(sql::FORGET_ROLE_IDS, [])?;
            let mut after = String::new();
            loop {
                let mut statement = transaction.prepare_cached(sql::ROLES_AFTER)?;
                let rows = statement.query_map([&after], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
                })?;
                let batch = rows.collect::<Result<Vec<_>, _>>()?;
                let Some((_, last, _)) = batch.last() else { break };
                after.clone_from(last);
                let mut name = transaction.prepare_cached(sql::NAME_ROLE)?;
                for (seq, value, display) in &batch {
                    for id in role::ids(value, display) {
                        if name.execute(params![id, seq])? > 0 {
                            break;
                        }
                    }
                }
            }
            transaction.commit()
        };
        run().map_err(|error| failed(&path, &error))
    }

    fn each(
        &self,
        statement: &str,
        mut each: impl FnMut(&Row<'_>) -> Result<(), Fault>,
    ) -> Result<(), C1zError> {
        let mut run = || -> Result<(), Fault> {
            let mut statement = self.connection.prepare_cached(statement)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(row)?;
            }
            Ok(())
        };
        run().map_err(|fault| match fault {
            Fault::Reading(error) => failed(&self.path, &error),
            Fault::Writing(error) => error,
            Fault::Other(reason) => C1zError::io(&self.path, std::io::Error::other(reason)),
        })
    }
}

enum Fault {
    Reading(rusqlite::Error),
    Writing(C1zError),
    Other(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Reading(error)
    }
}

impl From<C1zError> for Fault {
    fn from(error: C1zError) -> Self {
        Self::Writing(error)
    }
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    row.get(column)
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    row.get(column)
}

/// A resource whose id and name are the first two columns.
fn named(kind: &str, row: &Row<'_>) -> rusqlite::Result<Resource> {
    let (id, display_name) = (ResourceId::new(kind, text(row, 0)?), text(row, 1)?);
    Ok(Resource { id, display_name, ..Resource::default() })
}
