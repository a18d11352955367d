//! Makes and removes databases, on threads with runtimes of their own: tests have one each, which end with them.

use std::collections::HashSet;
use std::sync::LazyLock;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::NoTls;

use super::server::{Options, Server};

/// The connections that make and remove databases. A removal waits for whoever is connected: nobody waits for it.
pub(super) struct Admin {
    server: Server,
    making: mpsc::UnboundedSender<Order>,
    removing: mpsc::UnboundedSender<Order>,
    templates: Mutex<HashSet<&'static str>>,
}

/// A statement to run, and whom to tell.
#[derive(Debug)]
struct Order(String, Option<oneshot::Sender<Result<(), String>>>);

/// A database that was made.
pub(super) struct Created {
    pub(super) url: String,
    name: String,
}

impl Admin {
    /// That of the server that this process shares.
    pub(super) fn shared() -> &'static Self {
        // What is static is never dropped: the watchdog sees the process end.
        static SHARED: LazyLock<Admin> = LazyLock::new(Admin::start);
        &SHARED
    }

    fn start() -> Self {
        let server = Server::start(&Options::default()).unwrap_or_else(|error| panic!("{error}"));
        let [making, removing] = [(); 2].map(|()| {
            let (orders, waiting) = mpsc::unbounded_channel();
            let url = server.url("postgres");
            std::thread::spawn(move || work(&url, waiting));
            orders
        });
        Self { server, making, removing, templates: Mutex::default() }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Makes a template, unless it is there.
    pub(super) async fn template(&self, name: &'static str, prepare: impl AsyncFnOnce(String)) {
        let mut templates = self.templates.lock().await;
        if !templates.contains(name) {
            self.run(format!("CREATE DATABASE {name}")).await;
            prepare(self.server.url(name)).await;
            // A database that anybody is connected to is no template.
            self.run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
            let connected = format!("FROM pg_stat_activity WHERE datname = '{name}'");
            self.run(format!("SELECT pg_terminate_backend(pid) {connected}")).await;
            templates.insert(name);
        }
    }

    /// Makes a database like this template, or an empty one.
    pub(super) async fn create(&self, template: Option<&str>) -> Created {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let name = format!("test{}", NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        self.run(format!("CREATE DATABASE {name} TEMPLATE {}", template.unwrap_or("template1"))).await;
        Created { url: self.server.url(&name), name }
    }

    /// Removes a database, with whoever is connected to it.
    pub(super) fn remove(&self, database: &Created) {
        let order = format!("DROP DATABASE {} WITH (FORCE)", database.name);
        // When the thread is gone, so is the server.
        let _ = self.removing.send(Order(order, None));
    }

    async fn run(&self, statement: String) {
        let (reply, answer) = oneshot::channel();
        self.making.send(Order(statement, Some(reply))).expect("the thread that makes databases");
        answer.await.expect("an answer").unwrap_or_else(|error| panic!("{error}"));
    }
}

fn work(url: &str, mut orders: mpsc::UnboundedReceiver<Order>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        while let Some(Order(statement, reply)) = orders.recv().await {
            let done = client.batch_execute(&statement).await;
            if let Some(reply) = reply {
                let _ = reply.send(done.map_err(|error| format!("{statement}: {error:?}")));
            }
        }
    });
}
