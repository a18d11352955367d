//! Signatures of the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rollcall_domain::clock::Timestamp;
use sha2::Sha256;

/// What a signing secret begins with.
const SECRET_START: &str = "whsec_";

/// The headers that go with a message: id, timestamp, and a signature for each secret.
///
/// `None` when a secret is not one of this specification.
pub(crate) fn headers(
    id: &str,
    now: Timestamp,
    body: &[u8],
    secrets: &[String],
) -> Option<[(&'static str, String); 3]> {
    let timestamp = now.0.div_euclid(1000).to_string();
    let signatures: Option<Vec<String>> =
        secrets.iter().map(|secret| signature(id, &timestamp, body, secret)).collect();
    Some([
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", signatures?.join(" ")),
    ])
}

fn signature(id: &str, timestamp: &str, body: &[u8], secret: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(SECRET_START)?).ok()?;
    let mac = <Hmac<Sha256>>::new_from_slice(&key).ok()?;
    let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> String {
        format!("{SECRET_START}{}", STANDARD.encode([byte; 32]))
    }

    /// Verified by the reference library, which is not ours. It looks at the clock, so the time is the real one.
    #[test]
    fn the_reference_library_verifies_what_we_sign() {
        use rollcall_domain::clock::Clock as _;
        let now = rollcall_service::system::SystemClock.now();
        let body = br#"{"type":"user.created"}"#;
        let sent = headers("msg_1", now, body, &[secret(1), secret(2)]).unwrap();
        let mut map = axum::http::HeaderMap::new();
        for (name, value) in sent {
            map.insert(name, value.parse().unwrap());
        }
        for (byte, right) in [(1, true), (2, true), (3, false)] {
            let hook = standardwebhooks::Webhook::new(&secret(byte)).unwrap();
            assert_eq!(hook.verify(body, &map).is_ok(), right, "secret {byte}");
            assert!(hook.verify(br#"{"type":"user.deleted"}"#, &map).is_err());
        }
    }

    #[test]
    fn a_known_signature_comes_out() {
        // Computed with `openssl dgst -sha256 -mac HMAC` over "msg_1.1700000000.{}".
        let secrets = [secret(7)];
        let sent = headers("msg_1", Timestamp(1_700_000_000_999), b"{}", &secrets).unwrap();
        assert_eq!(sent[1].1, "1700000000");
        assert_eq!(sent[2].1, "v1,nuLLyheCKcS2N8JNOFt5stk98R+umYWr26/ZTfdtGM8=");
        assert!(headers("msg_1", Timestamp(0), b"{}", &["secret".to_owned()]).is_none());
    }
}
