//! Signing in: a key, a password, or a token that is given or obtained and kept until it expires.

mod jwt;
mod token;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use rollcall_domain::clock::Clock;
use tokio::sync::Mutex;

use crate::profile::{Auth, AuthType};
use crate::secret::{Credentials, Secret};
use crate::transport::{PeerError, SetupError, Wire};
use token::{Source, Token};

/// Signs requests in.
pub(crate) struct Authenticator {
    kind: Kind,
    header: HeaderName,
    query: Option<String>,
}

enum Kind {
    /// Nothing is presented.
    Nothing,
    /// The same with every request.
    Fixed(Secret),
    /// A token that is obtained when it is first needed.
    Obtained(Box<Obtained>),
}

struct Obtained {
    prefix: Option<String>,
    source: Source,
    current: Mutex<Current>,
}

/// The token in use; `number` tells which one a request was sent with.
#[derive(Default)]
struct Current {
    token: Option<Token>,
    number: u64,
}

/// What one request carries to sign in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presented {
    header: Option<(HeaderName, HeaderValue)>,
    query: Option<(String, Secret)>,
    token: Option<Secret>,
    number: u64,
}

impl Authenticator {
    /// Chooses how to sign in.
    ///
    /// # Errors
    ///
    /// [`SetupError::Credentials`] names what is missing; [`SetupError::File`] when a key cannot be used.
    pub(crate) fn new(
        auth: &Auth,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let header = match &auth.api_key_header {
            Some(name) => HeaderName::from_bytes(name.as_bytes()).map_err(|error| SetupError::Invalid {
                key: "auth.apiKeyHeader".to_owned(),
                reason: error.to_string(),
            })?,
            None => AUTHORIZATION,
        };
        let query = auth.api_key_query.clone();
        let kind = kind(auth, credentials, clock)?;
        Ok(Self { kind, header, query })
    }

    /// What to sign the next request in with; obtains a token first, if there is none or it is about to expire.
    ///
    /// # Errors
    ///
    /// [`PeerError`] of the token request.
    pub(crate) async fn present(&self, wire: &Wire) -> Result<Presented, PeerError> {
        let (text, number) = match &self.kind {
            Kind::Nothing => return Ok(Presented::default()),
            Kind::Fixed(text) => (text.clone(), 0),
            Kind::Obtained(obtained) => obtained.text(wire).await?,
        };
        self.presented(text, number)
    }

    /// Gives up the token that a request was refused with. False when another would not be different.
    pub(crate) async fn renew(&self, presented: &Presented) -> bool {
        let Kind::Obtained(obtained) = &self.kind else { return false };
        let mut current = obtained.current.lock().await;
        if current.number == presented.number {
            current.token = None;
        }
        true
    }

    /// The header that carries the secret, for dry runs.
    pub(crate) fn header_name(&self) -> Option<&str> {
        (!matches!(self.kind, Kind::Nothing) && self.query.is_none()).then(|| self.header.as_str())
    }

    /// The query parameter that carries the secret, for dry runs.
    pub(crate) fn query_name(&self) -> Option<&str> {
        self.query.as_deref().filter(|_| !matches!(self.kind, Kind::Nothing))
    }

    fn presented(&self, text: Secret, number: u64) -> Result<Presented, PeerError> {
        if let Some(name) = &self.query {
            let query = Some((name.clone(), text.clone()));
            return Ok(Presented { query, token: Some(text), number, header: None });
        }
        let mut value = HeaderValue::from_str(text.reveal())
            .map_err(|_| PeerError::Token("it has characters that a header cannot carry".to_owned()))?;
        value.set_sensitive(true);
        Ok(Presented { header: Some((self.header.clone(), value)), token: Some(text), number, query: None })
    }
}

fn kind(auth: &Auth, credentials: Credentials, clock: Arc<dyn Clock>) -> Result<Kind, SetupError> {
    let prefix = auth.api_key_prefix.clone().filter(|prefix| !prefix.is_empty());
    let missing = |what: &'static str| {
        Err(SetupError::Credentials { what, key: format!("auth.authType {}", name(auth.auth_type)) })
    };
    if auth.auth_type == AuthType::None {
        return Ok(Kind::Nothing);
    }
    if auth.auth_type == AuthType::Basic {
        let Some((user, password)) = credentials.username.zip(credentials.password) else {
            return missing("a user name and password (--username, --password)");
        };
        let pair = STANDARD.encode(format!("{user}:{}", password.reveal()));
        return Ok(Kind::Fixed(Secret::new(format!("Basic {pair}"))));
    }
    // What is given goes before what would have to be asked for; of the two, what the kind is named after.
    let given = match auth.auth_type {
        AuthType::ApiKey => credentials.api_key.as_ref().or(credentials.token.as_ref()),
        _ => credentials.token.as_ref().or(credentials.api_key.as_ref()),
    };
    if let Some(given) = given {
        let prefix = match auth.auth_type {
            AuthType::ApiKey => prefix,
            _ => prefix.or_else(|| Some("Bearer".to_owned())),
        };
        return Ok(Kind::Fixed(prefixed(prefix.as_deref(), given)));
    }
    let wants_client =
        auth.grant.is_none() && !auth.should_obtain_token && auth.auth_type == AuthType::Oauth2;
    if auth.auth_url.is_some() && !(wants_client && credentials.client_id.is_none()) {
        let source = Source::new(auth, credentials, clock)?;
        return Ok(Kind::Obtained(Box::new(Obtained { prefix, source, current: Mutex::default() })));
    }
    match auth.auth_type {
        AuthType::ApiKey => missing("a key (--api-key or BATON_API_KEY)"),
        _ => missing(
            "a token (--token), or a client id and secret (--scim-client-id, --scim-client-secret) and auth.authUrl,",
        ),
    }
}

fn prefixed(prefix: Option<&str>, secret: &Secret) -> Secret {
    match prefix {
        Some(prefix) => Secret::new(format!("{prefix} {}", secret.reveal())),
        None => secret.clone(),
    }
}

fn name(kind: AuthType) -> &'static str {
    match kind {
        AuthType::Basic => "basic",
        AuthType::Oauth2 => "oauth2",
        AuthType::ApiKey => "apiKey",
        AuthType::BasicTokenSource => "basicTokenSource",
        AuthType::CustomTokenSource => "customTokenSource",
        AuthType::None => "none",
    }
}

impl Obtained {
    /// The token with its prefix, and its number.
    async fn text(&self, wire: &Wire) -> Result<(Secret, u64), PeerError> {
        // Held while a token is obtained: whoever else needs one waits for the same.
        let mut current = self.current.lock().await;
        let usable = current.token.as_ref().is_some_and(Token::is_usable);
        if !usable {
            let refresh = current.token.take().and_then(|token| token.refresh);
            current.token = Some(self.source.obtain(wire, refresh).await?);
            current.number += 1;
        }
        let Some(token) = &current.token else {
            return Err(PeerError::Token("the answer has none".to_owned()));
        };
        let prefix = self.prefix.as_deref().unwrap_or("Bearer");
        Ok((prefixed(Some(prefix), &token.text), current.number))
    }
}

impl Presented {
    /// Adds the header.
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        if let Some((name, value)) = &self.header {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// The query parameter.
    pub(crate) fn query(&self) -> Option<(&str, &str)> {
        self.query.as_ref().map(|(name, secret)| (name.as_str(), secret.reveal()))
    }

    /// What must not be shown: the last word is the token.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let whole = self.token.as_ref()?.reveal();
        whole.rsplit(' ').next().map(Secret::new)
    }
}
