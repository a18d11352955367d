//! Token requests: every OAuth 2.0 grant of the profile, and the two free forms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use rollcall_domain::clock::Clock;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::jwt::Signer;
use crate::profile::{Auth, AuthType, ClientAuth, Grant, JsonPath, TokenRequestDefaults};
use crate::secret::{Credentials, Secret};
use crate::transport::{Answer, Exchange, PeerError, SetupError, Wire, form, with_query};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// A token is not used in its last seconds, or in the last tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(30);

/// A token that was obtained.
pub(super) struct Token {
    pub(super) text: Secret,
    pub(super) refresh: Option<Secret>,
    until: Option<Instant>,
}

impl Token {
    pub(super) fn is_usable(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// Where tokens come from.
pub(super) struct Source {
    url: Uri,
    method: Method,
    path: Option<JsonPath>,
    /// No fields of our own.
    bare: bool,
    grant: Grant,
    scopes: Vec<String>,
    client_auth: ClientAuth,
    more: TokenRequestDefaults,
    credentials: Credentials,
    signer: Option<Signer>,
}

impl Source {
    /// # Errors
    ///
    /// [`SetupError::Credentials`] names what the grant needs.
    pub(super) fn new(
        auth: &Auth,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let text = auth.auth_url.clone().unwrap_or_default();
        let url: Uri = text.parse().map_err(|_| SetupError::Invalid {
            key: "auth.authUrl".to_owned(),
            reason: "it is not a URL".to_owned(),
        })?;
        let bare = auth.with_custom_token_request || auth.auth_type == AuthType::CustomTokenSource;
        let grant = auth.grant.unwrap_or(Grant::ClientCredentials);
        let get = auth.auth_type == AuthType::BasicTokenSource;
        if !bare {
            check(grant, &credentials)?;
        }
        let signer = match &auth.jwt {
            Some(jwt) if grant == Grant::JwtBearer => Some(Signer::new(jwt, &credentials, &text, clock)?),
            _ => None,
        };
        Ok(Self {
            url,
            method: if get { Method::GET } else { Method::POST },
            path: auth.token_path.clone(),
            bare,
            grant,
            scopes: auth.scopes.clone(),
            client_auth: auth.client_auth,
            more: auth.token_request_defaults.clone(),
            credentials,
            signer,
        })
    }

    /// Asks for a token, with a refresh token if there is one; falls back to the grant when that is not taken.
    ///
    /// # Errors
    ///
    /// [`PeerError::Token`] with what the server said, or the error of the connection.
    pub(super) async fn obtain(&self, wire: &Wire, refresh: Option<Secret>) -> Result<Token, PeerError> {
        if let Some(refresh) = refresh.filter(|_| !self.bare && self.method == Method::POST) {
            let fields = BTreeMap::from([
                ("grant_type".to_owned(), "refresh_token".to_owned()),
                ("refresh_token".to_owned(), refresh.reveal().to_owned()),
            ]);
            if let Ok(token) = self.ask(wire, fields).await {
                let refresh = token.refresh.clone().or(Some(refresh));
                return Ok(Token { refresh, ..token });
            }
        }
        let fields = if self.bare || self.method == Method::GET { BTreeMap::new() } else { self.fields()? };
        self.ask(wire, fields).await
    }

    async fn ask(&self, wire: &Wire, mut fields: BTreeMap<String, String>) -> Result<Token, PeerError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(JSON));
        let invalid = |_| PeerError::Token("a header of the token request cannot be sent".to_owned());
        if let (Some(id), Some(secret)) = (&self.credentials.client_id, &self.credentials.client_secret)
            && !self.bare
        {
            match self.client_auth {
                ClientAuth::Header => {
                    // RFC 6749 §2.3.1: both are form-encoded before they are joined.
                    let pair = STANDARD.encode(format!("{}:{}", form(id), form(secret.reveal())));
                    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).map_err(invalid)?;
                    value.set_sensitive(true);
                    headers.insert(AUTHORIZATION, value);
                }
                ClientAuth::Body => {
                    fields.insert("client_id".to_owned(), id.clone());
                    fields.insert("client_secret".to_owned(), secret.reveal().to_owned());
                }
            }
        }
        fields.extend(self.more.form_body_values.clone());
        let body = (self.method == Method::POST).then(|| self.body(&fields));
        if body.is_some() {
            let kind = self.more.content_type.as_deref().unwrap_or(FORM);
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).map_err(invalid)?);
        }
        for (name, value) in &self.more.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| PeerError::Token(format!("{name} is not the name of a header")))?;
            headers.insert(name, HeaderValue::from_str(value).map_err(invalid)?);
        }
        let query = self.more.query_params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let url = with_query(&self.url.to_string(), query);
        let url: Uri = url.parse().map_err(|_| PeerError::Token("authUrl is not a URL".to_owned()))?;
        let exchange = Exchange { method: self.method.clone(), url, headers, body };
        let name = exchange.name();
        let answer = wire.exchange(exchange).await?;
        self.read(&name, &answer)
    }

    fn body(&self, fields: &BTreeMap<String, String>) -> Bytes {
        let json = self.more.content_type.as_deref().is_some_and(|kind| kind.contains("json"));
        let text = if json {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect())
                .to_string()
        } else {
            let pairs: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}={}", form(name), form(value))).collect();
            pairs.join("&")
        };
        Bytes::from(text)
    }

    /// What the grant sends (RFC 6749 §4, RFC 7523 §2.1).
    fn fields(&self) -> Result<BTreeMap<String, String>, PeerError> {
        let given = &self.credentials;
        let secret = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
        let pairs = match self.grant {
            Grant::ClientCredentials => vec![
                ("grant_type", Some("client_credentials".to_owned())),
                ("username", given.username.clone()),
                ("password", secret(&given.password)),
            ],
            Grant::Password => vec![
                ("grant_type", Some("password".to_owned())),
                ("username", given.username.clone()),
                ("password", secret(&given.password)),
            ],
            Grant::JwtBearer => vec![
                ("grant_type", Some("urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned())),
                ("assertion", Some(self.signer.as_ref().map(Signer::sign).transpose()?.unwrap_or_default())),
            ],
            Grant::RefreshToken => vec![
                ("grant_type", Some("refresh_token".to_owned())),
                ("refresh_token", secret(&given.refresh_token)),
            ],
            Grant::AccountCredentials => vec![
                ("grant_type", Some("account_credentials".to_owned())),
                ("account_id", given.account_id.clone()),
            ],
        };
        let scope = Some(self.scopes.join(" ")).filter(|scope| !scope.is_empty());
        let pairs = pairs.into_iter().chain([("scope", scope)]);
        Ok(pairs.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }

    fn read(&self, request: &str, answer: &Answer) -> Result<Token, PeerError> {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        if !(200..300).contains(&answer.status) {
            let said: Vec<String> =
                ["error", "error_description", "detail", "message"].into_iter().filter_map(text).collect();
            let said = if said.is_empty() { String::new() } else { format!(" ({})", said.join(": ")) };
            let advice = "check client id and secret, grant and scopes";
            return Err(PeerError::Token(format!(
                "{request} was answered {}{said}; {advice}",
                answer.status
            )));
        }
        let found = match &self.path {
            Some(path) => path.first(&body).and_then(Value::as_str).map(str::to_owned),
            None => text("access_token"),
        };
        let path = self.path.as_ref().map_or("access_token", JsonPath::as_str);
        let found = found.filter(|found| !found.is_empty()).ok_or_else(|| {
            PeerError::Token(format!("the answer to {request} has no text at {path}; correct auth.tokenPath"))
        })?;
        Ok(Token {
            text: Secret::new(found),
            refresh: text("refresh_token").map(Secret::new),
            until: until(&body),
        })
    }
}

/// When a token is no longer used, by `expires_in` (seconds, also as text).
fn until(body: &Value) -> Option<Instant> {
    let given = body.get("expires_in")?;
    let seconds = given.as_f64().or_else(|| given.as_str()?.trim().parse().ok())?;
    let life = Duration::try_from_secs_f64(seconds.max(0.0)).ok()?;
    Instant::now().checked_add(life.saturating_sub(MARGIN.min(life / 10)))
}

fn check(grant: Grant, credentials: &Credentials) -> Result<(), SetupError> {
    let client = credentials.client_id.is_some() && credentials.client_secret.is_some();
    let missing = match grant {
        Grant::ClientCredentials if !client => {
            "a token (--token), or a client id and secret (--scim-client-id, --scim-client-secret),"
        }
        Grant::AccountCredentials if !client || credentials.account_id.is_none() => {
            "a client id and secret and an account id (--scim-client-id, --scim-client-secret, --account-id)"
        }
        Grant::Password if credentials.username.is_none() || credentials.password.is_none() => {
            "a user name and password (--username, --password)"
        }
        Grant::RefreshToken if credentials.refresh_token.is_none() => "a refresh token",
        _ => return Ok(()),
    };
    Err(SetupError::Credentials { what: missing, key: format!("auth.grant {grant:?}") })
}

/// Claims as an object; used by the signer too.
pub(super) type Claims = Map<String, Value>;
