//! `rollcall bench`: this binary measured by itself, as child processes.

use anyhow::Context as _;
use rollcall_bench::{Child, Launcher, Options, Reference, Server};
use rollcall_domain::clock::Clock as _;
use rollcall_service::system::SystemClock;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::args::{Bench, BenchReference};
use crate::printer::Printer;
use crate::{Done, Failure};

/// Starts this executable.
struct Own<'a>(&'a Printer);

pub(crate) async fn run(bench: &Bench, printer: &Printer) -> Done {
    let options = Options {
        base_url: bench.base_url.clone(),
        token: bench.token.clone(),
        users: bench.users,
        group_sizes: bench.group_sizes.clone(),
        seconds: bench.seconds,
        rounds: bench.rounds,
        prefix: format!("bench-{:x}", SystemClock.now().0),
    };
    let report = rollcall_bench::run(&options, &Own(printer)).await?;
    printer.data(&serde_json::to_value(&report)?, || report.to_string());
    if report.passed() {
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
    Ok(rollcall_bench::run_reference(kind, listen, &folder.path().join("reference.db")).await?)
}

impl Launcher for Own<'_> {
    async fn server(&self) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir()?;
        let database = folder.path().join("bench.db");
        let mut serve = command(&database)?;
        serve.args(["serve", "--listen", "127.0.0.1:0", "--stop-with-stdin", "--log", "warn"]);
        let child = Child::start(serve).await?;
        let mut create = command(&database)?;
        create.args(["source", "create", "bench", "--requests-per-second", "0", "--output", "json"]);
        create.args(["--public-url", child.address()]);
        let created = create.output().await.context("the source cannot be created")?;
        let created: Value = serde_json::from_slice(&created.stdout).context("the source was not created")?;
        let text = |name: &str| created.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Server {
            base_url: text("base_url").context("no base URL")?,
            token: text("token"),
            pid: child.pid(),
            guard: Box::new((child, folder)) as Box<(Child, TempDir)>,
        })
    }

    async fn reference(&self, kind: Reference) -> anyhow::Result<Server> {
        let mut reference = Command::new(std::env::current_exe()?);
        reference.args(["bench-reference", &kind.to_string()]);
        let child = Child::start(reference).await?;
        Ok(Server {
            base_url: child.address().to_owned(),
            token: None,
            pid: child.pid(),
            guard: Box::new(child),
        })
    }

    fn progress(&self, line: &str) {
        self.0.note(line);
    }
}

/// This executable with a database of its own, whatever the environment says.
fn command(database: &std::path::Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--database").arg(database);
    for (_, variable) in rollcall_config::NAMES {
        command.env_remove(variable);
    }
    command.env_remove("ROLLCALL_SECRET");
    Ok(command)
}
