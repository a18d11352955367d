//! `rollcall sync` and `rollcall c1z` from outside, against an application with faults.
//!
//! The numbers of defects are those of the reference connector's: each is a thing that it does, and this must not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::needless_raw_string_hashes,
    reason = "a test stops where something is not as it should be; expect-test writes raw strings"
)]

mod change;
#[path = "../common/mod.rs"]
mod common;
mod file;
mod kill;
mod own;
mod read;
mod settings;
mod world;
