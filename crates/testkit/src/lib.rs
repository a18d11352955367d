//! For tests: the whole of Rollcall in process, on a fresh store, with a clock that stands still.
//!
//! Beside it, [`peer`] is an application to be a client of, [`openid`] an OpenID provider, [`postgres`] a database server,
//! [`browser`] a real browser, and [`timing`] tells whether answers take alike.
//!
//! [`console`] is someone in front of the console who has no screen.
//!
//! Requests go through the router, not over TCP. What a test needs of real sockets starts the binary, or a browser.

mod app;
pub mod browser;
mod client;
mod clock;
pub mod console;
pub mod openid;
pub mod peer;
pub mod postgres;
mod scim;
mod store;
pub mod timing;

pub use app::TestApp;
pub use client::{Client, Reply};
pub use clock::FrozenClock;
pub use postgres::TestPostgres;
pub use store::{TestStore, is_postgres};
