//! Whether an ID token is believed (OpenID Connect Core §3.1.3.7).

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use rollcall_domain::clock::Timestamp;
use rollcall_service::accounts::openid::OpenIdError;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use crate::Provider;
use crate::discovery::Metadata;
use crate::keys::Key;

/// Seconds by which clocks may differ.
const SKEW_SECONDS: i64 = 60;
/// Seconds after which a token is too old to be of a sign-in that was just done.
const OLDEST_SECONDS: i64 = 3_600;
/// Characters of a `sub` (§2).
const MAX_SUBJECT: usize = 255;

/// What a token has to say.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) now: Timestamp,
}

impl Provider {
    /// The claims of a token that holds.
    pub(crate) async fn believe(
        &self,
        metadata: &Metadata,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<Map<String, Value>, OpenIdError> {
        let header = header(token).map_err(OpenIdError::Untrusted)?;
        let keys = self.keys(metadata, |keys| choose(keys, &header).is_some()).await?;
        let key = choose(&keys, &header);
        let key = key.ok_or(OpenIdError::Untrusted("its key is none of the provider's"))?;
        let claims = verified(token, key, expected).map_err(OpenIdError::Untrusted)?;
        check(&claims, expected).map_err(OpenIdError::Untrusted)?;
        Ok(claims)
    }
}

/// The header of a token that is signed by an algorithm that is taken: the two that every provider has. Neither `none`
/// nor one whose key is a secret.
fn header(token: &str) -> Result<Header, &'static str> {
    let header = decode_header(token).map_err(|_| "its header cannot be read, or names no algorithm")?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err("it is signed by another algorithm than RS256 and ES256");
    }
    if header.crit.is_some() {
        return Err("its header has to be understood, and is not");
    }
    Ok(header)
}

/// The key that the header names. Without a name, the only one that fits (§10.1).
fn choose<'a>(keys: &'a [Key], header: &Header) -> Option<&'a Key> {
    let mut fitting = keys.iter().filter(|key| key.algorithm == header.alg);
    if header.kid.is_some() {
        return fitting.find(|key| key.id == header.kid);
    }
    fitting.next().filter(|_| fitting.next().is_none())
}

/// The claims of a token that this key has signed, of this issuer, for us.
fn verified(token: &str, key: &Key, expected: &Expected<'_>) -> Result<Map<String, Value>, &'static str> {
    let mut validation = Validation::new(key.algorithm);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "sub"]);
    // Times are checked by our clock.
    validation.validate_exp = false;
    let told = |error: Error| match error.kind() {
        ErrorKind::InvalidSignature => "its signature is not the provider's",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAudience => "it is for another client",
        ErrorKind::MissingRequiredClaim(_) => "it lacks iss, aud or sub",
        _ => "it is not as a token should be",
    };
    decode(token, &key.public, &validation).map(|decoded| decoded.claims).map_err(told)
}

/// What has to hold beside the signature.
fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err("it is of another issuer");
    }
    let audiences = claims.get("aud").and_then(Value::as_array).map_or(1, Vec::len);
    match claims.get("azp") {
        Some(party) if party.as_str() != Some(expected.client_id) => return Err("it is for another client"),
        None if audiences > 1 => return Err("it is for several clients, and does not say which"),
        _ => {}
    }
    if !text("sub").is_some_and(|subject| (1..=MAX_SUBJECT).contains(&subject.len()) && subject.is_ascii()) {
        return Err("its sub is none");
    }
    let nonce = text("nonce").unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err("it is of another sign-in");
    }
    times(claims, expected.now)
}

/// That the token is of now. What is no number is in no range.
fn times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), &'static str> {
    let now = now.0.div_euclid(1000);
    let seconds = |name: &str| claims.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
    let (Some(exp), Some(iat)) = (seconds("exp"), seconds("iat")) else { return Err("it lacks exp or iat") };
    let by_now = ..=exact(now + SKEW_SECONDS);
    if !(exact(now - SKEW_SECONDS)..).contains(&exp) {
        return Err("it has expired");
    }
    if !by_now.contains(&iat) || seconds("nbf").is_some_and(|nbf| !by_now.contains(&nbf)) {
        return Err("it is of the future");
    }
    let is_old = iat < exact(now - OLDEST_SECONDS);
    if is_old { Err("it was made long ago") } else { Ok(()) }
}

/// Seconds as JSON may have them.
#[expect(clippy::cast_precision_loss, reason = "exact for 200 million years")]
fn exact(seconds: i64) -> f64 {
    seconds as f64
}
