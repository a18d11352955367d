//! The end of changes that need not be kept: a few at a time, so that writes hardly wait.

use std::sync::Arc;
use std::time::Duration;

use rollcall_service::Service;
use rollcall_service::admin::{Manager, Paging};
use rollcall_service::feed::Retention;

/// Pause between two steps.
const PAUSE: Duration = Duration::from_millis(50);

/// Prunes all tenants, again and again.
pub(crate) async fn run(service: Arc<Service>, retention: Retention, every: Duration) {
    loop {
        let tenants = service.tenants(&Manager::operator(), &Paging::all()).await;
        for tenant in tenants.map(|page| page.items).unwrap_or_default() {
            loop {
                match service.prune_changes(tenant.key, retention).await {
                    Ok(0) => break,
                    Ok(_) => tokio::time::sleep(PAUSE).await,
                    Err(error) => {
                        tracing::warn!(%error, "old changes cannot be deleted");
                        break;
                    }
                }
            }
        }
        tokio::time::sleep(every).await;
    }
}
