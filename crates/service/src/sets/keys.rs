//! The keys that tokens are signed with: made when first needed, sealed at rest, published as JWKS.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rollcall_domain::signing::{SigningKey, published};
use rollcall_store::StoreError;
use serde_json::{Value, json};

use super::SetError;
use crate::Service;
use crate::admin::Manager;

/// What a private key is sealed for.
const PLACE: &[u8] = b"signing key";

/// Signs tokens with one key.
pub struct Signer {
    id: String,
    key: EcdsaKeyPair,
}

/// The signer as of one epoch of the store's stamps.
#[derive(Default)]
pub(crate) struct KnownSigner(Option<(u32, Arc<Signer>)>);

impl Signer {
    /// A token: `header.claims.signature` (RFC 7515 §3.1), of type `secevent+jwt` (RFC 8417 §2.3).
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, SetError> {
        let header = json!({ "alg": "ES256", "kid": self.id, "typ": "secevent+jwt" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(claims));
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes());
        let signature = signature.map_err(|_| SetError::Key("the key does not sign".to_owned()))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

impl Service {
    /// Whoever signs now. Makes the first key when there is none.
    pub(super) async fn signer(&self) -> Result<Arc<Signer>, SetError> {
        let epoch = self.store.stamps().epoch();
        if let Some((known, signer)) = &self.known_signer.read().0
            && *known == epoch
        {
            return Ok(Arc::clone(signer));
        }
        let mut keys = self.store.signing_keys().await?;
        if keys.is_empty() {
            match self.add_key(&Manager::operator(), None).await {
                // Another process was first.
                Ok(()) | Err(SetError::Store(StoreError::Conflict { .. })) => {}
                Err(error) => return Err(error),
            }
            keys = self.store.signing_keys().await?;
        }
        let newest = keys.last().ok_or_else(|| SetError::Key("there is none".to_owned()))?;
        let signer = Arc::new(self.open_key(newest)?);
        *self.known_signer.write() = KnownSigner(Some((epoch, Arc::clone(&signer))));
        Ok(signer)
    }

    /// The published keys (RFC 7517 §5).
    ///
    /// # Errors
    ///
    /// [`SetError`].
    pub async fn jwks(&self) -> Result<Value, SetError> {
        let keys = self.store.signing_keys().await?;
        let keys: Vec<&Value> = published(&keys, self.clock.now()).iter().map(|key| &key.public).collect();
        Ok(json!({ "keys": keys }))
    }

    /// Signs with a new key from now on. The older ones stay published for a while; those that need not be, go.
    ///
    /// # Errors
    ///
    /// [`SetError`].
    pub async fn rotate_signing_key(&self, manager: &Manager) -> Result<(), SetError> {
        let keys = self.store.signing_keys().await?;
        self.add_key(manager, keys.last().map(|key| key.id.as_str())).await?;
        let kept = published(&keys, self.clock.now());
        let over = keys.iter().take(keys.len() - kept.len()).map(|key| key.id.clone());
        Ok(self.store.remove_signing_keys(&over.collect::<Vec<_>>()).await?)
    }

    async fn add_key(&self, manager: &Manager, newest: Option<&str>) -> Result<(), SetError> {
        let failed = |what: &str| SetError::Key(what.to_owned());
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let pkcs8 = pkcs8.map_err(|_| failed("no key can be made"))?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random);
        let key = key.map_err(|_| failed("a new key cannot be read"))?;
        // 4, x, y (SEC 1 §2.3.3).
        let point = key.public_key().as_ref();
        let (x, y) =
            point.get(1..33).zip(point.get(33..65)).ok_or_else(|| failed("a key of another form"))?;
        let now = self.clock.now();
        let id = self.ids.uuid(now).simple().to_string();
        let sealed = self.vault.seal(&STANDARD.encode(pkcs8.as_ref()), PLACE, self.ids.as_ref());
        let key = SigningKey {
            public: json!({
                "kty": "EC",
                "crv": "P-256",
                "alg": "ES256",
                "use": "sig",
                "kid": id,
                "x": URL_SAFE_NO_PAD.encode(x),
                "y": URL_SAFE_NO_PAD.encode(y),
            }),
            id,
            sealed: sealed.map_err(|error| SetError::Key(error.to_string()))?,
            created: now,
        };
        let (before, after) = (json!({ "kid": newest }), json!({ "kid": key.id }));
        let subject = format!("signing-keys/{}", key.id);
        let entry = self.audit_entry_of(manager, None, "signing_key.create", subject, &before, &after);
        Ok(self.store.add_signing_key(&key, newest, &entry).await?)
    }

    fn open_key(&self, key: &SigningKey) -> Result<Signer, SetError> {
        let damaged = || SetError::Key(format!("key {} cannot be read", key.id));
        let text = self.vault.open(&key.sealed, PLACE).map_err(|error| SetError::Key(error.to_string()))?;
        let pkcs8 = STANDARD.decode(text).map_err(|_| damaged())?;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random);
        Ok(Signer { id: key.id.clone(), key: pair.map_err(|_| damaged())? })
    }
}
