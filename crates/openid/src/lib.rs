//! The client of an OpenID provider: who someone is, by the authorization code flow with PKCE.
//!
//! [`Provider`] is what the console asks. It finds the provider's endpoints (`discovery`), takes codes for ID tokens
//! (`exchange`), knows the provider's keys (`keys`), believes a token only when all of it holds (`token`), and makes of
//! its claims what the use cases want to know (`claims`). Tokens are read and checked by `jsonwebtoken`, whose
//! cryptography is `ring`'s (`verify`).

mod ask;
mod claims;
mod discovery;
mod exchange;
mod keys;
mod token;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rollcall_connector::secret::Secret;
use rollcall_connector::transport::Poster;
use rollcall_domain::clock::Clock;
use rollcall_service::accounts::openid::{Begun, OpenId, OpenIdError, Returned, Vouched};

use ask::Asker;
use discovery::Discovery;
use keys::Keys;

/// How long the provider gets for all that is asked of it for one page.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// What an operator says of a provider.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What it calls itself, exactly.
    pub issuer: String,
    /// The host of `issuer`: it may be at any address, where others have to be at public ones.
    pub host: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove it with; a public client has none.
    pub client_secret: Option<Secret>,
    /// What we ask for; `openid` is among them.
    pub scopes: Vec<String>,
    /// What people call it.
    pub name: String,
    /// The claim by which those without an account get a role.
    pub roles_claim: String,
    /// Its values that make an owner, an operator, a viewer.
    pub roles: [Vec<String>; 3],
    /// The tenant of that role; `None`: every one.
    pub tenant: Option<String>,
    /// Whether mail addresses count as verified where the provider does not say.
    pub trust_email: bool,
    /// Whether it may be anywhere, and without TLS.
    pub private: bool,
    /// How long it gets for all that is asked of it for one page.
    pub timeout: Duration,
}

/// A provider.
pub struct Provider {
    settings: Settings,
    asker: Asker,
    clock: Arc<dyn Clock>,
    discovery: Discovery,
    keys: Keys,
}

impl Provider {
    /// Nothing is asked yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let poster = Poster::named(Arc::clone(&clock), &settings.host, settings.private);
        let asker = Asker::new(poster, settings.timeout);
        verify::install();
        Self { asker, clock, discovery: Discovery::default(), keys: Keys::default(), settings }
    }

    /// In time, or not at all: also for those who wait for an answer that another asked for.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, OpenIdError>>,
    ) -> Result<T, OpenIdError> {
        let late = |_| {
            let millis = self.settings.timeout.as_millis();
            OpenIdError::Unreachable(format!("no answer within {millis} ms"))
        };
        tokio::time::timeout(self.settings.timeout, asked).await.unwrap_or_else(|error| Err(late(error)))
    }
}

#[async_trait]
impl OpenId for Provider {
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn authorization_url(&self, begun: &Begun, redirect_uri: &str) -> Result<String, OpenIdError> {
        let metadata = self.in_time(self.metadata()).await?;
        Ok(exchange::authorization_url(&self.settings, &metadata, begun, redirect_uri))
    }

    async fn exchange(
        &self,
        begun: &Begun,
        redirect_uri: &str,
        returned: Returned<'_>,
    ) -> Result<Vouched, OpenIdError> {
        self.in_time(self.vouch(begun, redirect_uri, returned)).await
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.settings.issuer)
    }
}
