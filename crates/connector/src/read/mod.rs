//! The read side: who is there, and who is in what.
//!
//! A listing is read page by page ([`Pages::next`]). After each page stands a [`Position`] to go on from, in this
//! run or in another. The last page says how the listing ended ([`End`]): only one that is complete is the truth.
//! What cannot be mapped is reported with its id and skipped, or ends the reading when the reader is strict.

mod listing;
mod map;
mod pages;
mod record;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use record::{GroupLink, GroupRecord, MemberKind, MemberRecord, RoleRecord, UserRecord};

use crate::json::{Json, Node};
use crate::profile::Profile;
use crate::transport::{PeerError, Request, Transport};
use pages::{GroupPages, NoPages, UserPages};

pub(crate) use listing::{Listing, Take, resources};
pub(crate) use map::id;

/// The read side of an application. [`Reader`] reads one over SCIM; a program can bring its own.
#[async_trait]
pub trait Read: Send + Sync {
    /// All users from a position on; [`Position::default`] is the start.
    fn users(&self, from: Position) -> Box<dyn Pages<UserRecord>>;

    /// All groups from a position on, with their members.
    fn groups(&self, from: Position) -> Box<dyn Pages<GroupRecord>>;

    /// One user; `None` when the application says that it is gone.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    async fn user(&self, id: &str) -> Result<Option<UserRecord>, ReadError>;

    /// One group with its members; `None` when the application says that it is gone.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    async fn group(&self, id: &str) -> Result<Option<GroupRecord>, ReadError>;

    /// The id of the group with this display name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    async fn group_named(&self, name: &str) -> Result<Option<String>, ReadError>;
}

/// A listing, page by page.
#[async_trait]
pub trait Pages<T>: Send {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    ///
    /// [`ReadError`]. An error is not an end: the next call tries the same page again.
    async fn next(&mut self) -> Result<Option<Page<T>>, ReadError>;
}

/// Part of a listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What could be mapped, each once in a listing; over a resumption some may come again.
    pub records: Vec<T>,
    /// What could not.
    pub skipped: Vec<Skipped>,
    /// How many there are in all, as the application says now.
    pub total: Option<u64>,
    /// Where to go on after this page.
    pub next: Position,
    /// How the listing ended, on the last page only.
    pub end: Option<End>,
}

/// A record that could not be mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Why.
    pub reason: String,
}

/// How a listing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Everyone came.
    Complete,
    /// Not everyone came, or nobody can tell: who is missing is not taken as deleted.
    Incomplete {
        /// How many came.
        arrived: u64,
        /// How many there are, as the application said last.
        announced: Option<u64>,
        /// What happened.
        reason: String,
    },
}

/// A place in a listing, to go on from. Opaque but for being kept as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// What arrived before is counted here.
    pub(crate) arrived: u64,
    /// `startIndex` less one.
    pub(crate) offset: u64,
    /// The cursor of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
    /// How many there are, as the application said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// Nothing follows.
    #[serde(default)]
    pub(crate) done: bool,
}

/// Why nothing could be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The application's answer, or that there was none.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// A success that is no list.
    #[error("the answer to {request} has no list at {path}; correct pagination.resources")]
    NotAList {
        /// What was asked.
        request: String,
        /// Where a list was expected.
        path: String,
    },
    /// A record that cannot be mapped, for a strict reader.
    #[error("{kind} {} cannot be mapped: {reason}", id.as_deref().unwrap_or("without id"))]
    Unmappable {
        /// `user` or `group`.
        kind: &'static str,
        /// Its id, if it has one.
        id: Option<String>,
        /// Why.
        reason: String,
    },
}

/// How to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions {
    /// End at the first record that cannot be mapped.
    pub strict: bool,
}

/// Reads an application by its profile.
#[derive(Debug, Clone)]
pub struct Reader {
    transport: Transport,
    profile: Arc<Profile>,
    options: ReadOptions,
}

impl Reader {
    /// A reader over this transport.
    pub fn new(transport: Transport, profile: Arc<Profile>, options: ReadOptions) -> Self {
        Self { transport, profile, options }
    }

    /// A user as the application has it; `None` when it says that the user is gone.
    ///
    /// # Errors
    ///
    /// [`ReadError::Peer`].
    pub async fn user_as_it_is(&self, id: &str) -> Result<Option<Value>, ReadError> {
        self.one("Users", id, &|raw: &Node<'_>| raw.to_value()).await
    }

    async fn one<T>(
        &self,
        endpoint: &str,
        id: &str,
        read: &(dyn Fn(&Node<'_>) -> T + Send + Sync),
    ) -> Result<Option<T>, ReadError> {
        match self.transport.read(&Request::get([endpoint, id]), read).await {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl Read for Reader {
    fn users(&self, from: Position) -> Box<dyn Pages<UserRecord>> {
        Box::new(UserPages::new(self.transport.clone(), Arc::clone(&self.profile), self.options, from))
    }

    fn groups(&self, from: Position) -> Box<dyn Pages<GroupRecord>> {
        let Some(paths) = self.profile.group.clone() else { return Box::new(NoPages) };
        let (transport, profile) = (self.transport.clone(), Arc::clone(&self.profile));
        Box::new(GroupPages::new(transport, profile, paths, self.options, from))
    }

    async fn user(&self, id: &str) -> Result<Option<UserRecord>, ReadError> {
        let mapped = self.one("Users", id, &|raw: &Node<'_>| map::user(&self.profile, raw)).await?;
        mapped.transpose().map_err(|skipped| unmappable("user", skipped))
    }

    async fn group(&self, id: &str) -> Result<Option<GroupRecord>, ReadError> {
        let Some(paths) = &self.profile.group else { return Ok(None) };
        let mapped = self.one("Groups", id, &|raw: &Node<'_>| map::group(paths, raw)).await?;
        mapped.transpose().map_err(|skipped| unmappable("group", skipped))
    }

    async fn group_named(&self, name: &str) -> Result<Option<String>, ReadError> {
        let Some(paths) = &self.profile.group else { return Ok(None) };
        // A JSON string is a filter's string (RFC 7644 §3.4.2.2): quotes in the name are escaped.
        let filter = format!("displayName eq {}", Value::from(name));
        let request = Request::get(["Groups"]).query("filter", filter);
        let reply = self.transport.send(&request).await?;
        let found = resources(&self.profile, reply.json()?).unwrap_or_default();
        // Compared again, for an application that does not know the filter and answers with all.
        let same = |raw: &&Value| paths.display_name.first(*raw).and_then(Value::as_str) == Some(name);
        Ok(found.into_iter().find(same).and_then(|raw| map::id(&paths.id, raw)))
    }
}

fn unmappable(kind: &'static str, skipped: Skipped) -> ReadError {
    ReadError::Unmappable { kind, id: skipped.id, reason: skipped.reason }
}
