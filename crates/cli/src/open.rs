//! From settings to a service over an open store.

use std::sync::Arc;

use rollcall_config::{ConfigError, Settings};
use rollcall_connector::transport::Poster;
use rollcall_service::admin::AdminError;
use rollcall_service::system::{SystemClock, SystemIds};
use rollcall_service::vault::Vault;
use rollcall_service::{Parts, Service};
use rollcall_store::AnyStore;

use crate::args::Global;
use crate::expressions::{self, Workers};
use crate::{Failure, database, hub, memory};

/// An open store with what it was opened by.
pub(crate) struct Opened {
    pub settings: Settings,
    pub service: Arc<Service>,
    /// Where the workers keep their progress.
    pub store: AnyStore,
    /// Sends to URLs that tenants name.
    pub poster: Poster,
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Theirs(chain(&error))
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match error {
            error @ AdminError::Store(_) => Self::Ours(error.into()),
            error => Self::Theirs(error.to_string()),
        }
    }
}

/// Reads the settings, and opens the store that they name, which is made when it is not there.
pub(crate) async fn open(global: &Global, given: rollcall_config::Given) -> Result<Opened, Failure> {
    let settings = Settings::load(global.config.as_deref(), &rollcall_config::environment, given)?;
    let secret = rollcall_config::server_secret(&settings.key_path(), &rollcall_config::environment)?;
    let store = database::open(&settings, &secret).await?;
    let vault = Arc::new(Vault::new(secret.keys()));
    let (poster, hooks) = hub::clients(&settings, &store, &vault);
    let service = Arc::new(Service::new(Parts {
        store: Arc::clone(&store),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        secret: *secret.first(),
        cache_bytes: memory::cache_bytes(settings.cache_mib),
        vault,
        hooks: Some(Arc::new(hooks)),
        issuer: origin(&settings),
        expressions: Some(Arc::new(Workers(expressions::pool(&settings)?))),
    }));
    Ok(Opened { settings, service, store, poster })
}

impl Opened {
    /// Opens for a management command.
    pub(crate) async fn for_management(global: &Global) -> Result<Self, Failure> {
        open(global, global.given()).await
    }

    /// Scheme and authority under which clients reach the server.
    pub(crate) fn origin(&self) -> String {
        origin(&self.settings)
    }
}

/// Scheme and authority under which clients reach the server.
fn origin(settings: &Settings) -> String {
    let scheme = if settings.tls().is_some() { "https" } else { "http" };
    match settings.public_url.as_str() {
        "" => format!("{scheme}://{}", settings.listen),
        url => url.to_owned(),
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
