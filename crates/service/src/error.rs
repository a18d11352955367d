//! From what the store says to what a SCIM client is told. One table, no wildcard.

use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_store::StoreError;

/// The SCIM error of a store error. Details of a broken store go to the log, not to the client.
pub(crate) fn from_store(error: StoreError) -> ScimError {
    match error {
        StoreError::Conflict { attribute, id } => ScimError {
            conflicting_id: id.map(|id| id.to_string()),
            ..ScimError::new(
                ErrorType::Uniqueness,
                format!("another resource has this {attribute}; values of {attribute} are unique here"),
            )
            .at(attribute)
        },
        StoreError::Stale => ScimError::new(
            ErrorType::Unavailable,
            "the resource is being changed by many requests at once; try again",
        ),
        StoreError::Superseded => {
            ScimError::new(ErrorType::Unavailable, "the settings of this source are being changed; try again")
        }
        StoreError::Fenced => {
            ScimError::new(ErrorType::Unavailable, "another node does this work now; try again")
        }
        StoreError::VersionMismatch => ScimError::new(
            ErrorType::PreconditionFailed,
            "the resource has another version than If-Match names",
        ),
        StoreError::NotFound => not_found(),
        StoreError::UnknownMember(value) => {
            ScimError::invalid_value(format!("members: no resource has the id {value:?}; create it first"))
                .at("members")
        }
        StoreError::TooMany(most) => ScimError::too_many(format!(
            "more than {most} resources would have to be looked at; filter by an indexed attribute"
        )),
        StoreError::Busy => ScimError::new(ErrorType::Unavailable, "too many writes are waiting; try again"),
        StoreError::Unavailable(reason) => {
            tracing::error!(reason, "the store does not answer");
            ScimError::new(ErrorType::Unavailable, "the database does not answer; try again")
        }
        StoreError::Corrupt { table, column, reason } => {
            tracing::error!(table, column, reason, "a stored row cannot be read");
            ScimError::new(ErrorType::Internal, "a stored row cannot be read; the server's log names it")
        }
    }
}

/// 404, also for what is not the caller's to see.
pub(crate) fn not_found() -> ScimError {
    ScimError::not_found("no such resource")
}

/// 500, with the reason in the log only.
pub(crate) fn internal(reason: &str) -> ScimError {
    tracing::error!(reason, "a step that cannot fail has failed");
    ScimError::new(ErrorType::Internal, "internal error; the server's log has the request id")
}
