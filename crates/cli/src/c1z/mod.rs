//! `rollcall c1z`: what is in a `.c1z` file.

mod args;
mod diff;
mod lists;

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::Path;

use rollcall_access::c1z::{C1zError, File, Limits, View};
use rollcall_access::export::{self, ExportError};
use rollcall_access::sync::Format;
use rollcall_config::baton::Tuning;
use serde_json::json;

use crate::printer::{IsGone, Output, Printer, table};
use crate::{Done, Failure};

pub(crate) use args::C1z;
use args::{Command, ExportFormat};

impl From<C1zError> for Failure {
    fn from(error: C1zError) -> Self {
        if error.is_theirs() { Self::Theirs(error.to_string()) } else { Self::Ours(error.into()) }
    }
}

/// Why a list was not printed to its end.
#[derive(Debug)]
enum Stopped {
    Reading(C1zError),
    Writing(std::io::Error),
}

impl From<C1zError> for Stopped {
    fn from(error: C1zError) -> Self {
        Self::Reading(error)
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Self::Writing(error)
    }
}

impl From<serde_json::Error> for Stopped {
    fn from(error: serde_json::Error) -> Self {
        Self::Writing(error.into())
    }
}

impl From<ExportError> for Stopped {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Reading(error) => Self::Reading(error),
            ExportError::Writing(error) => Self::Writing(error),
        }
    }
}

impl IsGone for Stopped {
    fn is_gone(&self) -> bool {
        matches!(self, Self::Writing(error) if error.is_gone())
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Reading(error) => error.into(),
            Stopped::Writing(error) => error.into(),
        }
    }
}

/// The limits that the environment sets.
pub(crate) fn limits(tuning: &Tuning) -> Limits {
    Limits { decoded_mib: tuning.decoded_mib, window_mib: tuning.memory_mib }
}

pub(crate) fn run(arguments: C1z, printer: &Printer) -> Done {
    let tuning = Tuning::load(&rollcall_config::environment)?;
    let file = File::open(&arguments.file, None, limits(&tuning))?;
    if let Command::Syncs = arguments.command {
        return syncs(&file, printer);
    }
    let view = file.view(arguments.sync_id.as_deref())?;
    if view.sync().ended.is_none() {
        printer
            .note(&format!("note: sync {} has not ended; who is missing in it may be there", view.sync().id));
    }
    match arguments.command {
        Command::Syncs => Ok(()),
        Command::ResourceTypes => lists::resource_types(&view, printer),
        Command::Resources { resource_type } => lists::resources(&view, resource_type.as_deref(), printer),
        Command::Entitlements { resource_type } => {
            lists::entitlements(&view, resource_type.as_deref(), printer)
        }
        Command::Grants(of) => lists::grants(&view, &of, printer),
        Command::Principals(of) => lists::principals(&view, &of, printer),
        Command::Access { resource_type, resource } => {
            lists::access(&view, &resource_type, &resource, printer)
        }
        Command::Stats => stats(&view, printer),
        Command::Diff { from, since: None } => diff::within(&file, &view, from.as_deref(), printer),
        Command::Diff { from, since: Some(other) } => {
            let other = File::open(&other, None, limits(&tuning))?;
            diff::between(&view, &other.view(from.as_deref())?, printer)
        }
        Command::Export { format, out } => export(&view, format, out.as_deref(), printer),
    }
}

fn syncs(file: &File, printer: &Printer) -> Done {
    let syncs = file.syncs()?;
    printer.data(&json!({ "syncs": &syncs }), || {
        let names = ["ID", "Type", "Started", "Ended"].map(str::to_owned).to_vec();
        let row = |sync: &rollcall_access::c1z::Sync| {
            let ended = sync.ended.clone().unwrap_or_else(|| "-".to_owned());
            vec![sync.id.clone(), sync.kind.clone(), sync.started_at.clone(), ended]
        };
        table(&std::iter::once(names).chain(syncs.iter().map(row)).collect::<Vec<_>>())
    });
    Ok(())
}

fn stats(view: &View<'_>, printer: &Printer) -> Done {
    let stats = serde_json::to_value(view.stats()?)?;
    printer.data(&stats, || {
        let counts = stats.as_object().into_iter().flatten();
        let rows = counts.map(|(name, count)| vec![name.clone(), count.to_string()]);
        let mut rows: Vec<_> = rows.collect();
        rows.sort();
        table(&rows)
    });
    Ok(())
}

fn export(view: &View<'_>, format: ExportFormat, out: Option<&Path>, printer: &Printer) -> Done {
    let format = Format::from(format);
    let Some(path) = out else {
        let written: Result<(), Stopped> = printer.stream(|_, out| Ok(export::write(format, view, out)?));
        return Ok(written?);
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // For its owner alone: there are people's names and addresses in it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    let file = opened.map_err(|error| Failure::Theirs(format!("{}: {error}", path.display())))?;
    let mut file = BufWriter::new(file);
    export::write(format, view, &mut file).map_err(Stopped::from)?;
    file.flush()?;
    if printer.output() == Output::Text {
        printer.note(&format!("wrote {}", path.display()));
    }
    Ok(())
}
