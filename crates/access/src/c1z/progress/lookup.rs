//! What is still to be asked for, one by one, when the listings are through.
//!
//! Each search goes over the log once: it goes on from where it found something last, since what comes before has
//! been found or is known to be absent.

use std::collections::{HashMap, HashSet};

use super::entry::{self, Entry};
use super::log::Part;
use super::{Progress, State};
use crate::c1z::error::C1zError;

/// How many are asked for together, about.
const BATCH: usize = 256;

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
    pub fn unresolved(&mut self) -> Result<Vec<Unresolved>, C1zError> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        self.members_from = self.search(self.members_from, |state, entry| {
            let Entry::Group { id: group, members, .. } = entry else { return Search::Nothing };
            let unknown = members.members().filter(|(_, id)| !state.users.has(id) && state.is_open(id));
            Search::of(unknown, &mut found, |(kind, id)| {
                let new = seen.insert(id.to_owned());
                new.then(|| Unresolved { id: id.to_owned(), kind, referrer: group.to_owned() })
            })
        })?;
        if !found.is_empty() || !self.state.links {
            return Ok(found);
        }
        self.links_from = self.search(self.links_from, |state, entry| {
            let Entry::User { id: user, links, .. } = entry else { return Search::Nothing };
            let meant = links.pairs().filter_map(|(id, name)| state.meant(id, name));
            Search::of(meant.filter(|id| state.is_open(id)), &mut found, |id| {
                let new = seen.insert(id.to_owned());
                new.then(|| Unresolved { id: id.to_owned(), kind: 2, referrer: user.to_owned() })
            })
        })?;
        Ok(found)
    }

    /// The next name of a group to look up, if any.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn unnamed(&mut self) -> Result<Option<Link>, C1zError> {
        if !self.state.links {
            return Ok(None);
        }
        let mut found = None;
        self.names_from = self.search(self.names_from, |state, entry| {
            let Entry::User { id: user, links, .. } = entry else { return Search::Nothing };
            let mut open =
                links.pairs().filter(|(id, name)| id.is_empty() && !state.named.contains_key(*name));
            let Some((_, name)) = open.next() else { return Search::Nothing };
            found = Some((name.to_owned(), user.to_owned()));
            Search::Enough
        })?;
        let Some((name, user)) = found else { return Ok(None) };
        if self.by_name.is_none() {
            let mut by_name: HashMap<String, Vec<String>> = HashMap::new();
            self.groups(|entry| {
                if let Entry::Group { id, name, .. } = entry {
                    let ids = by_name.entry(name.to_owned()).or_default();
                    if ids.len() < 2 {
                        ids.push(id.to_owned());
                    }
                }
                Ok(())
            })?;
            self.by_name = Some(by_name);
        }
        let groups = self.by_name.as_ref().and_then(|by_name| by_name.get(&name)).cloned();
        Ok(Some(Link { name, user, groups: groups.unwrap_or_default() }))
    }

    /// Goes over the log from a place until there is enough; says where there was something first.
    fn search(
        &self,
        from: Option<u64>,
        mut look: impl FnMut(&State, Entry<'_>) -> Search,
    ) -> Result<Option<u64>, C1zError> {
        let (mut part, mut first) = (Part::default(), None);
        let mut place = from.unwrap_or(super::log::START);
        while let Some(next) = self.log.read(place, &mut part).map_err(|error| self.failed(error))? {
            let mut rest = part.bytes.as_slice();
            while let Some(entry) = entry::take(&mut rest) {
                let looked = look(&self.state, entry);
                if looked != Search::Nothing {
                    first = first.or(Some(place));
                }
                if looked == Search::Enough {
                    return Ok(first);
                }
            }
            place = next;
        }
        // What is added after this is looked at, too.
        Ok(first.or(Some(place)))
    }
}

/// What became of looking at an entry.
#[derive(PartialEq)]
enum Search {
    Nothing,
    Something,
    Enough,
}

impl Search {
    /// Adds what is open, and says whether there was anything, be it known from before.
    fn of<T>(
        open: impl Iterator<Item = T>,
        found: &mut Vec<Unresolved>,
        mut make: impl FnMut(T) -> Option<Unresolved>,
    ) -> Self {
        let mut any = false;
        for one in open {
            any = true;
            found.extend(make(one));
        }
        match (any, found.len() >= BATCH) {
            (_, true) => Self::Enough,
            (true, false) => Self::Something,
            (false, false) => Self::Nothing,
        }
    }
}

impl State {
    /// The id of the group that a user means, if that is known.
    pub(super) fn meant<'a>(&'a self, id: &'a str, name: &str) -> Option<&'a str> {
        if id.is_empty() { self.named.get(name)?.as_deref() } else { Some(id) }
    }

    /// Whether it is not known if there is a group of this id.
    fn is_open(&self, id: &str) -> bool {
        !self.groups.has(id) && !self.is_absent(id)
    }
}
