//! `rollcall sync`: an application into a `.c1z` file, or one change in the application.

mod args;
pub(crate) mod capabilities;
mod change;
mod display;
mod setup;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rollcall_access::c1z::{Begun, Ksuid};
use rollcall_access::sync::{Finishing, Format, Summary, SyncError, Workplace, collect};
use rollcall_bench::table::thousands;
use rollcall_config::baton::{Baton, Tuning};
use rollcall_connector::read::{ReadOptions, Reader};
use rollcall_connector::transport::Transport;
use rollcall_domain::clock::{Clock as _, Ids as _};
use rollcall_service::system::{SystemClock, SystemIds};
use serde::Serialize;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::c1z::limits;
use crate::printer::Printer;
use crate::{Done, Failure};

pub(crate) use args::SyncArguments;
use display::Display;

/// Settings that are taken, and stand for what SCIM does not have.
const NOT_IN_SCIM: [&str; 8] = [
    "rotate-credentials",
    "event-feed",
    "create-ticket",
    "bulk-create-ticket",
    "get-ticket",
    "list-ticket-schemas",
    "ticket-id",
    "bulk-ticket-template-path",
];

pub(crate) async fn run(arguments: SyncArguments, printer: &Printer) -> Done {
    let begun = Instant::now();
    // Pages of 2 MiB are for programs that stay: this one would wait for many to be cleared, and use a part of each.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let environment = &rollcall_config::environment;
    let baton = Baton::load(arguments.0, environment, Path::new("."))?;
    let tuning = Tuning::load(environment)?;
    let json = match baton.text("log-format") {
        Some("json") => true,
        Some("console") | None => false,
        Some(other) => {
            return Err(Failure::Theirs(format!("log-format: {other:?} is neither console nor json")));
        }
    };
    crate::log::start(baton.text("log-level").unwrap_or("info"), json)?;
    for key in &baton.unknown {
        printer.note(&format!("note: {key} in .baton.yaml means nothing here"));
    }
    refuse(&baton)?;
    let formats = formats(&baton)?;
    let change = change::wanted(&baton)?;
    let application = setup::application(&baton)?;
    match change {
        Some(change) => change::run(&change, &application, &baton, &tuning, printer).await,
        None => read(application, &baton, &tuning, formats, (begun, printer)).await,
    }
}

/// Says what is not done, before anything is.
fn refuse(baton: &Baton) -> Result<(), Failure> {
    if baton.text("client-id").is_some() || baton.secret("client-secret")?.is_some() {
        return Err(Failure::Theirs(
            "the continuous service mode is not there yet; leave out --client-id and --client-secret \
             (BATON_CLIENT_ID, BATON_CLIENT_SECRET) to write a file"
                .to_owned(),
        ));
    }
    if let Some(name) =
        NOT_IN_SCIM.into_iter().find(|name| baton.text(name).is_some_and(|text| text != "false"))
    {
        return Err(Failure::Theirs(format!("--{name}: SCIM has no such thing")));
    }
    if let Some(engine) = baton.text("storage-engine").filter(|engine| *engine != "sqlite") {
        return Err(Failure::Theirs(format!(
            "--storage-engine {engine}: only sqlite is written, which every Baton tool reads"
        )));
    }
    Ok(())
}

fn formats(baton: &Baton) -> Result<Vec<Format>, Failure> {
    let known = [Format::Csv, Format::Json, Format::Jsonl];
    let mut formats = Vec::new();
    // The .c1z is always written.
    for name in baton.list("format").iter().filter(|name| *name != "c1z") {
        let format = known.into_iter().find(|format| format.extension() == name);
        let format = format
            .ok_or_else(|| Failure::Theirs(format!("--format {name}: there are csv, json and jsonl")))?;
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    Ok(formats)
}

/// How long what took.
#[derive(Default, Serialize)]
struct Seconds {
    /// Settings, profile, what an earlier run left.
    setup: f64,
    /// Asking the application.
    read: f64,
    /// Making the file.
    write: f64,
}

/// An application that can be asked.
pub(crate) struct Application {
    pub profile: Arc<rollcall_connector::profile::Profile>,
    pub transport: Transport,
    /// Tells it, and how it is read, from others.
    pub origin: String,
}

async fn read(
    application: Application,
    baton: &Baton,
    tuning: &Tuning,
    formats: Vec<Format>,
    (begun, printer): (Instant, &Printer),
) -> Done {
    let output = PathBuf::from(baton.text("file").unwrap_or("sync.c1z"));
    let options = ReadOptions { strict: baton.is_on("strict") };
    let reader = Reader::new(application.transport, application.profile, options);
    let mut stop = std::pin::pin!(stop()?);
    let temporary = baton.text("c1z-temp-dir").map(Path::new);
    let mut workplace = Workplace::open(&output, temporary, limits(tuning))?;
    if baton.is_on("restart") {
        workplace.discard()?;
        workplace = Workplace::open(&output, temporary, limits(tuning))?;
    }
    let mut opened = workplace.begin(new(application.origin), tuning.keep_syncs)?;
    if let Some(started) = opened.resumed {
        printer.note(&format!("going on with the sync that began at {started}; --restart begins anew"));
    }
    if let Some(reason) = opened.discarded {
        printer.note(&format!("beginning anew: what an earlier run read is not used, since {reason}"));
    }
    let mut display = Display::new(printer);
    let mut seconds = Seconds { setup: begun.elapsed().as_secs_f64(), ..Seconds::default() };
    let reading = Instant::now();
    let read = tokio::select! {
        read = collect(&reader, &mut opened.progress, &mut display) => read,
        () = &mut stop => return Err(interrupted(&output)),
    };
    display.end();
    seconds.read = reading.elapsed().as_secs_f64();
    let writing = Instant::now();
    match read {
        Ok(()) => {}
        Err(error @ SyncError::Incomplete { .. }) => {
            drop(opened);
            workplace.discard()?;
            return Err(Failure::Theirs(format!(
                "{error}\n{} is as it was: an incomplete list is not written, since who is missing would seem gone",
                output.display()
            )));
        }
        Err(error @ SyncError::Read(_)) => {
            return Err(Failure::Theirs(format!(
                "{error}\n{} is as it was; what was read is kept, and the same command goes on from there",
                output.display()
            )));
        }
        Err(error) => return Err(error.into()),
    }
    let finishing = Finishing { now: SystemClock.now(), keep: tuning.keep_syncs, formats };
    let finish = tokio::task::spawn_blocking(move || workplace.finish(opened.progress, &finishing));
    let summary = tokio::select! {
        finished = finish => finished.map_err(anyhow::Error::from)??,
        () = &mut stop => return Err(interrupted(&output)),
    };
    seconds.write = writing.elapsed().as_secs_f64();
    report(&summary, &seconds, printer);
    Ok(())
}

fn new(origin: String) -> Begun {
    let started = SystemClock.now();
    let mut random = [0; 16];
    SystemIds.random(&mut random);
    Begun { id: Ksuid::new(started, random).to_string(), started, origin }
}

fn report(summary: &Summary, seconds: &Seconds, printer: &Printer) {
    let files: Vec<_> = summary.files.iter().map(|file| file.display().to_string()).collect();
    let counts = summary.counts;
    let data = json!({
        "sync": summary.id,
        "users": counts.users,
        "groups": counts.groups,
        "roles": counts.roles,
        "grants": counts.grants,
        "left_out": summary.problems,
        "files": files,
        "seconds": seconds,
    });
    printer.data(&data, || {
        let [users, groups, roles, grants] =
            [counts.users, counts.groups, counts.roles, counts.grants].map(thousands);
        let left_out = match summary.problems {
            0 => String::new(),
            count => format!("; {} left out", thousands(count)),
        };
        let files = files.join(", ");
        format!("wrote {files}: {users} users, {groups} groups, {roles} roles, {grants} grants{left_out}")
    });
}

fn interrupted(output: &Path) -> Failure {
    Failure::Theirs(format!(
        "interrupted; {} is as it was, and the same command goes on from here",
        output.display()
    ))
}

/// Ready at SIGINT or SIGTERM.
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::File(error) => error.into(),
            error => Self::Theirs(error.to_string()),
        }
    }
}
