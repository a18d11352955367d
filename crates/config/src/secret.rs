//! The server's secret: 32 bytes from the environment or a file, made when there is neither.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{ConfigError, Environment};

/// The variable that holds the secret instead of a file.
const VARIABLE: &str = "ROLLCALL_SECRET";

/// 32 secret bytes, and newer ones that encryption has moved on to.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    first: [u8; 32],
    newer: Vec<[u8; 32]>,
}

impl Secret {
    /// What tokens and cursors are keyed with. It never changes.
    pub fn first(&self) -> &[u8; 32] {
        &self.first
    }

    /// What secrets at rest are encrypted with, oldest first: the last one encrypts, all decrypt.
    pub fn keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        std::iter::once(&self.first).chain(&self.newer)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(•••)")
    }
}

/// The secret that tokens and cursors are keyed with: `ROLLCALL_SECRET` (base64 of 32 bytes), else the
/// file, which is made with mode 0600 when it is not there. Both may hold further ones, each on a line or after a
/// space: newer keys for what is encrypted at rest.
///
/// # Errors
///
/// [`ConfigError`] when the value is not 32 bytes, or the file cannot be read or made.
pub fn server_secret(path: &Path, environment: Environment<'_>) -> Result<Secret, ConfigError> {
    if let Some(text) = environment(VARIABLE) {
        return decode(VARIABLE, &text);
    }
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    match std::fs::read_to_string(path) {
        Ok(text) => decode(&path.display().to_string(), &text),
        Err(error) if error.kind() == ErrorKind::NotFound => match make(path) {
            // Another process made it at the same moment.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                decode(&path.display().to_string(), &std::fs::read_to_string(path).map_err(unreadable)?)
            }
            made => made.map_err(unreadable),
        },
        Err(error) => Err(unreadable(error)),
    }
}

fn decode(name: &str, text: &str) -> Result<Secret, ConfigError> {
    let bytes = |text| STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    let secrets: Option<Vec<[u8; 32]>> = text.split_whitespace().map(bytes).collect();
    let mut secrets = secrets.unwrap_or_default().into_iter();
    let secret = secrets.next().map(|first| Secret { first, newer: secrets.collect() });
    secret.ok_or_else(|| ConfigError::Invalid {
        name: name.to_owned(),
        reason: "is not the base64 of 32 bytes; `openssl rand -base64 32` makes one".to_owned(),
    })
}

/// Writes a new secret under another name first, so that nobody ever reads half of one.
fn make(path: &Path) -> std::io::Result<Secret> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| std::io::Error::other(error.to_string()))?;
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(STANDARD.encode(secret).as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    linked.map(|()| Secret { first: secret, newer: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db.key");
        let made = server_secret(&path, &|_| None).unwrap();
        assert_eq!(server_secret(&path, &|_| None).unwrap(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn the_variable_goes_before_the_file_and_must_be_32_bytes() {
        let path = Path::new("/nonexistent/key");
        let given = |text: &'static str| server_secret(path, &move |_| Some(text.to_owned()));
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(given(zeros).unwrap(), Secret { first: [0; 32], newer: Vec::new() });
        let two = given(
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n//////////////////////////////////////////8=\n",
        )
        .unwrap();
        assert_eq!((two.first(), two.keys().count()), (&[0; 32], 2));
        assert!(given(" ").is_err());
        assert!(given("AAAA").unwrap_err().to_string().contains("32 bytes"));
        assert!(server_secret(path, &|_| None).is_err());
    }
}
