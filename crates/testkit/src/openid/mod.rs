//! An OpenID provider that misbehaves as it is told to.
//!
//! It listens on 127.0.0.1. Whoever comes to its authorization endpoint is the one person that it knows.

mod keys;
mod serve;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::FrozenClock;
use keys::Keys;

/// What it calls its client, and what the client proves it with.
pub const CLIENT: (&str, &str) = ("rollcall", "s3cret/+ of the client");

/// How an ID token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// By its RSA key.
    Rs256,
    /// By its P-256 key.
    Es256,
    /// Not at all: `alg` is `none`.
    Nothing,
    /// By HMAC with what is public of its RSA key.
    PublicSecret,
    /// By a key of someone else, which it calls as it calls its own.
    Stranger,
    /// By its P-256 key, of which the header says that it is RSA.
    Confused,
}

/// What it does to those who ask at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 503.
    Down,
    /// It answers after this time.
    Slow(Duration),
    /// So many bytes.
    Huge(usize),
    /// To somewhere else.
    Redirect,
    /// What is no JSON.
    Nonsense,
}

/// What it does.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// Claims of the person.
    pub person: Map<String, Value>,
    /// Claims of ID tokens in place of the usual ones; `null`: without.
    pub claims: Map<String, Value>,
    /// Members of the header in place of the usual ones; `null`: without.
    pub header: Map<String, Value>,
    /// Members of its `openid-configuration` in place of the usual ones; `null`: without.
    pub metadata: Map<String, Value>,
    /// How it signs.
    pub signing: Signing,
    /// Whether ID tokens have only what they must, and the rest is at its userinfo endpoint.
    pub thin: bool,
    /// What goes wrong, by path.
    pub faults: BTreeMap<String, Fault>,
}

/// A code that was given out.
#[derive(Debug, Clone)]
struct Grant {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

struct State {
    behaviour: Behaviour,
    keys: Keys,
    grants: BTreeMap<String, Grant>,
    given: usize,
    asked: Vec<String>,
}

/// A provider. It stops with its value.
pub struct FakeProvider {
    issuer: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    issuer: String,
    clock: Arc<FrozenClock>,
    state: Mutex<State>,
}

impl FakeProvider {
    /// Starts one whose time is this clock's. It knows Ann, whose address `ann@example.com` is verified.
    pub async fn start(clock: &Arc<FrozenClock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let person = json!({
            "sub": "person-1",
            "email": "ann@example.com",
            "email_verified": true,
            "name": "Ann",
            "groups": ["everyone"],
        });
        let behaviour = Behaviour {
            person: object(person),
            claims: Map::new(),
            header: Map::new(),
            metadata: Map::new(),
            signing: Signing::Rs256,
            thin: false,
            faults: BTreeMap::new(),
        };
        let state =
            State { behaviour, keys: Keys::new(), grants: BTreeMap::new(), given: 0, asked: Vec::new() };
        let clock = Arc::clone(clock);
        let shared = Arc::new(Shared { issuer: issuer.clone(), clock, state: Mutex::new(state) });
        let router = serve::router(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { issuer, shared, task }
    }

    /// Its `issuer`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Does something else from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.state.lock().behaviour);
    }

    /// Signs by new keys from now on, and publishes no others.
    pub fn rotate(&self) {
        self.shared.state.lock().keys.rotate();
    }

    /// How often this path was asked.
    pub fn asked(&self, path: &str) -> usize {
        self.shared.state.lock().asked.iter().filter(|asked| *asked == path).count()
    }

    /// The person signs in at the page of this URL. Where their browser goes then: path and query below the host.
    pub fn signs_in(&self, url: &str) -> String {
        let back = Url::parse(&self.shared.authorize(url)).expect("a redirect URI");
        format!("{}?{}", back.path(), back.query().unwrap_or_default())
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Gives a code out for the request that is in this URL, and says where to go on.
    fn authorize(&self, url: &str) -> String {
        let url = Url::parse(&self.issuer).and_then(|base| base.join(url)).expect("a URL");
        assert!(url.as_str().starts_with(&format!("{}/authorize?", self.issuer)), "{url}");
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let text = |name: &str| query.get(name).cloned().unwrap_or_default();
        assert_eq!((text("response_type"), text("client_id")), ("code".to_owned(), CLIENT.0.to_owned()));
        assert_eq!(text("code_challenge_method"), "S256");
        assert!(text("scope").split(' ').any(|scope| scope == "openid"), "{url}");
        let mut state = self.state.lock();
        state.given += 1;
        let code = format!("code-{}", state.given);
        let grant = Grant {
            nonce: text("nonce"),
            challenge: text("code_challenge"),
            redirect_uri: text("redirect_uri"),
        };
        let mut back = Url::parse(&grant.redirect_uri).expect("a redirect URI");
        state.grants.insert(code.clone(), grant);
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &text("state"));
        back.into()
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// The members with others in their place.
fn replaced(usual: Value, others: &Map<String, Value>) -> Value {
    let mut members = object(usual);
    members.extend(others.clone());
    members.retain(|_, value| !value.is_null());
    Value::Object(members)
}
