//! The workers beside the server, and the client of hooks.

use std::sync::Arc;
use std::time::Duration;

use rollcall_config::Settings;
use rollcall_connector::transport::Poster;
use rollcall_hub::hooks::HookClient;
use rollcall_hub::{Hub, HubSettings};
use rollcall_service::Service;
use rollcall_service::feed::Retention;
use rollcall_service::system::{SystemClock, SystemIds};
use rollcall_service::vault::Vault;
use rollcall_store::AnyStore;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Workers that run.
pub(crate) struct Workers {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What sends to URLs that tenants name, and what asks hooks.
pub(crate) fn clients(settings: &Settings, store: &AnyStore, vault: &Arc<Vault>) -> (Poster, HookClient) {
    let poster = Poster::new(Arc::new(SystemClock), settings.private_addresses);
    let timeout = HubSettings::default().hook_timeout;
    let makers = (Arc::new(SystemClock) as _, Arc::new(SystemIds) as _);
    let hooks = HookClient::new(Arc::clone(store), Arc::clone(vault), poster.clone(), makers, timeout);
    (poster, hooks)
}

/// Starts the workers.
pub(crate) fn start(settings: &Settings, service: Arc<Service>, store: AnyStore, poster: Poster) -> Workers {
    let hub = Hub {
        service,
        store,
        poster,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        settings: HubSettings {
            concurrency: settings.delivery_concurrency as usize,
            attempts: settings.delivery_attempts.max(1),
            backoff: Duration::from_millis(settings.delivery_backoff_ms.max(1).into()),
            log_rows: settings.delivery_log,
            retention: Retention {
                age_ms: i64::from(settings.keep_changes_days) * DAY_MS,
                count: settings.keep_changes,
            },
            ..HubSettings::default()
        },
    };
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(hub.run(async {
        let _ = stopped.await;
    }));
    Workers { stop, task }
}

impl Workers {
    /// Lets them write their progress down.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}
