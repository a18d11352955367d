//! A sync against an application that is made up here: what it finds, how it goes on, what it never writes; and the file
//! that it makes, read without the code that wrote it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_raw_string_hashes,
    reason = "a test stops where something is not as it should be; expect-test writes raw strings"
)]

mod app;
#[path = "../common/mod.rs"]
mod common;
mod found;
mod independent;
mod resume;
