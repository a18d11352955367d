//! Management: who may manage what, and the use cases: tenants, sources, credentials, API tokens, the audit.
//!
//! A [`Manager`] is whoever was let in: the bearer of an API token, or whoever holds the database. An [`Admin`]
//! is a manager within one tenant, and nothing of a tenant is reached without one. What is another tenant's is
//! not there: the same error, by the same way.

mod api_token;
mod audit;
mod configure;
mod credential;
mod delivery;
mod endpoint;
mod page;
mod schema;
mod source;
mod status;
mod tenant;

use rollcall_domain::api::ApiScope;
use rollcall_domain::audit::{Draft, Event, json};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::source::Source;
use rollcall_domain::tenant::{Tenant, TenantKey};
use rollcall_store::StoreError;
use serde_json::Value;

use crate::Service;

pub use api_token::NewApiToken;
pub use audit::AuditFilter;
pub use configure::{Configuration, merged};
pub use credential::NewCredential;
pub use delivery::EndpointProgress;
pub use endpoint::{EndpointChange, NewEndpoint};
pub use page::{Page, Paging};
pub use source::{NewSource, SourceFilter};
pub use status::{Capabilities, Check, SourceReport};

/// Who is named in the audit when the command line changes something.
const COMMAND_LINE: &str = "cli";

/// Why management did not do what it was asked. The texts are for whoever asked, and say what to do.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Invalid(String),
    /// There is none, or it is another tenant's.
    #[error("{0}")]
    NotFound(String),
    /// It is there already, or not in a state for this.
    #[error("{0}")]
    Conflict(String),
    /// Nobody was recognised.
    #[error("{0}")]
    Unauthorized(String),
    /// This manager may not.
    #[error("{0}")]
    Forbidden(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
}

/// What an error comes to, by what whoever asked can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Ask for something else.
    Invalid,
    /// Name something that is there.
    NotFound,
    /// Choose another, or wait for another state.
    Conflict,
    /// Show a token.
    Unauthorized,
    /// Get a token that may.
    Forbidden,
    /// Read it again first.
    Outdated,
    /// Try again later.
    Unavailable,
    /// Ask the operator, who has a log.
    Internal,
}

impl AdminError {
    /// What it comes to, and what a client is told. Details of a broken store go to the log.
    pub fn told(&self) -> (Told, String) {
        let told = match self {
            Self::Invalid(_) => Told::Invalid,
            Self::NotFound(_) => Told::NotFound,
            Self::Conflict(_) => Told::Conflict,
            Self::Unauthorized(_) => Told::Unauthorized,
            Self::Forbidden(_) => Told::Forbidden,
            Self::Store(error) => return told_of(error),
        };
        (told, self.to_string())
    }

    /// Whether the settings of the source were changed since they were read, and nothing was written.
    pub const fn is_superseded(&self) -> bool {
        matches!(self, Self::Store(StoreError::Superseded))
    }
}

/// One table, no wildcard.
fn told_of(error: &StoreError) -> (Told, String) {
    let (told, text) = match error {
        StoreError::NotFound => (Told::NotFound, "it is not there any more"),
        StoreError::Conflict { attribute, .. } => {
            return (Told::Conflict, format!("another has this {attribute}; choose another"));
        }
        StoreError::Stale => (Told::Unavailable, "it is being changed by many requests at once; try again"),
        StoreError::Superseded => {
            (Told::Unavailable, "the settings of the source are being changed; try again")
        }
        StoreError::Fenced => (Told::Unavailable, "another node does this work now; try again"),
        StoreError::VersionMismatch => (Told::Outdated, "it has another version; read it again"),
        StoreError::UnknownMember(_) => (Told::Invalid, "a member is not there; create it first"),
        StoreError::TooMany(most) => {
            let text = format!("more than {most} would have to be looked at; narrow the request");
            return (Told::Invalid, text);
        }
        StoreError::Busy => (Told::Unavailable, "too many writes are waiting; try again"),
        StoreError::Unavailable(reason) => {
            tracing::error!(reason, "the store does not answer");
            (Told::Unavailable, "the database does not answer; try again")
        }
        StoreError::Corrupt { table, column, reason } => {
            tracing::error!(table, column, reason, "a stored row cannot be read");
            (Told::Internal, "a stored row cannot be read; the server's log names it")
        }
    };
    (told, text.to_owned())
}

/// Who manages, proven. [`Service::authenticate_api`] makes one, and [`Manager::operator`].
#[derive(Debug, Clone)]
pub struct Manager {
    actor: String,
    request_id: String,
    /// The only tenant that is reached.
    bound: Option<Tenant>,
    /// `None`: all.
    scopes: Option<Vec<ApiScope>>,
}

/// A manager within one tenant. Only [`Service::within`] makes one.
#[derive(Debug, Clone)]
pub struct Admin {
    manager: Manager,
    tenant: Tenant,
}

impl Manager {
    /// Whoever holds the database, who may do everything. Never for what comes by network.
    pub fn operator() -> Self {
        Self { actor: COMMAND_LINE.to_owned(), request_id: String::new(), bound: None, scopes: None }
    }

    /// Whoever was let in otherwise: by the console.
    pub(crate) fn of(
        actor: String,
        request_id: &str,
        bound: Option<Tenant>,
        scopes: Option<Vec<ApiScope>>,
    ) -> Self {
        Self { actor, request_id: request_id.to_owned(), bound, scopes }
    }

    /// Who is named in the audit.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// The request; empty at the command line.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The only tenant that is reached; `None`: all.
    pub fn bound(&self) -> Option<&Tenant> {
        self.bound.as_ref()
    }

    /// Whether it may do this.
    pub fn allows(&self, scope: ApiScope) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&scope))
    }

    /// # Errors
    ///
    /// `Forbidden` without the scope.
    pub fn require(&self, scope: ApiScope) -> Result<(), AdminError> {
        let missing =
            || AdminError::Forbidden(format!("this token has no scope {}; issue one that has", scope.name()));
        self.allows(scope).then_some(()).ok_or_else(missing)
    }

    /// # Errors
    ///
    /// `Forbidden` when it is bound to a tenant.
    pub fn require_installation(&self) -> Result<(), AdminError> {
        let bound = || {
            let text = "this token is bound to a tenant; this needs one that was issued for the installation";
            AdminError::Forbidden(text.to_owned())
        };
        self.bound.is_none().then_some(()).ok_or_else(bound)
    }
}

impl Admin {
    /// A manager who is bound to this tenant.
    pub(crate) fn of(manager: Manager, tenant: Tenant) -> Self {
        Self { manager, tenant }
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Who it is.
    pub fn manager(&self) -> &Manager {
        &self.manager
    }

    /// # Errors
    ///
    /// `Forbidden` without the scope.
    pub fn require(&self, scope: ApiScope) -> Result<(), AdminError> {
        self.manager.require(scope)
    }

    /// That this is a source of the tenant.
    pub(crate) fn owns(&self, source: &Source) -> Result<(), AdminError> {
        (source.tenant == self.tenant.key).then_some(()).ok_or_else(|| no_source(&self.tenant, &source.slug))
    }
}

impl Service {
    /// A manager within a tenant: the one named, else the one that the manager is bound to, else the default one.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such tenant, or the manager is bound to another.
    pub async fn within(&self, manager: &Manager, tenant: Option<&str>) -> Result<Admin, AdminError> {
        let tenant = match (tenant, &manager.bound) {
            (None, Some(bound)) => bound.clone(),
            (name, _) => {
                self.tenant(manager, name.unwrap_or(rollcall_domain::tenant::DEFAULT_TENANT)).await?
            }
        };
        Ok(Admin { manager: manager.clone(), tenant })
    }

    /// So many milliseconds from now.
    pub fn in_milliseconds(&self, ms: i64) -> Timestamp {
        Timestamp(self.clock.now().0.saturating_add(ms))
    }

    /// A position in a list as a client may see it, which opens only for this binding.
    ///
    /// # Errors
    ///
    /// `Invalid`, which does not happen.
    pub fn seal_position(&self, position: &str, binding: &[u8]) -> Result<String, AdminError> {
        let sealed = self.cursor_key.seal_text(position, binding, self.ids.as_ref());
        sealed.map_err(|error| AdminError::Invalid(error.detail))
    }

    /// The position in a cursor.
    ///
    /// # Errors
    ///
    /// `Invalid` when it was not made by [`Service::seal_position`] for this binding.
    pub fn open_position(&self, cursor: &str, binding: &[u8]) -> Result<String, AdminError> {
        self.cursor_key.open_text(cursor, binding).ok_or_else(|| {
            let text = "cursor: not one that this server gave for this list; begin again without it";
            AdminError::Invalid(text.to_owned())
        })
    }

    /// The entry of the audit for a change within a tenant. `before` and `after` never hold a secret.
    pub(crate) fn audit_entry(
        &self,
        admin: &Admin,
        action: &str,
        subject: String,
        before: &Value,
        after: &Value,
    ) -> Draft {
        self.audit_entry_of(&admin.manager, Some(admin.tenant.key), action, subject, before, after)
    }

    /// The same for a change of the installation, or of one tenant.
    pub(crate) fn audit_entry_of(
        &self,
        manager: &Manager,
        tenant: Option<TenantKey>,
        action: &str,
        subject: String,
        before: &Value,
        after: &Value,
    ) -> Draft {
        let event = Event {
            at: self.clock.now(),
            tenant,
            actor: manager.actor.clone(),
            request_id: manager.request_id.clone(),
            action: action.to_owned(),
            subject,
            before: json(before),
            after: json(after),
        };
        Draft { event, key: self.chain_key.clone() }
    }
}

/// There is no such source, or it is another tenant's.
fn no_source(tenant: &Tenant, slug: &str) -> AdminError {
    AdminError::NotFound(format!(
        "tenant {} has no source {slug:?}; `rollcall source list` shows those there are",
        tenant.name
    ))
}

/// `Conflict` where the store says so.
fn taken(error: StoreError, what: &str, name: &str) -> AdminError {
    match error {
        StoreError::Conflict { .. } => {
            AdminError::Conflict(format!("{what} {name:?} exists already; choose another name"))
        }
        error => AdminError::Store(error),
    }
}
