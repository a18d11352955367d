//! Keys that Security Event Tokens are signed with.

use serde_json::Value;

use crate::clock::Timestamp;

/// Milliseconds that a key is published after a newer one took its place.
pub const PUBLISHED_MS: i64 = 30 * 24 * 3600 * 1000;

/// A signing key as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct SigningKey {
    /// `kid`.
    pub id: String,
    /// The private key (PKCS #8 as base64), encrypted.
    pub sealed: String,
    /// The public key (RFC 7517).
    pub public: Value,
    /// When it was made.
    pub created: Timestamp,
}

/// Keys that are published at this time, of all keys, oldest first: the newest, and those that have not long been
/// followed by another.
pub fn published(keys: &[SigningKey], now: Timestamp) -> &[SigningKey] {
    let over = |at: &usize| keys.get(at + 1).is_some_and(|next| next.created.0 + PUBLISHED_MS <= now.0);
    let over = (0..keys.len()).take_while(over).count();
    keys.get(over..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_published_for_a_while_after_it_was_followed() {
        let key = |id: &str, created| SigningKey {
            id: id.to_owned(),
            sealed: String::new(),
            public: Value::Null,
            created: Timestamp(created),
        };
        let keys = [key("a", 0), key("b", 1_000), key("c", 2_000)];
        for (now, expected) in [
            (2_000, "a b c"),
            (PUBLISHED_MS + 999, "a b c"),
            (PUBLISHED_MS + 1_000, "b c"),
            (PUBLISHED_MS + 2_000, "c"),
            (i64::MAX, "c"),
        ] {
            let found: Vec<&str> =
                published(&keys, Timestamp(now)).iter().map(|key| key.id.as_str()).collect();
            assert_eq!(found.join(" "), expected, "{now}");
        }
        assert!(published(&[], Timestamp(0)).is_empty());
    }
}
