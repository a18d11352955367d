//! The client against an application that does everything wrong: call in, HTTP exchange out.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop a test")]

mod auth;
mod listing;
mod provision;
mod records;
mod setup;
mod transport;
