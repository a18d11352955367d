//! The binary as a child process, and a client over TCP.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops where something is not as it should be"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rollcall_store::AnyStore;
use rollcall_store_postgres::PostgresStore;
use rollcall_store_sqlite::SqliteStore;
use rollcall_testkit::postgres::Database;
use rollcall_testkit::{TestPostgres, is_postgres};
use serde_json::Value;

/// The binary, with its files in this folder, and its data there too or in the folder's PostgreSQL database.
pub(crate) fn rollcall(folder: &Path) -> Command {
    let mut command = rollcall_on_file(folder);
    if is_postgres() {
        command.env("ROLLCALL_DATABASE", database(folder).url());
    }
    command
}

/// The binary on SQLite, whatever the tests are to use.
pub(crate) fn rollcall_on_file(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.current_dir(folder).env_clear();
    command
}

/// The database of a folder, made when it is first asked for.
fn database(folder: &Path) -> Arc<Database> {
    static KNOWN: Mutex<BTreeMap<PathBuf, Arc<Database>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let made = known.entry(folder.to_owned()).or_insert_with(|| {
        let make = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(TestPostgres::database())
        };
        // A test may have a runtime of its own.
        Arc::new(std::thread::spawn(make).join().unwrap())
    });
    Arc::clone(made)
}

/// The store of a folder, beside the servers that have it, or without one.
#[allow(dead_code, reason = "not every test looks into it")]
pub(crate) async fn store(folder: &Path) -> AnyStore {
    if is_postgres() {
        let database = database(folder);
        return Arc::new(
            PostgresStore::open(database.url(), &rollcall_store_postgres::Options::default()).await.unwrap(),
        );
    }
    let file = folder.join("rollcall.db");
    Arc::new(SqliteStore::open(file, &rollcall_store_sqlite::Options::default()).unwrap())
}

/// What a command printed, if it succeeded, as JSON.
#[track_caller]
pub(crate) fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A running server; killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// What it wrote to standard error goes here.
    #[allow(dead_code, reason = "not every test reads it")]
    pub(crate) log: PathBuf,
}

impl Server {
    /// Starts one in this folder, on any free port.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let log = folder.join("serve.log");
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = rollcall(folder);
        command.args(["serve", "--listen", "127.0.0.1:0", "--stop-with-stdin"]).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| {
            panic!("no address: {line:?} {}", std::fs::read_to_string(&log).unwrap_or_default())
        });
        let address = url.split_once("://").unwrap().1.to_owned();
        Self { child, address, log }
    }

    /// Makes a source and returns its token.
    pub(crate) fn source(folder: &Path, slug: &str, arguments: &[&str]) -> String {
        let mut command = rollcall(folder);
        command
            .args(["source", "create", slug, "--requests-per-second", "0", "--output", "json"])
            .args(arguments);
        json(&command.output().unwrap())["token"].as_str().unwrap().to_owned()
    }

    /// A client of the admin API.
    #[allow(dead_code, reason = "not every test uses it")]
    pub(crate) fn api(&self, token: &str) -> Client {
        Client {
            address: self.address.clone(),
            base: "/api/v1".to_owned(),
            token: token.to_owned(),
            prefer: "",
            stream: None,
        }
    }

    /// A client of a source.
    pub(crate) fn client(&self, slug: &str, token: &str) -> Client {
        Client {
            address: self.address.clone(),
            base: format!("/scim/{slug}/v2"),
            token: token.to_owned(),
            prefer: "",
            stream: None,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One keep-alive connection. `None` as an answer: the server was gone before it answered.
pub(crate) struct Client {
    address: String,
    base: String,
    token: String,
    prefer: &'static str,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// The same under another base path.
    #[allow(dead_code, reason = "not every test leaves the source's own")]
    pub(crate) fn at(mut self, base: &str) -> Self {
        base.clone_into(&mut self.base);
        self
    }

    /// The same with this preference (RFC 7240).
    #[allow(dead_code, reason = "not every test prefers something")]
    pub(crate) fn prefer(self, prefer: &'static str) -> Self {
        Self { prefer, ..self }
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let answer = self.exchange(method, path, body);
        if answer.is_none() {
            self.stream = None;
        }
        answer
    }

    fn exchange(&mut self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
            stream.set_nodelay(true).ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let reader = self.stream.as_mut()?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let path = path.replace(' ', "%20").replace('"', "%22");
        let request = format!(
            "{method} {}{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             prefer: {}\r\ncontent-type: application/scim+json\r\ncontent-length: {}\r\n\r\n{body}",
            self.base,
            self.address,
            self.token,
            self.prefer,
            body.len()
        );
        reader.get_mut().write_all(request.as_bytes()).ok()?;
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
            is_chunked |= name.eq_ignore_ascii_case("transfer-encoding") && value.trim() == "chunked";
        }
        let mut bytes = vec![0; length];
        if is_chunked {
            bytes = chunks(reader)?;
        } else {
            reader.read_exact(&mut bytes).ok()?;
        }
        Some((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}

/// A body that comes in pieces (RFC 9112 §7.1), as that of a group with many members does.
fn chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let (begin, length) = (bytes.len(), usize::from_str_radix(line.trim(), 16).ok()?);
        bytes.resize(begin + length + 2, 0);
        reader.read_exact(&mut bytes[begin..]).ok()?;
        bytes.truncate(begin + length);
        if length == 0 {
            return Some(bytes);
        }
    }
}
