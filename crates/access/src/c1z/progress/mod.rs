//! A sync under way, on disk: what was read so far, and where to go on.
//!
//! A log to which every page is added together with the position after it, so that a process that is killed at any
//! moment leaves a whole number of pages. Who has been read is kept in memory as digests (`known.rs`); the rest is
//! read again from the log when it is needed. Nothing in it has a time, or an order but that of arrival: whether a
//! sync was interrupted is not to be seen in what becomes of it.

mod build;
mod entry;
mod known;
mod log;
mod lookup;
mod roles;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use rollcall_domain::clock::Timestamp;

use super::error::C1zError;
use super::writer::Writer;
use entry::Entry;
use known::Known;
use log::{Log, Part};
use roles::Roles;

pub use build::Counts;
pub use lookup::{Link, Unresolved};
pub use write::{Page, Problem};

/// Written into every log; another number is not gone on with.
const FORMAT: &str = "2";

/// What a sync is of, and which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The name of the sync.
    pub id: String,
    /// When it began.
    pub started: Timestamp,
    /// Tells the application and how it is read. One that is read differently is not gone on with.
    pub origin: String,
}

/// A sync under way.
pub struct Progress {
    path: PathBuf,
    log: Log,
    begun: Begun,
    state: State,
    /// From where on there may be groups, and users, that name somebody unknown; see `lookup.rs`.
    members_from: Option<u64>,
    links_from: Option<u64>,
    names_from: Option<u64>,
    /// Ids of groups by name, when they were asked for.
    by_name: Option<HashMap<String, Vec<String>>>,
    /// What a page adds.
    page: Vec<u8>,
    /// The file that this becomes, with the users so far: made while the application is waited for.
    draft: Option<Writer>,
}

/// What is known of the log without reading it.
#[derive(Default)]
struct State {
    steps: BTreeMap<String, String>,
    users: Known,
    groups: Known,
    roles: Roles,
    /// Some user names groups.
    links: bool,
    absent: HashSet<u64>,
    named: HashMap<String, Option<String>>,
    problems: HashSet<u64>,
    key: RandomState,
}

impl State {
    /// Takes note of a part of the log. `is_at` says whether the entry at a place has an id.
    fn note(&mut self, part: &Part, is_at: impl Fn(u64, &str) -> bool) {
        let mut rest = part.bytes.as_slice();
        let place = |rest: &[u8]| part.at + (part.bytes.len() - rest.len()) as u64;
        let mut at = part.at;
        while let Some(entry) = entry::take(&mut rest) {
            match entry {
                Entry::Step { name, value } => {
                    self.steps.insert(name.to_owned(), value.to_owned());
                }
                Entry::User { id, roles, links, .. } => {
                    self.users.add(id, at, |there| is_at(there, id));
                    self.links |= !links.is_empty();
                    roles.pairs().for_each(|(value, display)| self.roles.add(value, display));
                }
                Entry::Group { id, .. } => self.groups.add(id, at, |there| is_at(there, id)),
                Entry::Problem { what, id, reason } => {
                    self.problems.insert(self.key.hash_one((what, id, reason)));
                }
                Entry::Absent { id } => {
                    self.absent.insert(self.key.hash_one(id));
                }
                Entry::Named { name, group } => {
                    self.named.insert(name.to_owned(), group.map(str::to_owned));
                }
            }
            at = place(rest);
        }
    }

    fn is_absent(&self, id: &str) -> bool {
        self.absent.contains(&self.key.hash_one(id))
    }
}

impl Progress {
    /// Begins a sync in a new file, whatever is there.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`], as of every method.
    pub fn begin(path: &Path, begun: Begun) -> Result<Self, C1zError> {
        let log = Log::create(path).map_err(|error| C1zError::io(path, error))?;
        let mut progress = Self::of(path, log, begun, State::default());
        let Begun { id, started, origin } = progress.begun.clone();
        let started = started.0.to_string();
        progress.page(|page| {
            for (name, value) in [("format", FORMAT), ("id", &id), ("started", &started), ("origin", &origin)]
            {
                page.step(name, value);
            }
        })?;
        Ok(progress)
    }

    /// The sync that is under way in a file; `None` when there is none, or none that can be gone on with.
    pub fn resume(path: &Path) -> Option<Self> {
        let reading = std::fs::File::open(path).ok()?;
        let mut state = State::default();
        let log =
            Log::open(path, |part| state.note(part, |place, id| log::has_id(&reading, place, id))).ok()??;
        let step = |name: &str| state.steps.get(name).cloned();
        step("format").filter(|format| format == FORMAT)?;
        let begun = Begun {
            id: step("id")?,
            started: Timestamp(step("started")?.parse().ok()?),
            origin: step("origin")?,
        };
        Some(Self::of(path, log, begun, state))
    }

    fn of(path: &Path, log: Log, begun: Begun, state: State) -> Self {
        let start = Some(log::START);
        Self {
            path: path.to_owned(),
            log,
            begun,
            state,
            members_from: start,
            links_from: start,
            names_from: start,
            by_name: None,
            page: Vec::new(),
            draft: None,
        }
    }

    /// Writes users into this file as they come, which has nothing yet but earlier syncs. It is given back by
    /// [`Progress::build`].
    pub fn draft(&mut self, writer: Writer) {
        self.draft = Some(writer);
    }

    /// Which sync it is.
    pub fn begun(&self) -> &Begun {
        &self.begun
    }

    /// What was noted under a name.
    pub fn step(&self, name: &str) -> Option<&str> {
        self.state.steps.get(name).map(String::as_str)
    }

    /// Notes something under a name.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn set_step(&mut self, name: &str, value: &str) -> Result<(), C1zError> {
        self.page(|page| page.step(name, value))
    }

    /// How many things were left out.
    pub fn problem_count(&self) -> u64 {
        self.state.problems.len() as u64
    }

    /// What was left out, in a fixed order, each once.
    ///
    /// # Errors
    ///
    /// [`C1zError::Io`].
    pub fn problems(&self) -> Result<Vec<Problem>, C1zError> {
        let mut problems = Vec::new();
        self.each(|entry| {
            if let Entry::Problem { what, id, reason } = entry {
                let [what, id, reason] = [what, id, reason].map(str::to_owned);
                problems.push(Problem { what, id, reason });
            }
            Ok(())
        })?;
        problems.sort();
        problems.dedup();
        Ok(problems)
    }

    /// Goes over all entries in the order of the log.
    fn each(&self, mut each: impl FnMut(Entry<'_>) -> Result<(), C1zError>) -> Result<(), C1zError> {
        let (mut part, mut place) = (Part::default(), log::START);
        while let Some(next) = self.log.read(place, &mut part).map_err(|error| self.failed(error))? {
            let mut rest = part.bytes.as_slice();
            while let Some(entry) = entry::take(&mut rest) {
                each(entry)?;
            }
            place = next;
        }
        Ok(())
    }

    /// Goes over users in the order in which they came first, each as it came last.
    fn users(&self, each: impl FnMut(Entry<'_>) -> Result<(), C1zError>) -> Result<(), C1zError> {
        self.records(&self.state.users, |entry| matches!(entry, Entry::User { .. }), each)
    }

    /// Goes over groups in the order in which they came first, each as it came last.
    fn groups(&self, each: impl FnMut(Entry<'_>) -> Result<(), C1zError>) -> Result<(), C1zError> {
        self.records(&self.state.groups, |entry| matches!(entry, Entry::Group { .. }), each)
    }

    fn records(
        &self,
        known: &Known,
        wanted: impl Fn(&Entry<'_>) -> bool,
        mut each: impl FnMut(Entry<'_>) -> Result<(), C1zError>,
    ) -> Result<(), C1zError> {
        if !known.is_mixed() {
            return self.each(|entry| if wanted(&entry) { each(entry) } else { Ok(()) });
        }
        let mut bytes = Vec::new();
        for number in 0..u32::try_from(known.len()).unwrap_or(u32::MAX) {
            let place = known.place(number).unwrap_or_default();
            self.log.entry(place, &mut bytes).map_err(|error| self.failed(error))?;
            if let Some(entry) = entry::take(&mut bytes.as_slice()) {
                each(entry)?;
            }
        }
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> C1zError {
        C1zError::io(&self.path, error)
    }
}
