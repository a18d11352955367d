//! Headers of a request as the log keeps them: all names, and the values that say how it was sent, not by whom.

use serde::{Deserialize, Serialize};

use crate::text::cut;

/// Headers of one request, at most.
const MOST_HEADERS: usize = 50;
/// Characters of a name, and of a value.
const MOST_NAME_CHARS: usize = 64;
const MOST_VALUE_CHARS: usize = 200;

/// Headers whose values are kept. A list of what may be shown: a header that is not known may be a credential.
const SHOWN: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "prefer",
    "te",
    "traceparent",
    "transfer-encoding",
    "user-agent",
    "via",
    "x-correlation-id",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];

/// A header of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptHeader {
    /// Its name, in small letters.
    pub name: String,
    /// Its value; `None` where it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl KeptHeader {
    /// Of the headers of a request, in their order; mail addresses in values are not masked yet.
    pub fn list<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<Self> {
        let kept = |(name, value): (&str, &[u8])| {
            let is_shown = SHOWN.iter().any(|known| known.eq_ignore_ascii_case(name));
            let value = is_shown.then(|| cut(&String::from_utf8_lossy(value), MOST_VALUE_CHARS));
            Self { name: cut(&name.to_ascii_lowercase(), MOST_NAME_CHARS), value }
        };
        headers.into_iter().take(MOST_HEADERS).map(kept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_of_headers_that_are_known_to_be_harmless() {
        for (name, value, expected) in [
            ("Content-Type", "application/scim+json", Some("application/scim+json")),
            ("if-match", "W/\"3\"", Some("W/\"3\"")),
            ("authorization", "Bearer rc_secret", None),
            ("Proxy-Authorization", "Basic eDp5", None),
            ("cookie", "session=secret", None),
            ("x-api-key", "secret", None),
            ("x-unheard-of", "secret", None),
            ("x-forwarded-for", "203.0.113.9", None),
        ] {
            let kept = KeptHeader::list([(name, value.as_bytes())]);
            assert_eq!(kept.len(), 1, "{name}");
            assert_eq!((kept[0].name.as_str(), kept[0].value.as_deref()), (&*name.to_lowercase(), expected));
        }
    }

    #[test]
    fn headers_are_bounded() {
        let long = "x".repeat(1_000);
        let kept = KeptHeader::list((0..1_000).map(|_| ("user-agent", long.as_bytes())));
        assert_eq!(kept.len(), MOST_HEADERS);
        assert_eq!(kept[0].value.as_ref().unwrap().chars().count(), MOST_VALUE_CHARS + 1);
        assert_eq!(KeptHeader::list([(&*long, &b""[..])])[0].name.chars().count(), MOST_NAME_CHARS + 1);
    }
}
