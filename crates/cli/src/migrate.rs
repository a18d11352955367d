//! `rollcall migrate`: from one database into another, of whichever backends; goes on where it was interrupted.

use std::time::{Duration, Instant};

use rollcall_config::{Database, Settings};
use rollcall_store::transfer::{Progress, copy, verify};
use rollcall_store::{AnyStore, StoreError};
use serde_json::json;

use crate::args::Global;
use crate::lock::Serving;
use crate::printer::Printer;
use crate::{Done, Failure, database};

/// Between two lines that say how far it has come.
const EVERY: Duration = Duration::from_secs(5);

/// Copies everything and compares it.
pub(crate) async fn run(global: &Global, from: &Database, to: &Database, printer: &Printer) -> Done {
    let settings = Settings::load(global.config.as_deref(), &rollcall_config::environment, global.given())?;
    if from.file().is_some_and(|file| !file.exists()) {
        return Err(Failure::Theirs(format!("{from} is not there")));
    }
    // No server may write what is copied, or read what is half there.
    let _from = from.file().map(Serving::of).transpose()?;
    let _to = to.file().map(Serving::of).transpose()?;
    let source = open(&settings, from).await?;
    database::check_whole(&source).await?;
    let target = open(&settings, to).await?;
    let (source_schema, target_schema) = (source.schema().await?, target.schema().await?);
    if source_schema != target_schema {
        return Err(Failure::Theirs(format!(
            "{from} has schema {source_schema} and {to} has {target_schema}: bring both up to date with one rollcall"
        )));
    }
    let mut told = Instant::now();
    let mut export = source.export().await?;
    let origin = origin(&source).await?;
    let copied = copy(&mut *export, &*target, &origin, |progress| {
        if told.elapsed() >= EVERY {
            told = Instant::now();
            printer.note(&line(progress));
        }
    });
    let copied = copied.await.map_err(|error| match error {
        StoreError::Stale => Failure::Theirs(format!(
            "{to} is neither new nor half filled from {from}: name a database that nothing was written to"
        )),
        error => error.into(),
    })?;
    printer.note("comparing");
    let mut there = target.export().await?;
    let differing = verify(&mut *there, &copied).await?;
    if !differing.is_empty() {
        let tables = differing.join(", ");
        return Err(Failure::Ours(anyhow::anyhow!("what {to} has is not what {from} has: {tables}")));
    }
    let rows: u64 = copied.values().map(|tally| tally.rows).sum();
    printer.data(
        &json!({ "from": from.to_string(), "to": to.to_string(), "rows": rows, "tables": copied }),
        || format!("{rows} rows copied from {from} to {to}, and verified"),
    );
    printer.note(&format!(
        "Serve {to} with the key of {from}: the secrets in it are sealed with that, and tokens are known by it."
    ));
    Ok(())
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}

async fn open(settings: &Settings, database: &Database) -> Result<AnyStore, Failure> {
    database::connect(&Settings { database: database.clone(), ..settings.clone() }).await
}

/// What tells installations apart, and two states of one: its first tenant, and how far its sequences have come.
async fn origin(source: &AnyStore) -> Result<String, Failure> {
    let mut name = String::from("database");
    for tenant in source.tenants().await? {
        let last = source.kept_changes(tenant.key).await?.last;
        name = format!("{name} {}:{last}", tenant.id);
    }
    Ok(name)
}

fn line(progress: &Progress) -> String {
    let rows: u64 = progress.done.values().map(|tally| tally.rows).sum();
    format!("{rows} rows; at {}", progress.table)
}
