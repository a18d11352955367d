//! Keys that tokens are signed with.

use async_trait::async_trait;
use rollcall_domain::audit::Draft;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::signing::SigningKey;
use rollcall_store::StoreError;
use rollcall_store::delivery::SigningKeys;
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::column::get;
use crate::connection::Connection;
use crate::error::corrupt;
use crate::session::{Scope, Session};

const ALL: &str = "SELECT id, sealed, public, created FROM signing_key ORDER BY key";
const NEWEST: &str = "SELECT id FROM signing_key ORDER BY key DESC LIMIT 1";
const ADD: &str = "INSERT INTO signing_key (id, sealed, public, created) VALUES ($1, $2, $3, $4)";
const REMOVE: &str = "DELETE FROM signing_key WHERE id = ANY ($1)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ALL, NEWEST, ADD, REMOVE];

#[async_trait]
impl SigningKeys for PostgresStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        all(&self.pool.connection().await?).await
    }

    async fn add_signing_key(
        &self,
        key: &SigningKey,
        newest: Option<&str>,
        audit: &Draft,
    ) -> Result<(), StoreError> {
        self.audited(audit, (key.clone(), newest.map(str::to_owned)), |session, (key, newest)| {
            Box::pin(add(session, key, newest.as_deref()))
        })
        .await
    }

    async fn remove_signing_keys(&self, ids: &[String]) -> Result<(), StoreError> {
        self.writer
            .alone(Scope::Directory, ids.to_owned(), |session, ids| Box::pin(remove(session, ids)))
            .await
    }
}

async fn all(connection: &Connection) -> Result<Vec<SigningKey>, StoreError> {
    let rows = connection.rows(ALL, &[]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<SigningKey, StoreError> {
    let public = serde_json::from_str(get(row, 2)?);
    Ok(SigningKey {
        id: get(row, 0)?,
        sealed: get(row, 1)?,
        public: public.map_err(|error| corrupt("signing_key", "public", error))?,
        created: Timestamp(get(row, 3)?),
    })
}

async fn add(session: &mut Session, key: &SigningKey, newest: Option<&str>) -> Result<(), StoreError> {
    session.touch_everywhere();
    let found: Option<String> = match session.row(NEWEST, &[]).await? {
        Some(row) => get(&row, 0)?,
        None => None,
    };
    if found.as_deref() != newest {
        return Err(StoreError::Conflict { attribute: "id".to_owned(), id: None });
    }
    let public = key.public.to_string();
    session.execute(ADD, &[&key.id, &key.sealed, &public, &key.created.0]).await.map(drop)
}

async fn remove(session: &mut Session, ids: &[String]) -> Result<(), StoreError> {
    session.touch_everywhere();
    session.execute(REMOVE, &[&ids]).await.map(drop)
}
