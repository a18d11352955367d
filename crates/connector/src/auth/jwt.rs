//! The assertion of the JWT-bearer grant (RFC 7523), signed with a private key.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rollcall_domain::clock::Clock;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::token::Claims;
use crate::profile::{Jwt, JwtAlgorithm};
use crate::secret::Credentials;
use crate::transport::{PeerError, SetupError};

/// Seconds that an assertion is good for.
const LIFE_SECONDS: i64 = 300;

/// Makes assertions.
pub(super) struct Signer {
    key: Key,
    key_id: Option<String>,
    claims: Claims,
    clock: Arc<dyn Clock>,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
}

impl Signer {
    /// Reads the key: `credentials.jwt_key`, else `auth.jwt.keyFile`.
    ///
    /// # Errors
    ///
    /// [`SetupError`]: no key, or not one of the algorithm.
    pub(super) fn new(
        jwt: &Jwt,
        credentials: &Credentials,
        auth_url: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let invalid = |reason: String| SetupError::Invalid { key: "auth.jwt".to_owned(), reason };
        let pem = match (&credentials.jwt_key, &jwt.key_file) {
            (Some(key), _) => key.reveal().to_owned(),
            (None, Some(file)) => std::fs::read_to_string(file)
                .map_err(|error| SetupError::File { path: file.into(), reason: error.to_string() })?,
            (None, None) => return Err(invalid("there is no key: give keyFile".to_owned())),
        };
        let key = key(jwt.algorithm, &pem).map_err(invalid)?;
        let issuer = jwt.issuer.clone().or_else(|| credentials.client_id.clone()).unwrap_or_default();
        let mut claims = Claims::new();
        claims.insert("sub".to_owned(), jwt.subject.clone().unwrap_or_else(|| issuer.clone()).into());
        claims.insert("iss".to_owned(), issuer.into());
        claims.insert("aud".to_owned(), jwt.audience.clone().unwrap_or_else(|| auth_url.to_owned()).into());
        claims.extend(jwt.claims.clone());
        Ok(Self { key, key_id: jwt.key_id.clone(), claims, clock })
    }

    /// A new assertion, good for five minutes.
    ///
    /// # Errors
    ///
    /// [`PeerError::Token`]: the key does not sign.
    pub(super) fn sign(&self) -> Result<String, PeerError> {
        let failed = |_| PeerError::Token("the assertion cannot be signed".to_owned());
        let now = self.clock.now().0 / 1000;
        let mut claims = self.claims.clone();
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), (now + LIFE_SECONDS).into());
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| failed(ring::error::Unspecified))?;
        claims.insert("jti".to_owned(), URL_SAFE_NO_PAD.encode(id).into());
        let name = match self.key {
            Key::Rsa(_) => "RS256",
            Key::Ecdsa(_) => "ES256",
        };
        let mut header = json!({"alg": name, "typ": "JWT"});
        if let (Some(header), Some(key_id)) = (header.as_object_mut(), &self.key_id) {
            header.insert("kid".to_owned(), key_id.as_str().into());
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(&Value::Object(claims)));
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).map_err(failed)?;
                signature
            }
            Key::Ecdsa(key) => key.sign(&random, text.as_bytes()).map_err(failed)?.as_ref().to_vec(),
        };
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn key(algorithm: JwtAlgorithm, pem: &str) -> Result<Key, String> {
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| format!("the key is not PEM: {error}"))?;
    match (algorithm, &der) {
        (JwtAlgorithm::RS256, PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map(|key| Key::Rsa(Box::new(key)))
            .map_err(|error| format!("the key is not RSA: {error}")),
        (JwtAlgorithm::RS256, PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der())
            .map(|key| Key::Rsa(Box::new(key)))
            .map_err(|error| format!("the key is not RSA: {error}")),
        (JwtAlgorithm::ES256, PrivateKeyDer::Pkcs8(der)) => {
            let random = SystemRandom::new();
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der(), &random)
                .map(|key| Key::Ecdsa(Box::new(key)))
                .map_err(|error| format!("the key is not on P-256: {error}"))
        }
        _ => Err("the key is not PKCS #8".to_owned()),
    }
}
