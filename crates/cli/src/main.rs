//! The one binary: reads arguments, opens the store, calls a use case, prints.

mod api_token;
mod args;
mod audit;
mod backup;
mod bench;
mod c1z;
mod completion;
mod connector;
mod console;
mod database;
mod desk;
mod doctor;
mod expressions;
mod hub;
mod lock;
mod log;
mod mapping;
mod memory;
mod migrate;
mod open;
mod openid;
mod printer;
mod requests;
mod serve;
mod source;
mod sync;
mod tenant;
mod token;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};
use printer::Printer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why a command did not do what it was asked; decides the exit status.
#[derive(Debug)]
enum Failure {
    /// The user's, or the peer's: exit 1.
    Theirs(String),
    /// Ours: exit 2.
    Ours(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Ours(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Ours(error.into())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Ours(error.into())
    }
}

/// What every command returns.
type Done = Result<(), Failure>;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse_from(args::words(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        }
    };
    if matches!(arguments.command, Command::ExpressionWorker) {
        // Before there are threads, files or anything else that it should not have.
        return expressions::work();
    }
    let printer = Printer::new(arguments.global.output);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(&printer, Err(error.into())),
    };
    let done = runtime.block_on(run(arguments, &printer));
    runtime.shutdown_background();
    end(&printer, done)
}

async fn run(arguments: Arguments, printer: &Printer) -> Done {
    let Arguments { global, command } = arguments;
    match command {
        Command::Serve(serve) => serve::run(&global, &serve, printer).await,
        Command::Tenant(command) => tenant::run(&global, command, printer).await,
        Command::Source(command) => source::run(&global, command, printer).await,
        Command::Token(command) => token::run(&global, command, printer).await,
        Command::ApiToken(command) => api_token::run(&global, command, printer).await,
        Command::Console(command) => console::run(&global, command, printer).await,
        Command::Audit(command) => audit::run(&global, command, printer).await,
        Command::Mapping(command) => mapping::run(&global, command, printer).await,
        Command::Sync(arguments) => sync::run(arguments, printer).await,
        Command::Capabilities => {
            sync::capabilities::run(printer);
            Ok(())
        }
        Command::Completion { shell } => completion::run(shell),
        Command::C1z(command) => c1z::run(command, printer),
        Command::Connector(command) => connector::run(command, printer).await,
        Command::Backup { file, force } => backup::backup(&global, &file, force, printer).await,
        Command::Restore { file, force } => backup::restore(&global, &file, force, printer).await,
        Command::Migrate { from, to } => migrate::run(&global, &from, &to, printer).await,
        Command::Doctor => doctor::run(&global, printer).await,
        Command::Bench(bench) => bench::run(&global, &bench, printer).await,
        Command::BenchReference(reference) => bench::reference(&reference).await,
        Command::ExpressionWorker => Err(Failure::Theirs("a worker does nothing else".to_owned())),
    }
}

fn end(printer: &Printer, done: Done) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Theirs(message)) => {
            printer.error(&message);
            ExitCode::from(1)
        }
        Err(Failure::Ours(error)) => {
            printer.error(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}
