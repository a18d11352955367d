//! The console over HTTP, in process.

#![allow(clippy::expect_used, reason = "helpers of tests")]

#[path = "console/accounts.rs"]
mod accounts;
#[path = "console/enter.rs"]
mod enter;
#[path = "console/look.rs"]
mod look;
#[path = "console/openid.rs"]
mod openid;
#[path = "console/openid_attacks.rs"]
mod openid_attacks;
#[path = "console/openid_world.rs"]
mod openid_world;
#[path = "console/pages.rs"]
mod pages;
#[path = "console/sample.rs"]
mod sample;
#[path = "console/sources.rs"]
mod sources;
#[path = "console/speed.rs"]
mod speed;
#[path = "console/table.rs"]
mod table;
