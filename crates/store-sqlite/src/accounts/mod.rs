//! Accounts of the console: the contract of [`Accounts`] over SQLite.

mod account;
mod attempt;
mod link;
mod login;
mod session;

use async_trait::async_trait;
use rollcall_domain::account::{Account, Link, Login, Purpose, Session as SignedIn};
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use rollcall_store::StoreError;
use rollcall_store::accounts::{Accounts, Ending};
use uuid::Uuid;

use crate::SqliteStore;

#[cfg(test)]
pub(crate) use account::ALL;

#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static str> {
    [account::STATEMENTS, attempt::STATEMENTS, link::STATEMENTS, login::STATEMENTS, session::STATEMENTS]
        .concat()
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn account(&self, id: Uuid) -> Result<Option<Account>, StoreError> {
        self.readers.short(|connection| account::by_id(connection, id))
    }

    async fn account_named(&self, email: &str) -> Result<Option<Account>, StoreError> {
        self.readers.short(|connection| account::by_email(connection, email))
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.readers.scan(account::all).await
    }

    async fn add_account(
        &self,
        new: &Account,
        by: Option<(Uuid, Timestamp)>,
        audit: &Draft,
    ) -> Result<(), StoreError> {
        let new = new.clone();
        let add = move |session: &mut crate::Session<'_>| {
            by.map_or(Ok(()), |(id, now)| link::use_up(session, id, now))?;
            account::add(session, &new)
        };
        self.audited(audit, add).await
    }

    async fn update_account(
        &self,
        changed: &Account,
        ending: Ending,
        by: Option<(Uuid, Timestamp)>,
        audit: &Draft,
    ) -> Result<(), StoreError> {
        let changed = changed.clone();
        let update = move |session: &mut crate::Session<'_>| {
            by.map_or(Ok(()), |(id, now)| link::use_up(session, id, now))?;
            account::update(session, &changed)?;
            session::end(session, changed.id, ending)
        };
        self.audited(audit, update).await
    }

    async fn account_of_login(&self, issuer: &str, subject: &str) -> Result<Option<Account>, StoreError> {
        self.readers.short(|connection| login::account(connection, issuer, subject))
    }

    async fn add_login(&self, new: &Login, with: Option<&Account>, audit: &Draft) -> Result<(), StoreError> {
        let (new, with) = (new.clone(), with.cloned());
        let add = move |session: &mut crate::Session<'_>| {
            with.as_ref().map_or(Ok(()), |account| account::add(session, account))?;
            login::add(session, &new)
        };
        self.audited(audit, add).await
    }

    async fn remove_logins(&self, account: Uuid, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, move |session| login::remove(session, account)).await
    }

    async fn session(&self, prefix: &str) -> Result<Option<SignedIn>, StoreError> {
        self.readers.short(|connection| session::by_prefix(connection, prefix))
    }

    async fn sessions(&self, account: Uuid) -> Result<Vec<SignedIn>, StoreError> {
        self.readers.scan(move |connection| session::of_account(connection, account)).await
    }

    async fn add_session(
        &self,
        new: &SignedIn,
        instead: Option<Uuid>,
        audit: &Draft,
    ) -> Result<(), StoreError> {
        let new = new.clone();
        let add = move |session: &mut crate::Session<'_>| {
            session::remove(session, instead)?;
            session::add(session, &new)?;
            account::signed_in(session, new.account, new.created)
        };
        self.audited(audit, add).await
    }

    async fn touch_session(&self, id: Uuid, now: Timestamp, tenant: TenantKey) -> Result<(), StoreError> {
        self.writer.task(move |session| session::touch(session, id, now, tenant)).await
    }

    async fn end_sessions(&self, account: Uuid, ending: Ending, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, move |session| session::end(session, account, ending)).await
    }

    async fn link(&self, prefix: &str) -> Result<Option<Link>, StoreError> {
        self.readers.short(|connection| link::by_prefix(connection, prefix))
    }

    async fn links(&self, purpose: Purpose) -> Result<Vec<Link>, StoreError> {
        self.readers.scan(move |connection| link::all(connection, purpose)).await
    }

    async fn add_link(&self, new: &Link, alone: bool, audit: &Draft) -> Result<(), StoreError> {
        let new = new.clone();
        self.audited(audit, move |session| link::add(session, &new, alone)).await
    }

    async fn use_link(&self, id: Uuid, now: Timestamp, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, move |session| link::use_up(session, id, now)).await
    }

    async fn revoke_link(&self, id: Uuid, now: Timestamp, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, move |session| link::revoke(session, id, now)).await
    }

    async fn count_attempts(
        &self,
        subjects: &[[u8; 32]],
        now: Timestamp,
        window_ms: i64,
    ) -> Result<Vec<u32>, StoreError> {
        let subjects = subjects.to_vec();
        self.writer.task(move |session| attempt::count(session, &subjects, now, window_ms)).await
    }

    async fn forget_attempts(&self, subject: &[u8; 32]) -> Result<(), StoreError> {
        let subject = *subject;
        self.writer.task(move |session| attempt::forget(session, &subject)).await
    }

    async fn note(&self, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, |_| Ok(())).await
    }

    async fn prune_accounts(&self, now: Timestamp, idle: Timestamp) -> Result<(), StoreError> {
        let prune = move |session: &mut crate::Session<'_>| {
            session::prune(session, now, idle)?;
            link::prune(session, idle)?;
            attempt::prune(session, idle)
        };
        self.writer.task(prune).await
    }
}
