//! The server that a browser is on.

use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A server on a free port of 127.0.0.1. It ends with its value.
pub(super) struct Served {
    port: u16,
    _stop: oneshot::Sender<()>,
}

impl Served {
    pub(super) async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (stop, stopped) = oneshot::channel();
        let until = async move {
            let _ = stopped.await;
        };
        tokio::spawn(rollcall_server::listen::serve(listener, router, None, until, Duration::ZERO));
        Self { port, _stop: stop }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
