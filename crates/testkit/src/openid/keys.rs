//! The keys of the fake provider, and what it signs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Map, Value, json};

use super::{Signing, replaced};

/// An RSA key of 2,048 bits that signs for nobody else: making one takes a second.
const RSA: &[u8] = include_bytes!("rsa.der");

/// One key of each kind.
pub(super) struct Keys {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
    /// How often they were changed. After the first time RSA is not published any more.
    generation: usize,
}

fn new_key() -> EcdsaKeyPair {
    let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).expect("the key")
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Keys {
    pub(super) fn new() -> Self {
        let rsa = RsaKeyPair::from_pkcs8(RSA).expect("the key");
        Self { rsa, ec: new_key(), stranger: new_key(), generation: 1 }
    }

    pub(super) fn rotate(&mut self) {
        self.ec = new_key();
        self.generation += 1;
    }

    fn id(&self, kind: &str) -> String {
        format!("{kind}-{}", self.generation)
    }

    fn public(&self) -> PublicKeyComponents<Vec<u8>> {
        self.rsa.public().into()
    }

    /// What is published (RFC 7517 §5), beside keys that are for something else.
    pub(super) fn published(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        let mut keys = vec![
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "other", "x": encode([7; 32]) }),
            json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id("ec"),
                "x": encode(&point[1..33]), "y": encode(&point[33..]),
            }),
        ];
        if self.generation == 1 {
            let public = self.public();
            keys.push(json!({
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id("rsa"),
                "n": encode(&public.n), "e": encode(&public.e),
            }));
        }
        json!({ "keys": keys })
    }

    /// A token (RFC 7515 §3.1).
    pub(super) fn token(&self, signing: Signing, header: &Map<String, Value>, claims: &Value) -> String {
        let (algorithm, id) = match signing {
            Signing::Rs256 | Signing::Confused => ("RS256", self.id("rsa")),
            Signing::Es256 | Signing::Stranger => ("ES256", self.id("ec")),
            Signing::Nothing => ("none", self.id("rsa")),
            Signing::PublicSecret => ("HS256", self.id("rsa")),
        };
        let header = replaced(json!({ "alg": algorithm, "kid": id, "typ": "JWT" }), header);
        let text = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let random = SystemRandom::new();
        let by =
            |key: &EcdsaKeyPair| key.sign(&random, text.as_bytes()).expect("a signature").as_ref().to_vec();
        let signature = match signing {
            Signing::Rs256 => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                let signed = self.rsa.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
                signed.expect("a signature");
                signature
            }
            Signing::Es256 | Signing::Confused => by(&self.ec),
            Signing::Stranger => by(&self.stranger),
            Signing::Nothing => Vec::new(),
            Signing::PublicSecret => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &self.public().n);
                hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{text}.{}", encode(signature))
    }
}
