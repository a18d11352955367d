//! A server in process with its workers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall_connector::transport::Poster;
use rollcall_domain::delivery::{Endpoint, EndpointKind, EndpointSettings};
use rollcall_hub::{Hub, HubSettings};
use rollcall_service::admin::{Admin, NewEndpoint};
use rollcall_service::system::{SystemClock, SystemIds};
use rollcall_testkit::{Client, TestApp};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Quick retries, so that no test takes long.
pub(crate) fn settings() -> HubSettings {
    HubSettings {
        attempts: 3,
        backoff: Duration::from_millis(20),
        max_backoff: Duration::from_secs(1),
        timeout: Duration::from_millis(500),
        checkpoint: Duration::from_millis(20),
        ..HubSettings::default()
    }
}

/// How long anything may take: what a worker that was killed had leased is nobody's for seconds, and the machine may do
/// other things as well.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until something is there; it is a failure when that takes long.
pub(crate) async fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come");
}

/// The same, where looking takes a while.
pub(crate) async fn wait_until(mut look: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if look().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come about");
}

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) admin: Admin,
    pub(crate) client: Client,
    stop: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let mut world = Self::without_workers().await;
        world.run(settings(), true);
        world
    }

    pub(crate) async fn without_workers() -> Self {
        let app = TestApp::start().await;
        let (admin, client) = (app.admin("default").await, app.source("okta", "okta").await);
        Self { app, admin, client, stop: None }
    }

    /// Starts the workers.
    pub(crate) fn run(&mut self, settings: HubSettings, private: bool) {
        let hub = Hub {
            service: Arc::clone(&self.app.service),
            store: Arc::clone(&self.app.store),
            poster: poster(private),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            settings,
        };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(hub.run(async {
            let _ = stopped.await;
        }));
        self.stop = Some((stop, task));
    }

    /// Ends the workers, who write their progress down.
    pub(crate) async fn stop(&mut self) {
        if let Some((stop, task)) = self.stop.take() {
            stop.send(()).unwrap();
            task.await.unwrap();
        }
    }

    /// Ends the workers where they stand.
    pub(crate) async fn kill(&mut self) {
        if let Some((_stop, task)) = self.stop.take() {
            task.abort();
            let _ = task.await;
        }
    }

    pub(crate) async fn endpoint(
        &self,
        kind: EndpointKind,
        settings: EndpointSettings,
    ) -> (Endpoint, Option<String>) {
        let new = NewEndpoint { kind, settings, authorization: None, after: None };
        self.app.service.create_endpoint(&self.admin, new).await.unwrap()
    }

    pub(crate) async fn webhook(&self, url: &str) -> (Endpoint, String) {
        let settings = EndpointSettings { url: url.to_owned(), ..EndpointSettings::default() };
        let (endpoint, secret) = self.endpoint(EndpointKind::Webhook, settings).await;
        (endpoint, secret.unwrap())
    }

    /// Makes a user, and returns its id.
    pub(crate) async fn user(&self, name: &str) -> String {
        self.client.post("/Users", json!({ "userName": name })).await.expect(201).id()
    }

    /// Gives a user a title.
    pub(crate) async fn title(&self, id: &str, title: &str) {
        let operations = json!([{ "op": "replace", "path": "title", "value": title }]);
        self.client.patch(&format!("/Users/{id}"), operations).await.expect(200);
    }

    /// The endpoint as it is now.
    pub(crate) async fn again(&self, endpoint: &Endpoint) -> Endpoint {
        let id = endpoint.id.to_string();
        self.app.service.endpoint(&self.admin, &EndpointKind::ALL, &id).await.unwrap()
    }

    pub(crate) async fn progress(&self, endpoint: &Endpoint) -> (u64, u64, u64, u64) {
        let progress = self.app.service.endpoint_progress(&self.admin, endpoint).await.unwrap();
        (progress.cursor, progress.last, progress.waiting, progress.parked)
    }
}

pub(crate) fn poster(private: bool) -> Poster {
    Poster::new(Arc::new(SystemClock), private)
}
