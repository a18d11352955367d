//! Why a store did not do what it was asked.

use uuid::Uuid;

/// By what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique value is taken.
    #[error("{attribute} is taken")]
    Conflict {
        /// Path of the attribute in schema case, or the column of a directory row.
        attribute: String,
        /// The resource that has the value, of the same source and type.
        id: Option<Uuid>,
    },
    /// The body is not the one that the change was computed from: read again and retry.
    #[error("the resource was changed meanwhile")]
    Stale,
    /// The source's settings are not those that the write was prepared by: prepare it anew.
    #[error("the settings of the source were changed meanwhile")]
    Superseded,
    /// Another node has the work since ([`crate::lease`]): leave it.
    #[error("another node does this work now")]
    Fenced,
    /// The version is none of those that the client named (`If-Match`).
    #[error("the version is another")]
    VersionMismatch,
    /// No such row of this source and type.
    #[error("not found")]
    NotFound,
    /// A member names no resource of the source, and the source refuses such.
    #[error("member {0} does not exist")]
    UnknownMember(String),
    /// The operation would look at more rows than the limit.
    #[error("more than {0} resources would have to be looked at")]
    TooMany(u64),
    /// The queue of writes is full: try again later.
    #[error("too many writes are waiting")]
    Busy,
    /// The database cannot be read or written now.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// A row is not what this program writes.
    #[error("{table}.{column} holds something unexpected: {reason}")]
    Corrupt {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// What was found, without its value.
        reason: String,
    },
}
