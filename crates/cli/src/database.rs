//! Which backend: the only place that chooses one.

use std::sync::Arc;

use rollcall_config::Settings;
use rollcall_store::AnyStore;
use rollcall_store_sqlite::{Options, SqliteStore};

use crate::Failure;
use crate::open::chain;

/// Opens the store that the settings name, which is made when it is not there.
#[expect(clippy::unused_async, reason = "a server has to be waited for, a file has not")]
pub(crate) async fn open(settings: &Settings) -> Result<AnyStore, Failure> {
    let database = &settings.database;
    let Some(file) = database.file() else {
        return Err(Failure::Theirs("PostgreSQL is not supported yet; name a file".to_owned()));
    };
    let store = SqliteStore::open(file, &Options::default());
    Ok(Arc::new(store.map_err(|error| Failure::Theirs(format!("database {database}: {}", chain(&error))))?))
}
