//! Tenants, sources, dialects, credentials and changes: the words of Rollcall, without I/O.

pub mod accepted;
pub mod account;
pub mod api;
pub mod audit;
pub mod change;
pub mod clock;
pub mod credential;
pub mod delivery;
pub mod dialect;
pub mod event;
pub mod identity;
pub mod mapping;
pub mod people;
pub mod pipeline;
pub mod policy;
pub mod request_log;
pub mod signing;
pub mod source;
pub mod tenant;
pub mod text;
