//! Changes on their way to real receivers, over TCP.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops where something is not as it should be"
)]

mod hooks;
mod receiver;
mod streams;
mod webhooks;
mod world;
