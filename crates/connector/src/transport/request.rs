//! A request to the application, and how it is shown.

use std::fmt;

use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

/// Everything but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request below the base URL.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path below the base URL, percent-encoded, without a slash in front.
    pub path: String,
    /// Query parameters as they are meant; they are encoded when sent.
    pub query: Vec<(String, String)>,
    /// Headers beside those that every request has.
    pub headers: Vec<(String, String)>,
    /// The JSON body; without one, no body is sent.
    pub body: Option<Value>,
    /// Sending it twice does what sending it once does: it may be sent again when nobody knows whether it arrived.
    pub idempotent: bool,
}

impl Request {
    /// A request for a path of these segments, each encoded by itself.
    pub fn new<'s>(method: Method, path: impl IntoIterator<Item = &'s str>) -> Self {
        let path: Vec<String> = path.into_iter().map(segment).collect();
        let idempotent = method.is_idempotent();
        Self { method, path: path.join("/"), query: Vec::new(), headers: Vec::new(), body: None, idempotent }
    }

    /// `GET`.
    pub fn get<'s>(path: impl IntoIterator<Item = &'s str>) -> Self {
        Self::new(Method::GET, path)
    }

    /// `DELETE`.
    pub fn delete<'s>(path: impl IntoIterator<Item = &'s str>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// `POST` of a body.
    pub fn post<'s>(path: impl IntoIterator<Item = &'s str>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path) }
    }

    /// `PUT` of a body.
    pub fn put<'s>(path: impl IntoIterator<Item = &'s str>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PUT, path) }
    }

    /// `PATCH` of a body.
    pub fn patch<'s>(path: impl IntoIterator<Item = &'s str>, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PATCH, path) }
    }

    /// With a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Says whether sending it twice does what sending it once does.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// Path and query, encoded, with more query parameters behind.
    pub(super) fn target<'q>(&'q self, more: impl IntoIterator<Item = (&'q str, &'q str)>) -> String {
        let own = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        with_query(&self.path, own.chain(more))
    }
}

/// One segment of a path. A dot segment is encoded, so that an id never climbs out of its collection.
fn segment(text: &str) -> String {
    match text {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => utf8_percent_encode(text, RESERVED).to_string(),
    }
}

/// `path` with query parameters, each encoded.
pub(crate) fn with_query<'q>(path: &str, pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> String {
    let mut target = path.to_owned();
    let mut mark = if path.contains('?') { '&' } else { '?' };
    for (name, value) in pairs {
        target.push(mark);
        target.push_str(&form(name));
        target.push('=');
        target.push_str(&form(value));
        mark = '&';
    }
    target
}

/// Percent-encoded, for a query or a form.
pub(crate) fn form(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A request as it would be sent, without secrets: what a dry run prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Headers in the order they are sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// Request line, headers, an empty line, and the body as one line of JSON.
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        match &self.body {
            Some(body) => writeln!(f, "\n{body}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment_and_a_value_one_parameter() {
        let request = Request::get(["Users", "a/b?c d#é"]).query("filter", "userName eq \"a&b=c+d\"");
        assert_eq!(
            request.target([("k", "v")]),
            "Users/a%2Fb%3Fc%20d%23%C3%A9?filter=userName%20eq%20%22a%26b%3Dc%2Bd%22&k=v"
        );
        assert_eq!(Request::delete(["Groups", ".."]).path, "Groups/%2E%2E");
    }

    #[test]
    fn only_what_can_be_repeated_is_repeated() {
        let body = || serde_json::json!({});
        for (request, expected) in [
            (Request::get(["Users"]), true),
            (Request::put(["Users", "1"], body()), true),
            (Request::delete(["Users", "1"]), true),
            (Request::post(["Users"], body()), false),
            (Request::patch(["Users", "1"], body()), false),
            (Request::patch(["Users", "1"], body()).idempotent(true), true),
        ] {
            assert_eq!(request.idempotent, expected, "{}", request.method);
        }
    }
}
