//! The authorization code flow: the way there, and the code for tokens (OpenID Connect Core §3.1, RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use rollcall_config::OpenId as OpenIdSettings;
use rollcall_service::accounts::openid::{Begun, OpenIdError, Returned, Vouched};
use serde::Deserialize;
use serde_json::Value;

use crate::Provider;
use crate::ask::{encode, form, read, status};
use crate::claims::Claims;
use crate::discovery::Metadata;
use crate::token::Expected;

/// Where the browser goes: the request of a code, with PKCE by `S256`.
pub(crate) fn authorization_url(
    settings: &OpenIdSettings,
    metadata: &Metadata,
    begun: &Begun,
    redirect_uri: &str,
) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, begun.verifier.as_bytes()));
    let query = form(&[
        ("response_type", "code"),
        ("client_id", &settings.client_id),
        ("redirect_uri", redirect_uri),
        ("scope", &settings.scopes.join(" ")),
        ("state", &begun.state),
        ("nonce", &begun.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let endpoint = &metadata.authorization_endpoint;
    let between = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{between}{query}")
}

/// What comes for a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<AccessToken>,
}

/// A token that is not shown.
#[derive(Deserialize)]
#[serde(transparent)]
struct AccessToken(String);

/// What comes instead (RFC 6749 §5.2).
#[derive(Deserialize)]
struct Declined {
    error: String,
}

impl Provider {
    /// Who the code is of.
    pub(crate) async fn vouch(
        &self,
        begun: &Begun,
        redirect_uri: &str,
        returned: Returned<'_>,
    ) -> Result<Vouched, OpenIdError> {
        let metadata = self.metadata().await?;
        let named = metadata.authorization_response_iss_parameter_supported;
        if returned.issuer.map_or(named, |issuer| issuer != self.settings.issuer) {
            return Err(OpenIdError::Untrusted("the redirect is of another provider"));
        }
        let tokens = self.tokens(&metadata, begun, redirect_uri, returned.code).await?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &begun.nonce,
            now: self.clock.now(),
        };
        let mut claims = Claims(self.believe(&metadata, &tokens.id_token, &expected).await?);
        if let (Some(url), Some(token)) = (&metadata.userinfo_endpoint, &tokens.access_token)
            && claims.is_thin(&self.settings)
        {
            let more: Value = self.asker.get("its userinfo", url, Some(&token.0)).await?;
            claims.add(more)?;
        }
        claims.vouched(&self.settings)
    }

    async fn tokens(
        &self,
        metadata: &Metadata,
        begun: &Begun,
        redirect_uri: &str,
        code: &str,
    ) -> Result<Tokens, OpenIdError> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &begun.verifier),
        ];
        let id = self.settings.client_id.as_str();
        let secret = self.settings.client_secret.as_deref();
        let authorization = match secret {
            None => {
                fields.push(("client_id", id));
                None
            }
            Some(secret) if metadata.takes_basic() => {
                // RFC 6749 §2.3.1: both are form-encoded before they are joined.
                let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
                Some(format!("Basic {pair}"))
            }
            Some(secret) => {
                fields.extend([("client_id", id), ("client_secret", secret)]);
                None
            }
        };
        let what = "its token endpoint";
        let answer = self.asker.post(what, &metadata.token_endpoint, authorization, &fields).await?;
        if answer.status == 200 {
            return read(what, &answer);
        }
        // The description beside it may name someone.
        let declined = read::<Declined>(what, &answer).ok().map(|declined| declined.error);
        match declined.as_deref() {
            Some("invalid_grant") => Err(OpenIdError::Refused("invalid_grant".to_owned())),
            Some(
                error @ ("invalid_client" | "unauthorized_client" | "invalid_request" | "invalid_scope"),
            ) => {
                let text = format!("{what} says {error}: look at the client's id, secret and redirect URI");
                Err(OpenIdError::Unusable(text))
            }
            _ => Err(status(what, &answer)),
        }
    }
}

impl Metadata {
    /// Whether a client may show its secret by HTTP Basic, which is the default.
    fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let has = |name: &str| methods.iter().any(|method| method == name);
        has("client_secret_basic") || !has("client_secret_post")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_the_hash_of_its_verifier() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        assert_eq!(hash, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
