//! From a profile and credentials to a transport.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use rollcall_domain::clock::Clock;

use super::connect::{Connector, Dial, Via};
use super::wire::{Limits, Wire};
use super::{ACCEPT, Addresses, HeaderName, HeaderValue, Inner, Transport, USER_AGENT, retry, tls};
use crate::auth::Authenticator;
use crate::profile::{Profile, Tls};
use crate::secret::{Credentials, Secret};

/// What the program decides, not the profile.
#[derive(Clone)]
pub struct Options {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Which addresses may be connected to; `http.allowPrivateAddresses` adds to it.
    pub addresses: Addresses,
}

impl Options {
    /// For a command whose user named the application himself.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, addresses: Addresses::Named }
    }
}

/// Why there is no transport.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The profile wants credentials that are not there.
    #[error("{what} is needed to sign in ({key})")]
    Credentials {
        /// What is missing, with the flags and variables that give it.
        what: &'static str,
        /// Why: the setting of the profile.
        key: String,
    },
    /// A file that the profile names cannot be used.
    #[error("{} cannot be used: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Certificates or keys do not do.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// A value that cannot be sent.
    #[error("{key} cannot be used: {reason}")]
    Invalid {
        /// The key of the profile.
        key: String,
        /// Why.
        reason: String,
    },
}

impl Transport {
    /// Prepares connections; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    pub fn new(profile: &Profile, credentials: Credentials, options: Options) -> Result<Self, SetupError> {
        let base = profile.api_endpoint.trim_end_matches('/').to_owned();
        let http = &profile.http;
        let via = via(profile, &credentials)?;
        let named = [Some(&base), profile.auth.auth_url.as_ref()].into_iter().flatten();
        let named = named.filter_map(|url| url.parse::<Uri>().ok()).filter_map(|url| url.host().map(bare));
        let dial = Dial {
            addresses: if http.allow_private_addresses { Addresses::Allow } else { options.addresses },
            named: Arc::new(named.collect()),
            limit: Duration::from_secs(http.connect_timeout_seconds.into()),
        };
        let limits = Limits {
            time: Duration::from_secs(http.timeout_seconds.into()),
            bytes: usize::try_from(u64::from(http.max_response_mib) << 20).unwrap_or(usize::MAX),
            redirects: http.redirects,
        };
        let trust = tls::Trust::new(http.tls.clone());
        let urls = [Some(&profile.api_endpoint), profile.auth.auth_url.as_ref()];
        if http.tls != Tls::default() || urls.into_iter().flatten().any(|url| url.starts_with("https:")) {
            trust.config()?;
        }
        let connector = Connector::new(dial, via.clone(), trust);
        let wire = Arc::new(Wire::new(connector, limits, via.as_ref()));
        let secrets = credentials
            .secrets()
            .cloned()
            .chain(profile.request_defaults.headers.values().map(Secret::new))
            .chain(profile.request_defaults.query_params.values().map(Secret::new))
            .chain(profile.auth.token_request_defaults.form_body_values.values().map(Secret::new))
            .collect();
        let media = if profile.has_scim_header { "application/scim+json" } else { "application/json" };
        let content_type = http.content_type.as_deref().unwrap_or(media);
        Ok(Self {
            inner: Arc::new(Inner {
                base,
                headers: headers(profile, media)?,
                content_type: value("http.contentType", content_type)?,
                query: profile.request_defaults.query_params.clone().into_iter().collect(),
                wire,
                auth: Authenticator::new(&profile.auth, credentials, Arc::clone(&options.clock))?,
                pacer: retry::Pacer::new(http.retry.clone()),
                clock: options.clock,
                secrets,
                concurrency: usize::try_from(http.concurrency).unwrap_or(1).max(1),
            }),
        })
    }
}

/// A host without the brackets of IPv6.
fn bare(host: &str) -> String {
    host.trim_matches(['[', ']']).to_ascii_lowercase()
}

/// What every request carries.
fn headers(profile: &Profile, media: &str) -> Result<Vec<(HeaderName, HeaderValue)>, SetupError> {
    let http = &profile.http;
    let own = concat!("rollcall/", env!("CARGO_PKG_VERSION"));
    let mut headers = vec![
        (ACCEPT, value("http.accept", http.accept.as_deref().unwrap_or(media))?),
        (USER_AGENT, value("http.userAgent", http.user_agent.as_deref().unwrap_or(own))?),
    ];
    for (name, text) in &profile.request_defaults.headers {
        let key = format!("requestDefaults.headers.{name}");
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|error| SetupError::Invalid { key: key.clone(), reason: error.to_string() })?;
        let mut sent = value(&key, text)?;
        sent.set_sensitive(true);
        headers.push((parsed, sent));
    }
    Ok(headers)
}

pub(crate) fn value(key: &str, text: &str) -> Result<HeaderValue, SetupError> {
    HeaderValue::from_str(text).map_err(|_| SetupError::Invalid {
        key: key.to_owned(),
        reason: "it has characters that a header cannot carry".to_owned(),
    })
}

fn via(profile: &Profile, credentials: &Credentials) -> Result<Option<Via>, SetupError> {
    let Some(given) = &profile.http.proxy else { return Ok(None) };
    let invalid =
        |reason: &str| SetupError::Invalid { key: "http.proxy.url".to_owned(), reason: reason.to_owned() };
    let proxy: Uri = given.url.parse().map_err(|_| invalid("it is not a URL"))?;
    let user = credentials.proxy_username.clone().zip(credentials.proxy_password.clone());
    match proxy.scheme_str() {
        Some("http") => {
            let authorization = user.map(|(name, password)| {
                let pair = STANDARD.encode(format!("{name}:{}", password.reveal()));
                let mut header = value("proxy credentials", &format!("Basic {pair}"))?;
                header.set_sensitive(true);
                Ok(header)
            });
            Ok(Some(Via::Http { proxy, authorization: authorization.transpose()? }))
        }
        Some(scheme @ ("socks5" | "socks5h")) => {
            let remote_names = scheme == "socks5h";
            Ok(Some(Via::Socks { proxy, user, remote_names }))
        }
        _ => Err(invalid("it does not begin with http://, socks5:// or socks5h://")),
    }
}
