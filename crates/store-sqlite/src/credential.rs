//! Credentials of sources.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Credential;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use rusqlite::{Connection, Row};
use uuid::Uuid;

use crate::error::{IdColumn, OrUnavailable as _, corrupt};
use crate::session::Session;
use crate::token;

const OF_SOURCE: &str = "SELECT id, prefix, digest, scopes, subject, created, expires, revoked, last_used
    FROM credential WHERE source = ?1 ORDER BY created, rowid";
const ADD: &str = "INSERT INTO credential
    (id, source, prefix, digest, scopes, subject, created, expires, revoked, last_used)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";
const SOURCE: &str = "SELECT 1 FROM source WHERE key = ?1";
const UPDATE: &str = "UPDATE credential SET expires = ?2, revoked = ?3 WHERE id = ?1";
const TOUCH: &str =
    "UPDATE credential SET last_used = ?2 WHERE id = ?1 AND (last_used IS NULL OR last_used < ?2)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF_SOURCE, ADD, SOURCE, UPDATE, TOUCH];

pub(crate) fn of_source(connection: &Connection, source: SourceKey) -> Result<Vec<Credential>, StoreError> {
    let mut statement = connection.prepare_cached(OF_SOURCE).or_unavailable()?;
    let mut rows = statement.query([source.0]).or_unavailable()?;
    let mut credentials = Vec::new();
    while let Some(row) = rows.next().or_unavailable()? {
        credentials.push(CredentialRow::read(row).or_unavailable()?.into_credential(source)?);
    }
    Ok(credentials)
}

pub(crate) fn add(session: &mut Session<'_>, credential: &Credential) -> Result<(), StoreError> {
    session.touch_all();
    if !session.prepare(SOURCE)?.exists([credential.source.0]).or_unavailable()? {
        return Err(StoreError::NotFound);
    }
    let scopes = serde_json::to_string(&credential.scopes);
    let row = (
        IdColumn(credential.id),
        credential.source.0,
        &credential.prefix,
        &credential.digest[..],
        scopes.map_err(|error| corrupt("credential", "scopes", error))?,
        credential.subject.map(IdColumn),
        credential.created.0,
        credential.expires.map(|at| at.0),
        credential.revoked.map(|at| at.0),
        credential.last_used.map(|at| at.0),
    );
    token::added(session.prepare(ADD)?.execute(row).or_unavailable()?)
}

pub(crate) fn update(session: &mut Session<'_>, credential: &Credential) -> Result<(), StoreError> {
    session.touch_all();
    token::update(session, UPDATE, credential.id, (credential.expires, credential.revoked))
}

pub(crate) fn touch(session: &mut Session<'_>, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
    token::touch(session, TOUCH, used)
}

struct CredentialRow {
    id: IdColumn,
    prefix: String,
    digest: Vec<u8>,
    scopes: String,
    subject: Option<IdColumn>,
    created: i64,
    expires: Option<i64>,
    revoked: Option<i64>,
    last_used: Option<i64>,
}

impl CredentialRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            prefix: row.get(1)?,
            digest: row.get(2)?,
            scopes: row.get(3)?,
            subject: row.get(4)?,
            created: row.get(5)?,
            expires: row.get(6)?,
            revoked: row.get(7)?,
            last_used: row.get(8)?,
        })
    }

    fn into_credential(self, source: SourceKey) -> Result<Credential, StoreError> {
        let scopes = serde_json::from_str(&self.scopes);
        Ok(Credential {
            id: self.id.0,
            source,
            prefix: self.prefix,
            digest: self.digest.try_into().map_err(|_| corrupt("credential", "digest", "not 32 bytes"))?,
            scopes: scopes.map_err(|error| corrupt("credential", "scopes", error))?,
            subject: self.subject.map(|id| id.0),
            created: Timestamp(self.created),
            expires: self.expires.map(Timestamp),
            revoked: self.revoked.map(Timestamp),
            last_used: self.last_used.map(Timestamp),
        })
    }
}
