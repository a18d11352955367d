//! A SCIM server that keeps users and groups in memory: just enough to be measured.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::routing::get;
use serde_json::{Value, json};

/// What a create must carry.
pub(crate) const TOKEN: &str = "fake-token";

/// A running fake.
pub(crate) struct Fake {
    pub(crate) url: String,
    state: Shared,
}

#[derive(Default)]
struct Held {
    next: u64,
    /// By path below the base URL, such as `Users/000001`.
    resources: BTreeMap<String, Value>,
    /// The path of each user, by `userName`.
    names: BTreeMap<String, String>,
    members: BTreeMap<String, BTreeSet<String>>,
}

type Shared = Arc<Mutex<Held>>;
type Answer = (StatusCode, String);

impl Fake {
    /// Users and groups that it holds.
    pub(crate) fn left(&self) -> usize {
        self.state.lock().unwrap().resources.len()
    }
}

/// Starts a fake on a free port; it lives as long as the test.
pub(crate) async fn start() -> Fake {
    let state = Shared::default();
    let router = Router::new()
        .route("/scim/v2/{kind}", get(list).post(create))
        .route("/scim/v2/{kind}/{id}", get(read).patch(patch).delete(remove))
        .with_state(state.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Fake { url, state }
}

async fn create(
    State(state): State<Shared>,
    headers: HeaderMap,
    Path(kind): Path<String>,
    body: Bytes,
) -> Answer {
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != "Bearer fake-token") {
        return (StatusCode::UNAUTHORIZED, "who are you?".to_owned());
    }
    let mut resource: Value = serde_json::from_slice(&body).unwrap();
    let mut held = state.lock().unwrap();
    held.next += 1;
    // Numbers, so that the durable reference's rows are found here as well.
    let id = held.next.to_string();
    let path = format!("{kind}/{id}");
    resource["id"] = json!(id);
    if let Some(name) = resource["userName"].as_str()
        && held.names.insert(name.to_owned(), path.clone()).is_some()
    {
        return (StatusCode::CONFLICT, format!("{name} is taken"));
    }
    if let Some(members) = resource["members"].as_array() {
        let ids = members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect();
        held.members.insert(path.clone(), ids);
    }
    let text = resource.to_string();
    held.resources.insert(path, resource);
    (StatusCode::CREATED, text)
}

async fn read(State(state): State<Shared>, Path((kind, id)): Path<(String, String)>) -> Answer {
    // What the fixed reference would answer.
    if id == "0198c0de-0000-7000-8000-000000000000" {
        return (StatusCode::OK, json!({ "title": "fixed" }).to_string());
    }
    match state.lock().unwrap().resources.get(&format!("{kind}/{id}")) {
        Some(resource) => (StatusCode::OK, resource.to_string()),
        None => (StatusCode::NOT_FOUND, String::new()),
    }
}

async fn list(State(state): State<Shared>, Path(kind): Path<String>, uri: Uri) -> Answer {
    let query: BTreeMap<&str, &str> =
        uri.query().unwrap().split('&').filter_map(|pair| pair.split_once('=')).collect();
    let held = state.lock().unwrap();
    let number = |name: &str| query.get(name).map_or(0, |value| value.parse::<usize>().unwrap());
    let resources: Vec<&Value> = if let Some(filter) = query.get("filter") {
        let name = filter.strip_prefix("userName%20eq%20%22").unwrap().strip_suffix("%22").unwrap();
        held.names.get(name).map(|path| &held.resources[path]).into_iter().collect()
    } else {
        let of_kind = held.resources.iter().filter(|(path, _)| path.starts_with(&kind));
        let after = match query.get("cursor") {
            Some(cursor) => cursor.parse().unwrap_or(0),
            None => number("startIndex") - 1,
        };
        let page = of_kind.skip(after).take(number("count"));
        page.map(|(_, resource)| resource).collect()
    };
    let mut page = json!({ "Resources": resources });
    if let Some(cursor) = query.get("cursor")
        && resources.len() == number("count")
    {
        page["nextCursor"] = json!((cursor.parse().unwrap_or(0) + resources.len()).to_string());
    }
    (StatusCode::OK, page.to_string())
}

async fn patch(State(state): State<Shared>, Path((kind, id)): Path<(String, String)>, body: Bytes) -> Answer {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let operation = &body["Operations"][0];
    let path = format!("{kind}/{id}");
    let mut held = state.lock().unwrap();
    if !held.resources.contains_key(&path) {
        return (StatusCode::NOT_FOUND, path);
    }
    let members = held.members.entry(path.clone()).or_default();
    let done = match (operation["op"].as_str().unwrap(), operation["path"].as_str().unwrap()) {
        ("add", "members") => {
            let mut added = operation["value"].as_array().unwrap().iter();
            added.all(|member| members.insert(member["value"].as_str().unwrap().to_owned()))
        }
        ("remove", path) => {
            let id = path.strip_prefix("members[value eq \"").unwrap().strip_suffix("\"]").unwrap();
            members.remove(id)
        }
        ("replace", "title") => {
            let title = &mut held.resources.get_mut(&path).unwrap()["title"];
            std::mem::replace(title, operation["value"].clone()) != operation["value"]
        }
        _ => false,
    };
    let status = if done { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST };
    (status, String::new())
}

async fn remove(State(state): State<Shared>, Path((kind, id)): Path<(String, String)>) -> Answer {
    let mut held = state.lock().unwrap();
    let removed = held.resources.remove(&format!("{kind}/{id}"));
    (if removed.is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }, String::new())
}
