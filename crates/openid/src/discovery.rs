//! Where a provider's endpoints are (OpenID Connect Discovery §4).

use std::sync::Arc;

use rollcall_domain::clock::Timestamp;
use rollcall_service::accounts::openid::OpenIdError;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::Provider;

/// How long what a provider says of itself is believed.
const FRESH_MS: i64 = 3_600_000;

/// What a provider says of itself, as far as it is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    /// How clients prove who they are; by default `client_secret_basic`.
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether each redirect says from whom it is (RFC 9207 §3).
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

/// What is known, and since when. Whoever finds nothing asks, and the others wait for the answer.
#[derive(Default)]
pub(crate) struct Discovery(Mutex<Option<(Timestamp, Arc<Metadata>)>>);

impl Provider {
    /// What the provider says of itself.
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, OpenIdError> {
        let mut known = self.discovery.0.lock().await;
        let now = self.clock.now();
        if let Some((at, metadata)) = &*known
            && (0..FRESH_MS).contains(&(now.0 - at.0))
        {
            return Ok(Arc::clone(metadata));
        }
        let issuer = &self.settings.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = self.asker.get("its openid-configuration", &url, None).await?;
        metadata.check(issuer, self.settings.private)?;
        let metadata = Arc::new(metadata);
        *known = Some((now, Arc::clone(&metadata)));
        Ok(metadata)
    }
}

impl Metadata {
    /// That it is of this very issuer (§4.3), and all by TLS.
    fn check(&self, issuer: &str, private: bool) -> Result<(), OpenIdError> {
        let unusable = |text: &str| Err(OpenIdError::Unusable(text.to_owned()));
        if self.issuer != issuer {
            return unusable("it calls itself otherwise than openid_issuer does, letter by letter");
        }
        let endpoints = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        let is_url = |url: &str| {
            let secure = url.starts_with("https://") || private && url.starts_with("http://");
            secure && url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains('#')
        };
        let mut all = endpoints.into_iter().chain(&self.userinfo_endpoint);
        if all.any(|url| !is_url(url)) {
            return unusable("one of its endpoints is no https:// URL");
        }
        Ok(())
    }
}
