//! From settings to an application that can be asked.

use std::path::Path;
use std::sync::Arc;

use rollcall_config::baton::Baton;
use rollcall_connector::profile::{Profile, Proxy, builtins};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Options, Transport};
use rollcall_service::system::SystemClock;
use sha2::{Digest as _, Sha256};

use super::Application;
use crate::Failure;

/// The application that the settings name; nothing is sent.
pub(super) fn application(baton: &Baton) -> Result<Application, Failure> {
    let mut profile = profile(baton)?;
    let mut credentials = credentials(baton)?;
    if profile.http.proxy.is_none()
        && let Some(proxy) = rollcall_config::proxy(&profile.api_endpoint, &rollcall_config::environment)
    {
        profile.http.proxy = Some(Proxy { url: proxy.url });
        if let (Some((user, password)), None) = (proxy.credentials, &credentials.proxy_username) {
            credentials.proxy_username = Some(user);
            credentials.proxy_password = Some(Secret::new(password));
        }
    }
    let origin = origin(&profile, &credentials, baton.is_on("strict"))?;
    let transport = Transport::new(&profile, credentials, Options::new(Arc::new(SystemClock)));
    let transport = transport.map_err(|error| Failure::Theirs(error.to_string()))?;
    Ok(Application { profile: Arc::new(profile), transport, origin })
}

/// A file goes before a name, and this before a text.
fn profile(baton: &Baton) -> Result<Profile, Failure> {
    let variables = &rollcall_config::environment;
    let file = baton.text("scim-config-file").or_else(|| baton.text("scim-config"));
    let profile = if let Some(file) = file {
        Profile::load(Path::new(file), variables)
    } else if let Some(name) = baton.text("service-provider") {
        Profile::builtin(name, variables)
    } else if let Some(text) = baton.text("scim-config-value") {
        Profile::parse(text, "scim-config-value", variables)
    } else {
        let names: Vec<_> = builtins().iter().map(|builtin| builtin.name).collect();
        return Err(Failure::Theirs(format!(
            "name the application: --service-provider NAME (one of {}), or --scim-config FILE with a profile of it",
            names.join(", ")
        )));
    };
    profile.map_err(|error| Failure::Theirs(chain(&error)))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn credentials(baton: &Baton) -> Result<Credentials, Failure> {
    let text = |name: &str| baton.text(name).map(str::to_owned);
    let secret = |name: &str| -> Result<Option<Secret>, Failure> { Ok(baton.secret(name)?.map(Secret::new)) };
    Ok(Credentials {
        token: secret("token")?,
        api_key: secret("api-key")?,
        username: text("username"),
        password: secret("password")?,
        client_id: text("scim-client-id"),
        client_secret: secret("scim-client-secret")?,
        account_id: text("account-id"),
        refresh_token: secret("scim-refresh-token")?,
        jwt_key: secret("scim-jwt-key")?,
        proxy_username: text("proxy-username"),
        proxy_password: secret("proxy-password")?,
    })
}

/// A digest of all that decides what is read, without what is secret.
fn origin(profile: &Profile, credentials: &Credentials, strict: bool) -> Result<String, Failure> {
    let Credentials { username, client_id, account_id, .. } = credentials;
    let all = serde_json::to_vec(&(profile, username, client_id, account_id, strict))?;
    let digest = Sha256::digest(&all);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}
