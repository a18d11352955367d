//! The OpenID provider by which people may sign in to the console.

use std::fmt;
use std::path::Path;

use crate::{ConfigError, Environment, Settings, read_file};

/// The variable that holds the client secret instead of a file.
const SECRET: &str = "ROLLCALL_OPENID_CLIENT_SECRET";

/// What is known of the provider, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenId {
    /// What it calls itself, exactly.
    pub issuer: String,
    /// The host of `issuer`, without port: it may be at any address, where others have to be at public ones.
    pub host: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove it with; a public client has none.
    pub client_secret: Option<String>,
    /// What we ask for; `openid` is among them.
    pub scopes: Vec<String>,
    /// What people call it.
    pub name: String,
    /// The claim by which those without an account get a role.
    pub roles_claim: String,
    /// Its values that make an owner, an operator, a viewer.
    pub roles: [Vec<String>; 3],
    /// The tenant of that role; `None`: every one.
    pub tenant: Option<String>,
    /// Whether mail addresses count as verified where the provider does not say.
    pub trust_email: bool,
    /// Whether it may be anywhere, and without TLS.
    pub private: bool,
}

/// Without the secret.
impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenId({}, {})", self.issuer, self.client_id)
    }
}

/// The provider, where one is set. Its secret is in `ROLLCALL_OPENID_CLIENT_SECRET`, else in the file that is named.
///
/// # Errors
///
/// [`ConfigError`]: a setting beside the issuer is missing or cannot be, or the file cannot be read.
pub fn openid(settings: &Settings, environment: Environment<'_>) -> Result<Option<OpenId>, ConfigError> {
    let refuse = |name: &str, reason: &str| {
        Err(ConfigError::Invalid { name: name.to_owned(), reason: reason.to_owned() })
    };
    let issuer = settings.openid_issuer.clone();
    if issuer.is_empty() {
        return Ok(None);
    }
    let plain = settings.private_addresses.then(|| issuer.strip_prefix("http://")).flatten();
    let Some(rest) = issuer.strip_prefix("https://").or(plain) else {
        return refuse("openid_issuer", "begins with https://, or with private_addresses http://");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    // An IPv6 address has colons of its own, within brackets.
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let host = port.map_or(authority, |(host, _)| host).trim_matches(['[', ']']);
    if host.is_empty() || rest.contains(['?', '#', '@', ' ']) {
        return refuse("openid_issuer", "is a URL without query, fragment or user");
    }
    if settings.public_url.is_empty() {
        return refuse("public_url", "is needed with openid_issuer: the provider sends people back to it");
    }
    if settings.openid_client_id.is_empty() {
        return refuse("openid_client_id", "is needed with openid_issuer: the provider gives one");
    }
    let scopes = listed(&settings.openid_scopes, ' ');
    if !scopes.iter().any(|scope| scope == "openid") {
        return refuse("openid_scopes", "has openid among them");
    }
    let file = Path::new(&settings.openid_client_secret_file);
    let client_secret = match environment(SECRET) {
        Some(secret) => Some(secret),
        None if file.as_os_str().is_empty() => None,
        None => Some(read_file(file)?.trim_end_matches(['\r', '\n']).to_owned()),
    };
    let roles = [&settings.openid_owners, &settings.openid_operators, &settings.openid_viewers];
    Ok(Some(OpenId {
        name: Some(settings.openid_name.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| host.to_owned()),
        host: host.to_owned(),
        client_id: settings.openid_client_id.clone(),
        client_secret: client_secret.filter(|secret| !secret.is_empty()),
        scopes,
        roles_claim: settings.openid_roles_claim.clone(),
        roles: roles.map(|values| listed(values, ',')),
        tenant: Some(settings.openid_tenant.clone()).filter(|tenant| tenant != "*"),
        trust_email: settings.openid_trust_email,
        private: settings.private_addresses,
        issuer,
    }))
}

fn listed(text: &str, between: char) -> Vec<String> {
    text.split(between).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
        let mut settings = Settings {
            openid_issuer: "https://id.example:8443/realms/a".to_owned(),
            openid_client_id: "rollcall".to_owned(),
            public_url: "https://rollcall.example".to_owned(),
            ..Settings::default()
        };
        change(&mut settings);
        settings
    }

    #[test]
    fn a_provider_is_there_when_its_issuer_is() {
        assert_eq!(openid(&Settings::default(), &|_| None).unwrap(), None);
        let found = openid(&settings(|to| to.openid_owners = "a, b c,,".to_owned()), &|_| None).unwrap();
        let found = found.unwrap();
        assert_eq!((found.host.as_str(), found.name.as_str()), ("id.example", "id.example"));
        assert_eq!(found.scopes, ["openid", "email", "profile"]);
        assert_eq!(found.roles, [vec!["a".to_owned(), "b c".to_owned()], vec![], vec![]]);
        assert_eq!((found.tenant.as_deref(), found.client_secret), (Some("default"), None));
    }

    #[test]
    fn its_secret_comes_from_the_variable_or_a_file_and_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "s3cret\n").unwrap();
        let settings = settings(|to| to.openid_client_secret_file = file.display().to_string());
        let secret = |environment| openid(&settings, environment).unwrap().unwrap();
        let from_file = secret(&|_| None);
        assert_eq!(from_file.client_secret.as_deref(), Some("s3cret"));
        assert!(!format!("{from_file:?}").contains("s3cret"));
        let from_variable = secret(&|name| (name == SECRET).then(|| "other".to_owned()));
        assert_eq!(from_variable.client_secret.as_deref(), Some("other"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        type Change = fn(&mut Settings);
        let cases: [(&str, Change); 8] = [
            ("openid_issuer: begins", |to| to.openid_issuer = "http://id.example".to_owned()),
            ("openid_issuer: begins", |to| to.openid_issuer = "id.example".to_owned()),
            ("openid_issuer: is a URL", |to| to.openid_issuer = "https://id.example/?a".to_owned()),
            ("openid_issuer: is a URL", |to| to.openid_issuer = "https://".to_owned()),
            ("public_url", |to| to.public_url.clear()),
            ("openid_client_id", |to| to.openid_client_id.clear()),
            ("openid_scopes", |to| to.openid_scopes = "email".to_owned()),
            ("cannot be read", |to| to.openid_client_secret_file = "/nonexistent/file".to_owned()),
        ];
        for (reason, change) in cases {
            let error = openid(&settings(change), &|_| None).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let local = settings(|to| {
            to.openid_issuer = "http://127.0.0.1:9000".to_owned();
            to.private_addresses = true;
        });
        assert_eq!(openid(&local, &|_| None).unwrap().unwrap().host, "127.0.0.1");
    }
}
