//! Passwords: Argon2id, computed apart from requests, a few at once.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordVerifier as _, phc::Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use rollcall_domain::clock::Ids;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::admin::AdminError;

/// Hashes that are computed at once: each takes 19 MiB.
const AT_ONCE: usize = 2;
/// KiB, passes and lanes (OWASP Password Storage Cheat Sheet: 19 MiB, 2, 1).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Characters of a password.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=200;
/// Different characters of a password, at least.
const DIFFERENT: usize = 5;

/// Computes and compares hashes of passwords.
pub(crate) struct Passwords {
    turns: Semaphore,
    /// What is compared with when there is no account: nobody knows its password.
    nobody: String,
    secret: [u8; 32],
}

impl Passwords {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let random = Sha256::new().chain_update(b"rollcall nobody v1").chain_update(secret).finalize();
        let salt = random.get(..16).unwrap_or_default();
        // The hash that it would have is of no importance, only that comparing takes as long.
        let text = format!("$argon2id$v=19$m={},t={},p={}", COST.0, COST.1, COST.2);
        let encode = |bytes: &[u8]| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
        };
        Self {
            turns: Semaphore::new(AT_ONCE),
            nobody: format!("{text}${}${}", encode(salt), encode(&random)),
            secret: Sha256::new()
                .chain_update(b"rollcall attempts v1")
                .chain_update(secret)
                .finalize()
                .into(),
        }
    }

    /// What attempts of an address are counted by: a digest, so that no address is stored. The secret has a fixed
    /// length and the kinds are few words without a colon, so that a plain hash over all of it is keyed.
    pub(super) fn subject(&self, kind: &str, name: &str) -> [u8; 32] {
        let digest = Sha256::new().chain_update(self.secret).chain_update(kind).chain_update(b":");
        Sha256::new()
            .chain_update(self.secret)
            .chain_update(digest.chain_update(name).finalize())
            .finalize()
            .into()
    }

    /// The hash of a password, as a PHC string.
    pub(crate) async fn hash(&self, password: &str, ids: &dyn Ids) -> Result<String, AdminError> {
        let mut salt = [0; 16];
        ids.random(&mut salt);
        let password = password.to_owned();
        self.compute(move || {
            let salt = Salt::new(&salt).ok()?;
            let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt).ok()?;
            Some(hash.to_string())
        })
        .await?
        .ok_or_else(|| AdminError::Invalid("the password cannot be hashed; choose another".to_owned()))
    }

    /// Whether this is the password. Takes as long without a hash.
    pub(crate) async fn matches(&self, password: &str, hash: Option<&str>) -> Result<bool, AdminError> {
        let (password, is_there) = (password.to_owned(), hash.is_some());
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        let same = self
            .compute(move || {
                let known = PasswordHash::new(&hash).ok()?;
                Some(argon2()?.verify_password(password.as_bytes(), &known).is_ok())
            })
            .await?;
        Ok(is_there && same == Some(true))
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Result<Option<T>, AdminError> {
        let stopping = || AdminError::Conflict("the server stops; try again".to_owned());
        let _turn = self.turns.acquire().await.map_err(|_| stopping())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| stopping())
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(COST.0, COST.1, COST.2, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether a password may be chosen: long rather than colourful (NIST SP 800-63B §5.1.1.2).
pub(super) fn check(password: &str, email: &str) -> Result<(), AdminError> {
    let refuse = |text: String| Err(AdminError::Invalid(format!("password: {text}")));
    if !LENGTH.contains(&password.chars().count()) {
        return refuse(format!(
            "use {} to {} characters; several words are easy to keep",
            LENGTH.start(),
            LENGTH.end()
        ));
    }
    let mut different: Vec<char> = password.to_lowercase().chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT || password.to_lowercase().contains(email) {
        return refuse("too easy to guess; use several words that do not belong together".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemIds;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::new(&[7; 32]);
        let hash = passwords.hash("correct horse battery", &SystemIds).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches("correct horse battery", Some(&hash)).await.unwrap());
        assert!(!passwords.matches("correct horse batterx", Some(&hash)).await.unwrap());
        assert!(!passwords.matches("correct horse battery", None).await.unwrap());
        assert!(!passwords.matches("correct horse battery", Some("damaged")).await.unwrap());
        assert!(PasswordHash::new(&passwords.nobody).is_ok(), "without an account nothing is computed");
    }

    #[test]
    fn short_and_simple_passwords_are_refused() {
        for (password, fits) in [
            ("correct horse", true),
            ("short", false),
            ("aaaaaaaaaaaaaaaa", false),
            ("121212121212", false),
            ("my ann@example.com", false),
        ] {
            assert_eq!(check(password, "ann@example.com").is_ok(), fits, "{password}");
        }
        assert!(check(&"word ".repeat(50), "ann@example.com").is_err());
    }
}
