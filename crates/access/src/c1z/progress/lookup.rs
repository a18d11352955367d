//! What is still to be asked for, one by one, when the listings are through.

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, params};

use super::Progress;
use super::statements as sql;
use crate::c1z::error::C1zError;

/// An id that something refers to and no listing had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The id.
    pub id: String,
    /// 0 not known, 1 user, 2 group: as it was said to be.
    pub kind: u8,
    /// The group that has it as a member, or the user that names it.
    pub referrer: String,
}

/// A group that a user names without its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The group's name.
    pub name: String,
    /// The user.
    pub user: String,
    /// Ids of groups that have this name: none, one, or two of several.
    pub groups: Vec<String>,
}

impl Progress {
    /// Ids to ask for, each once; empty when there are no more.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn unresolved(&self) -> Result<Vec<Unresolved>, C1zError> {
        let next = |statement| {
            self.read(|connection| {
                let mut statement = connection.prepare_cached(statement)?;
                let rows = statement.query_map([], |row| {
                    Ok(Unresolved { id: row.get(0)?, kind: row.get(1)?, referrer: row.get(2)? })
                })?;
                rows.collect::<Result<Vec<_>, _>>()
            })
        };
        let mut found = next(sql::UNRESOLVED)?;
        if found.is_empty() {
            found = next(sql::UNRESOLVED_LINK_ID)?;
        }
        let mut seen = HashSet::new();
        found.retain(|unresolved| seen.insert(unresolved.id.clone()));
        Ok(found)
    }

    /// The next name of a group to look up, if any.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn unnamed(&self) -> Result<Option<Link>, C1zError> {
        self.read(|connection| {
            let pair = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
            let found =
                connection.prepare_cached(sql::UNRESOLVED_LINK_NAME)?.query_row([], pair).optional()?;
            let Some((name, user)) = found else { return Ok(None) };
            let mut statement = connection.prepare_cached(sql::GROUPS_NAMED)?;
            let groups = statement.query_map(params![name], |row| row.get(0))?;
            let groups = groups.collect::<Result<_, _>>()?;
            Ok(Some(Link { name, user, groups }))
        })
    }
}
