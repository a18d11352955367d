//! What only Chromium can do: its `DevTools` protocol, and its logs.

use fantoccini::wd::WebDriverCompatibleCommand;
use hyper::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Browser;

/// A command of Chromium's driver, below the session.
#[derive(Debug)]
struct Command {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Calls a method of the `DevTools` protocol.
    pub(super) async fn cdp(&self, method: &str, parameters: Value) -> Value {
        self.try_cdp(method, parameters).await.unwrap_or_else(|| panic!("{method} failed"))
    }

    /// The same; `None` when it cannot be, as while a page is being left.
    pub(super) async fn try_cdp(&self, method: &str, parameters: Value) -> Option<Value> {
        let body = json!({ "cmd": method, "params": parameters });
        self.client.issue_cmd(Command { path: "goog/cdp/execute", body }).await.ok()
    }

    /// What was logged since this was asked last: `browser` or `performance`.
    pub(super) async fn logged(&self, kind: &str) -> Vec<Value> {
        let answer = self.client.issue_cmd(Command { path: "se/log", body: json!({ "type": kind }) }).await;
        match answer.expect("a log") {
            Value::Array(entries) => entries,
            other => panic!("a log is {other}"),
        }
    }
}
