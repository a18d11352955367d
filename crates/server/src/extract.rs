//! What handlers take from a request: the caller, a JSON body, the query, the preconditions.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_scim::limits::MAX_JSON_DEPTH;
use rollcall_scim::list::ListRequest;
use rollcall_service::{Caller, Known, Notes, Precondition, Presented, Protocol, Shape};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::App;
use crate::answer::{Failure, SCIM_JSON};
use crate::{query, record};

/// The parts of the path; one that does not decode to text is 404.
pub(crate) struct Place<T>(pub T);

/// An authenticated caller.
pub(crate) struct Who(pub Caller);

/// An authenticated caller with a JSON body.
pub(crate) struct Sent {
    pub caller: Caller,
    pub body: Value,
}

/// Scheme and authority under which clients reach us.
pub(crate) struct Origin(pub String);

/// The query of a listing.
pub(crate) struct Listing(pub ListRequest);

/// `attributes` and `excludedAttributes`.
pub(crate) struct Shown(pub Shape);

/// `If-Match`.
pub(crate) struct Conditions(pub Precondition);

/// What `Prefer` asks for (RFC 7240).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Prefers {
    /// `return=minimal`: no body (§4.2).
    pub minimal: bool,
    /// `respond-async`: an answer before the request is done (§4.1, RFC 9967 §2.5.1.1). Who is ready to `wait` is
    /// answered when it is done.
    pub later: bool,
}

/// `If-None-Match`.
pub(crate) struct Seen(pub Known);

impl<T: DeserializeOwned + Send, S: Sync + Send> FromRequestParts<S> for Place<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Ok(Path(path)) = Path::from_request_parts(parts, state).await else {
            return Err(ScimError::not_found("there is nothing at this path").into());
        };
        Ok(Self(path))
    }
}

impl FromRequestParts<App> for Who {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let notes = parts.extensions.get::<Arc<Notes>>().cloned().unwrap_or_default();
        let path = parts.uri.path();
        let (slug, base_path) =
            place(path).ok_or_else(|| ScimError::not_found("there is nothing at this path"))?;
        let protocol = protocol(path);
        let origin = origin(parts, app);
        let token = token(&parts.headers);
        let base_url = format!("{origin}{base_path}");
        let presented =
            Presented { token: token.as_deref(), source: slug, base_url: &base_url, protocol, notes: &notes };
        let caller = app.service.authenticate(presented).await;
        // Of whoever is refused always: it takes as long whether or not there is such a source.
        if caller.is_err() || notes.wants_headers(record::is_write(&parts.method, path)) {
            notes.came_with(record::headers(&parts.headers));
        }
        Ok(Self(caller?))
    }
}

impl FromRequestParts<App> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(origin(parts, app)))
    }
}

impl FromRequest<App> for Sent {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let Who(caller) = Who::from_request_parts(&mut parts, app).await?;
        check_content_type(&parts.headers, SCIM_JSON)?;
        let most = caller.runtime().source.settings.max_request_bytes;
        let bytes = read(&parts.headers, body, most, app.settings.body_timeout).await?;
        caller.notes().sent(&bytes);
        Ok(Self { caller, body: parse(&bytes)? })
    }
}

impl<S: Sync> FromRequestParts<S> for Listing {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let pairs = query::pairs(parts.uri.query().unwrap_or_default())?;
        Ok(Self(ListRequest::from_query(pairs.iter().map(|(name, value)| (&**name, &**value)))?))
    }
}

impl<S: Sync> FromRequestParts<S> for Shown {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        if parts.uri.query().is_none_or(str::is_empty) {
            return Ok(Self(Shape::default()));
        }
        let Listing(request) = Listing::from_request_parts(parts, state).await?;
        let Listing(ListRequest { attributes, excluded_attributes, .. }) = Listing(request);
        Ok(Self(Shape { attributes, excluded_attributes }))
    }
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        if !parts.headers.contains_key(IF_MATCH) || has_star(&parts.headers, &IF_MATCH) {
            return Ok(Self(Precondition::None));
        }
        Ok(Self(Precondition::Versions(versions(&parts.headers, &IF_MATCH))))
    }
}

impl<S: Sync> FromRequestParts<S> for Prefers {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let headers = &parts.headers;
        if !headers.contains_key("prefer") {
            return Ok(Self::default());
        }
        Ok(Self {
            minimal: preference(headers, "return").is_some_and(|value| value == "minimal"),
            later: preference(headers, "respond-async").is_some() && preference(headers, "wait").is_none(),
        })
    }
}

/// The value of a preference, empty where it has none; of one that is given twice, the first (RFC 7240 §2).
fn preference(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(','));
    preferences.find_map(|preference| {
        let preference = preference.split(';').next()?;
        let (found, value) = preference.split_once('=').unwrap_or((preference, ""));
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        found.trim().eq_ignore_ascii_case(name).then_some(value)
    })
}

impl<S: Sync> FromRequestParts<S> for Seen {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        if has_star(&parts.headers, &IF_NONE_MATCH) {
            return Ok(Self(Known::Any));
        }
        Ok(Self(Known::Versions(versions(&parts.headers, &IF_NONE_MATCH))))
    }
}

/// What is spoken at this path: SCIM 1.1 below `/scim/{source}/v1`.
pub(crate) fn protocol(path: &str) -> Protocol {
    match place(path) {
        Some((_, base)) if base.ends_with("/v1") && path.starts_with("/scim/") => Protocol::One,
        _ => Protocol::Two,
    }
}

/// The slug, and the path up to and with `/v2` or `/v1`.
fn place(path: &str) -> Option<(&str, &str)> {
    let start = if path.starts_with("/source/") { "/source/scim/" } else { "/scim/" };
    let rest = path.strip_prefix(start)?;
    let (slug, rest) = rest.split_once('/')?;
    let version = rest.split('/').next()?;
    Some((slug, path.get(..start.len() + slug.len() + 1 + version.len())?))
}

/// Scheme and authority under which clients reach us.
fn origin(parts: &Parts, app: &App) -> String {
    if let Some(url) = &app.settings.public_url {
        return url.clone();
    }
    let from_header = || parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = parts.uri.authority().map(axum::http::uri::Authority::as_str).or_else(from_header);
    let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]_".contains(&b));
    let scheme = if app.settings.https { "https" } else { "http" };
    format!("{scheme}://{}", host.filter(plain).unwrap_or("localhost"))
}

/// The token of a Bearer header, or the password of a Basic one (RFC 6750 §2.1, RFC 7617).
fn token(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

/// Whether a header is `*`: whatever the version is.
fn has_star(headers: &HeaderMap, name: &axum::http::HeaderName) -> bool {
    headers.get_all(name).iter().any(|value| value.as_bytes().trim_ascii() == b"*")
}

/// The numbers of our weak tags in a header; tags of another form are left out.
fn versions(headers: &HeaderMap, name: &axum::http::HeaderName) -> Vec<u64> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let tags = values.flat_map(|value| value.split(','));
    tags.filter_map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"').parse().ok()).collect()
}

/// A body says that it is JSON, or nothing; `preferred` is what an error names.
pub(crate) fn check_content_type(headers: &HeaderMap, preferred: &str) -> Result<(), ScimError> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let media = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let known = ["application/scim+json", "application/json"];
    if known.iter().any(|name| media.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let detail = format!("Content-Type is {media:?}; send {preferred}");
    Err(ScimError::new(ErrorType::UnsupportedMediaType, detail))
}

/// A body of at most so many bytes, which arrives in time.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: axum::body::Body,
    most: u64,
    within: Duration,
) -> Result<Bytes, ScimError> {
    let too_large =
        || ScimError::too_large(format!("the body is larger than {most} bytes; send less at once"));
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let limited = Limited::new(body, usize::try_from(most).unwrap_or(usize::MAX));
    match tokio::time::timeout(within, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(ScimError::invalid_syntax("the body broke off")),
        Err(_) => Err(ScimError::new(ErrorType::Timeout, "the body did not arrive in time")),
    }
}

/// JSON of bounded depth; errors name line and column.
fn parse(bytes: &[u8]) -> Result<Value, ScimError> {
    check_depth(bytes)?;
    serde_json::from_slice(bytes)
        .map_err(|error| ScimError::invalid_syntax(format!("the body is not JSON: {error}")))
}

/// That brackets do not nest too deep.
pub(crate) fn check_depth(bytes: &[u8]) -> Result<(), ScimError> {
    let Some(at) = too_deep(bytes) else { return Ok(()) };
    let detail = format!("the body nests deeper than {MAX_JSON_DEPTH} levels at byte {at}");
    Err(ScimError::invalid_syntax(detail))
}

/// Where brackets nest deeper than the limit, not counting those in strings.
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_JSON_DEPTH {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_source_is_found_in_both_urls() {
        for (path, expected) in [
            ("/scim/okta/v2/Users/1", Some(("okta", "/scim/okta/v2"))),
            ("/source/scim/okta/v2", Some(("okta", "/source/scim/okta/v2"))),
            ("/scim/okta", None),
            ("/metrics", None),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn v1_is_scim_1_1() {
        for (path, expected) in [
            ("/scim/okta/v1/Users/1", Protocol::One),
            ("/scim/okta/v1", Protocol::One),
            ("/scim/okta/v1x/Users", Protocol::Two),
            ("/scim/v1/v2/Users", Protocol::Two),
            ("/scim/okta/v2/v1", Protocol::Two),
            ("/api/v1/sources", Protocol::Two),
        ] {
            assert_eq!(protocol(path), expected, "{path}");
        }
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(MAX_JSON_DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(MAX_JSON_DEPTH + 1).as_bytes()).is_err());
        assert!(parse(format!("\"\\\"{}\"", "[".repeat(500)).as_bytes()).is_ok());
        assert!(parse(nested(10_000).as_bytes()).is_err());
    }

    #[test]
    fn tags_are_read_in_all_their_forms() {
        let mut headers = HeaderMap::new();
        headers.append(IF_MATCH, "W/\"3\", \"4\",x".parse().unwrap());
        headers.append(IF_MATCH, "W/\"12\"".parse().unwrap());
        assert_eq!(versions(&headers, &IF_MATCH), [3, 4, 12]);
    }
}
