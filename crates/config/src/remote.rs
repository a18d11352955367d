//! The server that management commands are sent to, instead of opening the database.

use std::path::Path;

use crate::{ConfigError, Environment, read_file};

/// The variable that names the server.
const SERVER: &str = "ROLLCALL_SERVER";
/// The variable that holds the API token.
const TOKEN: &str = "ROLLCALL_API_TOKEN";
/// The variable that names a file with it.
const TOKEN_FILE: &str = "ROLLCALL_API_TOKEN_FILE";

/// A server and the API token for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its URL without a slash at the end.
    pub url: String,
    /// The API token.
    pub token: String,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The server that the flag or `ROLLCALL_SERVER` names; `None` where neither does.
///
/// Its token is in the file of the flag, else in `ROLLCALL_API_TOKEN`, else in the file of `ROLLCALL_API_TOKEN_FILE`.
///
/// # Errors
///
/// [`ConfigError`] when the URL is none, a file cannot be read, or there is no token.
pub fn remote(
    server: Option<&str>,
    token_file: Option<&Path>,
    environment: Environment<'_>,
) -> Result<Option<Remote>, ConfigError> {
    let Some(url) = server.map(str::to_owned).or_else(|| environment(SERVER)) else { return Ok(None) };
    let invalid =
        |name: &str, reason: &str| ConfigError::Invalid { name: name.to_owned(), reason: reason.to_owned() };
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(invalid("server", "begins with https:// or http://"));
    }
    let file = |path: &Path| read_file(path).map(|text| text.trim().to_owned());
    let token = match (token_file, environment(TOKEN), environment(TOKEN_FILE)) {
        (Some(path), _, _) => file(path)?,
        (None, Some(token), _) => token,
        (None, None, Some(path)) => file(Path::new(&path))?,
        (None, None, None) => {
            let reason = "is not given: set ROLLCALL_API_TOKEN, or name a file with --api-token-file; \
                 `rollcall api-token issue` on the server's machine makes one";
            return Err(invalid("API token", reason));
        }
    };
    Ok(Some(Remote { url: url.trim_end_matches('/').to_owned(), token }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_a_url_and_a_token_from_a_file_or_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "from-file\n").unwrap();
        let named = path.display().to_string();
        let found = |server: Option<&str>, file: Option<&Path>, variables: &[(&str, &str)]| {
            let environment = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            match remote(server, file, &environment) {
                Ok(Some(remote)) => format!("{} {}", remote.url, remote.token),
                Ok(None) => "-".to_owned(),
                Err(error) => error.to_string(),
            }
        };
        let url = Some("https://a/");
        for (server, file, variables, expected) in [
            (None, None, &[][..], "-"),
            (None, None, &[("ROLLCALL_SERVER", "http://b"), ("ROLLCALL_API_TOKEN", "t")], "http://b t"),
            (url, None, &[("ROLLCALL_SERVER", "http://b"), ("ROLLCALL_API_TOKEN", "t")], "https://a t"),
            (url, Some(&*path), &[("ROLLCALL_API_TOKEN", "t")], "https://a from-file"),
            (url, None, &[("ROLLCALL_API_TOKEN_FILE", &named)], "https://a from-file"),
            (Some("a"), None, &[], "server: begins with https:// or http://"),
        ] {
            assert_eq!(found(server, file, variables), expected);
        }
        assert!(found(url, None, &[]).contains("--api-token-file"));
        assert!(
            !format!("{:?}", Remote { url: String::new(), token: "secret".to_owned() }).contains("secret")
        );
    }
}
