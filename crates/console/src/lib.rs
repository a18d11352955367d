//! The admin web pages under `/console`: the same use cases as the admin API, as HTML.
//!
//! [`console_routes`] is the table of everything, and `guard` checks what a row says before its handler runs: session
//! and role, or link; form token and origin of whatever changes something. A handler calls use cases and shows a page,
//! which is a template of its own and a `frame::Frame`. All words are in the catalogue (`text`), all pages work
//! without JavaScript, and none asks another host for anything.

mod answer;
mod assets;
mod cookie;
mod flash;
mod form;
mod frame;
mod guard;
mod headers;
mod pages;
mod place;
mod route;
mod text;
mod ui;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::get;
use rollcall_service::Service;
use rollcall_service::accounts::openid::OpenId;

pub use route::{Needs, Route};

/// Where the console is.
pub const CONSOLE_BASE: &str = "/console";

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    pub(crate) service: Arc<Service>,
    pub(crate) settings: Arc<Settings>,
}

/// How the console is reached.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The URL under which people reach this server, without a slash at the end. Without it, that of each request's
    /// `Host`.
    pub public_url: Option<String>,
    /// Whether they come by TLS, where `public_url` does not say.
    pub https: bool,
    /// The header, in small letters, in which a proxy in front says where a request comes from; without it, the
    /// connection's address counts.
    pub address_header: Option<String>,
    /// The OpenID provider by which people may sign in, beside their passwords.
    pub openid: Option<Arc<dyn OpenId>>,
}

impl Console {
    /// The console over this service.
    pub fn new(service: Arc<Service>, settings: Settings) -> Self {
        Self { service, settings: Arc::new(settings) }
    }

    /// Whether browsers come by TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.settings.public_url.as_ref().map_or(self.settings.https, |url| url.starts_with("https://"))
    }
}

/// Every route of the console. The test over routes and roles reads this.
pub fn console_routes() -> impl Iterator<Item = &'static Route> {
    pages::routes()
}

/// The console, and `/`, which leads there.
pub fn router(console: &Console) -> Router {
    let router = Router::new()
        .route("/", get(async || Redirect::to(CONSOLE_BASE)))
        .route(&format!("{CONSOLE_BASE}/"), get(async || Redirect::to(CONSOLE_BASE)))
        .route(&format!("{CONSOLE_BASE}/assets/{{name}}"), get(assets::show));
    let guarded = console_routes().fold(router, |router, route| {
        let handler = (route.handler)().layer(from_fn_with_state((console.clone(), route), guard::guard));
        router.route(&format!("{CONSOLE_BASE}{}", route.path), handler)
    });
    guarded.layer(from_fn(headers::protect)).with_state(console.clone())
}
