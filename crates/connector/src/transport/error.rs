//! What the application answered instead, or why nothing came.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::secret::{REDACTED, Secret};

/// Text that is shown of a body that is not SCIM.
const EXCERPT: usize = 200;

/// An answer that is not a success: which request, which status, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Method and URL, without query.
    pub request: String,
    /// HTTP status.
    pub status: u16,
    /// `scimType` (RFC 7644 §3.12).
    pub scim_type: Option<String>,
    /// `detail`, or `description` in SCIM 1.1, or the beginning of what came instead; without secrets.
    pub detail: Option<String>,
    /// The body was a SCIM error.
    pub scim: bool,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was answered {}", self.request, self.status)?;
        if let Some(scim_type) = &self.scim_type {
            write!(f, " {scim_type}")?;
        }
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

/// Why a request has no answer to use. Variants differ in what the caller can do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PeerError {
    /// 401, also with a fresh token.
    #[error("{0}: the application does not accept the credentials; check token, key or client secret")]
    Unauthorized(Said),
    /// 403.
    #[error("{0}: the credentials do not allow this; give them the right, or scope, to do it")]
    Forbidden(Said),
    /// 404 with a SCIM error: the resource is not there.
    #[error("{0}: it is not there")]
    Gone(Said),
    /// 404 without a SCIM error: nothing is known about the resource.
    #[error("{0}: that is not a SCIM answer, so nothing is taken as deleted; check apiEndpoint")]
    NotFound(Said),
    /// 409.
    #[error("{0}: it conflicts with what is there")]
    Conflict(Said),
    /// 412, and 428: a version is wanted.
    #[error("{0}: the resource changed meanwhile")]
    PreconditionFailed(Said),
    /// 400.
    #[error("{0}: the application does not take the request")]
    Invalid(Said),
    /// 405 or 501: the application cannot do this.
    #[error("{0}: the application cannot do this")]
    Unsupported(Said),
    /// Any other status below 500 that is no success.
    #[error("{0}")]
    Rejected(Said),
    /// 429, still after the retries.
    #[error("{said}: too many requests; try later, or lower http.concurrency")]
    RateLimited {
        /// What was said.
        said: Said,
        /// When to come again.
        retry_after: Option<Duration>,
    },
    /// 5xx, still after the retries.
    #[error("{said}: the application fails")]
    Unavailable {
        /// What was said.
        said: Said,
        /// When to come again.
        retry_after: Option<Duration>,
    },
    /// No whole answer within `http.timeoutSeconds`. It may have been carried out.
    #[error("{request} had no answer within {} s", after.as_secs())]
    TimedOut {
        /// Method and URL.
        request: String,
        /// The limit.
        after: Duration,
    },
    /// The connection broke. It may have been carried out.
    #[error("{request} broke off: {reason}")]
    Broken {
        /// Method and URL.
        request: String,
        /// Why.
        reason: String,
    },
    /// No connection: nothing was sent.
    #[error("{request} was not sent: {reason}")]
    Unreachable {
        /// Method and URL.
        request: String,
        /// Why.
        reason: String,
    },
    /// The address is not one to connect to (DESIGN decision 14).
    #[error("{request} was not sent: {reason}; http.allowPrivateAddresses allows it")]
    AddressRefused {
        /// Method and URL.
        request: String,
        /// Host and address.
        reason: String,
    },
    /// The answer is larger than `http.maxResponseMib`.
    #[error(
        "{request} was answered with more than {limit} bytes; lower pagination.pageSize or raise http.maxResponseMib"
    )]
    TooLarge {
        /// Method and URL.
        request: String,
        /// The limit.
        limit: usize,
    },
    /// A success that is not JSON, such as a sign-in page.
    #[error("{request} was answered {content_type}, not JSON: {excerpt}")]
    NotJson {
        /// Method and URL.
        request: String,
        /// What it says it is.
        content_type: String,
        /// How it begins.
        excerpt: String,
    },
    /// A redirect that is not followed.
    #[error("{request} was redirected to {location}; correct apiEndpoint, or set http.redirects")]
    Redirected {
        /// Method and URL.
        request: String,
        /// Where to.
        location: String,
    },
    /// No token could be obtained.
    #[error("no token: {0}")]
    Token(String),
    /// The request cannot be sent as it is.
    #[error("{request} cannot be sent: {reason}")]
    Unsendable {
        /// Method and URL.
        request: String,
        /// Why.
        reason: String,
    },
}

/// Whether sending the same again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// No.
    No,
    /// Yes: the application did not carry it out. After this time, where it gave one.
    Surely(Option<Duration>),
    /// Yes, if carrying it out twice does no harm: nobody knows whether it was. After this time, if given.
    Perhaps(Option<Duration>),
}

impl PeerError {
    /// Whether sending the same again may help. One table, no wildcard.
    pub fn again(&self) -> Again {
        match self {
            Self::RateLimited { retry_after, .. } => Again::Surely(*retry_after),
            Self::Unavailable { said, retry_after } if said.status == 503 => match retry_after {
                Some(_) => Again::Surely(*retry_after),
                None => Again::Perhaps(None),
            },
            Self::Unavailable { retry_after, .. } => Again::Perhaps(*retry_after),
            Self::Unreachable { .. } => Again::Surely(None),
            Self::TimedOut { .. } | Self::Broken { .. } => Again::Perhaps(None),
            Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::Gone(_)
            | Self::NotFound(_)
            | Self::Conflict(_)
            | Self::PreconditionFailed(_)
            | Self::Invalid(_)
            | Self::Unsupported(_)
            | Self::Rejected(_)
            | Self::AddressRefused { .. }
            | Self::TooLarge { .. }
            | Self::NotJson { .. }
            | Self::Redirected { .. }
            | Self::Token(_)
            | Self::Unsendable { .. } => Again::No,
        }
    }

    /// The resource is not there, and the application itself said so.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }

    /// Nobody knows whether the request was carried out.
    pub fn is_uncertain(&self) -> bool {
        matches!(self.again(), Again::Perhaps(_))
    }

    /// What the application answered, if it did.
    pub fn said(&self) -> Option<&Said> {
        match self {
            Self::Unauthorized(said)
            | Self::Forbidden(said)
            | Self::Gone(said)
            | Self::NotFound(said)
            | Self::Conflict(said)
            | Self::PreconditionFailed(said)
            | Self::Invalid(said)
            | Self::Unsupported(said)
            | Self::Rejected(said)
            | Self::RateLimited { said, .. }
            | Self::Unavailable { said, .. } => Some(said),
            _ => None,
        }
    }

    /// `scimType` of the answer.
    pub fn scim_type(&self) -> Option<&str> {
        self.said()?.scim_type.as_deref()
    }

    /// The error for a status that is no success.
    pub(super) fn of(said: Said, retry_after: Option<Duration>) -> Self {
        match said.status {
            400 => Self::Invalid(said),
            401 => Self::Unauthorized(said),
            403 => Self::Forbidden(said),
            404 if said.scim => Self::Gone(said),
            404 => Self::NotFound(said),
            405 | 501 => Self::Unsupported(said),
            409 => Self::Conflict(said),
            412 | 428 => Self::PreconditionFailed(said),
            429 => Self::RateLimited { said, retry_after },
            500.. => Self::Unavailable { said, retry_after },
            _ => Self::Rejected(said),
        }
    }
}

/// Reads an error body: RFC 7644 §3.12, `Errors` of SCIM 1.1, or anything else.
pub(super) fn said(request: &str, status: u16, body: &[u8], secrets: &[Secret]) -> Said {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let first = json.as_ref().and_then(|json| json.get("Errors")).and_then(|errors| errors.get(0));
    let of_schema = json.as_ref().and_then(|json| json.get("schemas")).and_then(Value::as_array);
    let is_error = of_schema.is_some_and(|schemas| {
        schemas.iter().filter_map(Value::as_str).any(|urn| urn.to_ascii_lowercase().ends_with(":error"))
    });
    let key = |name: &str| json.as_ref().and_then(|json| json.get(name));
    let detail = text(key("detail"))
        .or_else(|| first.and_then(|first| text(first.get("description"))))
        .or_else(|| text(key("message")))
        .or_else(|| Some(excerpt(body)).filter(|excerpt| !excerpt.is_empty()));
    Said {
        request: request.to_owned(),
        status,
        scim_type: text(key("scimType")),
        detail: detail.map(|detail| redact(&detail, secrets)),
        scim: is_error || first.is_some(),
    }
}

/// How a body begins, on one line.
pub(super) fn excerpt(body: &[u8]) -> String {
    let start = body.get(..body.len().min(4 * EXCERPT)).unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|one| !one.is_control()).take(EXCERPT).collect()
}

/// `text` with every secret in it taken out.
pub(super) fn redact(text: &str, secrets: &[Secret]) -> String {
    let known = secrets.iter().map(Secret::reveal).filter(|secret| secret.len() > 3);
    known.fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_body_is_read_whatever_its_version() {
        let error = "urn:ietf:params:scim:api:messages:2.0:Error";
        for (body, scim, scim_type, detail) in [
            (
                json!({"schemas": [error], "detail": "no", "scimType": "uniqueness"}),
                true,
                Some("uniqueness"),
                Some("no"),
            ),
            (json!({"Errors": [{"description": "no", "code": "404"}]}), true, None, Some("no")),
            (json!({"message": "no"}), false, None, Some("no")),
            (json!("<html>no</html>"), false, None, Some("\"<html>no</html>\"")),
        ] {
            let said = said("GET x", 404, body.to_string().as_bytes(), &[]);
            let found = (said.scim, said.scim_type.as_deref(), said.detail.as_deref());
            assert_eq!(found, (scim, scim_type, detail), "{body}");
        }
    }

    /// A 404 is 'gone' only with a SCIM body; 401, 403, 409, 412, 429 and 5xx are told apart.
    #[test]
    fn a_status_is_one_kind_of_error() {
        for (status, scim, expected) in [
            (400, true, "Invalid"),
            (401, true, "Unauthorized"),
            (403, true, "Forbidden"),
            (404, true, "Gone"),
            (404, false, "NotFound"),
            (405, false, "Unsupported"),
            (409, true, "Conflict"),
            (412, true, "PreconditionFailed"),
            (418, false, "Rejected"),
            (429, true, "RateLimited"),
            (500, true, "Unavailable"),
            (501, true, "Unsupported"),
            (503, false, "Unavailable"),
        ] {
            let said = Said { request: String::new(), status, scim_type: None, detail: None, scim };
            let error = format!("{:?}", PeerError::of(said, None));
            assert!(error.starts_with(expected), "{status}: {error}");
        }
    }

    #[test]
    fn a_secret_that_the_application_repeats_is_not_shown() {
        let body = json!({"detail": "token hunter2 is not known"}).to_string();
        let said = said("GET x", 401, body.as_bytes(), &[Secret::new("hunter2")]);
        assert_eq!(said.detail.as_deref(), Some("token ••• is not known"));
    }
}
