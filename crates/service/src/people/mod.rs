//! People: what the users of a source mean, by mapping and policy.

mod admin;
mod ask;
mod change;
mod preview;
mod recompute;
pub(crate) mod settings;

pub use admin::IdentityFilter;
pub(crate) use ask::Said;
pub use change::IdentityChange;
pub use preview::{Foretold, Preview, Sample, Tried};
