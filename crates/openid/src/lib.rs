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
use rollcall_config::OpenId as OpenIdSettings;
use rollcall_connector::transport::Poster;
use rollcall_domain::clock::Clock;
use rollcall_service::accounts::openid::{Begun, OpenId, OpenIdError, Returned, Vouched};

use ask::Asker;
use discovery::Discovery;
use keys::Keys;

/// How long a provider usually gets for all that is asked of it for one page.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A provider.
pub struct Provider {
    settings: OpenIdSettings,
    timeout: Duration,
    asker: Asker,
    clock: Arc<dyn Clock>,
    discovery: Discovery,
    keys: Keys,
}

impl Provider {
    /// Nothing is asked yet. `timeout` is how long it gets for all that is asked of it for one page.
    pub fn new(settings: OpenIdSettings, timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        let poster = Poster::named(Arc::clone(&clock), &settings.host, settings.private);
        let asker = Asker::new(poster, timeout);
        verify::install();
        Self { asker, clock, discovery: Discovery::default(), keys: Keys::default(), settings, timeout }
    }

    /// In time, or not at all: also for those who wait for an answer that another asked for.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, OpenIdError>>,
    ) -> Result<T, OpenIdError> {
        let late = |_| {
            let millis = self.timeout.as_millis();
            OpenIdError::Unreachable(format!("no answer within {millis} ms"))
        };
        tokio::time::timeout(self.timeout, asked).await.unwrap_or_else(|error| Err(late(error)))
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
