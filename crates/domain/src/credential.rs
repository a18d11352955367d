//! Tokens, and the credentials of a source: many at once, shown once, kept as a keyed digest (DESIGN decision 9).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::clock::{Ids, Timestamp};
use crate::source::SourceKey;

/// What a token opens. Each begins in its own way, so that secret scanners and error messages know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The SCIM endpoint of a source: `rc_`.
    Source,
    /// The admin API: `rca_`.
    Api,
    /// A browser that someone signed in to the console with: `rcs_`.
    Session,
    /// A link that lets someone into the console without an account: `rcl_`.
    Link,
}

impl TokenKind {
    /// What its tokens begin with.
    pub const fn start(self) -> &'static str {
        match self {
            Self::Source => "rc_",
            Self::Api => "rca_",
            Self::Session => "rcs_",
            Self::Link => "rcl_",
        }
    }
}

/// Characters of the public prefix (9 random bytes).
const PREFIX_LENGTH: usize = 12;
/// Characters of the secret (32 random bytes).
const SECRET_LENGTH: usize = 43;

/// What a credential may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// GET, and searches by POST.
    Read,
    /// Everything that changes something.
    Write,
}

/// A credential as stored: all but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id, shown in lists and in change records.
    pub id: Uuid,
    /// The source it opens.
    pub source: SourceKey,
    /// The public part of the token, by which it is found.
    pub prefix: String,
    /// HMAC-SHA-256 of the token under the server's key.
    pub digest: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The resource that `/Me` stands for, where the credential is bound to one.
    pub subject: Option<Uuid>,
    /// When it was issued.
    pub created: Timestamp,
    /// From when it is no longer taken.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}

impl Credential {
    /// Whether it is taken at this time.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none_or(|at| now < at) && self.expires.is_none_or(|at| now < at)
    }

    /// Whether it may do this.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether this is its token, compared in constant time.
    pub fn matches(&self, key: &TokenKey, token: &Token) -> bool {
        self.digest.ct_eq(&key.digest(token)).into()
    }
}

/// The server's key for token digests.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// A key from 32 secret bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest under which a token is stored.
    pub fn digest(&self, token: &Token) -> [u8; 32] {
        let Ok(mac) = <Hmac<Sha256>>::new_from_slice(&self.0) else { return [0; 32] };
        mac.chain_update(token.text.as_bytes()).finalize().into_bytes().into()
    }
}

/// A bearer token: [`TokenKind::start`] + 12 characters of public prefix + `_` + 43 of secret, URL-safe base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    kind: TokenKind,
    text: String,
}

impl Token {
    /// A new random token.
    pub fn generate(kind: TokenKind, ids: &dyn Ids) -> Self {
        let (mut prefix, mut secret) = ([0; 9], [0; 32]);
        ids.random(&mut prefix);
        ids.random(&mut secret);
        let (prefix, secret) = (URL_SAFE_NO_PAD.encode(prefix), URL_SAFE_NO_PAD.encode(secret));
        Self { kind, text: format!("{}{prefix}_{secret}", kind.start()) }
    }

    /// Takes a token as presented, when it has the form of one of this kind.
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(kind.start())?;
        let right_length = rest.len() == PREFIX_LENGTH + 1 + SECRET_LENGTH;
        (right_length && rest.is_ascii() && rest.get(PREFIX_LENGTH..=PREFIX_LENGTH) == Some("_"))
            .then(|| Self { kind, text: text.to_owned() })
    }

    /// The public part.
    pub fn prefix(&self) -> &str {
        let start = self.kind.start().len();
        self.text.get(start..start + PREFIX_LENGTH).unwrap_or_default()
    }

    /// The whole token, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({}{}_•••)", self.kind.start(), self.prefix())
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(•••)")
    }
}
