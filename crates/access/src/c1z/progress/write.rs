//! Adding what was read.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

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
    /// The newest user and group: what is not newer is written anew.
    newest_user: Cell<i64>,
    newest_group: Cell<i64>,
    /// Roles that this page has, with what is known of their names: most users have one of a few.
    roles: RefCell<HashMap<String, Role>>,
}

#[derive(Clone, Copy)]
struct Role {
    seq: i64,
    named: bool,
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
            let transaction = self.connection.transaction()?;
            let newest = |statement| transaction.prepare_cached(statement)?.query_row([], |row| row.get(0));
            let (newest_user, newest_group) = (newest(sql::NEWEST_USER)?, newest(sql::NEWEST_GROUP)?);
            let page = Page {
                newest_user: Cell::new(newest_user),
                newest_group: Cell::new(newest_group),
                roles: RefCell::default(),
                transaction,
            };
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
        if !is_newer(&self.newest_user, seq) {
            self.execute(sql::CLEAR_HOLDER, params![seq])?;
            self.execute(sql::CLEAR_LINK, params![seq])?;
        }
        for (place, (value, display)) in (0_i64..).zip(roles) {
            let role = self.role(value, display)?;
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
        if !is_newer(&self.newest_group, seq) {
            self.execute(sql::CLEAR_MEMBER, params![seq])?;
        }
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

    fn role(&self, value: &str, display: &str) -> rusqlite::Result<i64> {
        let known = self.roles.borrow().get(value).copied();
        if let Some(role) = known.filter(|role| role.named || display.is_empty()) {
            return Ok(role.seq);
        }
        let seq = self.put(sql::PUT_ROLE, params![value, display])?;
        self.roles.borrow_mut().insert(value.to_owned(), Role { seq, named: !display.is_empty() });
        Ok(seq)
    }

    fn put(&self, statement: &str, row: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<i64> {
        self.transaction.prepare_cached(statement)?.query_row(row, |row| row.get(0))
    }

    fn execute(&self, statement: &str, row: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<()> {
        self.transaction.prepare_cached(statement)?.execute(row).map(drop)
    }
}

/// Whether a row was added just now; then it is the newest.
fn is_newer(newest: &Cell<i64>, seq: i64) -> bool {
    let newer = seq > newest.get();
    if newer {
        newest.set(seq);
    }
    newer
}
