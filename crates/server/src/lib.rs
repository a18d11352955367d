//! HTTP: extract, call a use case, answer. Nothing here decides what SCIM means.
//!
//! [`router`] is the whole HTTP surface; [`listen::serve`] accepts connections for it.

mod answer;
pub mod api;
mod extract;
mod health;
pub mod listen;
mod metrics;
mod observe;
pub mod openapi;
mod query;
mod record;
mod routes;
mod scim;
mod tls;
mod well_known;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rollcall_service::Service;
use tokio::sync::watch;

pub use routes::{SCIM_ROUTES, SCIM_V1_BASE, SCIM_V1_ROUTES, ScimRoute};
pub use tls::{Tls, TlsError};

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) service: Arc<Service>,
    pub(crate) metrics: Arc<metrics::Metrics>,
    pub(crate) settings: Arc<Settings>,
    /// Whether the server ends: what streams without end ends then.
    pub(crate) closing: Arc<watch::Sender<bool>>,
}

/// How the server answers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL under which clients reach this server, without a slash at the end. Without it, that of
    /// each request's `Host`.
    pub public_url: Option<String>,
    /// Whether clients come by TLS, where `public_url` does not say.
    pub https: bool,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { public_url: None, https: false, body_timeout: Duration::from_secs(30) }
    }
}

impl App {
    /// The application over this service.
    pub fn new(service: Arc<Service>, settings: Settings) -> Self {
        Self {
            service,
            metrics: Arc::new(metrics::Metrics::new()),
            settings: Arc::new(settings),
            closing: Arc::default(),
        }
    }

    /// Ends what streams without end.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }
}

/// The whole HTTP surface but the console.
pub fn router(app: App) -> Router {
    routes::router(app, Router::new())
}

/// The whole HTTP surface, with the routes of the console: they get an id, a log line and metrics like the others.
pub fn router_with(app: App, console: Router) -> Router {
    routes::router(app, console)
}
