//! An application that answers as it is told, and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, Response};
use serde_json::{Value, json};

/// What it was asked: `METHOD path?query` below the base, query decoded, headers, and the body.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
}

/// Answers by request line without query. Each answer is a body, or `[status, body]`, or a list of these under
/// `"then"`, one for each time; the last one stays.
#[derive(Default)]
struct Plan {
    answers: HashMap<String, Vec<Value>>,
    asked: Vec<Asked>,
}

/// A running one.
pub(crate) struct Script {
    pub(crate) url: String,
    plan: Arc<Mutex<Plan>>,
}

impl Script {
    /// Starts one with these answers; what they do not have is answered as a plain application would.
    pub(crate) async fn start(answers: &Value) -> Self {
        let answers = answers.as_object().into_iter().flatten().map(|(line, answer)| {
            let answers = answer.get("then").and_then(Value::as_array).cloned();
            (line.clone(), answers.unwrap_or_else(|| vec![answer.clone()]))
        });
        let plan = Arc::new(Mutex::new(Plan { answers: answers.collect(), asked: Vec::new() }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&plan));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, plan }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.plan.lock().unwrap().asked.clone()
    }
}

async fn answer(State(plan): State<Arc<Mutex<Plan>>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let path = decode(parts.uri.path().trim_start_matches('/'));
    let query = parts.uri.query().map(|query| format!("?{}", decode(query))).unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let asked = Asked {
        line: format!("{} {path}{query}", parts.method),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body: serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| if bytes.is_empty() { Value::Null } else { Value::from(text(&bytes)) }),
    };
    let line = format!("{} {path}", parts.method);
    let sent = asked.body.clone();
    let found = {
        let mut plan = plan.lock().unwrap();
        plan.asked.push(asked);
        match plan.answers.get_mut(&line) {
            Some(answers) if answers.len() > 1 => Some(answers.remove(0)),
            Some(answers) => answers.first().cloned(),
            None => None,
        }
    };
    let (status, body) = match found {
        Some(Value::String(word)) if word == "hang up" => {
            // A response that breaks off: the length promised is not sent.
            let body = Body::from_stream(futures_util::stream::iter([Err::<Vec<u8>, _>(
                std::io::Error::other("gone"),
            )]));
            return Response::builder().header("content-length", "10").body(body).unwrap();
        }
        Some(Value::Array(answer)) => {
            (u16::try_from(answer[0].as_u64().unwrap()).unwrap(), answer[1].clone())
        }
        Some(body) => (200, body),
        None => usual(parts.method.as_str(), &path, sent),
    };
    let response = Response::builder().status(status);
    match body {
        Value::Null => response.body(Body::empty()).unwrap(),
        Value::String(html) => response.header("content-type", "text/html").body(Body::from(html)).unwrap(),
        body => response
            .header("content-type", "application/scim+json")
            .body(Body::from(body.to_string()))
            .unwrap(),
    }
}

/// What an application of the recorded exchanges answers: a user `u1`, groups of any name, new things as `new1`.
fn usual(method: &str, path: &str, sent: Value) -> (u16, Value) {
    let (collection, id) = path.rsplit_once('/').unwrap_or((path, ""));
    match (method, collection.rsplit('/').next().unwrap_or_default()) {
        ("POST", _) => {
            let mut made = sent;
            made["id"] = json!("new1");
            (201, made)
        }
        ("DELETE", _) => (204, Value::Null),
        ("PUT" | "PATCH", _) => (200, json!({"id": id})),
        (_, "Groups") => (
            200,
            json!({"id": id, "displayName": format!("Grp {id}"), "members": [{"value": "m0"}], "meta": {"version": "W/\"7\""}}),
        ),
        (_, "Users") => (200, user(id)),
        _ => (404, json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"})),
    }
}

/// The user of the recorded exchanges.
pub(crate) fn user(id: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": id, "userName": "alice",
        "displayName": "Alice A", "active": false,
        "emails": [{"value": "o1@x", "type": "work"}, {"value": "o2@x", "type": "work"}, {"value": "h@x", "type": "home"}],
        "addresses": [{"locality": "Rome", "type": "work", "country": "IT"}, {"locality": "Milan", "type": "home"}],
        "groups": [{"value": "g1"}, {"value": "g2"}],
        "meta": {"resourceType": "User", "version": "W/\"1\""}
    })
}
