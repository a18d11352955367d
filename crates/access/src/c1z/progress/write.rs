//! Adding what was read.

use super::entry::Entry;
use super::log::Part;
use super::{Progress, entry};
use crate::c1z::error::C1zError;
use crate::model::USER;

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
pub struct Page<'a>(&'a mut Vec<u8>);

impl Progress {
    /// Writes what `work` adds, all or nothing.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn page<T>(&mut self, work: impl FnOnce(&mut Page<'_>) -> T) -> Result<T, C1zError> {
        let mut bytes = std::mem::take(&mut self.page);
        bytes.clear();
        let done = work(&mut Page(&mut bytes));
        let at = self.log.add(&bytes).map_err(|error| self.failed(error))?;
        let part = Part { at, bytes };
        let log = &self.log;
        self.state.note(&part, |place, id| log.has_id(place, id));
        if self.state.users.is_mixed() {
            self.draft = None;
        }
        if let Some(draft) = &mut self.draft {
            let mut rest = part.bytes.as_slice();
            while let Some(entry) = entry::take(&mut rest) {
                if let Entry::User { id, data, .. } = entry {
                    draft.encoded_resource([USER, id], None, data)?;
                }
            }
        }
        self.page = part.bytes;
        Ok(done)
    }
}

impl Page<'_> {
    /// Adds a user, or writes it anew: its message; value and name to show of its roles, which may be empty; id, if
    /// it is known, and name of groups that it names.
    pub(crate) fn user<'p>(
        &mut self,
        id: &str,
        data: impl FnOnce(&mut Vec<u8>),
        roles: impl Iterator<Item = (&'p str, &'p str)>,
        links: impl Iterator<Item = (Option<&'p str>, &'p str)>,
    ) {
        let links = links.map(|(id, name)| (id.unwrap_or_default(), name));
        entry::user(id, data, roles, links, self.0);
    }

    /// Adds a group, or writes it anew: its message; kind (0 not known, 1 user, 2 group) and id of its members.
    pub(crate) fn group<'p>(
        &mut self,
        id: &str,
        name: &str,
        data: impl FnOnce(&mut Vec<u8>),
        members: impl Iterator<Item = (u8, &'p str)>,
    ) {
        entry::group(id, name, data, members, self.0);
    }

    /// Notes what was left out.
    pub fn problem(&mut self, problem: &Problem) {
        entry::problem(&problem.what, &problem.id, &problem.reason, self.0);
    }

    /// Notes that an id names nobody.
    pub fn absent(&mut self, id: &str) {
        entry::absent(id, self.0);
    }

    /// Notes which group a name means, if any.
    pub fn named(&mut self, name: &str, group: Option<&str>) {
        entry::named(name, group, self.0);
    }

    /// Notes where to go on.
    pub fn step(&mut self, name: &str, value: &str) {
        entry::step(name, value, self.0);
    }
}
