//! The `.c1z` file, version 1: `C1ZF\0`, then one zstd stream of a SQLite database of protobuf messages.
//!
//! [`Writer`] makes a file of one sync, [`File`] reads any such file.
//! Files come from anywhere: whatever is in one, reading it ends, within bounds of memory and disk.

mod container;
pub(crate) mod encode;
mod error;
mod image;
mod ksuid;
mod messages;
mod progress;
mod query;
mod reader;
mod tables;
pub(crate) mod wire;
mod writer;

pub use container::{Limits, replace};
pub use error::C1zError;
pub use ksuid::Ksuid;
pub use progress::{Begun, Counts, Link, Page, Problem, Progress, Unresolved};
pub use query::{Change, GrantFilter, Held, Kind, Row, Stats};
pub use reader::{File, Sync, View};
pub use writer::{Run, Writer};
