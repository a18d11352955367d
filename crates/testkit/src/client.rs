//! A SCIM client that calls the router.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rollcall_server::api::API_BASE;
use serde_json::Value;
use tower::ServiceExt as _;

/// What must be encoded in a query that is written as people write it.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'#').add(b'+');

/// A client of one source.
#[derive(Clone)]
pub struct Client {
    router: Router,
    base: String,
    authorization: Option<String>,
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; `Null` when it is empty or no JSON.
    pub body: Value,
    /// The body as sent.
    pub bytes: Vec<u8>,
}

impl Client {
    pub(crate) fn new(router: Router, slug: &str, token: &str) -> Self {
        let authorization = Some(format!("Bearer {token}"));
        Self { router, base: format!("/scim/{slug}/v2"), authorization, headers: Vec::new() }
    }

    /// The same client with another `Authorization` header, or none.
    #[must_use]
    pub fn authorized(mut self, authorization: Option<&str>) -> Self {
        self.authorization = authorization.map(str::to_owned);
        self
    }

    /// Its `Authorization` header.
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// The same client under another base path.
    #[must_use]
    pub fn at(mut self, base: &str) -> Self {
        base.clone_into(&mut self.base);
        self
    }

    /// The same client with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `GET`; the query is written unencoded.
    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, Some(body)).await
    }

    /// `PUT` of JSON.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, Some(body)).await
    }

    /// `PATCH` with these operations.
    pub async fn patch(&self, path: &str, operations: Value) -> Reply {
        let body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        self.send("PATCH", path, Some(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None).await
    }

    /// Any method, with JSON.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.send_bytes(method, path, body.map(|body| body.to_string().into_bytes())).await
    }

    /// Any method, with any bytes, which are said to be JSON of the kind that is spoken there, unless a header says otherwise.
    pub async fn send_bytes(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Reply {
        let uri = utf8_percent_encode(&format!("{}{path}", self.base), QUERY).to_string();
        let method: Method = method.parse().expect("a method");
        let mut request = Request::builder().method(method).uri(uri).header("host", "scim.example.com");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let typed = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if body.is_some() && !typed {
            let api = self.base.starts_with(API_BASE);
            let media = if api { "application/json" } else { "application/scim+json" };
            request = request.header("content-type", media);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from)).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("a response");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a whole body").to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body, bytes }
    }
}

impl Reply {
    /// The `id` of the resource in the body.
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.body)).to_owned()
    }

    /// The same reply, if it has this status.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the check is all that is wanted")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    /// `status scimType`, as `400 invalidFilter`; `-` without a type.
    pub fn outcome(&self) -> String {
        format!("{} {}", self.status, self.body["scimType"].as_str().unwrap_or("-"))
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
