//! What a request is about: names in its path, its query, where it comes from and where it thinks we are.

use std::net::SocketAddr;

use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN, USER_AGENT};
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::Console;
use crate::answer::Failure;

/// The names in the path; one that does not decode is 404.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Sync + Send> FromRequestParts<S> for At<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(path)| Self(path)).map_err(|_| Failure::not_found())
    }
}

/// Pairs of a query or of a form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pairs: Vec<(String, String)>,
}

impl Asked {
    /// Reads `application/x-www-form-urlencoded`; what is no UTF-8 has marks in its place.
    pub(crate) fn read(text: &str) -> Self {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let parts = text.split('&').filter(|part| !part.is_empty());
        let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
        Self { pairs: pairs.map(|(name, value)| (decode(name), decode(value))).collect() }
    }

    /// The first value of this name, without spaces around; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The same, where it says something.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// The first value of this name as it is: a password, or text of several lines.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Whether a box of this name is ticked.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == name)
    }

    /// All values of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self::read(parts.uri.query().unwrap_or_default()))
    }
}

/// The authority that a request names.
pub(crate) fn host(headers: &HeaderMap, uri: &axum::http::Uri) -> Option<String> {
    let from_header = || headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(axum::http::uri::Authority::as_str).or_else(from_header);
    let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]_".contains(&b));
    host.filter(plain).map(str::to_owned)
}

/// Scheme and authority under which this server is reached, for URLs that are shown.
pub(crate) fn origin(console: &Console, headers: &HeaderMap, uri: &axum::http::Uri) -> String {
    if let Some(url) = &console.settings.public_url {
        return url.clone();
    }
    let scheme = if console.settings.https { "https" } else { "http" };
    format!("{scheme}://{}", host(headers, uri).as_deref().unwrap_or("localhost"))
}

/// Whether what changes something comes from one of our own pages, as far as the browser says.
pub(crate) fn is_same_origin(console: &Console, headers: &HeaderMap, uri: &axum::http::Uri) -> bool {
    let site = headers.get("sec-fetch-site").map(axum::http::HeaderValue::as_bytes);
    if !matches!(site, None | Some(b"same-origin" | b"none")) {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let ours = console.settings.public_url.as_deref().and_then(|url| url.split_once("://"));
    let ours = ours.map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    authority.is_some() && (authority == ours || authority == host(headers, uri).as_deref())
}

/// Where a request comes from: what the proxy says, else the connection's address.
pub(crate) fn address(console: &Console, parts: &Parts) -> String {
    let header = console.settings.address_header.as_deref();
    let forwarded = header.and_then(|name| parts.headers.get_all(name).iter().next_back()?.to_str().ok());
    // The nearest proxy adds what it saw at the end.
    let last =
        forwarded.and_then(|list| list.rsplit(',').next()).map(str::trim).filter(|text| !text.is_empty());
    let peer = || parts.extensions.get::<SocketAddr>().map(|peer| peer.ip().to_string());
    last.map(str::to_owned).or_else(peer).unwrap_or_else(|| "unknown".to_owned())
}

/// What a browser says that it is.
pub(crate) fn browser(headers: &HeaderMap) -> String {
    headers
        .get(USER_AGENT)
        .map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned())
        .unwrap_or_default()
}

/// A path of the console to go on with, and no other.
pub(crate) fn own_path(text: &str) -> Option<&str> {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>".contains(&b));
    let below = text == crate::CONSOLE_BASE || text.starts_with("/console/") || text.starts_with("/console?");
    (plain && below && !text.contains("//")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_console_are_gone_on_with() {
        for (text, fits) in [
            ("/console", true),
            ("/console/sources/okta?tab=tokens", true),
            ("https://evil.example", false),
            ("//evil.example/console/", false),
            ("/console//evil.example", false),
            ("/console/\\evil.example", false),
            ("/consolex", false),
            ("/api/v1/sources", false),
            ("/console/\nx", false),
            ("", false),
        ] {
            assert_eq!(own_path(text).is_some(), fits, "{text:?}");
        }
    }

    #[test]
    fn forms_decode() {
        let form = Asked::read("name=a+b%26c&box=on&text=+x+&&bad=%FF");
        assert_eq!((form.text("name"), form.text("text"), form.raw("text")), ("a b&c", "x", " x "));
        assert_eq!((form.flag("box"), form.flag("other"), form.given("other")), (true, false, None));
        assert_eq!(form.text("bad"), "\u{fffd}");
    }
}
