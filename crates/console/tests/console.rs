//! The console over HTTP, in process.

#![allow(clippy::expect_used, reason = "helpers of tests")]

#[path = "console/accounts.rs"]
mod accounts;
#[path = "console/enter.rs"]
mod enter;
#[path = "console/pages.rs"]
mod pages;
#[path = "console/sources.rs"]
mod sources;
#[path = "console/table.rs"]
mod table;
