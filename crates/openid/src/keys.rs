//! The provider's keys (RFC 7517), asked for again when a token names one that is not known.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use rollcall_domain::clock::Timestamp;
use rollcall_service::accounts::openid::OpenIdError;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::Provider;
use crate::discovery::Metadata;

/// How long keys are believed to be the provider's.
const FRESH_MS: i64 = 3_600_000;
/// They are asked for again for an unknown one only after this long.
const AGAIN_MS: i64 = 30_000;

/// A key that signs ID tokens.
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) public: DecodingKey,
}

/// What is known, and since when.
#[derive(Default)]
pub(crate) struct Keys(Mutex<Option<(Timestamp, Arc<Vec<Key>>)>>);

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl Provider {
    /// The provider's keys. `is_there` says whether the one that is wanted is among them.
    pub(crate) async fn keys(
        &self,
        metadata: &Metadata,
        is_there: impl Fn(&[Key]) -> bool + Send,
    ) -> Result<Arc<Vec<Key>>, OpenIdError> {
        let mut known = self.keys.0.lock().await;
        let now = self.clock.now();
        if let Some((at, keys)) = &*known {
            let age = now.0 - at.0;
            if (0..FRESH_MS).contains(&age) && (age < AGAIN_MS || is_there(keys)) {
                return Ok(Arc::clone(keys));
            }
        }
        let published: Published = self.asker.get("its keys", &metadata.jwks_uri, None).await?;
        let keys: Arc<Vec<Key>> = Arc::new(published.keys.iter().filter_map(key).collect());
        *known = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }
}

/// A key of a kind that is taken: RSA for `RS256`, P-256 for `ES256`. Others are not for us.
fn key(published: &Value) -> Option<Key> {
    let text = |name: &str| published.get(name).and_then(Value::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok();
    let (algorithm, name, public) = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            // Some have a sign, which numbers here do not have.
            let number = |name: &str| {
                let bytes = bytes(name)?;
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                bytes.get(zeros..).map(<[u8]>::to_vec)
            };
            let key = DecodingKey::from_rsa_raw_components(&number("n")?, &number("e")?);
            (Algorithm::RS256, "RS256", key)
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            let point = [&[4][..], &x, &y].concat();
            (Algorithm::ES256, "ES256", DecodingKey::from_ec_der(&point))
        }
        _ => return None,
    };
    let fits = text("alg").is_none_or(|algorithm| algorithm == name);
    fits.then(|| Key { id: text("kid").map(str::to_owned), algorithm, public })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_keys_that_sign_by_what_is_taken_are_kept() {
        for (published, expected) in [
            (json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }), Some(Algorithm::RS256)),
            (
                json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "sig", "alg": "RS256" }),
                Some(Algorithm::RS256),
            ),
            (json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "enc" }), None),
            (json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "PS256" }), None),
            (json!({ "kty": "RSA", "n": "not base64!", "e": "AQAB" }), None),
            (json!({ "kty": "RSA", "e": "AQAB" }), None),
            (json!({ "kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ" }), Some(Algorithm::ES256)),
            (json!({ "kty": "EC", "crv": "P-384", "x": "AQ", "y": "AQ" }), None),
            (json!({ "kty": "oct", "k": "AQAB" }), None),
            (json!({ "kty": "OKP", "crv": "Ed25519", "x": "AQ" }), None),
            (json!("nonsense"), None),
        ] {
            assert_eq!(key(&published).map(|key| key.algorithm), expected, "{published}");
        }
    }
}
