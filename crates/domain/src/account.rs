//! People who manage Rollcall in a browser: their accounts, sessions, and links that let them in once.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::api::ApiScope;
use crate::clock::Timestamp;
use crate::credential::{Token, TokenKey};
use crate::tenant::TenantKey;

/// What someone may do in a tenant. Each may all that the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything but secrets, and changes nothing.
    Viewer,
    /// Connects identity providers, and decides what they mean.
    Operator,
    /// Decides about accounts and API tokens too.
    Owner,
}

/// What operators may not.
const OWNERS_ONLY: [ApiScope; 2] = [ApiScope::ApiTokensWrite, ApiScope::TenantsWrite];

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Owner];

    /// Its name: `operator`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it may do in the words of API tokens.
    pub fn scopes(self) -> Vec<ApiScope> {
        let may = |scope: &ApiScope| match self {
            Self::Viewer => scope.is_read(),
            Self::Operator => !OWNERS_ONLY.contains(scope),
            Self::Owner => true,
        };
        ApiScope::all().filter(may).collect()
    }
}

/// Who has a role where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post {
    /// In this tenant; `None`: in every one.
    pub tenant: Option<TenantKey>,
    /// The role.
    pub role: Role,
}

/// Someone who manages.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, shown in the audit.
    pub id: Uuid,
    /// What they sign in with, as [`email`] makes it.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// Argon2id of the password as a PHC string; `None`: no password opens it.
    pub password: Option<String>,
    /// Since when nothing opens it.
    pub disabled: Option<Timestamp>,
    /// What they may do where.
    pub posts: Vec<Post>,
    /// When it was made.
    pub created: Timestamp,
    /// When they last signed in.
    pub last_sign_in: Option<Timestamp>,
    /// Counts changes: a change names the one that it read.
    pub revision: u64,
}

impl Account {
    /// The highest role in this tenant.
    pub fn role_in(&self, tenant: TenantKey) -> Option<Role> {
        let here = |post: &&Post| post.tenant.is_none_or(|of| of == tenant);
        self.posts.iter().filter(here).map(|post| post.role).max()
    }

    /// Whether it is an owner of every tenant.
    pub fn owns_all(&self) -> bool {
        self.posts.contains(&Post { tenant: None, role: Role::Owner })
    }
}

/// Neither address, name nor hash.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({}, {:?})", self.id, self.posts)
    }
}

/// Characters of a mail address at most (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL: usize = 254;

/// A mail address as accounts have it: without spaces around, in small letters; `None` when it is none.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    let whole =
        !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.');
    (plain && whole && text.len() <= MAX_EMAIL).then_some(text)
}

/// A browser that someone signed in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, by which it can be ended.
    pub id: Uuid,
    /// Whose it is.
    pub account: Uuid,
    /// The tenant that is looked at.
    pub tenant: TenantKey,
    /// The public part of its token, by which it is found.
    pub prefix: String,
    /// HMAC-SHA-256 of the token under the server's key.
    pub digest: [u8; 32],
    /// When they signed in.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Timestamp,
    /// When it ends, however often it is used.
    pub expires: Timestamp,
    /// Which browser, in its own words, shortened.
    pub browser: String,
}

impl Session {
    /// Whether it goes on at this time, when an unused one ends after `idle_ms`.
    pub fn is_valid(&self, now: Timestamp, idle_ms: i64) -> bool {
        now < self.expires && now.0 - self.last_used.0 < idle_ms
    }

    /// Whether this is its token, compared in constant time.
    pub fn matches(&self, key: &TokenKey, token: &Token) -> bool {
        self.digest.ct_eq(&key.digest(token)).into()
    }
}

/// How an OpenID provider knows whoever has an account: both texts are compared as they are (OpenID Connect Core §2).
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Whose account.
    pub account: Uuid,
    /// The provider: its `iss`.
    pub issuer: String,
    /// The person there: their `sub`.
    pub subject: String,
    /// When they first signed in.
    pub created: Timestamp,
}

/// Without the person.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({}, {})", self.account, self.issuer)
    }
}

/// What a link lets one do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Make an account that owns everything: the first one, or another from the command line.
    FirstRun,
    /// Choose the password of this account.
    Password(Uuid),
    /// Connect an identity provider to this source, as someone without an account.
    Source(Uuid),
}

/// A link that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id, by which it can be revoked.
    pub id: Uuid,
    /// What it is for.
    pub purpose: Purpose,
    /// The tenant that it is about; `None`: all.
    pub tenant: Option<TenantKey>,
    /// The public part of its token, by which it is found.
    pub prefix: String,
    /// HMAC-SHA-256 of the token under the server's key.
    pub digest: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// From when it opens nothing.
    pub expires: Timestamp,
    /// When it was used for what it can be used for once.
    pub used: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

impl Link {
    /// Whether it opens what it is for. A used one still shows the source that it is for.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        let spent = self.used.is_some() && !matches!(self.purpose, Purpose::Source(_));
        !spent && self.revoked.is_none() && now < self.expires
    }

    /// Whether this is its token, compared in constant time.
    pub fn matches(&self, key: &TokenKey, token: &Token) -> bool {
        self.digest.ct_eq(&key.digest(token)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_are_compared_in_small_letters() {
        for (text, expected) in [
            (" Ann@Example.COM ", Some("ann@example.com")),
            ("a@b", None),
            ("@example.com", None),
            ("ann@.com", None),
            ("ann@example.com.", None),
            ("Ann <ann@example.com>", None),
            ("ann@exa mple.com", None),
            ("", None),
        ] {
            assert_eq!(email(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(email(&format!("{}@example.com", "a".repeat(250))), None);
    }

    #[test]
    fn each_role_may_more_than_the_one_before() {
        let [viewer, operator, owner] = Role::ALL.map(Role::scopes);
        assert!(viewer.iter().all(|scope| operator.contains(scope) && scope.is_read()));
        assert!(operator.iter().all(|scope| owner.contains(scope)));
        assert!(!operator.contains(&ApiScope::ApiTokensWrite) && operator.contains(&ApiScope::SourcesWrite));
        assert_eq!(owner.len(), ApiScope::all().count());
        assert!(Role::ALL.into_iter().all(|role| Role::named(role.name()) == Some(role)));
    }

    #[test]
    fn the_highest_role_counts() {
        let post = |tenant: Option<i64>, role| Post { tenant: tenant.map(TenantKey), role };
        let account = |posts: &[Post]| Account {
            id: Uuid::nil(),
            email: "ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            password: Some("$argon2id$secret".to_owned()),
            disabled: None,
            posts: posts.to_vec(),
            created: Timestamp(0),
            last_sign_in: None,
            revision: 1,
        };
        let ann = account(&[post(None, Role::Viewer), post(Some(2), Role::Owner)]);
        assert_eq!(ann.role_in(TenantKey(1)), Some(Role::Viewer));
        assert_eq!(ann.role_in(TenantKey(2)), Some(Role::Owner));
        assert_eq!(account(&[post(Some(2), Role::Owner)]).role_in(TenantKey(1)), None);
        assert!(!ann.owns_all() && account(&[post(None, Role::Owner)]).owns_all());
        let shown = format!("{ann:?}");
        assert!(!shown.contains("ann@") && !shown.contains("argon2"), "{shown}");
    }
}
