//! Credentials of sources.

use rollcall_domain::clock::Timestamp;
use rollcall_domain::credential::Credential;
use rollcall_domain::source::SourceKey;
use rollcall_store::StoreError;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{get, time};
use crate::connection::Connection;
use crate::error::corrupt;
use crate::session::Session;
use crate::token;

const OF_SOURCE: &str = "SELECT id, prefix, digest, scopes, subject, created, expires, revoked, last_used
    FROM credential WHERE source = $1 ORDER BY created, key";
const ADD: &str = "INSERT INTO credential
    (id, source, prefix, digest, scopes, subject, created, expires, revoked, last_used)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
const SOURCE: &str = "SELECT 1 FROM source WHERE key = $1";
const UPDATE: &str = "UPDATE credential SET expires = $2, revoked = $3 WHERE id = $1";
const TOUCH: &str =
    "UPDATE credential AS c SET last_used = n.at FROM unnest($1::UUID[], $2::BIGINT[]) AS n (id, at)
    WHERE c.id = n.id AND (c.last_used IS NULL OR c.last_used < n.at)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[OF_SOURCE, ADD, SOURCE, UPDATE, TOUCH];

pub(crate) async fn of_source(
    connection: &Connection,
    source: SourceKey,
) -> Result<Vec<Credential>, StoreError> {
    let rows = connection.rows(OF_SOURCE, &[&source.0]).await?;
    rows.iter().map(|row| read(row, source)).collect()
}

pub(crate) async fn add(session: &mut Session, credential: &Credential) -> Result<(), StoreError> {
    session.touch_everywhere();
    if !session.exists(SOURCE, &[&credential.source.0]).await? {
        return Err(StoreError::NotFound);
    }
    let scopes = serde_json::to_string(&credential.scopes);
    let scopes = scopes.map_err(|error| corrupt("credential", "scopes", error))?;
    let digest = &credential.digest[..];
    let [expires, revoked, last_used] =
        [credential.expires, credential.revoked, credential.last_used].map(|at| at.map(|at| at.0));
    let added = session
        .execute(
            ADD,
            &[
                &credential.id,
                &credential.source.0,
                &credential.prefix,
                &digest,
                &scopes,
                &credential.subject,
                &credential.created.0,
                &expires,
                &revoked,
                &last_used,
            ],
        )
        .await?;
    token::added(added)
}

pub(crate) async fn update(session: &mut Session, credential: &Credential) -> Result<(), StoreError> {
    session.touch_everywhere();
    token::update(session, UPDATE, credential.id, (credential.expires, credential.revoked)).await
}

pub(crate) async fn touch(session: &mut Session, used: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
    token::touch(session, TOUCH, used).await
}

fn read(row: &Row, source: SourceKey) -> Result<Credential, StoreError> {
    let (digest, scopes): (&[u8], &str) = (get(row, 2)?, get(row, 3)?);
    Ok(Credential {
        id: get(row, 0)?,
        source,
        prefix: get(row, 1)?,
        digest: digest.try_into().map_err(|_| corrupt("credential", "digest", "not 32 bytes"))?,
        scopes: serde_json::from_str(scopes).map_err(|error| corrupt("credential", "scopes", error))?,
        subject: get(row, 4)?,
        created: Timestamp(get(row, 5)?),
        expires: time(row, 6)?,
        revoked: time(row, 7)?,
        last_used: time(row, 8)?,
    })
}
