//! Signing in by what an OpenID provider says.
//!
//! Whoever talks to the provider is an [`OpenId`] (`rollcall-openid`). Here is decided who comes in: the person whose
//! `iss` and `sub` are known; else the account of their verified mail address, once; else someone new, where what the
//! provider says of them makes a role.

use std::fmt;

use async_trait::async_trait;
use rollcall_domain::account::{Account, Login, Post, Role, Session, email};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Token;
use rollcall_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::sign_in::Door;
use super::{audited, unchanged};
use crate::Service;
use crate::admin::{AdminError, Manager};

/// How long a sign-in may take, from our page to the provider and back.
pub const BEGUN_MS: i64 = 10 * 60_000;
/// Characters of a name that is kept.
const MAX_NAME: usize = 100;

/// A sign-in that was begun: kept by the browser that began it, sealed, and by nobody else.
#[derive(Clone, Serialize, Deserialize)]
pub struct Begun {
    /// Comes back with the code (RFC 6749 §10.12).
    pub state: String,
    /// Comes back in the ID token (OpenID Connect Core §15.5.2).
    pub nonce: String,
    /// What proves that the code is ours (RFC 7636 §4.1).
    pub verifier: String,
    /// Where to go on.
    pub next: String,
    /// When.
    pub at: Timestamp,
}

impl Begun {
    /// Whether it may still be finished.
    pub fn is_open(&self, now: Timestamp) -> bool {
        (0..BEGUN_MS).contains(&(now.0 - self.at.0))
    }
}

/// Nothing of it.
impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begun(•••)")
    }
}

/// What the provider's redirect brings.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    /// The code.
    pub code: &'a str,
    /// Who sends it, where it says so (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// What a provider vouches for. All of it was verified, and holds personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The provider.
    pub issuer: String,
    /// The person there, as long as there is one.
    pub subject: String,
    /// Their mail address, where the provider has verified it.
    pub email: Option<String>,
    /// What it calls them.
    pub name: Option<String>,
    /// What they get when they have no account; `None`: nothing.
    pub newcomer: Option<Newcomer>,
}

/// Nobody.
impl fmt::Debug for Vouched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vouched({}, {:?})", self.issuer, self.newcomer)
    }
}

/// What those get who have no account yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Their role.
    pub role: Role,
    /// The name of the tenant in which they have it; `None`: every one.
    pub tenant: Option<String>,
}

/// Why a provider did not say who someone is. What is in it is for the log, and names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    /// It does not answer, or not in time.
    #[error("the OpenID provider cannot be asked: {0}")]
    Unreachable(String),
    /// It answers what cannot be used: it, or our settings, are to be looked at.
    #[error("the answer of the OpenID provider cannot be used: {0}")]
    Unusable(String),
    /// It does not take the code: used, too old, or of another browser.
    #[error("the OpenID provider does not take the code: {0}")]
    Refused(String),
    /// What it says does not hold: nobody is signed in by it.
    #[error("the ID token is not taken: {0}")]
    Untrusted(&'static str),
}

/// Asks an OpenID provider who someone is.
#[async_trait]
pub trait OpenId: Send + Sync + fmt::Debug {
    /// What people call the provider.
    fn name(&self) -> &str;

    /// Where the browser goes to sign in there (OpenID Connect Core §3.1.2.1).
    async fn authorization_url(&self, begun: &Begun, redirect_uri: &str) -> Result<String, OpenIdError>;

    /// What the provider vouches for, in exchange for the code (OpenID Connect Core §3.1.3).
    async fn exchange(
        &self,
        begun: &Begun,
        redirect_uri: &str,
        returned: Returned<'_>,
    ) -> Result<Vouched, OpenIdError>;
}

/// Why nobody was signed in, whom the provider vouched for.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// Too many attempts; try again in so many seconds.
    #[error("too many attempts")]
    TooOften(u64),
    /// There is no account for them.
    #[error("there is no account for this person")]
    Unknown,
    /// They might have an account, but their mail address is not verified.
    #[error("the mail address of this person is not verified")]
    Unverified,
    /// Their account belongs to another person of the provider.
    #[error("the account of this address is another person's")]
    Taken,
    /// Their account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// Something else.
    #[error(transparent)]
    Failed(#[from] AdminError),
}

impl NotAdmitted {
    /// For the audit.
    const fn reason(&self) -> &'static str {
        match self {
            Self::TooOften(_) => "too many attempts",
            Self::Unknown => "no account",
            Self::Unverified => "unverified address",
            Self::Taken => "another person's account",
            Self::Disabled => "disabled",
            Self::Failed(_) => "failed",
        }
    }
}

impl Service {
    /// Begins a sign-in that goes on at this path.
    pub fn begin_openid(&self, next: &str) -> Begun {
        let [state, nonce, verifier] = [(); 3].map(|()| self.random_text());
        Begun { state, nonce, verifier, next: next.to_owned(), at: self.clock.now() }
    }

    /// Counts an attempt before the provider is asked.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted::TooOften`].
    pub async fn admit_openid(&self, door: Door<'_>) -> Result<(), NotAdmitted> {
        self.admit_address(door.address).await?.map_err(NotAdmitted::TooOften)
    }

    /// Notes in the audit that the provider did not say who someone is.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn note_openid_failure(&self, door: Door<'_>) -> Result<(), AdminError> {
        self.note_failure(door, None, "account.sign_in_failed", "openid").await
    }

    /// Signs in whom an OpenID provider vouches for.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted`].
    pub async fn sign_in_by_openid(
        &self,
        door: Door<'_>,
        vouched: &Vouched,
    ) -> Result<(Session, Token), NotAdmitted> {
        match self.whom(door, vouched).await {
            Ok(account) => Ok(self.begin(&account, door, "openid").await?),
            Err((refusal, account)) => {
                let by = format!("openid: {}", refusal.reason());
                self.note_failure(door, account.as_ref(), "account.sign_in_failed", &by).await?;
                Err(refusal)
            }
        }
    }

    /// Forgets by whom of which OpenID provider an account is signed in to, for whoever holds the database.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Forbidden` for a manager of one tenant.
    pub async fn unlink(&self, by: &Manager, address: &str) -> Result<Account, AdminError> {
        by.require_installation()?;
        let account = self.account_at(address).await?;
        let entry = self.account_entry(by, "account.unlink", account.id, (&Value::Null, &Value::Null));
        self.store.remove_logins(account.id, &entry).await.map_err(AdminError::Store)?;
        Ok(account)
    }

    /// Whose account it is; with a refusal, the one that was meant.
    async fn whom(
        &self,
        door: Door<'_>,
        vouched: &Vouched,
    ) -> Result<Account, (NotAdmitted, Option<Account>)> {
        let account = match self.known(vouched).await.map_err(|error| (error.into(), None))? {
            Some(account) => account,
            None => self.first_time(door, vouched).await?,
        };
        if account.disabled.is_some() {
            return Err((NotAdmitted::Disabled, Some(account)));
        }
        Ok(account)
    }

    async fn known(&self, vouched: &Vouched) -> Result<Option<Account>, AdminError> {
        let found = self.store.account_of_login(&vouched.issuer, &vouched.subject).await;
        found.map_err(AdminError::Store)
    }

    /// Someone whom this provider has not vouched for before.
    async fn first_time(
        &self,
        door: Door<'_>,
        vouched: &Vouched,
    ) -> Result<Account, (NotAdmitted, Option<Account>)> {
        let Some(address) = vouched.email.as_deref().and_then(email) else {
            return Err((NotAdmitted::Unverified, None));
        };
        let named = self.store.account_named(&address).await;
        let named = named.map_err(|error| (AdminError::Store(error).into(), None))?;
        let added = match &named {
            Some(account) if account.disabled.is_some() => return Ok(account.clone()),
            Some(account) => self.link(door, vouched, account.clone(), false).await,
            None => match self.newcomer(&address, vouched).await {
                Ok(account) => self.link(door, vouched, account, true).await,
                Err(refusal) => Err(refusal),
            },
        };
        match added {
            // At the same moment, by another of their browsers.
            Err(NotAdmitted::Taken) => match self.known(vouched).await {
                Ok(Some(account)) => Ok(account),
                Ok(None) => Err((NotAdmitted::Taken, named)),
                Err(error) => Err((error.into(), named)),
            },
            other => other.map_err(|refusal| (refusal, named)),
        }
    }

    /// Their account from now on.
    async fn link(
        &self,
        door: Door<'_>,
        vouched: &Vouched,
        account: Account,
        is_new: bool,
    ) -> Result<Account, NotAdmitted> {
        let by = Manager::of("openid".to_owned(), door.request_id, None, Some(Vec::new()));
        let login = Login {
            account: account.id,
            issuer: vouched.issuer.clone(),
            subject: vouched.subject.clone(),
            created: self.clock.now(),
        };
        let mut after = if is_new { audited(&account) } else { json!({}) };
        if let Some(after) = after.as_object_mut() {
            after.insert("issuer".to_owned(), vouched.issuer.clone().into());
        }
        let action = if is_new { "account.create" } else { "account.link" };
        let entry = self.account_entry(&by, action, account.id, (&Value::Null, &after));
        match self.store.add_login(&login, is_new.then_some(&account), &entry).await {
            Ok(()) => Ok(account),
            Err(StoreError::Conflict { .. }) => Err(NotAdmitted::Taken),
            Err(error) => Err(unchanged(error).into()),
        }
    }

    /// An account for someone who has none.
    async fn newcomer(&self, address: &str, vouched: &Vouched) -> Result<Account, NotAdmitted> {
        let Some(Newcomer { role, tenant }) = &vouched.newcomer else { return Err(NotAdmitted::Unknown) };
        let tenant = match tenant {
            None => None,
            Some(name) => {
                let found = self.store.tenant(name).await.map_err(AdminError::Store)?;
                let Some(tenant) = found else {
                    tracing::warn!(tenant = name, "openid_tenant names no tenant: nobody new is let in");
                    return Err(NotAdmitted::Unknown);
                };
                Some(tenant.key)
            }
        };
        let now = self.clock.now();
        Ok(Account {
            id: self.ids.uuid(now),
            email: address.to_owned(),
            name: called(vouched.name.as_deref(), address),
            password: None,
            disabled: None,
            posts: vec![Post { tenant, role: *role }],
            created: now,
            last_sign_in: None,
            revision: 1,
        })
    }
}

/// A name that is fit to be shown: what the provider calls them, else what their address begins with.
fn called(name: Option<&str>, address: &str) -> String {
    let name = name.unwrap_or_default().trim();
    let name = if name.is_empty() { address.split('@').next().unwrap_or_default() } else { name };
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}
