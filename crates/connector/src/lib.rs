//! The client of any SCIM 1.1 or 2.0 application.
//!
//! A [`profile::Profile`] says what the application is like; [`secret::Credentials`] open it. From both comes a
//! [`transport::Transport`], which sends one request at a time and hides sign-in, retries, proxies and limits.
//! Two sides stand on it, each a trait that a program can use, or fake:
//!
//! - [`read::Read`], the read side: listings of users and groups that lose no one, page by page, each page with
//!   the position to go on from.
//! - [`provision::Write`], the write side: accounts, members and roles, one by one, each with its plan.
//!
//! [`plan`] says what to send so that a resource becomes what is wanted and nothing else changes; [`connid`] has
//! ConnId's operations under its names.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use rollcall_connector::{profile::Profile, read::{Position, Read, Reader, ReadOptions}};
//! # use rollcall_connector::{secret::{Credentials, Secret}, transport::{Options, Transport}};
//! # async fn example(clock: Arc<dyn rollcall_domain::clock::Clock>) -> Result<(), Box<dyn std::error::Error>> {
//! let profile = Arc::new(Profile::load("app.yaml".as_ref(), &|_| None)?);
//! let credentials = Credentials { token: Some(Secret::from_file("token".as_ref())?), ..Credentials::default() };
//! let transport = Transport::new(&profile, credentials, Options::new(clock))?;
//! let reader = Reader::new(transport, profile, ReadOptions::default());
//! let mut pages = reader.users(Position::default());
//! while let Some(page) = pages.next().await? {
//!     for user in page.records {
//!         println!("{} {}", user.id, user.shown_name());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here prints, reads the environment, or knows what a caller makes of the records.

pub mod auth;
pub mod connid;
pub mod discovery;
pub mod json;
pub mod plan;
pub mod profile;
pub mod provision;
pub mod read;
pub mod secret;
pub mod transport;
