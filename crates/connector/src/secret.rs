//! What opens an application, kept from logs, errors and plans.

use std::fmt;
use std::path::Path;

/// What stands where a secret was.
pub const REDACTED: &str = "•••";

/// Text that no output shows: `Debug` and `Display` print [`REDACTED`].
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes text as given.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Reads a file; a line break at its end does not count.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not UTF-8.
    pub fn from_file(path: &Path) -> std::io::Result<Self> {
        std::fs::read_to_string(path).map(|text| Self(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// The text, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// All that may be given to sign in with; which of it is needed, the profile's `auth` says.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// A token to present as it is.
    pub token: Option<Secret>,
    /// A key to present as it is.
    pub api_key: Option<Secret>,
    /// For `basic`, and for the OAuth password grant.
    pub username: Option<String>,
    /// Goes with `username`.
    pub password: Option<Secret>,
    /// For token requests.
    pub client_id: Option<String>,
    /// Goes with `client_id`.
    pub client_secret: Option<Secret>,
    /// The account of the `account_credentials` grant (Zoom).
    pub account_id: Option<String>,
    /// For the OAuth refresh grant.
    pub refresh_token: Option<Secret>,
    /// PEM of the key that signs JWT assertions, before `auth.jwt.keyFile`.
    pub jwt_key: Option<Secret>,
    /// For the proxy.
    pub proxy_username: Option<String>,
    /// Goes with `proxy_username`.
    pub proxy_password: Option<Secret>,
}

impl Credentials {
    /// The secrets that are given, so that they can be taken out of what is shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [
            &self.token,
            &self.api_key,
            &self.password,
            &self.client_secret,
            &self.refresh_token,
            &self.jwt_key,
            &self.proxy_password,
        ]
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let credentials = Credentials { token: Some(Secret::new("hunter2")), ..Credentials::default() };
        let shown = format!("{credentials:?} {}", Secret::new("hunter2"));
        assert!(!shown.contains("hunter2") && shown.contains(REDACTED), "{shown}");
    }

    #[test]
    fn a_file_ends_before_its_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "abc \r\n").unwrap();
        assert_eq!(Secret::from_file(&path).unwrap().reveal(), "abc ");
    }
}
