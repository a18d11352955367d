//! The audit: a chain of entries, each over the one before it.

use rollcall_domain::audit::{Draft, Entry, Hash, Head};
use rollcall_store::StoreError;

use crate::column::get;
use crate::connection::Connection;
use crate::error::{corrupt, signed, unsigned};
use crate::session::Session;

const HEAD: &str = "SELECT sequence, hash FROM audit_head WHERE only = 1";
const SET_HEAD: &str = "INSERT INTO audit_head (only, sequence, hash) VALUES (1, $1, $2)
    ON CONFLICT (only) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash";
const ADD: &str = "INSERT INTO audit
    (sequence, at, tenant, actor, request_id, action, subject, before, after, previous, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[HEAD, SET_HEAD, ADD];

/// Puts an entry at the end of the chain. Call it in a transaction of the directory, after what it tells of succeeded.
pub(crate) async fn append(session: &mut Session, draft: &Draft) -> Result<(), StoreError> {
    let entry = draft.after(&head(session.connection()).await?);
    let Entry { sequence, event, previous, hash } = &entry;
    let (sequence, tenant) = (signed(*sequence), event.tenant.map(|tenant| tenant.0));
    let (previous, hash) = (&previous[..], &hash[..]);
    session
        .execute(
            ADD,
            &[
                &sequence,
                &event.at.0,
                &tenant,
                &event.actor,
                &event.request_id,
                &event.action,
                &event.subject,
                &event.before,
                &event.after,
                &previous,
                &hash,
            ],
        )
        .await?;
    session.execute(SET_HEAD, &[&sequence, &hash]).await.map(drop)
}

pub(crate) async fn head(connection: &Connection) -> Result<Head, StoreError> {
    let Some(row) = connection.row(HEAD, &[]).await? else { return Ok(Head::default()) };
    Ok(Head {
        sequence: unsigned(get(&row, 0)?, "audit_head", "sequence")?,
        hash: whole("audit_head", "hash", get(&row, 1)?)?,
    })
}

fn whole(table: &'static str, column: &'static str, bytes: &[u8]) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| corrupt(table, column, "not 32 bytes"))
}
