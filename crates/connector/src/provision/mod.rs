//! The write side: accounts, members and roles, one by one.
//!
//! Adding and removing a member sends that member alone: the others are neither read nor written. Removing a role
//! names that role, whatever `op` of the profile says. What is so already is a success, and said
//! ([`Outcome::Already`]).

mod account;
mod member;
mod role;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::profile::{Operation, Profile, ScimVersion};
use crate::read::RoleRecord;
use crate::transport::{PeerError, Reply, Request, Transport};

const CORE_V1: &str = "urn:scim:schemas:core:1.0";

/// The write side of an application. [`Provisioner`] writes one over SCIM; a program can bring its own.
#[async_trait]
pub trait Write: Send + Sync {
    /// Makes a user a member of a group.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    async fn add_member(&self, group: &str, member: &str) -> Result<Outcome, WriteError>;

    /// Takes one member out of a group.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    async fn remove_member(&self, group: &str, member: &str) -> Result<Outcome, WriteError>;

    /// Gives a user a role.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    async fn grant_role(&self, user: &str, role: &RoleRecord) -> Result<Outcome, WriteError>;

    /// Takes one role from a user.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    async fn revoke_role(&self, user: &str, role: &RoleRecord) -> Result<Outcome, WriteError>;

    /// Creates a user. After an answer that did not come, the user is looked up before it is created again.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    async fn create_account(&self, account: &Account) -> Result<Created, WriteError>;

    /// Deletes a user or group.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    async fn delete(&self, kind: Kind, id: &str) -> Result<Outcome, WriteError>;
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Done,
    /// It was so already: held before, or gone before.
    Already,
}

/// What is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user.
    User,
    /// A group.
    Group,
}

impl Kind {
    fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }
}

/// A user to create.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// `userName`.
    pub login: String,
    /// The primary address.
    pub email: Option<String>,
    /// More: SCIM attributes, and `first_name`, `last_name`, `display_name` for short.
    pub profile: Map<String, Value>,
}

/// A user that was created.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The application's id.
    pub id: String,
    /// It was there before, under this `userName`; nothing of it was changed.
    pub already: bool,
    /// The user as the application has it.
    pub raw: Value,
}

/// Why a change was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    /// The profile does not say how: nothing was sent.
    #[error("the profile has no {key}, so this cannot be changed")]
    NotConfigured {
        /// The missing key.
        key: &'static str,
    },
    /// The application's answer, or that there was none.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// It was created, but the answer has no id, and it is not found by name.
    #[error("{login} was created, but the application does not say under which id")]
    NoId {
        /// The name.
        login: String,
    },
    /// Someone else changed the same at the same time, again and again.
    #[error("{user} was changed by others at the same time, {tries} times; try again")]
    Contended {
        /// The user's id.
        user: String,
        /// How often it was tried.
        tries: u32,
    },
}

/// Writes to an application by its profile.
#[derive(Debug, Clone)]
pub struct Provisioner {
    transport: Transport,
    profile: Arc<Profile>,
}

impl Provisioner {
    /// A writer over this transport.
    pub fn new(transport: Transport, profile: Arc<Profile>) -> Self {
        Self { transport, profile }
    }

    /// The transport, to show requests of a plan with.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The request that deletes a user or group.
    pub fn plan_delete(kind: Kind, id: &str) -> Request {
        Request::delete([kind.endpoint(), id])
    }

    async fn send(&self, request: &Request) -> Result<Reply, WriteError> {
        Ok(self.transport.send(request).await?)
    }

    fn is_v1(&self) -> bool {
        self.profile.scim_version == ScimVersion::V1
    }
}

/// A PATCH with one operation; sending it twice does what sending it once does.
fn patch(path: [&str; 2], operation: &Operation, change: Value) -> Request {
    let mut body = Map::new();
    body.insert("schemas".to_owned(), vec![operation.schemas.clone()].into());
    body.insert("Operations".to_owned(), vec![change].into());
    Request::patch(path, Value::Object(body)).idempotent(true)
}

/// SCIM 1.1 has no operations: a part of the resource, in which an element says that it goes.
fn patch_v1(path: [&str; 2], attribute: &str, element: Value) -> Request {
    let mut body = Map::new();
    body.insert("schemas".to_owned(), vec![CORE_V1].into());
    body.insert(attribute.to_owned(), vec![element].into());
    Request::patch(path, Value::Object(body)).idempotent(true)
}

/// `attribute[sub eq "value"]`, the value escaped as a JSON string (RFC 7644 §3.4.2.2).
fn selecting(attribute: &str, sub: &str, value: &str) -> String {
    format!("{attribute}[{sub} eq {}]", Value::from(value))
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[async_trait]
impl Write for Provisioner {
    async fn add_member(&self, group: &str, member: &str) -> Result<Outcome, WriteError> {
        self.member_added(group, member).await
    }

    async fn remove_member(&self, group: &str, member: &str) -> Result<Outcome, WriteError> {
        self.member_removed(group, member).await
    }

    async fn grant_role(&self, user: &str, role: &RoleRecord) -> Result<Outcome, WriteError> {
        self.role_changed(user, role, true).await
    }

    async fn revoke_role(&self, user: &str, role: &RoleRecord) -> Result<Outcome, WriteError> {
        self.role_changed(user, role, false).await
    }

    async fn create_account(&self, account: &Account) -> Result<Created, WriteError> {
        self.account_created(account).await
    }

    async fn delete(&self, kind: Kind, id: &str) -> Result<Outcome, WriteError> {
        match self.send(&Self::plan_delete(kind, id)).await {
            Ok(_) => Ok(Outcome::Done),
            Err(WriteError::Peer(error)) if error.is_gone() => Ok(Outcome::Already),
            Err(error) => Err(error),
        }
    }
}
