//! A SCIM application to test clients against, with faults that can be switched on.
//!
//! It listens on 127.0.0.1, answers at once (`TCP_NODELAY`), records every request, and stops when it is dropped. What
//! it can do wrong is in [`Faults`] for as long as it is set, and in [`Failure`] for some requests only.

mod answer;
mod change;
mod faults;
mod list;
mod roster;
mod serve;
mod token;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use answer::Answer;
pub use faults::{Count, Failure, Faults, RetryAfter, Version};
pub use roster::Roster;

/// The profile that `baton-scim` documents, as it is printed there.
pub const SAMPLE: &str = include_str!("sample.yaml");

/// A running application.
pub struct Peer {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// What handlers share.
struct Shared {
    state: Mutex<State>,
    count: AtomicU64,
}

struct State {
    roster: Roster,
    faults: Faults,
    failures: Vec<Planned>,
    seen: Vec<Seen>,
    tokens: u64,
    made: u64,
    /// Answers to lists by what was asked for.
    kept: Option<HashMap<String, Answer>>,
}

impl State {
    fn forget(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.clear();
        }
    }
}

/// Failures for the next requests that begin like this.
struct Planned {
    method: String,
    path: String,
    failure: Failure,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path below the base URL, decoded, such as `/Users/u000001`; of others the whole path.
    pub path: String,
    /// Query parameters, decoded.
    pub query: Vec<(String, String)>,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub text: String,
    /// The body as JSON, if it is.
    pub body: Option<Value>,
}

impl Seen {
    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Method, path and query on one line.
    pub fn line(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, query.join("&"))
    }
}

impl Peer {
    /// Starts one.
    pub async fn start(roster: Roster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            roster,
            faults: Faults::default(),
            failures: Vec::new(),
            seen: Vec::new(),
            tokens: 0,
            made: 0,
            kept: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), count: AtomicU64::new(0) });
        let task = tokio::spawn(serve::accept(listener, Arc::clone(&shared)));
        Self { shared, address, task }
    }

    /// The same with faults from the start.
    pub async fn with(roster: Roster, set: impl FnOnce(&mut Faults)) -> Self {
        let peer = Self::start(roster).await;
        peer.set(set);
        peer
    }

    /// Base URL of the SCIM API, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, serve::BASE)
    }

    /// Base URL by a name instead of the address: `localhost`.
    pub fn url_by_name(&self) -> String {
        format!("http://localhost:{}{}", self.address.port(), serve::BASE)
    }

    /// Where tokens are given out: `token-1`, `token-2`, …
    pub fn token_url(&self) -> String {
        format!("http://{}{}", self.address, token::PATH)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Switches faults.
    pub fn set(&self, set: impl FnOnce(&mut Faults)) {
        let mut state = self.shared.state.lock();
        set(&mut state.faults);
        state.forget();
    }

    /// Keeps answers to lists from now on, until something changes: to measure clients, not how fast it makes lists.
    pub fn keep_lists(&self) {
        self.shared.state.lock().kept = Some(HashMap::new());
    }

    /// Lets the next `times` requests fail whose method is this (`*`: any) and whose path begins so.
    pub fn fail(&self, times: usize, method: &str, path: &str, failure: &Failure) {
        let mut state = self.shared.state.lock();
        for _ in 0..times {
            let failure = failure.clone();
            state.failures.push(Planned { method: method.to_owned(), path: path.to_owned(), failure });
        }
    }

    /// Looks at or changes who is there.
    pub fn roster<T>(&self, with: impl FnOnce(&mut Roster) -> T) -> T {
        let mut state = self.shared.state.lock();
        let found = with(&mut state.roster);
        state.roster.forget();
        state.forget();
        found
    }

    /// The requests that came, token requests too; at most the first 100,000.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.state.lock().seen.clone()
    }

    /// The lines of the requests that came ([`Seen::line`]).
    pub fn lines(&self) -> Vec<String> {
        self.shared.state.lock().seen.iter().map(Seen::line).collect()
    }

    /// How many requests came.
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// Forgets the requests that came.
    pub fn reset(&self) {
        self.shared.count.store(0, Ordering::SeqCst);
        self.shared.state.lock().seen.clear();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
