//! `Errors`: an array of descriptions with the HTTP status as text.

use serde_json::{Value, json};

use crate::error::ScimError;

/// One error that a 1.1 peer reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The HTTP status that it names; `None` when it is missing or no number.
    pub status: Option<u16>,
    /// For people.
    pub description: String,
    /// Where more is said.
    pub uri: Option<String>,
}

/// The body of an error response: `{"Errors": [{"description", "code"}]}`, and `detail`, which 1.1 does not
/// have, and Okta's test of 1.1 asks for.
///
/// ```
/// use rollcall_scim::{error::ScimError, v1};
///
/// let body = v1::error::encode(&ScimError::not_found("no such user"));
/// assert_eq!(body["Errors"][0]["code"], "404");
/// ```
pub fn encode(error: &ScimError) -> Value {
    json!({
        "Errors": [{ "description": error.detail, "code": error.status().to_string() }],
        "detail": error.detail,
    })
}

/// The errors in a body; empty when it is none of 1.1's. The code may be a string or a number.
pub fn decode(body: &Value) -> Vec<Fault> {
    let errors = body.as_object().and_then(|body| {
        body.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("errors"))
            .and_then(|(_, list)| list.as_array())
    });
    let text = |fault: &Value, name: &str| fault.get(name).and_then(Value::as_str).map(str::to_owned);
    let fault = |fault: &Value| {
        let code = fault.get("code");
        let digits = code.and_then(Value::as_str).and_then(|code| code.trim().parse().ok());
        let number = code.and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let description = text(fault, "description").or_else(|| fault.as_str().map(str::to_owned))?;
        Some(Fault { status: digits.or(number), description, uri: text(fault, "uri") })
    };
    errors.into_iter().flatten().filter_map(fault).collect()
}
