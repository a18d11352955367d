//! Where management is done: the open database or a running server, by the same requests of the admin API.

use std::sync::Arc;

use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_config::{Remote, remote};
use rollcall_connector::profile::Profile;
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{Options, PeerError, Request, Transport};
use rollcall_server::api::{API_BASE, LocalApi};
use rollcall_server::{App, Settings};
use rollcall_service::system::SystemClock;
use serde_json::Value;

use crate::Failure;
use crate::args::Global;
use crate::open::Opened;

/// How to speak to a server, but for its URL: JSON, a bearer token, nothing sent twice.
const PROFILE: &str = "
name: rollcall
apiEndpoint: http://localhost
auth: {authType: apiKey, apiKeyPrefix: Bearer}
user: {id: id, userName: userName, firstName: name, lastName: name, displayName: name, primaryEmail: name, active: active}
pagination: {totalResults: totalResults, itemsPerPage: itemsPerPage, startIndex: startIndex}
http: {retry: {attempts: 1}}
";
/// Everything but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Items that are asked for at once.
const PAGE: &str = "1000";

/// The admin API, here or there.
pub(crate) struct Desk {
    place: Place,
    tenant: Option<String>,
}

enum Place {
    Here(LocalApi),
    There(Transport),
}

/// A request of the admin API.
pub(crate) struct Ask<'a> {
    method: Method,
    path: Vec<&'a str>,
    query: Vec<(&'a str, &'a str)>,
    body: Option<Value>,
}

impl<'a> Ask<'a> {
    /// `GET` of this path, given by its parts.
    pub(crate) fn get(path: &[&'a str]) -> Self {
        Self::new(Method::GET, path, None)
    }

    /// `POST`.
    pub(crate) fn post(path: &[&'a str], body: Value) -> Self {
        Self::new(Method::POST, path, Some(body))
    }

    /// `PUT`.
    pub(crate) fn put(path: &[&'a str], body: Value) -> Self {
        Self::new(Method::PUT, path, Some(body))
    }

    /// `DELETE`.
    pub(crate) fn delete(path: &[&'a str]) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    fn new(method: Method, path: &[&'a str], body: Option<Value>) -> Self {
        Self { method, path: path.to_vec(), query: Vec::new(), body }
    }

    /// With a query parameter, where there is a value.
    pub(crate) fn with(mut self, name: &'a str, value: Option<&'a str>) -> Self {
        self.query.extend(value.map(|value| (name, value)));
        self
    }

    fn target(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        let path = self.path.iter().fold(String::new(), |path, part| format!("{path}/{}", encode(part)));
        let pairs = self.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}

impl Desk {
    /// The server that flags or the environment name, else the database.
    pub(crate) async fn open(global: &Global) -> Result<Self, Failure> {
        let environment = &rollcall_config::environment;
        let named = remote(global.server.as_deref(), global.api_token_file.as_deref(), environment)?;
        let place = match named {
            Some(server) => Place::There(there(server)?),
            None => Place::Here(here(global).await?),
        };
        Ok(Self { place, tenant: global.tenant.clone() })
    }

    /// Whether it is a running server.
    pub(crate) fn is_there(&self) -> bool {
        matches!(self.place, Place::There(_))
    }

    /// The tenant that the command is about, where one was named.
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// A request about what belongs to the tenant.
    pub(crate) async fn within(&self, ask: Ask<'_>) -> Result<Value, Failure> {
        let ask = Ask { method: ask.method, path: ask.path, query: ask.query, body: ask.body };
        self.send(&ask.with("tenant", self.tenant())).await
    }

    /// All items of a list, page by page.
    pub(crate) async fn all(
        &self,
        path: &[&str],
        query: &[(&str, Option<&str>)],
    ) -> Result<Vec<Value>, Failure> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let ask = query.iter().fold(Ask::get(path), |ask, (name, value)| ask.with(name, *value));
            let ask = ask.with("limit", Some(PAGE)).with("cursor", cursor.as_deref());
            let mut page = self.send(&ask).await?;
            if let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) {
                items.extend(more);
            }
            match page.get_mut("next_cursor").map(Value::take) {
                Some(Value::String(next)) => cursor = Some(next),
                _ => return Ok(items),
            }
        }
    }

    /// A request, whatever it is about.
    pub(crate) async fn send(&self, ask: &Ask<'_>) -> Result<Value, Failure> {
        match &self.place {
            Place::Here(api) => {
                let (status, body) = api.call(&ask.method, &ask.target(), ask.body.as_ref()).await;
                if status < 400 { Ok(body) } else { Err(refused(status, detail(&body))) }
            }
            Place::There(transport) => {
                let mut request =
                    Request::new(ask.method.clone(), ask.path.iter().copied()).idempotent(false);
                for (name, value) in &ask.query {
                    request = request.query(name, *value);
                }
                request.body.clone_from(&ask.body);
                let reply = transport.send(&request).await.map_err(|error| unanswered(&error))?;
                Ok(reply.body.unwrap_or_default())
            }
        }
    }
}

/// A field of an answer; `null` where it is not.
pub(crate) fn at<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

async fn here(global: &Global) -> Result<LocalApi, Failure> {
    let opened = Opened::for_management(global).await?;
    // Why the database fails is told in the log only.
    crate::log::start("error", false)?;
    let settings = Settings { public_url: Some(opened.origin()), ..Settings::default() };
    Ok(LocalApi::new(&App::new(Arc::clone(&opened.service), settings)))
}

fn there(server: Remote) -> Result<Transport, Failure> {
    let theirs = |error: &dyn std::fmt::Display| Failure::Theirs(error.to_string());
    let profile =
        Profile::parse(PROFILE, "rollcall", &|_| None).map_err(|error| Failure::Ours(error.into()))?;
    let profile = Profile { api_endpoint: format!("{}{API_BASE}", server.url), ..profile };
    let credentials = Credentials { api_key: Some(Secret::new(server.token)), ..Credentials::default() };
    Transport::new(&profile, credentials, Options::new(Arc::new(SystemClock))).map_err(|error| theirs(&error))
}

fn detail(body: &Value) -> String {
    body.get("detail").and_then(Value::as_str).unwrap_or("the server says nothing more").to_owned()
}

fn refused(status: u16, detail: String) -> Failure {
    if status < 500 { Failure::Theirs(detail) } else { Failure::Ours(anyhow::anyhow!(detail)) }
}

fn unanswered(error: &PeerError) -> Failure {
    match error.said().and_then(|said| said.detail.clone().map(|detail| (said.status, detail))) {
        Some((status, detail)) => refused(status, detail),
        None => Failure::Theirs(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_their_part_of_the_path() {
        let ask = Ask::get(&["sources", "../a b"]).with("tenant", Some("x&y")).with("none", None);
        assert_eq!(ask.target(), "/sources/..%2Fa%20b?tenant=x%26y");
    }

    #[test]
    fn the_profile_of_a_server_is_one() {
        assert!(Profile::parse(PROFILE, "rollcall", &|_| None).is_ok());
    }
}
