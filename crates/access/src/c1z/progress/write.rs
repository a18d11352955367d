//! Adding what was read.

use rusqlite::{Transaction, params};

use super::Progress;
use super::failed;
use super::statements as sql;
use crate::c1z::error::C1zError;
use crate::c1z::wire::Wire as _;
use crate::model::Resource;

/// Something that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// `user`, `group` or `member`.
    pub what: String,
    /// Which.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// What is written together.
pub struct Page<'a> {
    transaction: Transaction<'a>,
}

impl Progress {
    /// Writes what `work` adds, all or nothing.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn page<T>(&mut self, work: impl FnOnce(&Page<'_>) -> rusqlite::Result<T>) -> Result<T, C1zError> {
        let path = self.path.clone();
        let run = || -> rusqlite::Result<T> {
            let page = Page { transaction: self.connection.transaction()? };
            let done = work(&page)?;
            page.transaction.commit()?;
            Ok(done)
        };
        run().map_err(|error| failed(&path, &error))
    }
}

impl Page<'_> {
    /// Adds a user, or writes it anew. `roles`: value and name to show, which may be empty; `links`: id, if it
    /// is known, and name of groups that the user names.
    pub fn user(
        &self,
        user: &Resource,
        roles: &[(&str, &str)],
        links: &[(Option<&str>, &str)],
    ) -> rusqlite::Result<()> {
        let seq = self.put(sql::PUT_USER, params![user.id.resource, user.encode()])?;
        self.execute(sql::CLEAR_HOLDER, params![seq])?;
        self.execute(sql::CLEAR_LINK, params![seq])?;
        for (place, (value, display)) in (0_i64..).zip(roles) {
            let role = self.put(sql::PUT_ROLE, params![value, display])?;
            self.execute(sql::ADD_HOLDER, params![seq, place, role])?;
        }
        for (place, (id, name)) in (0_i64..).zip(links) {
            self.execute(sql::ADD_LINK, params![seq, place, id, name])?;
        }
        Ok(())
    }

    /// Adds a group, or writes it anew. `members`: kind (0 not known, 1 user, 2 group) and id.
    pub fn group(&self, group: &Resource, members: &[(u8, &str)]) -> rusqlite::Result<()> {
        let row = params![group.id.resource, group.display_name, group.encode()];
        let seq = self.put(sql::PUT_GROUP, row)?;
        self.execute(sql::CLEAR_MEMBER, params![seq])?;
        for (place, (kind, id)) in (0_i64..).zip(members) {
            self.execute(sql::ADD_MEMBER, params![seq, place, kind, id])?;
        }
        Ok(())
    }

    /// Notes what was left out.
    pub fn problem(&self, problem: &Problem) -> rusqlite::Result<()> {
        self.execute(sql::ADD_PROBLEM, params![problem.what, problem.id, problem.reason])
    }

    /// Notes that an id names nobody.
    pub fn absent(&self, id: &str) -> rusqlite::Result<()> {
        self.execute(sql::ADD_ABSENT, params![id])
    }

    /// Notes which group a name means, if any.
    pub fn named(&self, name: &str, group: Option<&str>) -> rusqlite::Result<()> {
        self.execute(sql::ADD_NAMELESS, params![name, group])
    }

    /// Notes where to go on.
    pub fn step(&self, name: &str, value: &str) -> rusqlite::Result<()> {
        self.execute(sql::SET_STEP, params![name, value])
    }

    fn put(&self, statement: &str, row: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<i64> {
        self.transaction.prepare_cached(statement)?.query_row(row, |row| row.get(0))
    }

    fn execute(&self, statement: &str, row: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<()> {
        self.transaction.prepare_cached(statement)?.execute(row).map(drop)
    }
}
