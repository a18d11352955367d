//! People: what the users of a source mean, by mapping and policy.

mod ask;
pub mod preview;
mod recompute;
pub(crate) mod settings;

pub(crate) use ask::Said;
