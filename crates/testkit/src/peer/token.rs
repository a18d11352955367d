//! The endpoint that gives out tokens.

use serde_json::{Value, json};

use super::State;
use super::answer::Answer;

/// Where it is.
pub(super) const PATH: &str = "/oauth/token";

/// The next token.
pub(super) fn give(state: &mut State) -> Answer {
    state.tokens += 1;
    let token = format!("token-{}", state.tokens);
    let body = match &state.faults.token_body {
        Some(body) => fill(body, &token),
        None => {
            json!({"access_token": token, "token_type": "Bearer", "expires_in": state.faults.token_life})
        }
    };
    Answer::json(200, &body)
}

fn fill(body: &Value, token: &str) -> Value {
    match body {
        Value::String(text) => text.replace("TOKEN", token).into(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), fill(value, token))).collect())
        }
        Value::Array(items) => items.iter().map(|item| fill(item, token)).collect(),
        other => other.clone(),
    }
}
