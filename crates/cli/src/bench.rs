//! `rollcall bench`: this binary measured by itself, as child processes.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rollcall_bench::{Beside, Child, Launcher, Options, Reference, Server, Storage};
use rollcall_domain::clock::Clock as _;
use rollcall_service::system::SystemClock;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::args::{Bench, BenchReference, Global};
use crate::printer::Printer;
use crate::{Done, Failure};

/// By what a child is told its database: there may be a password in it, and other users of the machine see arguments.
const DATABASE: &str = "ROLLCALL_DATABASE";

/// Starts this executable.
struct Own<'a> {
    printer: &'a Printer,
    /// An empty `postgres://` database to use; otherwise a temporary file.
    database: Option<&'a str>,
    nodes: u32,
}

pub(crate) async fn run(global: &Global, bench: &Bench, printer: &Printer) -> Done {
    let options = Options {
        base_url: bench.base_url.clone(),
        token: bench.token.clone(),
        users: bench.users.clone(),
        group_sizes: bench.group_size.clone(),
        seconds: bench.seconds,
        rounds: bench.rounds,
        prefix: format!("bench-{:x}", SystemClock.now().0),
    };
    let database = global.database.as_ref().and_then(rollcall_config::Database::url);
    if bench.nodes > 1 && database.is_none() {
        let advice = "--nodes needs --database postgres://…: one server has a file for itself";
        return Err(Failure::Theirs(advice.to_owned()));
    }
    let own = Own { printer, database, nodes: bench.nodes };
    let passed = if bench.users.len() > 1 {
        let growth = rollcall_bench::grow(&options, &own).await?;
        printer.data(&serde_json::to_value(&growth)?, || growth.to_string());
        growth.passed()
    } else {
        let report = rollcall_bench::run(&options, &own).await?;
        printer.data(&serde_json::to_value(&report)?, || report.to_string());
        report.passed()
    };
    if passed {
        return Ok(());
    }
    Err(Failure::Theirs("a bound was missed; see 'must show' above".to_owned()))
}

pub(crate) async fn reference(reference: &BenchReference) -> Done {
    let kind: Reference = reference
        .kind
        .parse()
        .map_err(|_| Failure::Theirs("the reference is `fixed` or `durable`".to_owned()))?;
    let folder = tempfile::tempdir()?;
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let file = folder.path().join("reference.db").to_string_lossy().into_owned();
    let table = rollcall_config::environment(DATABASE).unwrap_or(file);
    Ok(rollcall_bench::run_reference(kind, listen, &table).await?)
}

impl Launcher for Own<'_> {
    async fn server(&self) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("bench.db");
        let database = self.database.map_or(file, PathBuf::from);
        let at = Place { database: &database, folder: folder.path() };
        let mut nodes = Vec::new();
        for _ in 0..self.nodes.max(1) {
            let mut serve = at.command()?;
            serve.args(["serve", "--listen", "127.0.0.1:0", "--stop-with-stdin", "--log", "warn"]);
            nodes.push(Child::start(serve).await?);
        }
        let child = nodes.first().context("a server")?;
        let (base_url, token) = at.source(child.address(), "bench", &[]).await?;
        let mut beside = Vec::new();
        for other in BESIDE {
            let (mapping, policy) = (folder.path().join("mapping.json"), folder.path().join("policy.json"));
            let mut settings: Vec<&OsStr> = other.arguments.iter().map(OsStr::new).collect();
            if let Some(fields) = other.mapped {
                std::fs::write(&mapping, self::mapping(fields).to_string())?;
                std::fs::write(&policy, self::policy().to_string())?;
                settings.extend(["--mapping".as_ref(), mapping.as_os_str()]);
                settings.extend(["--policy".as_ref(), policy.as_os_str()]);
            }
            let (base_url, token) = at.source(child.address(), other.name, &settings).await?;
            let (name, what) = (other.name.to_owned(), other.what.to_owned());
            beside.push(Beside { name, what, base_url, token: Some(token), bound: other.bound });
        }
        Ok(Server {
            base_url,
            token: Some(token),
            nodes: nodes.iter().skip(1).map(|node| node.address().to_owned()).collect(),
            pids: nodes.iter().filter_map(Child::pid).collect(),
            storage: match self.database {
                Some(url) => Storage::Postgres(url.to_owned()),
                None => Storage::Folder(folder.path().to_owned()),
            },
            beside,
            guard: Box::new((nodes, folder)) as Box<(Vec<Child>, TempDir)>,
        })
    }

    async fn reference(&self, kind: Reference) -> anyhow::Result<Server> {
        let child = Child::start(bare(kind, self.database)?).await?;
        let pids = child.pid().into_iter().collect();
        let guard = Box::new(child);
        Ok(Server { pids, base_url: guard.address().to_owned(), guard, ..Server::foreign("", None) })
    }

    fn progress(&self, line: &str) {
        self.printer.note(line);
    }
}

/// This executable as a bare server.
fn bare(kind: Reference, database: Option<&str>) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench-reference", &kind.to_string()]);
    match database {
        Some(url) => command.env(DATABASE, url),
        None => command.env_remove(DATABASE),
    };
    Ok(command)
}

/// Where the servers under test keep everything.
struct Place<'a> {
    database: &'a Path,
    folder: &'a Path,
}

impl Place<'_> {
    /// Makes a source of the server that is under test; its base URL and token.
    async fn source(
        &self,
        address: &str,
        slug: &str,
        settings: &[&OsStr],
    ) -> anyhow::Result<(String, String)> {
        let mut create = self.command()?;
        create.args(["source", "create", slug, "--requests-per-second", "0", "--output", "json"]);
        create.args(["--public-url", address]).args(settings);
        let created = create.output().await.context("the source cannot be created")?;
        let created: Value = serde_json::from_slice(&created.stdout).context("the source was not created")?;
        let text = |name: &str| created.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok((text("base_url").context("no base URL")?, text("token").context("no token")?))
    }

    /// This executable with a database and a secret of its own, whatever the environment says.
    fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        for (_, variable) in rollcall_config::NAMES {
            command.env_remove(variable);
        }
        command.env_remove("ROLLCALL_SECRET");
        command.env(DATABASE, self.database).current_dir(self.folder);
        Ok(command)
    }
}

/// A source whose writes are measured beside those of one with usual settings.
struct Other {
    name: &'static str,
    /// What is other about it, for the table.
    what: &'static str,
    /// With identities: extra fields of the mapping.
    mapped: Option<&'static [&'static str]>,
    /// Of `source create`.
    arguments: &'static [&'static str],
    /// The share of the rate that must be left.
    bound: Option<f64>,
}

/// Each costs something of its own.
const BESIDE: &[Other] = &[
    Other {
        name: "decided",
        what: "with mapping and policy",
        mapped: Some(&[]),
        arguments: &[],
        bound: Some(0.7),
    },
    Other {
        name: "changed",
        what: "each change one of the identity",
        mapped: Some(&["title"]),
        arguments: &[],
        bound: None,
    },
    // Usual are 50 writes a second.
    Other {
        name: "kept",
        what: "every request in the request log",
        mapped: None,
        arguments: &["--log-keep", "all", "--log-max-per-second", "0"],
        bound: None,
    },
];

/// A usual mapping.
fn mapping(extra: &[&str]) -> Value {
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let mut fields = serde_json::Map::new();
    fields.insert("department".to_owned(), format!("{enterprise}:department").into());
    fields.extend(extra.iter().map(|name| ((*name).to_owned(), Value::from(*name))));
    json!({ "profile": {
        "mapping": {
            "externalId": "externalId", "email": "emails.primary", "name": "displayName", "active": "active",
        },
        "extraFields": fields,
    } })
}

/// A usual policy: matching, default roles, roles from groups.
fn policy() -> Value {
    json!({
        "identity": { "match": { "by": ["externalId", "verifiedEmail"] }, "verifiedDomains": ["example.com"] },
        "provisioning": {
            "jit": { "defaultRoleIds": ["member"] },
            "groups": { "mode": "sync", "mapping": { "admins": ["admin"], "staff": ["staff"] } },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Other users of the machine see the arguments of every process.
    #[test]
    fn no_argument_of_a_child_names_the_database() {
        let url = "postgres://rollcall:secret@db.example/bench";
        let place = Place { database: Path::new(url), folder: Path::new("/") };
        for command in [place.command().unwrap(), bare(Reference::Durable, Some(url)).unwrap()] {
            let command = command.as_std();
            assert!(command.get_args().all(|argument| !argument.to_string_lossy().contains("secret")));
            assert!(command.get_envs().any(|variable| variable == (DATABASE.as_ref(), Some(url.as_ref()))));
        }
    }
}
