//! Secrets that must be used again, encrypted at rest (DESIGN decision 9).
//!
//! XChaCha20-Poly1305 with a random nonce. The sealed text is `v1.KEY.BASE64`: the id of the key stands in it, so
//! that a new key can seal while older ones still open (ADR 24).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rollcall_domain::clock::Ids;
use sha2::{Digest as _, Sha256};

const VERSION: &str = "v1";
const NONCE_BYTES: usize = 24;

/// Why a secret cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key that it was sealed with is not among the server's.
    #[error("sealed with key {0}, which the server does not have; put it back into the key file")]
    UnknownKey(String),
    /// Not what this vault writes, or written for something else.
    #[error("the sealed secret is damaged, or another's")]
    Damaged,
}

/// The server's encryption keys: the last one seals, all open.
pub struct Vault {
    keys: Vec<(String, XChaCha20Poly1305)>,
}

impl Vault {
    /// A vault with keys derived from these secrets, oldest first.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8; 32]>) -> Self {
        let derive = |secret: &[u8; 32]| {
            let key = Sha256::new().chain_update(b"rollcall vault v1").chain_update(secret).finalize();
            let id = Sha256::new().chain_update(b"rollcall vault key id v1").chain_update(secret).finalize();
            let id = id.iter().take(6).copied().collect::<Vec<u8>>();
            (URL_SAFE_NO_PAD.encode(id), XChaCha20Poly1305::new(&key))
        };
        Self { keys: secrets.into_iter().map(derive).collect() }
    }

    /// Encrypts. `place` is what the secret belongs to: it opens nowhere else.
    ///
    /// # Errors
    ///
    /// `UnknownKey`: the vault has no key.
    pub fn seal(&self, secret: &str, place: &[u8], ids: &dyn Ids) -> Result<String, VaultError> {
        let (id, key) = self.keys.last().ok_or_else(|| VaultError::UnknownKey("none".to_owned()))?;
        let mut sealed = vec![0; NONCE_BYTES];
        ids.random(&mut sealed);
        let nonce = XNonce::try_from(sealed.as_slice()).map_err(|_| VaultError::Damaged)?;
        let text = key.encrypt(&nonce, Payload { msg: secret.as_bytes(), aad: place });
        sealed.extend(text.map_err(|_| VaultError::Damaged)?);
        Ok(format!("{VERSION}.{id}.{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Decrypts what was sealed for the same place.
    ///
    /// # Errors
    ///
    /// [`VaultError`].
    pub fn open(&self, sealed: &str, place: &[u8]) -> Result<String, VaultError> {
        let (id, text) = parts(sealed).ok_or(VaultError::Damaged)?;
        let (_, key) = self
            .keys
            .iter()
            .find(|(known, _)| known == id)
            .ok_or_else(|| VaultError::UnknownKey(id.to_owned()))?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| VaultError::Damaged)?;
        let (nonce, text) = bytes.split_at_checked(NONCE_BYTES).ok_or(VaultError::Damaged)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Damaged)?;
        let plain =
            key.decrypt(&nonce, Payload { msg: text, aad: place }).map_err(|_| VaultError::Damaged)?;
        String::from_utf8(plain).map_err(|_| VaultError::Damaged)
    }

    /// Whether a secret was sealed with an older key, and should be sealed anew.
    pub fn is_old(&self, sealed: &str) -> bool {
        let newest = self.keys.last().map(|(id, _)| id.as_str());
        parts(sealed).map(|(id, _)| id) != newest
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} keys)", self.keys.len())
    }
}

/// Key id and text.
fn parts(sealed: &str) -> Option<(&str, &str)> {
    sealed.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemIds;

    #[test]
    fn a_secret_opens_in_its_place_only() {
        let vault = Vault::new([&[7; 32]]);
        let sealed = vault.seal("whsec_x", b"endpoint 1", &SystemIds).unwrap();
        assert!(!sealed.contains("whsec"));
        assert_eq!(vault.open(&sealed, b"endpoint 1").as_deref(), Ok("whsec_x"));
        assert_eq!(vault.open(&sealed, b"endpoint 2"), Err(VaultError::Damaged));
        let mut changed = sealed.clone();
        changed.pop();
        assert_eq!(vault.open(&changed, b"endpoint 1"), Err(VaultError::Damaged));
        assert_eq!(vault.open("whsec_x", b"endpoint 1"), Err(VaultError::Damaged));
        assert_ne!(sealed, vault.seal("whsec_x", b"endpoint 1", &SystemIds).unwrap(), "the nonce repeats");
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let (old, both, new) =
            (Vault::new([&[1; 32]]), Vault::new([&[1; 32], &[2; 32]]), Vault::new([&[2; 32]]));
        let sealed = old.seal("s", b"p", &SystemIds).unwrap();
        assert_eq!(both.open(&sealed, b"p").as_deref(), Ok("s"));
        assert!(both.is_old(&sealed) && !old.is_old(&sealed));
        let anew = both.seal("s", b"p", &SystemIds).unwrap();
        assert_eq!(new.open(&anew, b"p").as_deref(), Ok("s"));
        assert!(matches!(new.open(&sealed, b"p"), Err(VaultError::UnknownKey(_))));
        assert!(!format!("{both:?}").contains('1'));
    }
}
