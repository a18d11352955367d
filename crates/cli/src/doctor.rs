//! `rollcall doctor`: whether an installation is in order, check by check, each with what to do.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rollcall_config::Settings;
use rollcall_domain::clock::{Clock as _, Timestamp};
use rollcall_service::examine::{Examined, examine};
use rollcall_service::system::SystemClock;
use rollcall_store::{AnyStore, StoreError};
use serde::Serialize;
use serde_json::json;

use crate::args::Global;
use crate::printer::{Printer, table};
use crate::{Done, Failure, database};

/// A token that ends sooner than this is told of: 20 days.
const SOON_MS: i64 = 20 * 86_400_000;
/// How far a clock may be off.
const SKEW_MS: i64 = 5 * 60_000;
/// Less room than this beside the database is told of, and less than the database's own size.
const LEAST_FREE: u64 = 1 << 30;
/// Tokens read at once.
const PAGE: u32 = 200;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    /// What, as a name that does not change.
    name: &'static str,
    ok: bool,
    /// What was found, and what to do about it.
    message: String,
}

fn good(name: &'static str, message: impl Into<String>) -> Check {
    Check { name, ok: true, message: message.into() }
}

fn bad(name: &'static str, message: impl Into<String>) -> Check {
    Check { name, ok: false, message: message.into() }
}

/// Prints every check; exit 1 unless all are in order.
pub(crate) async fn run(global: &Global, printer: &Printer) -> Done {
    let mut checks = Vec::new();
    let loaded = Settings::load(global.config.as_deref(), &rollcall_config::environment, global.given());
    match loaded {
        Ok(settings) => {
            checks.push(good("settings", format!("database {}", settings.database)));
            checks.push(key(&settings));
            look(&settings, &mut checks).await;
        }
        Err(error) => checks.push(bad("settings", crate::open::chain(&error))),
    }
    let wrong = checks.iter().filter(|check| !check.ok).count();
    printer.data(&json!({ "ok": wrong == 0, "checks": checks }), || {
        let word = |check: &Check| if check.ok { "ok" } else { "not ok" }.to_owned();
        let row = |check: &Check| vec![word(check), check.name.to_owned(), check.message.clone()];
        table(&checks.iter().map(row).collect::<Vec<_>>())
    });
    match wrong {
        0 => Ok(()),
        wrong => Err(Failure::Theirs(format!("{wrong} of {} checks are not ok", checks.len()))),
    }
}

fn key(settings: &Settings) -> Check {
    if rollcall_config::environment("ROLLCALL_SECRET").is_some() {
        return good("key", "in ROLLCALL_SECRET");
    }
    let path = settings.key_path();
    let shown = path.display();
    match std::fs::metadata(&path) {
        Ok(found) if found.permissions().mode().trailing_zeros() >= 6 => {
            good("key", format!("{shown}, its owner's alone"))
        }
        Ok(found) => bad(
            "key",
            format!(
                "{shown} has mode {:o}, so that others may read it: chmod 600 {shown}",
                found.permissions().mode() & 0o777
            ),
        ),
        Err(_) => bad(
            "key",
            format!(
                "{shown} is not there: put the installation's key there, or in ROLLCALL_SECRET; a new one opens no secret and knows no token"
            ),
        ),
    }
}

async fn look(settings: &Settings, checks: &mut Vec<Check>) {
    if let Some(file) = settings.database.file() {
        if !file.exists() {
            return checks.push(bad(
                "database",
                format!("{} is not there: name it with --database, or serve once", file.display()),
            ));
        }
        checks.push(room(file));
    }
    let store = match database::connect(settings).await {
        Ok(store) => store,
        Err(Failure::Theirs(reason)) => return checks.push(bad("database", reason)),
        Err(Failure::Ours(error)) => return checks.push(bad("database", format!("{error:#}"))),
    };
    match inside(&store).await {
        Ok(found) => checks.extend(found),
        Err(error) => checks
            .push(bad("database", format!("it cannot be read: {error}; restore a backup if that stays so"))),
    }
}

async fn inside(store: &AnyStore) -> Result<Vec<Check>, StoreError> {
    let schema = store.schema().await?;
    let mut checks = vec![good("schema", format!("{schema}, that of this program"))];
    if store.importing().await?.is_some() {
        let again = "an import into it was interrupted: run the same `rollcall migrate` or `restore` again";
        checks.push(bad("import", again));
        return Ok(checks);
    }
    let repair = "; stop the servers, back up what is there, and restore the last good backup";
    checks.push(told("integrity", &store.faults().await?, "the database and its counters are sound", repair));
    let found = examine(store).await?;
    let Examined { resources, memberships, changes, sequence, members, index } = found;
    checks.push(told(
        "sequence",
        &sequence,
        &format!("{changes} changes without a gap"),
        "; consumers of the feed read everything anew",
    ));
    checks.push(told(
        "memberships",
        &members,
        &format!("{memberships}, of and in resources that are there"),
        repair,
    ));
    let reindex =
        "; `rollcall source update` with another value of a switch, and back, writes a source's index anew";
    checks.push(told(
        "index",
        &index,
        &format!("that of {resources} resources is what their bodies say"),
        reindex,
    ));
    let now = SystemClock.now();
    checks.push(clock(store, now).await?);
    checks.push(tokens(store, now).await?);
    Ok(checks)
}

/// A check of which each fault is told.
fn told(name: &'static str, faults: &[String], fine: &str, advice: &str) -> Check {
    if faults.is_empty() { good(name, fine) } else { bad(name, format!("{}{advice}", faults.join("; "))) }
}

/// Nothing that is written comes from the future.
async fn clock(store: &AnyStore, now: Timestamp) -> Result<Check, StoreError> {
    for tenant in store.tenants().await? {
        let last = store.kept_changes(tenant.key).await?.last;
        for change in store.changes(tenant.key, last.saturating_sub(1), 1).await? {
            if change.at.0 > now.0 + SKEW_MS {
                let at = change.at;
                return Ok(bad(
                    "clock",
                    format!(
                        "the last change is of {at}, and it is {now} here: set the clocks of all nodes by NTP"
                    ),
                ));
            }
        }
    }
    Ok(good("clock", format!("{now}, not before the last change")))
}

/// Tokens that end soon.
async fn tokens(store: &AnyStore, now: Timestamp) -> Result<Check, StoreError> {
    let ends = |expires: Option<Timestamp>, revoked: Option<Timestamp>| {
        let soon = expires.filter(|expires| expires.0 > now.0 && expires.0 < now.0 + SOON_MS);
        soon.filter(|_| revoked.is_none())
    };
    let mut soon = Vec::new();
    for tenant in store.tenants().await? {
        for source in store.sources(tenant.key).await? {
            for token in store.credentials(source.key).await? {
                if let Some(expires) = ends(token.expires, token.revoked) {
                    soon.push(format!("{} of source {} on {expires}", token.prefix, source.slug));
                }
            }
        }
    }
    let mut after = None;
    loop {
        let page = store.api_tokens(None, after, PAGE).await?;
        for token in &page {
            if let Some(expires) = ends(token.expires, token.revoked) {
                soon.push(format!("API token {} on {expires}", token.name));
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.id),
            _ => break,
        }
    }
    Ok(told("tokens", &soon, "none ends within 20 days", ": `rollcall token rotate` or `api-token rotate`"))
}

/// Room for the database to grow, and for its write-ahead log.
fn room(file: &Path) -> Check {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let size = std::fs::metadata(file).map_or(0, |found| found.len());
    let wanted = size.max(LEAST_FREE);
    match rustix::fs::statvfs(folder) {
        Ok(found) if found.f_bavail * found.f_frsize >= wanted => {
            good("disk", format!("{} MiB are free", (found.f_bavail * found.f_frsize) >> 20))
        }
        Ok(found) => bad(
            "disk",
            format!(
                "{} MiB are free in {}, of {} that a database of this size wants: make room",
                (found.f_bavail * found.f_frsize) >> 20,
                folder.display(),
                wanted >> 20
            ),
        ),
        Err(error) => {
            bad("disk", format!("nobody knows how much room there is in {}: {error}", folder.display()))
        }
    }
}
