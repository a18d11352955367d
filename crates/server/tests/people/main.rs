//! From a provider's requests to identities: the policy key by key, the defects that others have, the admin API.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is not as it should be"
)]

mod api;
mod defects;
mod leaving;
mod policy;
mod sign_in;
mod world;
