//! `rollcall backup` and `rollcall restore`: everything in one file, whichever backend it is of.

mod file;
mod restore;

pub(crate) use restore::restore;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rollcall_config::Settings;
use rollcall_store::transfer::TABLES;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::args::Global;
use crate::printer::Printer;
use crate::{Done, Failure, database};

use file::{Header, Writing};

/// Writes everything that the database holds into a file, as it is at one moment; servers may go on.
pub(crate) async fn backup(global: &Global, path: &Path, force: bool, printer: &Printer) -> Done {
    let settings = Settings::load(global.config.as_deref(), &rollcall_config::environment, global.given())?;
    if path.exists() && !force {
        return Err(Failure::Theirs(format!("{} is there; --force replaces it", path.display())));
    }
    let store = database::connect(&settings).await?;
    database::check_whole(&store).await?;
    let key = key_of(&settings)?;
    let header = Header::new(store.schema().await.map_err(unreadable)?, key.clone());
    let draft = with(path, ".partial");
    let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
    let cannot =
        |error: std::io::Error| Failure::Theirs(format!("cannot write {}: {error}", draft.display()));
    let mut writing = Writing::begin(options.map_err(cannot)?, &header)?;
    let mut export = store.export().await.map_err(unreadable)?;
    for table in TABLES {
        let mut after = None;
        loop {
            let rows = export.page(table, after.as_deref(), rollcall_store::transfer::PAGE).await;
            let rows = rows.map_err(unreadable)?;
            writing.rows(table, &rows)?;
            match rows.last() {
                Some(last) => after = Some(last.iter().take(table.key).cloned().collect::<Vec<_>>()),
                None => break,
            }
        }
    }
    let (rows, bytes) = writing.end()?;
    std::fs::rename(&draft, path)?;
    printer.data(&json!({ "file": path, "rows": rows, "bytes": bytes, "key": key }), || {
        format!("{}  {rows} rows, {bytes} bytes", path.display())
    });
    printer.note(&format!(
        "The key is not in it: keep {} apart. Only that key (fingerprint {key}) opens the secrets in this file.",
        key_place(&settings)
    ));
    Ok(())
}

/// Where the server's secret is.
fn key_place(settings: &Settings) -> String {
    match rollcall_config::environment("ROLLCALL_SECRET") {
        Some(_) => "ROLLCALL_SECRET".to_owned(),
        None => settings.key_path().display().to_string(),
    }
}

/// What tells keys apart, and tells nothing of them.
fn key_of(settings: &Settings) -> Result<String, Failure> {
    let secret = rollcall_config::server_secret(&settings.key_path(), &rollcall_config::environment)?;
    let digest = Sha256::new().chain_update(b"rollcall key fingerprint v1").chain_update(secret.first());
    let number = digest.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Ok(format!("{number:016x}"))
}

/// The name of a file with more behind it.
fn with(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn unreadable(error: rollcall_store::StoreError) -> Failure {
    Failure::Ours(error.into())
}
