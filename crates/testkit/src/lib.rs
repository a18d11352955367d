//! For tests: the whole of Rollcall in process, on a fresh store, with a clock that stands still.
//!
//! Requests go through the router, not over TCP. What a test needs of real sockets starts the binary.

mod app;
mod client;
mod clock;
mod scim;

pub use app::TestApp;
pub use client::{Client, Reply};
pub use clock::FrozenClock;
