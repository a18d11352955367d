//! Signing in by password.

use rollcall_domain::account::{Account, Session, email};
use rollcall_domain::credential::Token;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SignedIn;
use crate::Service;
use crate::admin::{AdminError, Manager};

/// Attempts of an account within [`WINDOW_MS`].
const MOST_OF_ACCOUNT: u32 = 10;
/// Attempts from an address within [`WINDOW_MS`].
const MOST_OF_ADDRESS: u32 = 100;
/// How long attempts count, from the first.
const WINDOW_MS: i64 = 15 * 60_000;
/// The same in seconds.
const WINDOW_SECONDS: u64 = 15 * 60;

/// What someone tries to sign in with.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// As written.
    pub email: &'a str,
    /// As written.
    pub password: &'a str,
    /// At which door.
    pub door: Door<'a>,
}

/// Where someone tries to come in.
#[derive(Clone, Copy)]
pub struct Door<'a> {
    /// Where they come from, as far as is known.
    pub address: &'a str,
    /// What their browser says it is.
    pub browser: &'a str,
    /// The session that this one takes the place of.
    pub instead: Option<&'a SignedIn>,
    /// Which request.
    pub request_id: &'a str,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Address or password are wrong, or the account is disabled. Which, is not told.
    #[error("address or password are wrong")]
    Wrong,
    /// Too many attempts; try again in so many seconds.
    #[error("too many attempts")]
    TooOften(u64),
    /// Something else.
    #[error(transparent)]
    Failed(#[from] AdminError),
}

impl Service {
    /// Signs someone in by password. Whether there is an account, is told neither by the answer nor by its time.
    ///
    /// # Errors
    ///
    /// [`Refusal`].
    pub async fn sign_in_by_password(&self, attempt: Attempt<'_>) -> Result<(Session, Token), Refusal> {
        let address = email(attempt.email).unwrap_or_else(|| attempt.email.trim().to_lowercase());
        let subject = self.passwords.subject("account", &address);
        self.admit_attempt(attempt, subject).await?;
        let known = self.store.account_named(&address).await.map_err(AdminError::Store)?;
        let hash = known.as_ref().and_then(|account| account.password.as_deref());
        let matches = self.passwords.matches(attempt.password, hash).await?;
        let Some(account) = known.clone().filter(|account| matches && account.disabled.is_none()) else {
            self.note_failure(attempt.door, known.as_ref(), "account.sign_in_failed", "password").await?;
            return Err(Refusal::Wrong);
        };
        self.store.forget_attempts(&subject).await.map_err(AdminError::Store)?;
        Ok(self.begin(&account, attempt.door, "password").await?)
    }

    /// Begins a session; `by` is for the audit.
    pub(super) async fn begin(
        &self,
        account: &Account,
        door: Door<'_>,
        by: &str,
    ) -> Result<(Session, Token), AdminError> {
        let instead = door.instead.map(|visit| visit.session.id);
        self.begin_session(account, (door.browser, instead), (door.request_id, by)).await
    }

    /// Counts the attempt before anything is looked at.
    async fn admit_attempt(&self, attempt: Attempt<'_>, account: [u8; 32]) -> Result<(), Refusal> {
        let subjects = [account, self.passwords.subject("address", attempt.door.address)];
        let counted = self.store.count_attempts(&subjects, self.clock.now(), WINDOW_MS).await;
        let counted = counted.map_err(AdminError::Store)?;
        let too_often = |count: Option<&u32>, most| count.is_none_or(|count| *count > most);
        if too_often(counted.first(), MOST_OF_ACCOUNT) || too_often(counted.get(1), MOST_OF_ADDRESS) {
            if counted.first() == Some(&(MOST_OF_ACCOUNT + 1)) {
                self.note_failure(attempt.door, None, "account.locked", "password").await?;
            }
            return Err(Refusal::TooOften(WINDOW_SECONDS));
        }
        Ok(())
    }

    /// Counts an attempt that names no account; so many seconds to wait when there were too many.
    pub(super) async fn admit_address(&self, address: &str) -> Result<Result<(), u64>, AdminError> {
        let subject = self.passwords.subject("address", address);
        let counted = self.store.count_attempts(&[subject], self.clock.now(), WINDOW_MS).await;
        let counted = counted.map_err(AdminError::Store)?;
        let admitted = counted.first().is_some_and(|count| *count <= MOST_OF_ADDRESS);
        Ok(admitted.then_some(()).ok_or(WINDOW_SECONDS))
    }

    /// The same for one's own password, which someone may try who found a browser open.
    pub(super) async fn admit_password(&self, account: &Account) -> Result<(), AdminError> {
        let subject = self.passwords.subject("password", &account.id.to_string());
        let counted = self.store.count_attempts(&[subject], self.clock.now(), WINDOW_MS).await;
        let counted = counted.map_err(AdminError::Store)?;
        let admitted = counted.first().is_some_and(|count| *count <= MOST_OF_ACCOUNT);
        let refuse =
            || AdminError::Conflict("present: too many attempts; try again in 15 minutes".to_owned());
        admitted.then_some(()).ok_or_else(refuse)
    }

    /// Writes into the audit that someone did not come in.
    pub(super) async fn note_failure(
        &self,
        door: Door<'_>,
        account: Option<&Account>,
        action: &str,
        by: &str,
    ) -> Result<(), AdminError> {
        let manager = Manager::of("console".to_owned(), door.request_id, None, Some(Vec::new()));
        let id = account.map_or(Uuid::nil(), |account| account.id);
        let after = json!({ "from": door.address, "by": by });
        let entry = self.account_entry(&manager, action, id, (&Value::Null, &after));
        self.store.note(&entry).await.map_err(AdminError::Store)
    }
}
