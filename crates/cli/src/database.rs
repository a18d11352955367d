//! Which backend: the only place that chooses one.

use std::sync::Arc;

use rollcall_config::{Database, Secret, Settings};
use rollcall_domain::audit::{ChainKey, Draft, Head};
use rollcall_store::administration::AuditQuery;
use rollcall_store::{AnyStore, StoreError};
use rollcall_store_postgres::PostgresStore;
use rollcall_store_sqlite::SqliteStore;

use crate::Failure;
use crate::open::chain;

/// What to do about what PostgreSQL says: words of it, and the advice.
const ADVICE: &[(&str, &str)] = &[
    (
        "(28P01)",
        "check user and password: of the URL, or of the file that database_password_file names; pg_hba.conf may say more",
    ),
    ("(28000)", "pg_hba.conf on the server lets nobody in like this; check user, host and sslmode"),
    ("(3D000)", "make the database: createdb NAME, or CREATE DATABASE NAME OWNER USER"),
    ("(42501)", "the user has to own the database, or may CREATE in its schema public"),
    (
        "(53300)",
        "the server has no connection left; lower database_connections, or raise its max_connections",
    ),
    ("password missing", "put the password into the file that database_password_file names, or into the URL"),
    ("error connecting to server", "is PostgreSQL there, and does it listen on this host and port?"),
    ("timed out", "is PostgreSQL there, and does it listen on this host and port?"),
    ("TLS", "check sslmode and sslrootcert of the URL"),
];

/// Opens the store that the settings name, which is made when it is not there, and is whole and of this secret.
pub(crate) async fn open(settings: &Settings, secret: &Secret) -> Result<AnyStore, Failure> {
    let store = connect(settings).await?;
    check_whole(&store).await?;
    if settings.database.url().is_some() {
        check_secret(settings, &store, secret).await?;
    }
    Ok(store)
}

/// Opens the store that the settings name, whatever is in it.
pub(crate) async fn connect(settings: &Settings) -> Result<AnyStore, Failure> {
    let database = &settings.database;
    let Some(url) = database.url() else { return open_file(database) };
    let connections = usize::try_from(settings.database_connections).unwrap_or(usize::MAX);
    let options = rollcall_store_postgres::Options {
        connections,
        writers: (connections / 2).max(1),
        read_url: settings.database_replica.url().map(str::to_owned),
        ..Default::default()
    };
    let store = PostgresStore::open(url, &options).await.map_err(|error| refused(settings, &error))?;
    Ok(Arc::new(store))
}

fn open_file(database: &Database) -> Result<AnyStore, Failure> {
    let file = database.file().unwrap_or_else(|| std::path::Path::new(""));
    let store = SqliteStore::open(file, &rollcall_store_sqlite::Options::default());
    Ok(Arc::new(store.map_err(|error| Failure::Theirs(format!("database {database}: {}", chain(&error))))?))
}

fn refused(settings: &Settings, error: &StoreError) -> Failure {
    let said = chain(error);
    let said = settings.database_replica.hide_in(&said).into_owned();
    let said = settings.database.hide_in(&said);
    let advice = ADVICE.iter().find(|(words, _)| said.contains(words));
    let advice = advice.map_or_else(String::new, |(_, advice)| format!("; {advice}"));
    Failure::Theirs(format!("database {}: {said}{advice}", settings.database))
}

/// Whether the secret is the one that the database was written with: with another one, a node would take no token.
///
/// The last entry of the audit tells, which is keyed with it.
async fn check_secret(settings: &Settings, store: &AnyStore, secret: &Secret) -> Result<(), Failure> {
    let last = store.audit(&AuditQuery::default(), None, 1).await;
    let Some(last) = last.map_err(|error| refused(settings, &error))?.pop() else { return Ok(()) };
    let draft = Draft { event: last.event.clone(), key: ChainKey::derive(secret.first()) };
    let before = Head { sequence: last.sequence.saturating_sub(1), hash: last.previous };
    if draft.after(&before) == last {
        return Ok(());
    }
    Err(Failure::Theirs(format!(
        "database {}: it was written with another secret than that of {}; every node has the same: give this one that of \
         the others, by key_file or ROLLCALL_SECRET",
        settings.database,
        settings.key_path().display()
    )))
}

/// Refuses a database into which something is being imported.
pub(crate) async fn check_whole(store: &AnyStore) -> Result<(), Failure> {
    match store.importing().await {
        Ok(None) => Ok(()),
        Ok(Some(_)) => Err(Failure::Theirs(
            "an import into this database was interrupted: run the same `rollcall migrate` or `restore` again".to_owned(),
        )),
        Err(error) => Err(Failure::Ours(error.into())),
    }
}
