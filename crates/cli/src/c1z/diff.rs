//! `rollcall c1z diff`: what changed between two syncs, of one file or of two.

use std::io::Write;

use rollcall_access::c1z::{Change, File, Kind, Row, View};

use super::Stopped;
use crate::printer::{Output, Printer};
use crate::{Done, Failure};

const KINDS: [(Kind, &str); 3] =
    [(Kind::Resource, "resources"), (Kind::Entitlement, "entitlements"), (Kind::Grant, "grants")];
const CHANGES: [(Change, &str, char); 3] = [
    (Change::Created, "created", '+'),
    (Change::Deleted, "deleted", '-'),
    (Change::Modified, "modified", '~'),
];

/// Compares the sync that is shown with `from`, or with the one that ended before it.
pub(super) fn within(file: &File, newer: &View<'_>, from: Option<&str>, printer: &Printer) -> Done {
    let id = if let Some(id) = from { id.to_owned() } else { before(file, newer)? };
    between(newer, &file.view(Some(&id))?, printer)
}

/// Compares two syncs.
pub(super) fn between(newer: &View<'_>, older: &View<'_>, printer: &Printer) -> Done {
    let done: Result<(), Stopped> = printer.stream(|output, out| match output {
        Output::Json => json(newer, older, out),
        Output::Text => text(newer, older, out),
    });
    Ok(done?)
}

/// The sync that ended before this one.
fn before(file: &File, newer: &View<'_>) -> Result<String, Failure> {
    let finished = file.finished()?;
    let before = finished.iter().take_while(|sync| sync.id != newer.sync().id).last();
    before.map(|sync| sync.id.clone()).ok_or_else(|| {
        Failure::Theirs(format!(
            "{} has no sync before {}; a second `rollcall sync` into the same file adds one",
            file.path().display(),
            newer.sync().id
        ))
    })
}

fn json(newer: &View<'_>, older: &View<'_>, out: &mut dyn Write) -> Result<(), Stopped> {
    let mut before = '{';
    for (kind, name) in KINDS {
        write!(out, "{before}\"{name}\":")?;
        before = ',';
        let mut open = '{';
        for (change, name, _) in CHANGES {
            write!(out, "{open}\"{name}\":[")?;
            let mut first = true;
            newer.changes(older, kind, change, |row| -> Result<(), Stopped> {
                if !std::mem::take(&mut first) {
                    out.write_all(b",")?;
                }
                Ok(serde_json::to_writer(&mut *out, &row)?)
            })?;
            out.write_all(b"]")?;
            open = ',';
        }
        out.write_all(b"}")?;
    }
    Ok(writeln!(out, "}}")?)
}

fn text(newer: &View<'_>, older: &View<'_>, out: &mut dyn Write) -> Result<(), Stopped> {
    for (kind, _) in KINDS {
        for (change, _, sign) in CHANGES {
            newer.changes(older, kind, change, |row| -> Result<(), Stopped> {
                let line = match row {
                    Row::Resource(resource) => format!("{} {}", resource.id, resource.display_name),
                    Row::Entitlement(entitlement) => entitlement.id,
                    Row::Grant(grant) => grant.id,
                };
                Ok(writeln!(out, "{sign} {line}")?)
            })?;
        }
    }
    Ok(())
}
