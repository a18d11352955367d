//! Keys below `auth`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::profile::JsonPath;

/// How to sign in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth {
    /// The kind.
    pub auth_type: AuthType,
    /// What stands before the key or token in the header, such as `Bearer`.
    #[serde(default)]
    pub api_key_prefix: Option<String>,
    /// Header that carries the key or token; `Authorization` when not given.
    #[serde(default)]
    pub api_key_header: Option<String>,
    /// Query parameter that carries the key, instead of a header.
    #[serde(default)]
    pub api_key_query: Option<String>,
    /// Ask `authUrl` for a token.
    #[serde(default)]
    pub should_obtain_token: bool,
    /// Where tokens are given out.
    #[serde(default)]
    #[schemars(extend("format" = "uri"))]
    pub auth_url: Option<String>,
    /// Where the token is in the answer; `access_token` when not given.
    #[serde(default)]
    pub token_path: Option<JsonPath>,
    /// Send the token request as `tokenRequestDefaults` says, with nothing of our own.
    #[serde(default)]
    pub with_custom_token_request: bool,
    /// What the token request carries beside what the grant needs.
    #[serde(default)]
    pub token_request_defaults: TokenRequestDefaults,
    /// The grant of the token request; `clientCredentials` when not given.
    #[serde(default)]
    pub grant: Option<Grant>,
    /// OAuth scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where the token request carries client id and secret.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The assertion of the `jwtBearer` grant.
    #[serde(default)]
    pub jwt: Option<Jwt>,
}

/// Kind of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AuthType {
    /// User name and password in every request (RFC 7617).
    Basic,
    /// A bearer token (RFC 6750), given or obtained.
    Oauth2,
    /// A key in a header or query parameter.
    ApiKey,
    /// A token that is obtained with `GET authUrl` and the client's id and secret.
    BasicTokenSource,
    /// A token that is obtained with `POST authUrl` and what `tokenRequestDefaults` says.
    CustomTokenSource,
    /// Not at all: the connection's certificate or a header of `requestDefaults` is enough.
    #[default]
    None,
}

/// OAuth 2.0 grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Grant {
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §4.3.
    Password,
    /// RFC 7523 §2.1.
    JwtBearer,
    /// RFC 6749 §6.
    RefreshToken,
    /// Zoom's: the client's credentials and an account id.
    AccountCredentials,
}

/// Where the token request carries client id and secret (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientAuth {
    /// In an `Authorization: Basic` header.
    #[default]
    Header,
    /// In the body, as `client_id` and `client_secret`.
    Body,
}

/// The assertion of the JWT-bearer grant (RFC 7523 §3).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jwt {
    /// PEM file of the PKCS #8 key that signs.
    #[serde(default)]
    pub key_file: Option<String>,
    /// The header's `kid`.
    #[serde(default)]
    pub key_id: Option<String>,
    /// How to sign.
    #[serde(default)]
    pub algorithm: JwtAlgorithm,
    /// Claim `iss`; the client id when not given.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Claim `sub`; the issuer when not given.
    #[serde(default)]
    pub subject: Option<String>,
    /// Claim `aud`; `authUrl` when not given.
    #[serde(default)]
    pub audience: Option<String>,
    /// Further claims.
    #[serde(default)]
    pub claims: Map<String, Value>,
}

/// Signature of a JWT (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum JwtAlgorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    #[default]
    RS256,
    /// ECDSA, P-256, SHA-256.
    ES256,
}

/// What a token request carries beside what the grant needs. Values are treated as secrets.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenRequestDefaults {
    /// `application/x-www-form-urlencoded` when not given, or `application/json`.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Query parameters.
    #[serde(default)]
    pub query_params: BTreeMap<String, String>,
    /// Values of the body.
    #[serde(default)]
    pub form_body_values: BTreeMap<String, String>,
}

impl fmt::Debug for TokenRequestDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequestDefaults")
            .field("headers", &self.headers.keys())
            .field("query_params", &self.query_params.keys())
            .field("form_body_values", &self.form_body_values.keys())
            .finish_non_exhaustive()
    }
}
