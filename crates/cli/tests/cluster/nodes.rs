//! Nodes on one database, each behind a link of its own.

use std::path::Path;
use std::process::Command;
use std::sync::RwLock;

use rollcall_testkit::postgres;
use tempfile::TempDir;

use crate::common::{Client, Server, json, rollcall};
use crate::link::Link;

/// How many there are.
pub(crate) const NODES: usize = 3;

/// A database, and the servers that share it.
pub(crate) struct Cluster {
    nodes: Vec<Node>,
    folder: TempDir,
    url: String,
    /// Kept until the nodes have gone.
    _database: postgres::Server,
}

struct Node {
    link: Link,
    url: String,
    /// `None` while it is dead.
    server: RwLock<Option<Server>>,
}

impl Cluster {
    /// Starts it with these settings.
    pub(crate) fn start(settings: &str) -> Self {
        let database = postgres::Server::start(&postgres::Options::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rollcall.toml"), settings).unwrap();
        let url = database.url("postgres");
        let nodes = (0..NODES).map(|_| Node::start(folder.path(), &url, database.port())).collect();
        Self { nodes, folder, url, _database: database }
    }

    /// A management command beside the servers.
    pub(crate) fn command(&self) -> Command {
        let mut command = rollcall(self.folder.path());
        command.args(["--database", &self.url]);
        command
    }

    /// Makes a source and returns its token.
    pub(crate) fn source(&self, slug: &str) -> String {
        let mut command = self.command();
        command.args(["source", "create", slug, "--requests-per-second", "0", "--output", "json"]);
        json(&command.output().unwrap())["token"].as_str().unwrap().to_owned()
    }

    /// An API token.
    pub(crate) fn api_token(&self, scopes: &str) -> String {
        let mut command = self.command();
        command.args(["api-token", "issue", "--output", "json", "--scopes", scopes]);
        json(&command.output().unwrap())["token"].as_str().unwrap().to_owned()
    }

    /// A client of this node's source; `None` while the node is dead.
    pub(crate) fn client(&self, node: usize, slug: &str, token: &str) -> Option<Client> {
        let server = self.nodes[node % NODES].server.read().unwrap();
        server.as_ref().map(|server| server.client(slug, token))
    }

    /// A client of this node's admin API.
    pub(crate) fn api(&self, node: usize, token: &str) -> Client {
        self.nodes[node % NODES].server.read().unwrap().as_ref().expect("a living node").api(token)
    }

    /// `kill -9`.
    pub(crate) fn kill(&self, node: usize) {
        // Dropped, it is killed.
        drop(self.nodes[node].server.write().unwrap().take());
    }

    /// Starts a killed node again.
    pub(crate) fn revive(&self, node: usize) {
        let node = &self.nodes[node];
        let server = Server::start(self.folder.path(), &["--database", &node.url]);
        *node.server.write().unwrap() = Some(server);
    }

    /// Stops a node as if the machine had gone to sleep, or wakes it.
    pub(crate) fn signal(&self, node: usize, signal: &str) {
        let server = self.nodes[node].server.read().unwrap();
        let process = server.as_ref().expect("a living node").child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// The way between a node and the database.
    pub(crate) fn link(&self, node: usize) -> &Link {
        &self.nodes[node].link
    }
}

impl Node {
    fn start(folder: &Path, url: &str, port: u16) -> Self {
        let link = Link::to(port);
        let url = url.replace(&format!(":{port}/"), &format!(":{}/", link.port));
        let server = Server::start(folder, &["--database", &url]);
        Self { link, url, server: RwLock::new(Some(server)) }
    }
}
