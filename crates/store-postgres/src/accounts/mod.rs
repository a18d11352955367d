//! Accounts of the console: the contract of [`Accounts`] over PostgreSQL.

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

use crate::PostgresStore;
use crate::session::Scope;

#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static str> {
    [account::STATEMENTS, attempt::STATEMENTS, link::STATEMENTS, login::STATEMENTS, session::STATEMENTS]
        .concat()
}

#[async_trait]
impl Accounts for PostgresStore {
    async fn account(&self, id: Uuid) -> Result<Option<Account>, StoreError> {
        account::by_id(&self.pool.connection().await?, id).await
    }

    async fn account_named(&self, email: &str) -> Result<Option<Account>, StoreError> {
        account::by_email(&self.pool.connection().await?, email).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        account::all(&self.pool.connection().await?).await
    }

    async fn add_account(
        &self,
        new: &Account,
        by: Option<(Uuid, Timestamp)>,
        audit: &Draft,
    ) -> Result<(), StoreError> {
        self.audited(audit, (new.clone(), by), |session, (new, by)| {
            Box::pin(async move {
                if let Some((id, now)) = by {
                    link::use_up(session, *id, *now).await?;
                }
                account::add(session, new).await
            })
        })
        .await
    }

    async fn update_account(
        &self,
        changed: &Account,
        ending: Ending,
        by: Option<(Uuid, Timestamp)>,
        audit: &Draft,
    ) -> Result<(), StoreError> {
        self.audited(audit, (changed.clone(), ending, by), |session, (changed, ending, by)| {
            Box::pin(async move {
                if let Some((id, now)) = by {
                    link::use_up(session, *id, *now).await?;
                }
                account::update(session, changed).await?;
                session::end(session, changed.id, *ending).await
            })
        })
        .await
    }

    async fn account_of_login(&self, issuer: &str, subject: &str) -> Result<Option<Account>, StoreError> {
        login::account(&self.pool.connection().await?, issuer, subject).await
    }

    async fn add_login(&self, new: &Login, with: Option<&Account>, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, (new.clone(), with.cloned()), |session, (new, with)| {
            Box::pin(async move {
                if let Some(account) = with {
                    account::add(session, account).await?;
                }
                login::add(session, new).await
            })
        })
        .await
    }

    async fn remove_logins(&self, account: Uuid, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, account, |session, account| Box::pin(login::remove(session, *account))).await
    }

    async fn session(&self, prefix: &str) -> Result<Option<SignedIn>, StoreError> {
        session::by_prefix(&self.pool.connection().await?, prefix).await
    }

    async fn sessions(&self, account: Uuid) -> Result<Vec<SignedIn>, StoreError> {
        session::of_account(&self.pool.connection().await?, account).await
    }

    async fn add_session(
        &self,
        new: &SignedIn,
        instead: Option<Uuid>,
        audit: &Draft,
    ) -> Result<(), StoreError> {
        self.audited(audit, (new.clone(), instead), |session, (new, instead)| {
            Box::pin(async move {
                session::remove(session, *instead).await?;
                session::add(session, new).await?;
                account::signed_in(session, new.account, new.created).await
            })
        })
        .await
    }

    async fn touch_session(&self, id: Uuid, now: Timestamp, tenant: TenantKey) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, (id, now, tenant), |session, (id, now, tenant)| {
                Box::pin(session::touch(session, *id, *now, *tenant))
            })
            .await
    }

    async fn end_sessions(&self, account: Uuid, ending: Ending, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, (account, ending), |session, (account, ending)| {
            Box::pin(session::end(session, *account, *ending))
        })
        .await
    }

    async fn link(&self, prefix: &str) -> Result<Option<Link>, StoreError> {
        link::by_prefix(&self.pool.connection().await?, prefix).await
    }

    async fn links(&self, purpose: Purpose) -> Result<Vec<Link>, StoreError> {
        link::all(&self.pool.connection().await?, purpose).await
    }

    async fn add_link(&self, new: &Link, alone: bool, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, (new.clone(), alone), |session, (new, alone)| {
            Box::pin(link::add(session, new, *alone))
        })
        .await
    }

    async fn use_link(&self, id: Uuid, now: Timestamp, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, (id, now), |session, (id, now)| Box::pin(link::use_up(session, *id, *now))).await
    }

    async fn revoke_link(&self, id: Uuid, now: Timestamp, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, (id, now), |session, (id, now)| Box::pin(link::revoke(session, *id, *now))).await
    }

    async fn count_attempts(
        &self,
        subjects: &[[u8; 32]],
        now: Timestamp,
        window_ms: i64,
    ) -> Result<Vec<u32>, StoreError> {
        self.writer
            .alone(
                Scope::Apart,
                (subjects.to_vec(), now, window_ms),
                |session, (subjects, now, window_ms)| {
                    Box::pin(attempt::count(session, subjects, *now, *window_ms))
                },
            )
            .await
    }

    async fn forget_attempts(&self, subject: &[u8; 32]) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, *subject, |session, subject| Box::pin(attempt::forget(session, subject)))
            .await
    }

    async fn note(&self, audit: &Draft) -> Result<(), StoreError> {
        self.audited(audit, (), |_, ()| Box::pin(async { Ok(()) })).await
    }

    async fn prune_accounts(&self, now: Timestamp, idle: Timestamp) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Apart, (now, idle), |session, (now, idle)| {
                Box::pin(async move {
                    session::prune(session, *now, *idle).await?;
                    link::prune(session, *idle).await?;
                    attempt::prune(session, *idle).await
                })
            })
            .await
    }
}
