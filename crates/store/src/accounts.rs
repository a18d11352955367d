//! What the console keeps: accounts, their sessions, links that were handed out, and attempts to sign in.

use async_trait::async_trait;
use rollcall_domain::account::{Account, Link, Login, Purpose, Session};
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use uuid::Uuid;

use crate::StoreError;

/// Which sessions of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// None.
    None,
    /// This one.
    One(Uuid),
    /// All but this one.
    Others(Uuid),
    /// All.
    All,
}

/// Accounts of the console. What changes one takes the [`Draft`] of its entry in the audit, which is committed with it.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of this id.
    async fn account(&self, id: Uuid) -> Result<Option<Account>, StoreError>;

    /// The account of this mail address, as [`rollcall_domain::account::email`] makes it.
    async fn account_named(&self, email: &str) -> Result<Option<Account>, StoreError>;

    /// All accounts, by mail address.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Adds an account, and uses the link up that allowed it, if one did. `Conflict` on `email`; `Stale` when the link
    /// was used or revoked: nothing changes then.
    async fn add_account(
        &self,
        account: &Account,
        link: Option<(Uuid, Timestamp)>,
        audit: &Draft,
    ) -> Result<(), StoreError>;

    /// Writes all of an account but `created`, ends sessions of it, and uses a link up. `Stale` when `revision` is not
    /// its revision, or the link was used or revoked; `Conflict` on `email`; `NotFound`.
    async fn update_account(
        &self,
        account: &Account,
        ending: Ending,
        link: Option<(Uuid, Timestamp)>,
        audit: &Draft,
    ) -> Result<(), StoreError>;

    /// The account of this person of an OpenID provider.
    async fn account_of_login(&self, issuer: &str, subject: &str) -> Result<Option<Account>, StoreError>;

    /// Signs a person of an OpenID provider in to an account from now on, which is made if it is `new`. `Conflict` on
    /// `subject` when they are someone else's, or the account has another person of that provider; `Conflict` on
    /// `email` of a new one: nothing changes then.
    async fn add_login(&self, login: &Login, new: Option<&Account>, audit: &Draft) -> Result<(), StoreError>;

    /// Forgets the persons of OpenID providers that are signed in to an account.
    async fn remove_logins(&self, account: Uuid, audit: &Draft) -> Result<(), StoreError>;

    /// The session of this public prefix.
    async fn session(&self, prefix: &str) -> Result<Option<Session>, StoreError>;

    /// Sessions of an account, latest first.
    async fn sessions(&self, account: Uuid) -> Result<Vec<Session>, StoreError>;

    /// Adds a session and notes the sign-in in its account; ends the session of `instead`. `Conflict` on `prefix`.
    async fn add_session(
        &self,
        session: &Session,
        instead: Option<Uuid>,
        audit: &Draft,
    ) -> Result<(), StoreError>;

    /// Writes when a session was last used, and the tenant that it looks at. Nothing where it has ended.
    async fn touch_session(&self, id: Uuid, now: Timestamp, tenant: TenantKey) -> Result<(), StoreError>;

    /// Ends sessions of an account.
    async fn end_sessions(&self, account: Uuid, ending: Ending, audit: &Draft) -> Result<(), StoreError>;

    /// The link of this public prefix.
    async fn link(&self, prefix: &str) -> Result<Option<Link>, StoreError>;

    /// Links for this purpose, latest first.
    async fn links(&self, purpose: Purpose) -> Result<Vec<Link>, StoreError>;

    /// Adds a link; with `alone`, all others for its purpose are revoked. `Conflict` on `prefix`.
    async fn add_link(&self, link: &Link, alone: bool, audit: &Draft) -> Result<(), StoreError>;

    /// Uses a link up. `Stale` when it was used or revoked.
    async fn use_link(&self, id: Uuid, now: Timestamp, audit: &Draft) -> Result<(), StoreError>;

    /// Revokes a link. `NotFound`.
    async fn revoke_link(&self, id: Uuid, now: Timestamp, audit: &Draft) -> Result<(), StoreError>;

    /// Counts an attempt of each subject, and says how many each made within `window_ms` of its first. The first after
    /// that begins anew. Who attempts at once is counted one after the other.
    async fn count_attempts(
        &self,
        subjects: &[[u8; 32]],
        now: Timestamp,
        window_ms: i64,
    ) -> Result<Vec<u32>, StoreError>;

    /// Forgets the attempts of a subject.
    async fn forget_attempts(&self, subject: &[u8; 32]) -> Result<(), StoreError>;

    /// Writes an entry of the audit for what changes nothing: an attempt to sign in that failed.
    async fn note(&self, audit: &Draft) -> Result<(), StoreError>;

    /// Deletes sessions that were last used before `idle` or end by `now`, links that expired before `idle`, and
    /// attempts before `idle`.
    async fn prune_accounts(&self, now: Timestamp, idle: Timestamp) -> Result<(), StoreError>;
}
