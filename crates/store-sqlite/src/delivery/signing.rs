//! Keys that tokens are signed with.

use async_trait::async_trait;
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::signing::SigningKey;
use rollcall_store::StoreError;
use rollcall_store::delivery::SigningKeys;
use rusqlite::Connection;

use crate::SqliteStore;
use crate::error::{OrUnavailable as _, corrupt};
use crate::session::Session;

const ALL: &str = "SELECT id, sealed, public, created FROM signing_key ORDER BY key";
const NEWEST: &str = "SELECT id FROM signing_key ORDER BY key DESC LIMIT 1";
const ADD: &str = "INSERT INTO signing_key (id, sealed, public, created) VALUES (?1, ?2, ?3, ?4)";
const REMOVE: &str = "DELETE FROM signing_key WHERE id = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ALL, NEWEST, ADD, REMOVE];

#[async_trait]
impl SigningKeys for SqliteStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        self.readers.short(all)
    }

    async fn add_signing_key(
        &self,
        key: &SigningKey,
        newest: Option<&str>,
        audit: &Draft,
    ) -> Result<(), StoreError> {
        let (key, newest) = (key.clone(), newest.map(str::to_owned));
        self.audited(audit, move |session| add(session, &key, newest.as_deref())).await
    }

    async fn remove_signing_keys(&self, ids: &[String]) -> Result<(), StoreError> {
        let ids = ids.to_owned();
        self.writer.task(move |session| remove(session, &ids)).await
    }
}

fn all(connection: &Connection) -> Result<Vec<SigningKey>, StoreError> {
    let mut statement = connection.prepare_cached(ALL).or_unavailable()?;
    let rows = statement.query_map([], |row| {
        let row: (String, String, String, i64) = row.try_into()?;
        Ok(row)
    });
    let rows = rows.or_unavailable()?.collect::<rusqlite::Result<Vec<_>>>().or_unavailable()?;
    let key = |(id, sealed, public, created): (String, String, String, i64)| {
        let public =
            serde_json::from_str(&public).map_err(|error| corrupt("signing_key", "public", error))?;
        Ok(SigningKey { id, sealed, public, created: Timestamp(created) })
    };
    rows.into_iter().map(key).collect()
}

fn add(session: &mut Session<'_>, key: &SigningKey, newest: Option<&str>) -> Result<(), StoreError> {
    session.touch_all();
    let mut statement = session.prepare(NEWEST)?;
    let found: Option<String> =
        rusqlite::OptionalExtension::optional(statement.query_row([], |row| row.get(0))).or_unavailable()?;
    if found.as_deref() != newest {
        return Err(StoreError::Conflict { attribute: "id".to_owned(), id: None });
    }
    let row = (&key.id, &key.sealed, key.public.to_string(), key.created.0);
    session.prepare(ADD)?.execute(row).map(drop).or_unavailable()
}

fn remove(session: &mut Session<'_>, ids: &[String]) -> Result<(), StoreError> {
    session.touch_all();
    ids.iter().try_for_each(|id| session.prepare(REMOVE)?.execute([id]).map(drop).or_unavailable())
}
