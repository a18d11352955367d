//! From flags to a connector.

use std::path::Path;
use std::sync::Arc;

use rollcall_connector::connid::Connector;
use rollcall_connector::connid::properties::{self, Properties, Settings};
use rollcall_connector::profile::{Profile, ProfileError, Proxy, ScimVersion};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Options, Transport};
use rollcall_service::system::SystemClock;

use super::args::Application;
use crate::Failure;

/// Variable that a profile takes the base URL from.
const BASE_URL: &str = "SCIM_BASE_URL";

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        let source = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::Theirs(format!("{error}{source}"))
    }
}

/// The application that the flags name; nothing is sent.
pub(super) fn connector(given: &Application) -> Result<Connector, Failure> {
    let Properties { mut profile, mut credentials, mut settings } = described(given)?;
    if let Some(url) = &given.base_url {
        profile.api_endpoint.clone_from(url);
    }
    match given.scim_version.as_deref() {
        Some("1.1") => profile.scim_version = ScimVersion::V1,
        Some(_) => profile.scim_version = ScimVersion::V2,
        None => {}
    }
    if let Some(path) = &given.schemas {
        settings.custom = Some(text(path)?);
    }
    add_credentials(&mut credentials, given)?;
    if profile.http.proxy.is_none()
        && let Some(proxy) = rollcall_config::proxy(&profile.api_endpoint, &rollcall_config::environment)
    {
        profile.http.proxy = Some(Proxy { url: proxy.url });
        if let (Some((user, password)), None) = (proxy.credentials, &credentials.proxy_username) {
            credentials.proxy_username = Some(user);
            credentials.proxy_password = Some(Secret::new(password));
        }
    }
    let transport = Transport::new(&profile, credentials, Options::new(Arc::new(SystemClock)));
    let transport = transport.map_err(|error| Failure::Theirs(error.to_string()))?;
    Ok(Connector::new(transport, profile, settings)?)
}

/// What a file of properties says, or a profile.
fn described(given: &Application) -> Result<Properties, Failure> {
    let variables = |name: &str| match (name, &given.base_url) {
        (BASE_URL, Some(url)) => Some(url.clone()),
        _ => rollcall_config::environment(name),
    };
    if let Some(path) = &given.properties {
        return Ok(properties::read(&text(path)?, &path.display().to_string(), &variables)?);
    }
    let name = given.profile.as_deref().unwrap_or("standard");
    if name == "standard" && variables(BASE_URL).is_none() {
        return Err(Failure::Theirs(
            "name the application: --properties FILE, --profile NAME|FILE, or --base-url URL".to_owned(),
        ));
    }
    let is_file = Path::new(name).extension().is_some() || name.contains(std::path::MAIN_SEPARATOR);
    let mut profile = if is_file {
        Profile::load(Path::new(name), &variables)?
    } else {
        Profile::builtin(name, &variables)?
    };
    if given.username.is_some() && given.client_id.is_none() && given.profile.is_none() {
        profile.auth.auth_type = rollcall_connector::profile::AuthType::Basic;
    }
    Ok(Properties { profile, credentials: Credentials::default(), settings: Settings::default() })
}

/// Flags go before files, these before the environment, and all of them before the properties.
fn add_credentials(credentials: &mut Credentials, given: &Application) -> Result<(), Failure> {
    let secret =
        |flag: &Option<String>, file: Option<&Path>, variable: &str| -> Result<Option<Secret>, Failure> {
            if let Some(text) = flag {
                return Ok(Some(Secret::new(text)));
            }
            if let Some(path) = file {
                return Secret::from_file(path).map(Some).map_err(|error| unreadable(path, &error));
            }
            Ok(rollcall_config::environment(variable).map(Secret::new))
        };
    let token = secret(&given.token, given.token_file.as_deref(), "ROLLCALL_CONNECTOR_TOKEN")?;
    let key = secret(&given.api_key, None, "ROLLCALL_CONNECTOR_API_KEY")?;
    let password = secret(&given.password, given.password_file.as_deref(), "ROLLCALL_CONNECTOR_PASSWORD")?;
    let client = given.client_secret_file.as_deref();
    let client_secret = secret(&given.client_secret, client, "ROLLCALL_CONNECTOR_CLIENT_SECRET")?;
    let old = std::mem::take(credentials);
    *credentials = Credentials {
        token: token.or(old.token),
        api_key: key.or(old.api_key),
        username: given.username.clone().or(old.username),
        password: password.or(old.password),
        client_id: given.client_id.clone().or(old.client_id),
        client_secret: client_secret.or(old.client_secret),
        ..old
    };
    Ok(())
}

/// A file that the user named.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Theirs(format!("{}: {error}", path.display()))
}
