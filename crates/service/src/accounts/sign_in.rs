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

/// What someone tries to sign in with.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// As written.
    pub email: &'a str,
    /// As written.
    pub password: &'a str,
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
            self.note_failure(attempt, known.as_ref(), "account.sign_in_failed").await?;
            return Err(Refusal::Wrong);
        };
        self.store.forget_attempts(&subject).await.map_err(AdminError::Store)?;
        Ok(self.begin(&account, attempt).await?)
    }

    async fn begin(&self, account: &Account, attempt: Attempt<'_>) -> Result<(Session, Token), AdminError> {
        let instead = attempt.instead.map(|visit| visit.session.id);
        self.begin_session(account, (attempt.browser, instead), (attempt.request_id, "password")).await
    }

    /// Counts the attempt before anything is looked at.
    async fn admit_attempt(&self, attempt: Attempt<'_>, account: [u8; 32]) -> Result<(), Refusal> {
        let subjects = [account, self.passwords.subject("address", attempt.address)];
        let counted = self.store.count_attempts(&subjects, self.clock.now(), WINDOW_MS).await;
        let counted = counted.map_err(AdminError::Store)?;
        let too_often = |count: Option<&u32>, most| count.is_none_or(|count| *count > most);
        if too_often(counted.first(), MOST_OF_ACCOUNT) || too_often(counted.get(1), MOST_OF_ADDRESS) {
            if counted.first() == Some(&(MOST_OF_ACCOUNT + 1)) {
                self.note_failure(attempt, None, "account.locked").await?;
            }
            return Err(Refusal::TooOften(u64::try_from(WINDOW_MS / 1000).unwrap_or_default()));
        }
        Ok(())
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

    async fn note_failure(
        &self,
        attempt: Attempt<'_>,
        account: Option<&Account>,
        action: &str,
    ) -> Result<(), AdminError> {
        let by = Manager::of("console".to_owned(), attempt.request_id, None, Some(Vec::new()));
        let id = account.map_or(Uuid::nil(), |account| account.id);
        let entry = self.account_entry(&by, action, id, (&Value::Null, &json!({ "from": attempt.address })));
        self.store.note(&entry).await.map_err(AdminError::Store)
    }
}
