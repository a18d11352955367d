//! From an application to a file.
//!
//! [`Workplace`] is the folder beside the file in which a sync is kept while it goes on; [`collect`] reads the
//! application into it, page by page, from where an earlier run came to; [`Workplace::finish`] makes the file and
//! puts it in its place, whole. A listing that lost somebody is an error, never a file.

mod collect;
mod record;
pub(crate) mod role;
mod workplace;

use rollcall_connector::read::ReadError;

use crate::c1z::{C1zError, Problem};

pub use collect::collect;
pub use role::VALUE as ROLE_VALUE;
pub use workplace::{Finishing, Format, Opened, Summary, Workplace};

/// What of an application is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The list of users.
    Users,
    /// The list of groups.
    Groups,
    /// Members that are in neither list, one by one.
    Members,
}

impl Stage {
    /// For people: `users`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Members => "members",
        }
    }
}

/// Is told how a sync goes on.
pub trait Observer: Send {
    /// So many have been read in this stage, in this run, of so many that the application says there are.
    fn read(&mut self, stage: Stage, count: u64, total: Option<u64>);

    /// Something was left out.
    fn problem(&mut self, problem: &Problem);
}

/// Why a sync did not come to its end. What was read before is kept, but for [`SyncError::Incomplete`].
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The application could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A list lost somebody, or nobody can tell. It begins anew with the next run.
    #[error(
        "the list of {} is not complete: {arrived} arrived{}; {reason}",
        stage.name(),
        announced.map(|count| format!(", {count} were announced")).unwrap_or_default()
    )]
    Incomplete {
        /// Which list.
        stage: Stage,
        /// How many came.
        arrived: u64,
        /// How many there are said to be.
        announced: Option<u64>,
        /// What happened.
        reason: String,
    },
    /// The disk, or the file that is there already.
    #[error(transparent)]
    File(#[from] C1zError),
    /// Another process is synchronising into the same file.
    #[error("another sync into {0} is running; wait for it, or name another file")]
    Busy(String),
}
