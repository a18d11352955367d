//! `rollcall restore`: a database from a backup, checked before anything is written and after.

use std::path::Path;

use rollcall_config::{Database, Settings};
use rollcall_store::AnyStore;
use rollcall_store::transfer::{Done as Tallies, copy, verify};

use super::file::{Reading, described};
use super::{key_of, key_place, unreadable, with};
use crate::args::Global;
use crate::lock::Serving;
use crate::printer::Printer;
use crate::{Done, Failure, database};

/// Makes the database of the settings what a backup holds. A file that is there is replaced with `force` only, and not
/// before the new one is whole.
pub(crate) async fn restore(global: &Global, path: &Path, force: bool, printer: &Printer) -> Done {
    let settings = Settings::load(global.config.as_deref(), &rollcall_config::environment, global.given())?;
    let (reading, header) = Reading::open(path)?;
    let wanted = reading.check()?;
    let key = key_of(&settings)?;
    if key != header.key {
        return Err(Failure::Theirs(format!(
            "this backup is of an installation whose key has the fingerprint {}, and {} has {key}: put that key in \
             its place first",
            header.key,
            key_place(&settings)
        )));
    }
    if let Some(file) = settings.database.file() {
        into_file(&settings, file, path, &wanted, force).await?;
    } else {
        let store = database::connect(&settings).await?;
        fill(&store, path, &wanted).await?;
    }
    let shown = described(&header, &wanted);
    printer.data(&shown, || format!("{}  restored and verified", settings.database));
    Ok(())
}

async fn into_file(
    settings: &Settings,
    file: &Path,
    backup: &Path,
    wanted: &Tallies,
    force: bool,
) -> Result<(), Failure> {
    let _alone = Serving::of(file)?;
    let is_new = !file.exists() || {
        let store = database::connect(settings).await?;
        store.is_new().await.map_err(unreadable)? && store.importing().await.map_err(unreadable)?.is_none()
    };
    if !is_new && !force {
        return Err(Failure::Theirs(format!("{} has data in it; --force replaces them", file.display())));
    }
    // Beside it: what is there stays until the new one is whole.
    let draft = with(file, ".restoring");
    remove(&draft)?;
    let beside =
        Settings { database: Database::from(draft.display().to_string().as_str()), ..settings.clone() };
    let store = database::connect(&beside).await?;
    fill(&store, backup, wanted).await?;
    drop(store);
    remove(file)?;
    for ending in ["", "-wal", "-shm", ".requests", ".requests-wal", ".requests-shm"] {
        if with(&draft, ending).exists() {
            std::fs::rename(with(&draft, ending), with(file, ending))?;
        }
    }
    Ok(())
}

async fn fill(store: &AnyStore, backup: &Path, wanted: &Tallies) -> Result<(), Failure> {
    let (mut reading, _) = Reading::open(backup)?;
    let origin = format!("backup {}", origin(wanted));
    let copied = copy(&mut reading, &**store, &origin, |_| {}).await.map_err(|error| match error {
        rollcall_store::StoreError::Stale => Failure::Theirs(
            "the database is not new; name another, or make a new one on the server".to_owned(),
        ),
        error => unreadable(error),
    })?;
    let mut export = store.export().await.map_err(unreadable)?;
    let differing = verify(&mut *export, &copied).await.map_err(unreadable)?;
    if copied != *wanted || !differing.is_empty() {
        let tables = differing.join(", ");
        return Err(Failure::Ours(anyhow::anyhow!(
            "what was written is not what the backup holds: {tables}"
        )));
    }
    Ok(())
}

/// What tells backups apart.
fn origin(wanted: &Tallies) -> String {
    let sum = wanted.values().fold(0_u128, |sum, tally| sum.rotate_left(7) ^ tally.sum);
    format!("{sum:032x}")
}

/// Removes a database with the files beside it.
fn remove(file: &Path) -> Result<(), Failure> {
    for ending in ["-wal", "-shm", "", ".requests-wal", ".requests-shm", ".requests"] {
        match std::fs::remove_file(with(file, ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
