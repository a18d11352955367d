//! The client against an application that does everything wrong: call in, HTTP exchange out.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may stop a test")]

mod auth;
mod builtin;
mod discovery;
mod listing;
mod network;
mod provision;
mod records;
mod rollcall;
mod setup;
mod transport;
