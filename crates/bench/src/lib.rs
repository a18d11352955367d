//! Load for any SCIM server, beside the reference lines of the machine it runs on.
//!
//! [`run`] loads a directory of realistic users and groups over HTTP, measures what identity
//! providers do all day, and measures two bare servers in the same rounds: one that answers a
//! fixed document and one that makes each posted document durable. A ratio to those says more
//! than requests a second on a machine that nobody else has.
//!
//! Nothing here knows a storage or a service: the server under test is a URL and a token.

mod child;
mod data;
mod growth;
mod http;
mod load;
mod memory;
mod plan;
mod reference;
mod report;
mod series;
mod storage;
pub mod table;
mod work;

use std::any::Any;
use std::fmt;
use std::future::Future;

use anyhow::ensure;

pub use child::{Child, parent_gone};
pub use growth::{Growth, Step};
pub use memory::Memory;
pub use plan::{grow, run};
pub use reference::{Reference, run_reference};
pub use report::{Bound, Criterion, Report, Row};
pub use storage::Storage;

/// What to measure, and for how long.
#[derive(Debug, Clone)]
pub struct Options {
    /// Base URL of the SCIM 2.0 service to measure, such as `http://127.0.0.1:8080/scim/okta/v2`;
    /// `None` asks the [`Launcher`] for a fresh server. Plain HTTP only.
    pub base_url: Option<String>,
    /// Bearer token for `base_url`.
    pub token: Option<String>,
    /// Users to load, ascending. With one number everything is measured there, and reads at 1,000 users too; with
    /// several ([`grow`]) every operation at each of them.
    pub users: Vec<u64>,
    /// Sizes of the groups that one member is added to; those above `users` are left out.
    pub group_sizes: Vec<u64>,
    /// Seconds of each measurement in each round.
    pub seconds: f64,
    /// Rounds, each of which measures the references beside the server; medians are reported.
    pub rounds: u32,
    /// Start of every `userName`, `externalId` and group name: unique for each run against a server that keeps
    /// its data. Letters, digits and `-`.
    pub prefix: String,
}

impl Options {
    /// The users that are there in the end.
    fn users(&self) -> u64 {
        self.users.iter().copied().max().unwrap_or_default()
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(self.users() > 0, "there must be at least one user to load");
        ensure!(self.users.is_sorted(), "the numbers of users must ascend");
        ensure!(self.rounds > 0, "there must be at least one round");
        ensure!(self.seconds > 0.0 && self.seconds.is_finite(), "a measurement must take some time");
        Ok(())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_url: None,
            token: None,
            users: vec![10_000],
            group_sizes: vec![0, 1_000, 10_000, 100_000],
            seconds: 3.0,
            rounds: 3,
            prefix: "bench".to_owned(),
        }
    }
}

/// Starts the servers to measure. The command line implements this with its own executable.
pub trait Launcher {
    /// Starts the server under test on an empty database; not called when [`Options::base_url`] is set.
    fn server(&self) -> impl Future<Output = anyhow::Result<Server>> + Send;

    /// Starts a reference server: a process that calls [`run_reference`].
    fn reference(&self, kind: Reference) -> impl Future<Output = anyhow::Result<Server>> + Send;

    /// Told what is being measured, a line at a time.
    fn progress(&self, line: &str);
}

/// Another endpoint of a server.
pub struct Beside {
    /// In `userName`s: letters, digits and `-`.
    pub name: String,
    /// What is other about it, for the table: `with mapping and policy`.
    pub what: String,
    /// Where requests go, without a trailing `/`.
    pub base_url: String,
    /// Bearer token, if it wants one.
    pub token: Option<String>,
    /// The share of the rate of creates and PATCH that must be left; `None`: any.
    pub bound: Option<f64>,
}

/// A running server; dropping it stops the server.
pub struct Server {
    /// Where requests go, without a trailing `/`.
    pub base_url: String,
    /// Bearer token, if the server wants one.
    pub token: Option<String>,
    /// Base URLs of other nodes of it: connections go to one after the other.
    pub nodes: Vec<String>,
    /// Its processes, when their memory can be read.
    pub pids: Vec<u32>,
    /// Where its data lie.
    pub storage: Storage,
    /// Other endpoints of the same server, whose writes are measured beside its own.
    pub beside: Vec<Beside>,
    /// Kept until the server is no longer needed: the [`Child`], its temporary directory.
    pub guard: Box<dyn Any + Send>,
}

impl Server {
    /// A server that somebody else runs.
    pub fn foreign(base_url: impl Into<String>, token: Option<String>) -> Self {
        Self {
            base_url: base_url.into(),
            token,
            nodes: Vec::new(),
            pids: Vec::new(),
            storage: Storage::Unknown,
            beside: Vec::new(),
            guard: Box::new(()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the token.
        f.debug_struct("Server")
            .field("base_url", &self.base_url)
            .field("pids", &self.pids)
            .finish_non_exhaustive()
    }
}
