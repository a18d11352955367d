//! The admin API: who gets in, what errors say, how lists page, and that its description is complete.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

mod changes;
mod credentials;
mod description;
mod endpoints;
mod lists;
mod printed;
mod problems;
mod sources;
mod timing;
