//! The console over HTTP, in process.

#[path = "console/enter.rs"]
mod enter;
#[path = "console/pages.rs"]
mod pages;
#[path = "console/table.rs"]
mod table;
