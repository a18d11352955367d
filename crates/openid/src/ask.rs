//! Requests to the provider: JSON comes back, or it is told why not.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_connector::transport::{PostError, Posted, Poster};
use rollcall_service::accounts::openid::OpenIdError;
use serde::de::DeserializeOwned;

/// What a form has as it is (RFC 3986 §2.3).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Asks, without redirects, an answer of 1 MiB at most.
pub(crate) struct Asker {
    poster: Poster,
    timeout: Duration,
}

impl Asker {
    pub(crate) fn new(poster: Poster, timeout: Duration) -> Self {
        Self { poster, timeout }
    }

    /// Reads what is at a URL. `what` is for messages.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        url: &str,
        bearer: Option<&str>,
    ) -> Result<T, OpenIdError> {
        let mut headers = vec![("accept", "application/json".to_owned())];
        headers.extend(bearer.map(|token| ("authorization", format!("Bearer {token}"))));
        let answer =
            self.poster.get(url, &headers, self.timeout).await.map_err(|error| failed(what, &error))?;
        if answer.status != 200 {
            return Err(status(what, &answer));
        }
        read(what, &answer)
    }

    /// Sends a form. The answer may have any status.
    pub(crate) async fn post(
        &self,
        what: &str,
        url: &str,
        authorization: Option<String>,
        fields: &[(&str, &str)],
    ) -> Result<Posted, OpenIdError> {
        let mut headers = vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        headers.extend(authorization.map(|value| ("authorization", value)));
        let body = Bytes::from(form(fields));
        self.poster.post(url, &headers, body, self.timeout).await.map_err(|error| failed(what, &error))
    }
}

/// A value within a form or query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// `name=value&…`.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// The JSON of an answer. What is wrong with it is told by its place: its text may be personal.
pub(crate) fn read<T: DeserializeOwned>(what: &str, answer: &Posted) -> Result<T, OpenIdError> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        OpenIdError::Unusable(format!("{what} is not as it should be: line {line}, column {column}"))
    })
}

/// An answer of another status than it should have.
pub(crate) fn status(what: &str, answer: &Posted) -> OpenIdError {
    let text = format!("{what} was answered {}", answer.status);
    if answer.status >= 500 || answer.status == 429 {
        OpenIdError::Unreachable(text)
    } else {
        OpenIdError::Unusable(text)
    }
}

fn failed(what: &str, error: &PostError) -> OpenIdError {
    let text = format!("{what}: {error}");
    match error {
        PostError::TimedOut(_) | PostError::Unreachable(_) => OpenIdError::Unreachable(text),
        PostError::Refused(_) | PostError::Broken(_) | PostError::Redirected(_) => {
            OpenIdError::Unusable(text)
        }
    }
}
