//! `/Me`: the resource that the credential is bound to (RFC 7644 §3.11); 501 for one bound to none.

use axum::extract::State;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_service::Caller;

use crate::App;
use crate::answer::Answer;
use crate::extract::{Conditions, Place, Prefers, Seen, Sent, Shown, Who};
use crate::scim::resource;

/// Where the subjects of credentials are.
const ENDPOINT: &str = "Users";

/// As `GET /Users/{id}`.
pub(crate) async fn get(state: State<App>, Who(caller): Who, shown: Shown, seen: Seen) -> Answer {
    resource::get(state, subject(&caller)?, Who(caller), shown, seen).await
}

/// As `PUT /Users/{id}`.
pub(crate) async fn put(
    state: State<App>,
    shown: Shown,
    conditions: Conditions,
    prefers: Prefers,
    sent: Sent,
) -> Answer {
    resource::put(state, subject(&sent.caller)?, shown, conditions, prefers, sent).await
}

/// As `PATCH /Users/{id}`.
pub(crate) async fn patch(
    state: State<App>,
    shown: Shown,
    conditions: Conditions,
    prefers: Prefers,
    sent: Sent,
) -> Answer {
    resource::patch(state, subject(&sent.caller)?, shown, conditions, prefers, sent).await
}

/// As `DELETE /Users/{id}`.
pub(crate) async fn delete(
    state: State<App>,
    Who(caller): Who,
    conditions: Conditions,
    prefers: Prefers,
) -> Answer {
    resource::delete(state, subject(&caller)?, Who(caller), conditions, prefers).await
}

/// Nobody signs up through `/Me` here: 501.
pub(crate) async fn post(Who(_): Who) -> Answer {
    Err(not_implemented().into())
}

fn subject(caller: &Caller) -> Result<Place<(String, String, String)>, ScimError> {
    let id = caller.subject().ok_or_else(not_implemented)?;
    Ok(Place((String::new(), ENDPOINT.to_owned(), id.to_string())))
}

fn not_implemented() -> ScimError {
    ScimError::new(
        ErrorType::NotImplemented,
        "this token stands for no user; issue one with --subject USER_ID",
    )
}
