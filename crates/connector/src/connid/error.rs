//! Why an operation did not succeed.

use rollcall_scim::filter::FilterError;

use super::names::NameError;
use super::schema::SchemaError;
use crate::plan::PlanError;
use crate::read::ReadError;
use crate::transport::{Again, PeerError};

/// Why an operation did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OperationError {
    /// There is no such object: the application itself said so.
    #[error("there is no {class} {id}")]
    Unknown {
        /// `User` or `Group`.
        class: &'static str,
        /// The id.
        id: String,
    },
    /// There is such an object already.
    #[error("there is such a {class} already: {error}")]
    Exists {
        /// `User` or `Group`.
        class: &'static str,
        /// What the application said.
        error: PeerError,
    },
    /// The object was made, or changed, and then something else went wrong.
    #[error("{class} {id} was {done}, but not all of it: {error}")]
    Partly {
        /// `User` or `Group`.
        class: &'static str,
        /// Its id.
        id: String,
        /// `created` or `updated`.
        done: &'static str,
        /// What went wrong then.
        error: Box<OperationError>,
    },
    /// The application answered otherwise, or not at all.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// An answer is no list.
    #[error("{0}")]
    Unreadable(String),
    /// A name that no schema has, or a value of another type.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A filter that does not parse, or does not fit the schema.
    #[error("filter: {0}")]
    Filter(#[from] FilterError),
    /// Schemas that are none.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// What cannot be wanted.
    #[error(transparent)]
    Plan(PlanError),
    /// What this application cannot do, and what can be done instead.
    #[error("{0}")]
    Unfit(String),
}

impl From<ReadError> for OperationError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Peer(error) => Self::Peer(error),
            other => Self::Unreadable(other.to_string()),
        }
    }
}

impl OperationError {
    /// The exception that ConnId has for it.
    pub fn connid_name(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "UnknownUidException",
            Self::Exists { .. } => "AlreadyExistsException",
            Self::Peer(error) => peer_name(error),
            Self::Partly { error, .. } => error.connid_name(),
            Self::Unreadable(_) => "ConnectorException",
            Self::Name(_) | Self::Plan(_) => "InvalidAttributeValueException",
            Self::Filter(_) => "IllegalArgumentException",
            Self::Schema(_) => "ConfigurationException",
            Self::Unfit(_) => "UnsupportedOperationException",
        }
    }
}

fn peer_name(error: &PeerError) -> &'static str {
    match error {
        PeerError::Unauthorized(_) | PeerError::Token(_) => "InvalidCredentialException",
        PeerError::Forbidden(_) => "PermissionDeniedException",
        PeerError::Gone(_) => "UnknownUidException",
        PeerError::Conflict(_) => "AlreadyExistsException",
        PeerError::PreconditionFailed(said) if said.status == 428 => "PreconditionRequiredException",
        PeerError::PreconditionFailed(_) => "PreconditionFailedException",
        PeerError::Invalid(_) => "InvalidAttributeValueException",
        PeerError::Unsupported(_) => "UnsupportedOperationException",
        PeerError::TimedOut { .. } => "OperationTimeoutException",
        PeerError::Unreachable { .. } | PeerError::AddressRefused { .. } => "ConnectionFailedException",
        PeerError::Broken { .. } => "ConnectionBrokenException",
        error if error.again() != Again::No => "RetryableException",
        _ => "ConnectorException",
    }
}
