//! RFC 9865 cursors: the position itself, encrypted, bound to the caller and the query. No state.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rollcall_domain::clock::{Ids, Timestamp};
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_store::query::Position;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Seconds after which a cursor is not taken any more.
pub(crate) const CURSOR_TIMEOUT_SECONDS: i64 = 24 * 3600;
const NONCE_BYTES: usize = 24;
/// A cursor is a few hundred bytes; a longer one is not ours.
const MAX_CURSOR_BYTES: usize = 8 * 1024;

/// The key that cursors are encrypted with.
pub(crate) struct CursorKey(XChaCha20Poly1305);

/// What a cursor holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cursor<P = Position> {
    /// Index of the resource type, in searches over all.
    pub kind: usize,
    /// The last place seen; `None`: the beginning of `kind`.
    pub position: Option<P>,
    /// `count` of the first page.
    pub count: u32,
    /// When the cursor was made.
    pub made: Timestamp,
}

impl CursorKey {
    /// A key of its own, from the server's secret.
    pub(crate) fn derive(secret: &[u8; 32]) -> Self {
        let key = Sha256::new().chain_update(b"rollcall cursor v1").chain_update(secret).finalize();
        Self(XChaCha20Poly1305::new(&key))
    }

    /// Encrypts. `binding` is what the next request must share: credential, endpoint, filter, sorting.
    pub(crate) fn seal<P: Serialize>(
        &self,
        cursor: &Cursor<P>,
        binding: &[u8],
        ids: &dyn Ids,
    ) -> Result<String, ScimError> {
        let text =
            serde_json::to_vec(cursor).map_err(|_| crate::error::internal("a cursor cannot be written"))?;
        self.encrypt(&text, binding, ids)
    }

    /// The same for a position of the admin API, which does not grow old.
    pub(crate) fn seal_text(&self, text: &str, binding: &[u8], ids: &dyn Ids) -> Result<String, ScimError> {
        self.encrypt(text.as_bytes(), binding, ids)
    }

    /// Decrypts what [`CursorKey::seal_text`] made for the same binding.
    pub(crate) fn open_text(&self, text: &str, binding: &[u8]) -> Option<String> {
        String::from_utf8(self.decrypt(text, binding)?).ok()
    }

    fn encrypt(&self, text: &[u8], binding: &[u8], ids: &dyn Ids) -> Result<String, ScimError> {
        let mut sealed = vec![0; NONCE_BYTES];
        ids.random(&mut sealed);
        let failed = |_| crate::error::internal("a cursor cannot be made");
        let nonce = XNonce::try_from(sealed.as_slice()).map_err(|_| crate::error::internal("nonce"))?;
        sealed.extend(self.0.encrypt(&nonce, Payload { msg: text, aad: binding }).map_err(failed)?);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Decrypts a cursor that was made for the same binding and is not too old.
    pub(crate) fn open<P: DeserializeOwned>(
        &self,
        text: &str,
        binding: &[u8],
        now: Timestamp,
    ) -> Result<Cursor<P>, ScimError> {
        let opened = self.decrypt(text, binding).and_then(|text| serde_json::from_slice(&text).ok());
        let cursor: Cursor<P> = opened.ok_or_else(|| {
            ScimError::new(
                ErrorType::InvalidCursor,
                "cursor: not one that this server gave to this token for this query; begin again without it",
            )
        })?;
        if now.0 - cursor.made.0 > CURSOR_TIMEOUT_SECONDS * 1000 {
            return Err(ScimError::new(ErrorType::ExpiredCursor, "cursor: too old; begin again without it"));
        }
        Ok(cursor)
    }

    fn decrypt(&self, text: &str, binding: &[u8]) -> Option<Vec<u8>> {
        if text.len() > MAX_CURSOR_BYTES {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        self.0.decrypt(&nonce, Payload { msg: sealed, aad: binding }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemIds;

    #[test]
    fn a_cursor_opens_for_its_query_only_and_not_forever() {
        let key = CursorKey::derive(&[7; 32]);
        let cursor = Cursor {
            kind: 0,
            position: Some(Position { key: 5, sort: None }),
            count: 10,
            made: Timestamp(0),
        };
        let text = key.seal(&cursor, b"query", &SystemIds).unwrap();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_eq!(key.open(&text, b"query", Timestamp(1)), Ok(cursor));
        let kinds = [
            key.open::<Position>(&text, b"other", Timestamp(1)),
            key.open(&text[1..], b"query", Timestamp(1)),
            key.open("", b"query", Timestamp(1)),
            key.open(&text, b"query", Timestamp(CURSOR_TIMEOUT_SECONDS * 1000 + 1)),
            CursorKey::derive(&[8; 32]).open(&text, b"query", Timestamp(1)),
        ]
        .map(|result| result.unwrap_err().kind);
        let invalid = ErrorType::InvalidCursor;
        assert_eq!(kinds, [invalid, invalid, invalid, ErrorType::ExpiredCursor, invalid]);
    }
}
