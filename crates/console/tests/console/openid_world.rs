//! A console whose people may sign in by an OpenID provider.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use rollcall_console::{Console, Settings};
use rollcall_openid::Provider;
use rollcall_service::accounts::openid::{Begun, OpenId, OpenIdError, Returned, Vouched};
use rollcall_testkit::TestApp;
use rollcall_testkit::console::{Shown, Visitor};
use rollcall_testkit::openid::{CLIENT, FakeProvider};

/// So long nothing takes here.
const PATIENCE: Duration = Duration::from_secs(60);

/// The console, and the provider.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) provider: FakeProvider,
    pub(crate) router: Router,
    listener: Arc<Listener>,
}

/// The client of the provider, of which it is known why it did not believe.
#[derive(Debug)]
struct Listener {
    client: Provider,
    last: Mutex<Option<OpenIdError>>,
}

impl Listener {
    fn hear<T>(&self, outcome: Result<T, OpenIdError>) -> Result<T, OpenIdError> {
        *self.last.lock().expect("the last error") = outcome.as_ref().err().cloned();
        outcome
    }
}

#[async_trait]
impl OpenId for Listener {
    fn name(&self) -> &str {
        self.client.name()
    }

    async fn authorization_url(&self, begun: &Begun, redirect_uri: &str) -> Result<String, OpenIdError> {
        self.hear(self.client.authorization_url(begun, redirect_uri).await)
    }

    async fn exchange(
        &self,
        begun: &Begun,
        redirect_uri: &str,
        returned: Returned<'_>,
    ) -> Result<Vouched, OpenIdError> {
        self.hear(self.client.exchange(begun, redirect_uri, returned).await)
    }
}

impl World {
    /// One in which nobody gets an account by signing in.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// One in which everyone whom the provider knows gets an account that owns the default tenant.
    pub(crate) async fn open() -> Self {
        Self::with(|settings| settings.roles[0].push("everyone".to_owned())).await
    }

    /// One with other settings of the provider.
    pub(crate) async fn with(change: impl FnOnce(&mut rollcall_config::OpenId)) -> Self {
        Self::within(PATIENCE, change).await
    }

    /// The same with another time for the provider's answers.
    pub(crate) async fn within(timeout: Duration, change: impl FnOnce(&mut rollcall_config::OpenId)) -> Self {
        let app = TestApp::start().await;
        let provider = FakeProvider::start(&app.clock).await;
        let mut settings = rollcall_config::OpenId {
            issuer: provider.issuer().to_owned(),
            host: "127.0.0.1".to_owned(),
            client_id: CLIENT.0.to_owned(),
            client_secret: Some(CLIENT.1.to_owned()),
            scopes: vec!["openid".to_owned(), "email".to_owned()],
            name: "Example ID".to_owned(),
            roles_claim: "groups".to_owned(),
            roles: [const { Vec::new() }; 3],
            tenant: Some("default".to_owned()),
            trust_email: false,
            private: true,
        };
        change(&mut settings);
        let client = Provider::new(settings, timeout, Arc::clone(&app.clock) as _);
        let listener = Arc::new(Listener { client, last: Mutex::default() });
        let settings = Settings { openid: Some(Arc::clone(&listener) as _), ..Settings::default() };
        let router = rollcall_console::router(&Console::new(Arc::clone(&app.service), settings));
        Self { app, provider, router, listener }
    }

    /// Why the client did not believe the provider the last time that it was asked; empty when it did.
    pub(crate) fn reason(&self) -> String {
        let last = self.listener.last.lock().expect("the last error");
        last.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Someone who was never here.
    pub(crate) fn stranger(&self) -> Visitor {
        Visitor::new(&self.app).at(self.router.clone())
    }

    /// Goes to the provider, signs in there, and says where the way back leads, below the console.
    pub(crate) async fn there(&self, visitor: &mut Visitor) -> String {
        let shown = visitor.get("/sign-in/openid?next=%2Fconsole%2Faccount").await.expect(303);
        let back = self.provider.signs_in(shown.location().expect("the provider"));
        back.strip_prefix("/console").expect("the console").to_owned()
    }

    /// Goes there and back.
    pub(crate) async fn sign_in(&self, visitor: &mut Visitor) -> Shown {
        let back = self.there(visitor).await;
        visitor.get(&back).await
    }

    /// The same as someone who was never here.
    pub(crate) async fn stranger_signs_in(&self) -> Shown {
        self.sign_in(&mut self.stranger()).await
    }
}
