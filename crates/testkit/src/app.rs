//! A running application.

use std::sync::Arc;

use axum::Router;
use rollcall_console::Console;
use rollcall_domain::api::ApiScope;
use rollcall_domain::source::{Source, SourceSettings};
use rollcall_domain::tenant::DEFAULT_TENANT;
use rollcall_server::api::API_BASE;
use rollcall_server::{App, Settings};
use rollcall_service::admin::{Admin, AdminError, Manager, NewApiToken, NewCredential, NewSource};
use rollcall_service::hooks::Hooks;
use rollcall_service::system::SystemIds;
use rollcall_service::vault::Vault;
use rollcall_service::{Parts, Service};
use rollcall_store::AnyStore;

use crate::{Client, FrozenClock, TestStore};

/// The whole of Rollcall on a fresh store, which goes when this goes.
pub struct TestApp {
    /// Its clock.
    pub clock: Arc<FrozenClock>,
    /// Its use cases, for management.
    pub service: Arc<Service>,
    /// Its store, to look at what HTTP does not show.
    pub store: AnyStore,
    router: Router,
    kept: Arc<TestStore>,
}

impl TestApp {
    /// Starts one.
    pub async fn start() -> Self {
        Self::with_hooks(None).await
    }

    /// Starts one that asks these hooks.
    pub async fn with_hooks(hooks: Option<Arc<dyn Hooks>>) -> Self {
        Self::on(TestStore::fresh().await, hooks).await
    }

    /// Starts one that has its database for itself, whatever the tests are to use: its clock is the only one, where
    /// nodes that share a database go by the database's.
    pub async fn alone() -> Self {
        Self::on(TestStore::file(), None).await
    }

    async fn on(kept: TestStore, hooks: Option<Arc<dyn Hooks>>) -> Self {
        let kept = Arc::new(kept);
        let store = kept.open().await;
        let clock = Arc::new(FrozenClock::default());
        let service = Arc::new(Service::new(Parts {
            store: Arc::clone(&store),
            clock: Arc::<FrozenClock>::clone(&clock),
            ids: Arc::new(SystemIds),
            secret: [7; 32],
            cache_bytes: 1024 * 1024,
            vault: Arc::new(Vault::new([&[7; 32]])),
            hooks,
            expressions: None,
            issuer: "https://scim.example.com".to_owned(),
        }));
        let console = Console::new(Arc::clone(&service), rollcall_console::Settings::default());
        let app = App::new(Arc::clone(&service), Settings::default());
        let router = rollcall_server::router_with(app, rollcall_console::router(&console));
        // Whoever still asks has it still there.
        let router = router.layer(axum::Extension(Arc::clone(&kept)));
        Self { clock, service, store, router, kept }
    }

    /// Makes a source of the default tenant without a rate limit, and a client with its token.
    pub async fn source(&self, slug: &str, dialect: &str) -> Client {
        let settings = SourceSettings { requests_per_second: 0, ..SourceSettings::default() };
        self.source_with(slug, dialect, settings).await
    }

    /// The same with settings.
    pub async fn source_with(&self, slug: &str, dialect: &str, settings: SourceSettings) -> Client {
        self.source_within(DEFAULT_TENANT, slug, dialect, settings).await
    }

    /// The same in any tenant, which is made if it is not there.
    pub async fn source_within(
        &self,
        tenant: &str,
        slug: &str,
        dialect: &str,
        settings: SourceSettings,
    ) -> Client {
        if self.store.tenant(tenant).await.expect("an answer").is_none() {
            self.service.create_tenant(&Manager::operator(), tenant).await.expect("a tenant");
        }
        let admin = self.admin(tenant).await;
        let new = NewSource { slug: slug.to_owned(), dialect: dialect.to_owned(), settings };
        let created = self.service.create_source(&admin, new, NewCredential::default()).await;
        let (source, _, token) = created.expect("a source");
        self.client(&source.slug, token.reveal())
    }

    /// A client of a source with another credential.
    pub async fn credential(&self, slug: &str, credential: NewCredential) -> Client {
        let source = self.record(slug).await;
        let admin = self.admin(DEFAULT_TENANT).await;
        let (_, token) = self.service.issue_token(&admin, &source, credential).await.expect("a token");
        self.client(slug, token.reveal())
    }

    /// A source of the default tenant as stored.
    pub async fn record(&self, slug: &str) -> Source {
        let admin = self.admin(DEFAULT_TENANT).await;
        self.service.source(&admin, slug).await.expect("the source")
    }

    /// Changes a source of the default tenant.
    ///
    /// # Errors
    ///
    /// As [`Service::change_source`].
    pub async fn change(&self, slug: &str, change: impl FnOnce(&mut Source)) -> Result<(), AdminError> {
        let before = self.record(slug).await;
        let mut after = before.clone();
        change(&mut after);
        self.service.change_source(&self.admin(DEFAULT_TENANT).await, &before, &after).await
    }

    /// Whoever holds the database, within a tenant.
    pub async fn admin(&self, tenant: &str) -> Admin {
        self.service.within(&Manager::operator(), Some(tenant)).await.expect("the tenant")
    }

    /// A client of the admin API with an API token of these scopes, for a tenant or the installation.
    pub async fn api(&self, tenant: Option<&str>, scopes: &[ApiScope]) -> Client {
        let new = NewApiToken { name: "test".to_owned(), scopes: scopes.to_owned(), expires: None };
        let issued = self.service.issue_api_token(&Manager::operator(), tenant, new).await;
        let (_, token) = issued.expect("an API token");
        self.client("", token.reveal()).at(API_BASE)
    }

    /// Where its data are.
    pub fn kept(&self) -> &TestStore {
        &self.kept
    }

    /// The whole HTTP surface, to be served over TCP.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// A client that presents this token.
    pub fn client(&self, slug: &str, token: &str) -> Client {
        Client::new(self.router.clone(), slug, token)
    }
}
