//! A receiver that notes what it gets and answers as it is told.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::Value;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The number of the change.
    pub(crate) fn sequence(&self) -> u64 {
        self.json()["data"]["sequence"].as_u64().unwrap()
    }
}

/// An answer: status, headers, body.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

type Rule = Box<dyn Fn(&Got) -> Option<Answer> + Send>;

#[derive(Default)]
struct Inner {
    got: Vec<Got>,
    /// For the next requests, before the rule.
    script: VecDeque<Answer>,
    rule: Option<Rule>,
}

/// The receiver. Without script and rule it answers 204.
#[derive(Clone)]
pub(crate) struct Receiver {
    inner: Arc<Mutex<Inner>>,
    pub(crate) url: String,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let router = Router::new().route("/{*path}", post(take)).with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, url }
    }

    /// Answers the next requests so.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.inner.lock().script.extend(answers);
    }

    /// Answers by this rule; `None` is 204.
    pub(crate) fn rule(&self, rule: impl Fn(&Got) -> Option<Answer> + Send + 'static) {
        self.inner.lock().rule = Some(Box::new(rule));
    }

    /// What came until now.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.inner.lock().got.clone()
    }

    /// What came, once it is so much.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Got> {
        super::world::wait_for(|| {
            let got = self.got();
            (got.len() >= count).then_some(got)
        })
        .await
    }
}

/// A status without anything else.
pub(crate) fn status(status: u16) -> Answer {
    (status, Vec::new(), String::new())
}

async fn take(State(inner): State<Arc<Mutex<Inner>>>, headers: HeaderMap, bytes: Bytes) -> Response {
    let got = Got { headers, bytes };
    let mut inner = inner.lock();
    inner.got.push(got.clone());
    let answer = inner.script.pop_front().or_else(|| inner.rule.as_ref().and_then(|rule| rule(&got)));
    drop(inner);
    let (status, headers, body) = answer.unwrap_or_else(|| self::status(204));
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
